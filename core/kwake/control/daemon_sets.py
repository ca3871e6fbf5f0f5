"""DaemonSets: a pod on each node that fits, made again on its node once the old one is gone (PD-5)."""

from __future__ import annotations

from kwake.cluster import Cluster, Record
from kwake.control.changes import Changes
from kwake.control.made_pods import bound_to, daemon_pod, template_pod
from kwake.control.scheduling import unfit
from kwake.draws import Draws
from kwake.objects.decode import decode
from kwake.objects.document import document
from kwake.objects.kinds import Node, Pod


def eligible(owner: Record, node: Node) -> bool:
    """Whether a DaemonSet has a pod on this node: selector, affinity and taints allow it."""
    manifest = bound_to(template_pod(owner), node.metadata.name)
    pod = decode(document(manifest))
    return isinstance(pod, Pod) and not unfit(node, pod, manifest)


def reconcile_daemon_set(
    cluster: Cluster, owner: Record, opened: Cluster | None, draws: Draws
) -> tuple[Changes, Draws]:
    """Pods to make now, and ended ones to delete. A terminating pod still holds its node (no surge, PD-5).

    A node that had no pod of it in the snapshot gets none: the dump may not show all. A change of the template rolls
    nothing: not modelled.
    """
    changes: Changes = {}
    held = _by_node(cluster, owner)
    before = opened.find(owner.key) if opened is not None else None
    held_before = _by_node(opened, before) if opened is not None and before is not None else None
    for node in cluster.all(Node):
        name = node.metadata.name
        pods = held.get(name, [])
        ended = [pod for pod in pods if pod.is_terminal and not pod.is_terminating]
        changes.update({pod.key: None for pod in ended})
        known_empty = held_before is not None and name not in held_before and opened is not None and node.key in opened
        if not pods and not known_empty and eligible(owner, node):
            made, draws = daemon_pod(owner, name, draws, cluster, changes)
            changes[made.key] = made
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
