"""ipBlocks where addresses say little: of Services, of pods, and of clients that a Service hides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kwake.linting.dns_caches import cache_addresses
from kwake.linting.endpoints import admitting, endpoints_of
from kwake.linting.peers import written_selector
from kwake.linting.scene import Scene
from kwake.linting.written import Place, written_peers
from kwake.objects.cidr import parse_cidr
from kwake.objects.document import FieldPath
from kwake.objects.finding import Finding
from kwake.objects.json_patch import add, replace
from kwake.objects.kinds import IPBlock, NetworkPolicy, Node, Pod, Service
from kwake.objects.selector import LabelSelector
from kwake.policy.change import OF_ONE_POD
from kwake.policy.ends import INGRESS
from kwake.policy.rules import Span, block_holds, compiled, is_within, number_of, span_of


def address_findings(scene: Scene) -> Iterator[Finding]:
    """Blocks of one Service's address, and blocks inside the nodes' pod ranges."""
    services = {ip: service for service in scene.cluster.all(Service) for ip in _held_by(service)}
    for ip in cache_addresses(scene):
        services.pop(ip, None)  # there nothing is translated: the cache on the node takes it as it is
    of_services = span_of(scene.profile["service-cidr"])
    ranges = [
        span for node in scene.cluster.all(Node) if not scene.cluster.record(node.key).made
        for cidr in node.pod_cidrs if (span := span_of(cidr)) is not None
    ]  # fmt: skip
    pods = _pod_addresses(scene) if scene.no_pods else ()
    for place, block, is_alone in _blocks(scene):
        span = span_of(block.cidr)
        if span is None:
            continue
        single = block.cidr.partition("/")[0] if span[1] == span[2] else ""
        yield from _masked(scene, place, block.cidr, span)
        if single in services:
            yield from _service_address(scene, place, single, services[single])
        elif single and not scene.is_held(single):
            node = scene.cluster.nodes_by_ip[single].metadata.name
            yield scene.warning(place[0].key, place[1], f"{place[2]} admits {single}, of node {node}: {scene.no_nodes}")
        elif single in scene.cluster.pods_by_ip:
            yield from _pod_address(scene, place, single)
        elif of_services is not None and is_within(span, of_services) and _is_of_services(scene, span, services):
            yield from _service_range(scene, place, block.cidr)
        elif is_alone and _is_of_pods(scene, block, pods):
            text = f"{place[2]} admits {block.cidr}, which holds addresses of pods, and {scene.no_pods}"
            yield scene.warning(place[0].key, place[1], f"{text}; select pods by label")
        elif any(is_within(span, range_) for range_ in ranges) and not single:
            text = f"{place[2]} admits {block.cidr}, a part of the pods' addresses: which pods have those changes"
            yield scene.warning(place[0].key, place[1], f"{text}; select pods by label")


def _masked(scene: Scene, place: Place, cidr: str, span: Span) -> Iterator[Finding]:
    """A block that is written as one of its addresses, as the API server takes it and masks it."""
    address, _, _ = cidr.partition("/")
    number, network = number_of(address), parse_cidr(cidr)
    if number is not None and network is not None and number != span[:2]:
        one = f"{address}/{network.max_prefixlen}"
        text = f"{place[2]} admits {cidr}, which is all of {network}; one address is {one}"
        yield scene.warning(place[0].key, place[1], text)


def _is_of_services(scene: Scene, span: Span, services: Iterable[str]) -> bool:
    """Whether a span holds addresses of Services, and of no pods, as far as ranges that are assumed may overlap."""
    return any(_is_in(ip, span) for ip in services) and not any(_is_in(ip, span) for ip in scene.cluster.pods_by_ip)


def _pod_addresses(scene: Scene) -> tuple[str, ...]:
    """Of the pods that the snapshot holds, without those on the host's network."""
    return tuple(
        ip
        for pod in scene.cluster.all(Pod)
        if not pod.spec.host_network and not scene.cluster.record(pod.key).made
        for ip in pod.ips
    )


def _is_of_pods(scene: Scene, block: IPBlock, pods: tuple[str, ...]) -> bool:
    """Whether a block means pods: it holds some, and none of the nodes; one that holds nodes is meant for more."""
    nodes = scene.cluster.nodes_by_ip
    return (
        bool(nodes) and any(block_holds(block, ip) for ip in pods) and not any(block_holds(block, ip) for ip in nodes)
    )


def _held_by(service: Service) -> tuple[str, ...]:
    """The addresses that kube-proxy answers for inside the cluster: the balancer's, too, where it takes packets as they
    are (SV-46; github.com/projectcalico/calico/issues/10664)."""
    balancers = tuple(i.ip for i in service.status.load_balancer.ingress if i.ip and i.ip_mode != "Proxy")
    return (*service.cluster_ips, *service.spec.external_ips, *balancers)


def _is_in(ip: str, span: Span) -> bool:
    number = number_of(ip)
    return number is not None and is_within((*number, number[1]), span)


