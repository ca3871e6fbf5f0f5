"""What is in a cluster, as text and JSON: the console's first pane for scripts and screen readers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kwake.cluster import Cluster
from kwake.objects.kinds import AdminPolicy, KubeObject, NetworkPolicy, Node, Pod, Service
from kwake.policy.tiers import admin_policies
from kwake.world import World
from kwake_tui.glyphs import PENDING, READY, STARTING, Mark
from kwake_tui.names import KIND_WORDS, counts
from kwake_tui.text.columns import columns
from kwake_tui.text.findings import count_line, finding_lines, findings_json

VERSION = 1


def cluster_lines(world: World, title: str) -> list[str]:
    """Summary, nodes, workloads with their pods, Services, policies, findings."""
    cluster = world.cluster
    lines = [f"kwake  {title}  {', '.join(counts(cluster))}  profile {world.profile.name}", count_line(world.findings)]
    lines += _section("nodes", [_node_row(node) for node in cluster.all(Node)])
    for namespace, groups in _workloads(cluster):
        rows = [row for owner, pods in groups for row in _workload_rows(owner, pods)]
        lines += _section(f"namespace {namespace}", rows)
    lines += _section("services", [_service_row(cluster, service) for service in cluster.all(Service)])
    lines += _section("policies", [_policy_row(cluster, policy) for policy in cluster.all(NetworkPolicy)])
    lines += _section("policies of the cluster", [_tier_row(cluster, policy) for policy in admin_policies(cluster)])
    if world.findings:
        lines += ["", "findings", *(f"  {line}" if line else line for line in finding_lines(world.findings)[2:])]
    return lines


def _section(title: str, rows: Sequence[Sequence[str]]) -> list[str]:
    return ["", *columns([[title]]), *columns(rows, indent=2)] if rows else []


def _node_row(node: Node) -> list[str]:
    return [node.metadata.name, node.ip, " ".join(node.pod_cidrs)]


def _top_owner(cluster: Cluster, pod: Pod) -> KubeObject | None:
    owners = list(cluster.owners(pod))
    return owners[-1].value if owners else None


_Group = tuple[KubeObject | None, list[Pod]]


def _workloads(cluster: Cluster) -> Iterator[tuple[str, list[_Group]]]:
    """Pods of each namespace by the workload at the top, bare pods last."""
    for namespace in sorted(cluster.pods_by_namespace):
        groups: dict[tuple[str, str], _Group] = {}
        for pod in cluster.pods_by_namespace[namespace]:
            owner = _top_owner(cluster, pod)
            name = (owner.kind, owner.metadata.name) if owner else ("~", "")
            groups.setdefault(name, (owner, []))[1].append(pod)
        yield namespace, [groups[name] for name in sorted(groups)]


def _workload_rows(owner: KubeObject | None, pods: list[Pod]) -> Iterator[list[str]]:
    if owner is not None:
        ready = sum(pod.is_ready for pod in pods)
        yield [f"{KIND_WORDS.get(owner.kind, owner.kind)} {owner.metadata.name}", f"{ready}/{len(pods)}"]
    for pod in pods:
        indent = "  " if owner is not None else ""
        yield [f"{indent}{_mark(pod)} {pod.metadata.name}", "", " ".join(pod.ips) or "no address", pod.spec.node_name]


def _mark(pod: Pod) -> str:
    mark: Mark = READY if pod.is_ready and not pod.is_terminating else STARTING if pod.ips else PENDING
    return mark.glyph


def _service_row(cluster: Cluster, service: Service) -> list[str]:
    type_ = "Headless" if service.is_headless else service.spec.type
    ingress = " ".join(i.ip or i.hostname for i in service.status.load_balancer.ingress)
    name = f"{service.metadata.namespace}/{service.metadata.name}"
    addresses = service.spec.external_name or " ".join(service.cluster_ips) or "None"
    return [name, type_, addresses, ingress, _ports(service), _endpoints(cluster, service)]


def _ports(service: Service) -> str:
    words = []
    for port in service.spec.ports:
        node_port = f":{port.node_port}" if port.node_port else ""
        words.append(f"{port.port}{node_port}/{port.protocol}")
    return " ".join(words)


def _endpoints(cluster: Cluster, service: Service) -> str:
    ready = _ready(cluster, service)
    return f"{ready} {'endpoint' if ready == 1 else 'endpoints'}"


def _ready(cluster: Cluster, service: Service) -> int:
    slices = cluster.slices_by_service.get(service.key, ())
    return len({address for s in slices for e in s.endpoints if e.ready for address in e.addresses})


def _policy_row(cluster: Cluster, policy: NetworkPolicy) -> list[str]:
    namespace = policy.metadata.namespace
    pods = cluster.pods_by_namespace.get(namespace, ())
    selected = sum(policy.spec.pod_selector.matches(pod.metadata.labels) for pod in pods)
    origin = cluster.record(policy.key).origin
    return [
        f"{namespace}/{policy.metadata.name}",
        " and ".join(sorted(policy.directions, reverse=True)),
        f"selects {policy.spec.pod_selector}",
        f"{selected} {'pod' if selected == 1 else 'pods'}",
        str(origin or ""),
    ]


def _tier_row(cluster: Cluster, policy: AdminPolicy) -> list[str]:
    return [
        f"{KIND_WORDS.get(policy.kind, policy.kind)} {policy.metadata.name}",
        f"{policy.tier} {policy.spec.priority}" if policy.spec.priority is not None else policy.tier,
        " and ".join(policy.directions),
        str(cluster.record(policy.key).origin or ""),
    ]


def cluster_json(world: World) -> dict[str, Any]:
    """The same as plain values."""
    cluster = world.cluster
    return {
        "version": VERSION,
        "profile": world.profile.name,
        "nodes": [{"name": n.metadata.name, "ip": n.ip, "podCIDRs": list(n.pod_cidrs)} for n in cluster.all(Node)],
        "pods": [_pod_json(cluster, pod) for pod in cluster.all(Pod)],
        "services": [_service_json(cluster, service) for service in cluster.all(Service)],
        "policies": [
            {"namespace": p.metadata.namespace, "name": p.metadata.name, "directions": sorted(p.directions)}
            for p in cluster.all(NetworkPolicy)
        ],
        "clusterPolicies": [
            {"kind": p.kind, "name": p.metadata.name, "tier": p.tier, "priority": p.spec.priority}
            for p in admin_policies(cluster)
        ],
        "findings": findings_json(world.findings),
    }


def _pod_json(cluster: Cluster, pod: Pod) -> dict[str, Any]:
    owner = _top_owner(cluster, pod)
    return {
        "namespace": pod.metadata.namespace,
        "name": pod.metadata.name,
        "owner": str(owner.key) if owner is not None else None,
        "ips": list(pod.ips),
        "node": pod.spec.node_name,
        "ready": pod.is_ready,
    }


def _service_json(cluster: Cluster, service: Service) -> dict[str, Any]:
    ports = [{"name": p.name, "port": p.port, "protocol": p.protocol, "nodePort": p.node_port or None}
             for p in service.spec.ports]  # fmt: skip
    return {
        "namespace": service.metadata.namespace,
        "name": service.metadata.name,
        "type": service.spec.type,
        "clusterIPs": list(service.cluster_ips),
        "ports": ports,
        "endpoints": _ready(cluster, service),
    }
