"""Where a pod goes: the filters of the scheduler that a snapshot tells, then the node with the fewest pods."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from kwake.cluster import Cluster
from kwake.objects.basis import Basis
from kwake.objects.document import Manifest
from kwake.objects.key import Key
from kwake.objects.kinds import Node, Pod

HostPort = tuple[str, str, int]
"""Host address (`0.0.0.0` for all), protocol, port."""


class Placement(msgspec.Struct, frozen=True):
    """The node chosen for a pod, or why there is none."""

    node: str | None
    reason: str
    basis: Basis = Basis.SOURCED


def place(cluster: Cluster, pod: Pod, manifest: Manifest | None = None) -> Placement:
    """The node for a pod (PD-21 and the scheduler's filters).

    `manifest` is the pod's, where it is not in the cluster yet. Which of the fitting nodes the scheduler would score
    best depends on requests and usage that a snapshot does not tell: fewest pods, then the name, is assumed.
    """
    if pod.spec.node_name:
        return _named(pod)
    if manifest is None:
        found = cluster.find(pod.key)
        manifest = found.manifest if found is not None else {}
    wanted = host_ports(pod, manifest)
    taken = _host_ports_by_node(cluster) if wanted else {}
    return _chosen(_sorted_out(cluster.all(Node), pod, manifest), _pods_by_node(cluster), wanted, taken)


def place_all(cluster: Cluster, pods: Iterable[Pod]) -> dict[Key, Placement]:
    """The same for many pods of the cluster at once, each seeing those placed before it."""
    nodes, counts = cluster.all(Node), _pods_by_node(cluster)
    taken: dict[str, frozenset[HostPort]] | None = None
    placements: dict[Key, Placement] = {}
    known: dict[bytes, _Nodes] = {}
    for pod in pods:
        if pod.spec.node_name:
            placements[pod.key] = _named(pod)
            continue
        manifest = cluster.record(pod.key).manifest
        wanted = host_ports(pod, manifest)
        if wanted and taken is None:
            taken = _host_ports_by_node(cluster)
        need = _need(manifest)
        if need not in known:
            known[need] = _sorted_out(nodes, pod, manifest)
        answer = placements[pod.key] = _chosen(known[need], counts, wanted, taken or {})
        if answer.node is not None:
            counts[answer.node] += 1
        if answer.node is not None and taken is not None:
            taken[answer.node] = taken.get(answer.node, frozenset()) | wanted
    return placements


def _need(manifest: Manifest) -> bytes:
    """What decides which nodes fit, whatever runs there: pods of one template have it in common."""
    spec = manifest.get("spec") or {}
    return msgspec.json.encode([spec.get("nodeSelector"), spec.get("affinity"), spec.get("tolerations")])


def _named(pod: Pod) -> Placement:
    return Placement(pod.spec.node_name, "spec.nodeName names it")


def _pods_by_node(cluster: Cluster) -> Counter[str]:
    return Counter({name: len(pods) for name, pods in cluster.living_pods_by_node.items() if name})


class _Nodes(NamedTuple):
    """Nodes for one need: those that fit, whatever runs there, and how many do not for which reason."""

    fitting: list[str]
    refused: Counter[str]


def _sorted_out(nodes: tuple[Node, ...], pod: Pod, manifest: Manifest) -> _Nodes:
    found = _Nodes([], Counter())
    for node in nodes:
        reason = unfit(node, pod, manifest)
        if reason:
            found.refused[reason] += 1
        else:
            found.fitting.append(node.metadata.name)
    return found


def _chosen(
    nodes: _Nodes, counts: Counter[str], wanted: frozenset[HostPort], taken: Mapping[str, frozenset[HostPort]]
) -> Placement:
    """One pod among nodes with this many pods and these host ports taken."""
    fitting, refused = nodes.fitting, nodes.refused
    if wanted:
        conflicts = {name: _port_conflict(wanted, taken.get(name, frozenset())) for name in fitting}
        fitting = [name for name in fitting if not conflicts[name]]
        refused = refused + Counter(reason for reason in conflicts.values() if reason)
    total = len(fitting) + refused.total()
    if not total:
        return Placement(None, "no nodes available to schedule pods")
    if not fitting:
        words = ", ".join(f"{count} {reason}" for reason, count in sorted(refused.items()))
        return Placement(None, f"0/{total} nodes are available: {words}.")
    best = min(fitting, key=lambda name: (counts[name], name))
    if len(fitting) == 1:
        return Placement(best, "the only node that fits")
    return Placement(best, "fewest pods of the nodes that fit (assumed)", Basis.ASSUMED)


def unfit(node: Node, pod: Pod, manifest: Manifest, effects: tuple[str, ...] = ("NoSchedule", "NoExecute")) -> str:
    """Why a node may not run a pod, in the scheduler's words; empty if it may. Host ports are not looked at.

    `effects` are those of the taints that count: for one that runs there already, NoExecute alone.
    """
    spec = manifest.get("spec") or {}
    tolerations = spec.get("tolerations") or []
    if node.spec.unschedulable and not _tolerated(
        {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}, tolerations
    ):
        return "node(s) were unschedulable"
    for taint in node.spec.taints:
        if taint.get("effect") in effects and not _tolerated(taint, tolerations):
            return f"node(s) had untolerated taint {{{taint.get('key', '')}: {taint.get('value') or ''}}}"
    labels = node.metadata.labels
    affinity = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or {}
    terms = affinity.get("nodeSelectorTerms") or []
    if not pod.spec.node_selector.items() <= labels.items() or (
        terms and not any(_term_matches(term, node) for term in terms)
    ):
        return "node(s) didn't match Pod's node affinity/selector"
    return ""


def host_ports(pod: Pod, manifest: Manifest) -> frozenset[HostPort]:
    """The ports of its node that a pod claims; for hostNetwork pods every declared port (PD-21)."""
    spec = manifest.get("spec") or {}
    claimed: set[HostPort] = set()
    sidecars = [c for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"]
    for container in [*(spec.get("containers") or ()), *sidecars]:
        for port in container.get("ports") or ():
            number = port.get("hostPort") or (port.get("containerPort") if pod.spec.host_network else 0)
            if number:
                claimed.add((port.get("hostIP") or "0.0.0.0", port.get("protocol") or "TCP", number))
    return frozenset(claimed)


def _host_ports_by_node(cluster: Cluster) -> dict[str, frozenset[HostPort]]:
    taken: dict[str, frozenset[HostPort]] = {}
    for pod in cluster.all(Pod):
        if pod.is_terminal or not pod.spec.node_name:
            continue
        declared = (p for c in pod.port_containers for p in c.ports)
        if any(p.host_port or pod.spec.host_network for p in declared):
            claimed = host_ports(pod, cluster.record(pod.key).manifest)
            taken[pod.spec.node_name] = taken.get(pod.spec.node_name, frozenset()) | claimed
    return taken


def _port_conflict(wanted: frozenset[HostPort], taken: frozenset[HostPort]) -> str:
    for ip, protocol, port in wanted:
        for other_ip, other_protocol, other_port in taken:
            same_ip = ip == other_ip or "0.0.0.0" in (ip, other_ip)
            if (protocol, port) == (other_protocol, other_port) and same_ip:
                return "node(s) didn't have free ports for the requested pod ports"
    return ""


def _tolerated(taint: Mapping[str, Any], tolerations: list[dict[str, Any]]) -> bool:
    """As `k8s:staging/src/k8s.io/api/core/v1/toleration.go` ToleratesTaint."""
    for toleration in tolerations:
        if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
            continue
        if toleration.get("key") and toleration["key"] != taint.get("key"):
            continue
        match toleration.get("operator") or "Equal":
            case "Exists":
                return True
            case "Equal" if toleration.get("key") and (toleration.get("value") or "") == (taint.get("value") or ""):
                return True
    return False


def _term_matches(term: Mapping[str, Any], node: Node) -> bool:
    """One nodeSelectorTerm: all its expressions; an empty one matches nothing."""
    expressions = term.get("matchExpressions") or []
    fields = term.get("matchFields") or []
    if not expressions and not fields:
        return False
    return all(_expression_matches(e, node.metadata.labels) for e in expressions) and all(
        _expression_matches(f, {"metadata.name": node.metadata.name}) for f in fields
    )


def _expression_matches(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value = labels.get(expression.get("key", ""))
    values = expression.get("values") or []
    match expression.get("operator"):
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt":
            return value is not None and value.isdigit() and int(value) > int(values[0])
        case "Lt":
            return value is not None and value.isdigit() and int(value) < int(values[0])
        case _:
            return False
