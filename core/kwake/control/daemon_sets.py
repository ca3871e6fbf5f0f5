"""DaemonSets: a pod on each node that fits, made again on its node once the old one is gone (PD-5), and updated node
by node."""

from __future__ import annotations

from kwake.cluster import Cluster, Record
from kwake.control.changes import Changes
from kwake.control.made_pods import bound_to, daemon_pod, template_pod
from kwake.control.revisions import Revision, labelled, present_revision
from kwake.control.rollout import resolved
from kwake.control.scheduling import unfit
from kwake.draws import Draws
from kwake.objects.decode import decode
from kwake.objects.document import Manifest, document
from kwake.objects.kinds import Node, Pod


def eligible(owner: Record, node: Node) -> bool:
    """Whether a DaemonSet makes a pod for this node: selector, affinity and taints allow it."""
    return _fits(_template_of(owner), node, "NoSchedule", "NoExecute")


def _template_of(owner: Record) -> tuple[Pod, Manifest]:
    """A pod of the DaemonSet that is bound to no node yet."""
    manifest = template_pod(owner)
    pod = decode(document(manifest))
    assert isinstance(pod, Pod)
    return pod, manifest


def _fits(template: tuple[Pod, Manifest], node: Node, *effects: str) -> bool:
    pod, manifest = template
    return not unfit(node, pod, bound_to(manifest, node.metadata.name), effects)


def reconcile_daemon_set(
    cluster: Cluster, owner: Record, opened: Cluster | None, draws: Draws
) -> tuple[Changes, Draws]:
    """Pods to make now; ended ones, those of nodes that no longer fit, and those of an earlier revision to delete.

    `k8s:pkg/controller/daemon/daemon_controller.go` podsShouldBeOnNode. A terminating pod still holds its node (no
    surge, PD-5). A node that had no pod of it in the snapshot gets none, and one that did not fit keeps its pod: the
    dump may not show all.
    """
    changes: Changes = {}
    held = _by_node(cluster, owner)
    before = opened.find(owner.key) if opened is not None else None
    held_before = _by_node(opened, before) if opened is not None and before is not None else None
    template, revision = _template_of(owner), present_revision(owner, opened)
    wanted: list[str] = []
    for node in cluster.all(Node):
        name = node.metadata.name
        pods = held.get(name, [])
        stays = _fits(template, node, "NoExecute")
        ended = [pod for pod in pods if pod.is_terminal and not pod.is_terminating]
        changes.update({pod.key: None for pod in ended})
        known_empty = held_before is not None and name not in held_before and opened is not None and node.key in opened
        if stays and pods:
            wanted.append(name)
        elif not pods and not known_empty and _fits(template, node, "NoSchedule", "NoExecute"):
            wanted.append(name)
            made, draws = _made(cluster, owner, revision, name, changes, draws)
            changes[made.key] = made
        elif pods and _did_stay(owner, name, before, opened):
            changes.update({pod.key: None for pod in pods if not pod.is_terminating})
    written, draws = _updated(cluster, owner, revision, {name: held.get(name, []) for name in wanted}, changes, draws)
    return {**changes, **written}, draws


def _did_stay(owner: Record, name: str, before: Record | None, opened: Cluster | None) -> bool:
    """Whether a node that may not keep its pod now might when the snapshot was opened, or is new since."""
    node = opened.node(name) if opened is not None else None
    return node is None or _fits(_template_of(before or owner), node, "NoExecute")


def _made(
    cluster: Cluster, owner: Record, revision: Revision, node: str, taken: Changes, draws: Draws
) -> tuple[Record, Draws]:
    made, draws = daemon_pod(owner, node, draws, cluster, taken)
    return labelled(made, revision.name), draws


def _updated(
    cluster: Cluster, owner: Record, revision: Revision, held: dict[str, list[Pod]], taken: Changes, draws: Draws
) -> tuple[Changes, Draws]:
    """One step of a rolling update (`k8s:pkg/controller/daemon/update.go` rollingUpdate): without surge old pods that
    are not ready go first, then as many as may be unavailable; with surge a new pod stands beside the old one until
    it is ready. The order of the nodes is that of a Go map; here it is their name (assumed)."""
    spec = owner.manifest.get("spec") or {}
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return {}, draws
    rolling = strategy.get("rollingUpdate") or {}
    surge = resolved(rolling.get("maxSurge", 0), len(held))
    room = surge or max(1, resolved(rolling.get("maxUnavailable", 1), len(held)))
    changes: Changes = {}
    candidates: list[tuple[str, Pod]] = []
    for node, pods in held.items():
        staying = [pod for pod in pods if not pod.is_terminating and not pod.is_terminal]
        new = next((pod for pod in staying if revision.has(pod)), None)
        old = next((pod for pod in staying if not revision.has(pod)), None)
        if old is not None and new is None:
            candidates.append((node, old))
        elif old is not None and new is not None:
            if new.is_ready or not old.is_ready:
                changes[old.key] = None
            room -= not new.is_ready
        elif not surge and (new is None or not new.is_ready):
            room -= 1
    unready = [entry for entry in candidates if not entry[1].is_ready]
    ready = [entry for entry in candidates if entry[1].is_ready]
    for node, old in unready + ready[: max(0, room - (0 if surge else len(unready)))]:
        if surge:
            made, draws = _made(cluster, owner, revision, node, {**taken, **changes}, draws)
            changes[made.key] = made
        else:
            changes[old.key] = None
    return changes, draws


def _by_node(cluster: Cluster, owner: Record) -> dict[str, list[Pod]]:
    """Its pods by the node that they run on or are bound to."""
    found: dict[str, list[Pod]] = {}
    for pod in cluster.controlled_by(owner.key, Pod):
        node = pod.spec.node_name or _bound_node(cluster.record(pod.key))
        found.setdefault(node, []).append(pod)
    return found


def _bound_node(pod: Record) -> str:
    """The node that the affinity of a pod names; empty if none."""
    affinity = ((pod.manifest.get("spec") or {}).get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in required.get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            if field.get("key") == "metadata.name" and field.get("values"):
                return str(field["values"][0])
    return ""
