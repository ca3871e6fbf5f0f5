"""The rule that is missing, where it belongs: in the policy that is about those pods, or in one of its own."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from kwake.cluster import NAME_LABEL, Cluster
from kwake.linting.peers import written_selector
from kwake.linting.shapes import Shape
from kwake.objects.json_patch import Change, Fix, New, add
from kwake.objects.selector import LabelSelector
from kwake.policy.change import identity
from kwake.policy.rules import CompiledPolicy


class Opened(msgspec.Struct, frozen=True):
    """Pods that lack a rule."""

    shapes: tuple[Shape, ...]
    selector: LabelSelector
    """What selects them, for a policy of their own."""
    namespace: str
    name: str
    """What that policy is called."""


def rule_added(opened: Opened, stopping: Iterable[CompiledPolicy], direction: str, rule: dict[str, object]) -> Change:
    """A rule put into the policy that selects just such pods and has rules already; beside general ones, as those that
    deny all in a namespace, into a new policy."""
    field = direction.lower()
    for stop in stopping:
        about = stop.selector
        if stop.rules(direction) and not about.is_empty and all(about.matches(s.labels) for s in opened.shapes):
            return Fix(stop.key, (add(("spec", field, "-"), rule),))
    made = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": opened.name, "namespace": opened.namespace},
        "spec": {"podSelector": written_selector(opened.selector), "policyTypes": [direction], field: [rule]},
    }
    return New(msgspec.json.encode(made))


def peer_for(cluster: Cluster, shape: Shape, home: str) -> dict[str, object]:
    """The peer that means the pods of one's workload, in a policy of namespace `home`."""
    peer: dict[str, object] = {"podSelector": written_selector(LabelSelector(identity(cluster, shape.pod)))}
    if shape.namespace != home:
        peer = {"namespaceSelector": {"matchLabels": {NAME_LABEL: shape.namespace}}, **peer}
    return peer
