"""Peers of rules that mean nobody, where what was meant can be told."""

from __future__ import annotations

from collections.abc import Iterator

from kwake.cluster import NAME_LABEL
from kwake.linting.nobody import labelled
from kwake.linting.scene import Scene
from kwake.linting.shapes import Shape
from kwake.linting.spaces import meant_namespace
from kwake.linting.written import Place, written_peers
from kwake.objects.finding import Finding
from kwake.objects.json_patch import add, remove, replace
from kwake.objects.kinds import NetworkPolicy, Pod, PolicyPeer
from kwake.objects.selector import LabelSelector
from kwake.objects.slips import prefixed, respelt, slips
from kwake.policy.change import single
from kwake.policy.rules import block_holds

FEW_NODES = 12
"""Addresses that a fix lists one by one; of more nodes a range is meant, which nobody can guess."""


def peer_findings(scene: Scene) -> Iterator[Finding]:
    """Peers that match nothing and have one likely meaning; what matches nothing yet may be meant so."""
    for place, peer, peers in written_peers(scene.network_policies):
        if peer.ip_block is not None:
            continue
        meant = scene.meant(peer, place[0].metadata.namespace)
        if meant:
            yield from _on_the_host(scene, place, peer, peers, meant)
        else:
            yield from _nobody(scene, place, peer, peers)


def _nobody(scene: Scene, place: Place, peer: PolicyPeer, peers: tuple[PolicyPeer, ...]) -> Iterator[Finding]:
    if peer.namespace_selector is None:
        if peer.pod_selector is not None and not peer.pod_selector.is_empty:
            yield from _in_own_namespace(scene, place, peer.pod_selector, peers)
    elif not scene.namespaces(peer.namespace_selector):
        yield from _no_namespace(scene, place, peer, peer.namespace_selector)
    elif peer.pod_selector is not None:
        yield from _in_other_namespaces(scene, place, peer.namespace_selector, peer.pod_selector)


def _on_the_host(
    scene: Scene, place: Place, peer: PolicyPeer, peers: tuple[PolicyPeer, ...], meant: tuple[Shape, ...]
) -> Iterator[Finding]:
    """Pods on the host's network come and are reached by their node's address (NP-15), as an ingress controller with
    hostNetwork (github.com/projectcalico/calico/issues/5566, github.com/projectcalico/canal/issues/80)."""
    policy, path, named = place
    staying = [shape for shape in meant if shape.serves]
    if not staying or any(scene.sees(shape) for shape in staying):
        return
    nodes = _addresses(scene, policy, peer)
    blocks = [peer.ip_block for peer in peers if peer.ip_block is not None]
    missing = [ip for ip in nodes if not any(block_holds(block, ip) for block in blocks)]
    if not scene.no_nodes and ((nodes and not missing) or (blocks and not nodes)):
        return
    names = sorted({scene.called(shape) for shape in staying})
    text = (
        f"{named} names pods on the host's network ({_listed(names)}), and policies see their node's address, not the "
        f"pod: it admits none of them under {scene.profile.name} "
        f"({scene.profile.setting('host-network-pods').basis.value})"
    )
    text += f", and {scene.no_nodes}" if scene.no_nodes else ""
    fix = [add((*path[:-1], "-"), {"ipBlock": {"cidr": single(ip)}}) for ip in missing]
    yield scene.warning(policy.key, path, text, *(fix if len(fix) <= FEW_NODES and not scene.no_nodes else ()))


def _addresses(scene: Scene, policy: NetworkPolicy, peer: PolicyPeer) -> list[str]:
    """The nodes' addresses that the pods of a peer come from, as far as the snapshot says where they run."""
    seeing, home = scene.policies.seeing, policy.metadata.namespace
    found = set()
    for pod in scene.cluster.all(Pod):
        if pod.spec.host_network and pod.ip and not pod.is_terminal and seeing.selectors_match(peer, home, pod):
            node = scene.cluster.node(pod.spec.node_name)
            if node is not None and not scene.cluster.record(node.key).made:
                found |= set(pod.ips)
    return sorted(found)


