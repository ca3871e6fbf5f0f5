"""Traffic between a pod and its own node, here the pods on that node's network (NP-14)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import product

from kwake.objects.key import Key
from kwake.objects.kinds import Pod
from kwake.policy.connections import ALL
from kwake.policy.found_pairs import FoundPairs, Said
from kwake.policy.policy_set import PolicySet
from kwake.profiles.profile import Profile

NODE_EGRESS = "to the pod's own node: whether policies judge it depends on the CNI (NP-14)"
_OnNode = dict[str, tuple[list[Pod], list[Pod]]]
"""By node: the pods on its network, and the others."""


def _by_node(pods: Iterable[Pod], policies: PolicySet) -> _OnNode:
    on_node: defaultdict[str, tuple[list[Pod], list[Pod]]] = defaultdict(lambda: ([], []))
    for pod in pods:
        if pod.spec.node_name:
            on_node[pod.spec.node_name][policies.seeing.is_seen(pod)].append(pod)
    return on_node


def has_own_nodes(pods: Iterable[Pod], policies: PolicySet) -> bool:
    """Whether any pod shares its node with one on the node's network, and policies are enforced at all."""
    return policies.enforced and any(hosts and others for hosts, others in _by_node(pods, policies).values())


def add_own_nodes(
    found: FoundPairs,
    pods: Iterable[Pod],
    names: Mapping[Key, str],
    policies: PolicySet,
    said: Said,
    profile: Profile,
    wanted: Callable[[int, int], bool] = lambda source, destination: True,
) -> None:
    """Add what passes between pods and those on the network of their node; `wanted` are the pairs of classes that
    the others found are of."""
    to_node = profile["egress-to-own-node"]
    for hosts, others in _by_node(pods, policies).values():
        for host, pod in product(hosts, others):
            if names[host.key] == names[pod.key] and not found.within:
                continue
            here = found.classes_between(host, pod)
            if any(wanted(at, to) for at, to in here):
                found.allow(host, pod, ALL, said)
            back = found.classes_between(pod, host)
            if to_node == "judged" or not any(wanted(at, to) for at, to in back):
                continue
            if any(said.is_open(at, to) for at, to in back):
                continue
            for at, to in back[:1]:
                if to_node == "allowed":
                    found.allow(pod, host, said.to_own_node(at, to), said)
                else:
                    found.doubt(pod, host, said.to_own_node(at, to), NODE_EGRESS, said)