def _service_range(scene: Scene, place: Place, cidr: str) -> Iterator[Finding]:
    policy, path, named = place
    if scene.profile["policy-pre-dnat"] == "yes":
        return
    text = f"{named} admits {cidr}, addresses of Services only: policies see the addresses of their pods"
    yield scene.warning(policy.key, path, text, replace(path, {"namespaceSelector": {}}))


def _blocks(scene: Scene) -> Iterator[tuple[Place, IPBlock, bool]]:
    """Each block, and whether no selector stands beside it."""
    for place, peer, peers in written_peers(scene.network_policies):
        if peer.ip_block is not None:
            yield place, peer.ip_block, all(other.ip_block is not None for other in peers)


def _service_address(scene: Scene, place: Place, ip: str, service: Service) -> Iterator[Finding]:
    """NP-20: the address is the pod's by then, so this block admits nobody."""
    policy, path, named = place
    if scene.profile["policy-pre-dnat"] == "yes":
        return
    name = f"{service.metadata.namespace}/{service.metadata.name}"
    text = f"{named} admits {ip}, the address of Service {name}: policies see the addresses of its "
    text += "pods" if service.spec.selector else "endpoints"
    if service.spec.selector and service.metadata.namespace == policy.metadata.namespace:
        mended = {"podSelector": {"matchLabels": service.spec.selector}}
    elif service.spec.selector:
        home = {"matchLabels": {"kubernetes.io/metadata.name": service.metadata.namespace}}
        mended = {"namespaceSelector": home, "podSelector": {"matchLabels": service.spec.selector}}
    else:
        rule = compiled(policy).egress[int(path[2])] if path[1] == "egress" else None
        endpoints = endpoints_of(scene, service.key) if rule is not None else ()
        text += f", {', '.join(map(str, endpoints))}" if endpoints else ""
        fix = admitting(rule, endpoints) if rule is not None else ()
        if not all(scene.is_held(endpoint.ip) for endpoint in endpoints):
            yield scene.warning(policy.key, path, f"{text}; {scene.no_nodes}")
            return
        yield scene.warning(policy.key, path, text, *fix, *(scene.taken_out(policy.key, path) if endpoints else ()))
        return
    yield scene.warning(policy.key, path, text, replace(path, mended))


def _pod_address(scene: Scene, place: Place, ip: str) -> Iterator[Finding]:
    policy, path, named = place
    pod = scene.cluster.pods_by_ip[ip][0]
    if pod.spec.host_network or scene.cluster.record(pod.key).made:
        return
    name = f"{pod.metadata.namespace}/{pod.metadata.name}"
    why = scene.no_pods or "the pod after it gets another one"
    text = f"{named} admits {ip}, the address that pod {name} has now: {why}"
    yield scene.warning(policy.key, path, text, replace(path, _peer_of(pod, policy)))


def _peer_of(pod: Pod, policy: NetworkPolicy) -> dict[str, object]:
    labels = {key: value for key, value in pod.metadata.labels.items() if key not in OF_ONE_POD}
    peer: dict[str, object] = {"podSelector": written_selector(LabelSelector(labels))}
    if pod.metadata.namespace != policy.metadata.namespace:
        peer["namespaceSelector"] = {"matchLabels": {"kubernetes.io/metadata.name": pod.metadata.namespace}}
    return peer


def hidden_client_findings(scene: Scene) -> Iterator[Finding]:
    """externalTrafficPolicy Cluster: clients come with a node's address where the endpoint is on another node (SV-50),
    so a policy that admits theirs drops them there."""
    read = [node for node in scene.cluster.all(Node) if not scene.cluster.record(node.key).made]
    nodes = [address.address for node in read for address in node.status.addresses]
    if not nodes or scene.profile["lb"] == "nlb-ip":
        return
    for policy in scene.network_policies:
        if INGRESS not in policy.directions:
            continue
        for index, rule in enumerate(policy.spec.ingress):
            blocks = [peer.ip_block for peer in rule.from_ if peer.ip_block is not None]
            if not blocks or len(blocks) < len(rule.from_):
                continue
            if any(block_holds(block, node) for block in blocks for node in nodes):
                continue
            for shape in scene.matching(policy.metadata.namespace, policy.spec.pod_selector):
                services = [s for s in scene.services_of(shape) if s.spec.type in ("LoadBalancer", "NodePort")]
                cluster = [s for s in services if s.spec.external_traffic_policy != "Local"]
                if not cluster or len(cluster) < len(services):
                    continue
                name = f"{cluster[0].metadata.namespace}/{cluster[0].metadata.name}"
                text = (
                    f"ingress rule {index + 1} admits {', '.join(b.cidr for b in blocks)}, but clients of Service "
                    f"{name} come with a node's address where its endpoint is on another node: its "
                    "externalTrafficPolicy is Cluster"
                )
                fix = add(("spec", "externalTrafficPolicy"), "Local")
                path: FieldPath = ("spec", "ingress", index)
                yield scene.warning(policy.key, path, text, fix, of=cluster[0].key)
                break