def _in_own_namespace(
    scene: Scene, place: Place, selector: LabelSelector, peers: tuple[PolicyPeer, ...]
) -> Iterator[Finding]:
    """A bare podSelector means the policy's own namespace (NP-6)."""
    policy, path, named = place
    home = policy.metadata.namespace
    if NAME_LABEL in selector.match_labels and not selector.match_expressions and len(selector.match_labels) == 1:
        text = f"{named} admits pods with {selector}, a label of namespaces: a namespaceSelector is meant"
        moved = add((*path, "namespaceSelector"), written_selector(selector)), remove((*path, "podSelector"))
        yield scene.warning(policy.key, path, text, *moved)
        return
    *_, at = path
    for other_at, other in enumerate(peers):
        if other.namespace_selector is None or other.pod_selector is not None or not isinstance(at, int):
            continue
        both = PolicyPeer(pod_selector=selector, namespace_selector=other.namespace_selector)
        if not other.namespace_selector.is_empty and scene.meant(both, home):
            merged = add((*path[:-1], other_at, "podSelector"), written_selector(selector))
            text = (
                f"{named} admits all pods of namespaces with {other.namespace_selector}, or pods of {home} with "
                f"{selector}, of which there are none: a dash too many makes two peers of one"
            )
            yield scene.warning(policy.key, path, text, merged, *scene.taken_out(policy.key, path))
            return
    elsewhere = sorted({shape.namespace for namespace in scene.shapes for shape in scene.matching(namespace, selector)})
    if elsewhere:
        text = (
            f"{named} admits {selector} in namespace {home}, where no pod is so; there are some in "
            f"{_listed(elsewhere)}: a podSelector alone means the policy's own namespace"
        )
        yield scene.warning(policy.key, path, text, add((*path, "namespaceSelector"), named_namespaces(elsewhere)))
        return
    yield from _misspelt(scene, place, selector, [home], "podSelector", f"in namespace {home}")


def _no_namespace(scene: Scene, place: Place, peer: PolicyPeer, selector: LabelSelector) -> Iterator[Finding]:
    """A namespaceSelector that means no namespace with pods."""
    policy, path, named = place
    found = meant_namespace(scene, selector, (*path, "namespaceSelector", "matchLabels"))
    if found is not None:
        why, fix = found
        yield scene.warning(policy.key, path, f"{named} admits namespaces with {selector}{why}", *fix)
        return
    spaces = [name for name in scene.shapes if scene.matching(name, selector)]
    if spaces and not any(selector.matches(labels) for labels in scene.cluster.namespaces.values()):
        there = _listed(sorted(spaces))
        text = (
            f"{named} admits namespaces with {selector}, and no namespace is so; pods in {there} are: a "
            "namespaceSelector asks for labels of namespaces"
        )
        mended = [replace((*path, "namespaceSelector"), named_namespaces(sorted(spaces)))]
        if peer.pod_selector is None:
            mended.append(add((*path, "podSelector"), written_selector(selector)))
        yield scene.warning(policy.key, path, text, *mended)


def _in_other_namespaces(
    scene: Scene, place: Place, namespaces: LabelSelector, selector: LabelSelector
) -> Iterator[Finding]:
    """Both selectors of one peer must match (NP-6)."""
    policy, path, named = place
    home = policy.metadata.namespace
    chosen = scene.namespaces(namespaces)
    if home not in chosen and scene.matching(home, selector) and not namespaces.is_empty:
        text = (
            f"{named} admits {selector} in namespaces with {namespaces}, where no pod is so; there are some in {home}: "
            "both selectors of one peer must match, a dash before each makes two peers"
        )
        split = remove((*path, "podSelector")), add((*path[:-1], "-"), {"podSelector": written_selector(selector)})
        yield scene.warning(policy.key, path, text, *split)
        return
    yield from _misspelt(scene, place, selector, chosen, "podSelector", f"in namespaces with {namespaces}")


def _misspelt(
    scene: Scene, place: Place, selector: LabelSelector, namespaces: list[str], field: str, within: str
) -> Iterator[Finding]:
    policy, path, named = place
    there = [shape.labels for namespace in namespaces for shape in scene.shapes.get(namespace, ())]
    text = f"{named} admits {selector} {within}, where no pod is so"
    slip = next(slips(selector, there), None) or prefixed(selector, there)
    if slip is not None:
        fix = respelt((*path, field, "matchLabels"), slip)
        yield scene.warning(policy.key, path, f"{text}; nearest label {slip}", *fix)
        return
    for namespace in namespaces:
        for why, mended in labelled(scene, namespace, selector):
            where = scene.where(policy.key, path)
            yield Finding("warning", str(policy.key), f"{text}; {why}", where, (mended,))
            return


def named_namespaces(namespaces: list[str]) -> dict[str, object]:
    """The namespaceSelector of these."""
    if len(namespaces) == 1:
        return {"matchLabels": {NAME_LABEL: namespaces[0]}}
    return {"matchExpressions": [{"key": NAME_LABEL, "operator": "In", "values": namespaces}]}


def written_selector(selector: LabelSelector) -> dict[str, object]:
    """A selector as it stands in a manifest."""
    written: dict[str, object] = {}
    if selector.match_labels:
        written["matchLabels"] = selector.match_labels
    if selector.match_expressions:
        written["matchExpressions"] = [
            {"key": e.key, "operator": e.operator, **({"values": list(e.values)} if e.values else {})}
            for e in selector.match_expressions
        ]
    return written


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
