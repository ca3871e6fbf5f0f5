"""Edits that may stop a connection that passes: candidates."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kwake.cluster import Cluster
from kwake.objects.document import FieldPath
from kwake.objects.json_patch import Fix, New, Operation, remove
from kwake.objects.key import Key
from kwake.objects.kinds import Pod
from kwake.policy.change import selecting
from kwake.policy.ends import INGRESS, PolicyEnd, RuleRef, Side
from kwake.policy.opening_edits import Edit
from kwake.policy.policy_set import PolicySet
from kwake.policy.rules import Rule
from kwake.policy.workloads import proposed_name, workload_name


def closing_edits(
    cluster: Cluster, policies: PolicySet, side: Side, pod: Pod, other: PolicyEnd, protocol: str, port: int
) -> Iterator[Edit]:
    """Candidates for a side that admits: take away what admits it, or isolate the pod if nothing does."""
    if side.admitted_by:
        admitting = [rule for ref in side.admitted_by for rule in _rules(policies, ref)]
        if len(admitting) == len(side.admitted_by):
            operations = [_narrowed(policies, rule, other, protocol, port) for rule in admitting]
            yield _edit(side, operations)
        yield _edit(side, [(ref.policy, ref.path) for ref in side.admitted_by])
    elif not side.isolated_by:
        home, direction = pod.metadata.namespace, side.direction
        own = workload_name(cluster, pod).partition("[")[0].partition("/")[2]
        taken = {policy.key.name for policy in policies.policies if policy.namespace == home}
        name = f"{proposed_name(cluster, pod)}-deny-{direction.lower()}"
        name = next(n for n in (name, *(f"{name}-{i}" for i in range(2, len(taken) + 3))) if n not in taken)
        manifest = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": name, "namespace": home},
            "spec": {"podSelector": selecting(cluster, pod), "policyTypes": [direction]},
        }
        words = f"add NetworkPolicy {home}/{name}, which isolates {home}/{own} in {direction.lower()}"
        yield Edit(4, words, (New(msgspec.json.encode(manifest)),))


def _rules(policies: PolicySet, ref: RuleRef) -> Iterator[Rule]:
    for policy in policies.policies:
        if policy.key == ref.policy:
            yield policy.rules(ref.direction)[ref.index]


def _narrowed(policies: PolicySet, rule: Rule, other: PolicyEnd, protocol: str, port: int) -> tuple[Key, FieldPath]:
    """What of a rule to take out: the one peer that means the other end, else the one port entry, else all of it."""
    seeing, home = policies.seeing, rule.ref.policy.namespace
    field = "from" if rule.ref.direction == INGRESS else "to"
    peers = [at for at, peer in enumerate(rule.peers) if seeing.admits(peer, home, other) is not False]
    if len(peers) == 1 and len(rule.peers) > 1:
        return rule.ref.policy, (*rule.ref.path, field, peers[0])
    ports = [at for at, entry in enumerate(rule.ports) if (entry.protocol, entry.port) == (protocol, port)]
    if len(ports) == 1 and len(rule.ports) > 1:
        return rule.ref.policy, (*rule.ref.path, "ports", ports[0])
    return rule.ref.policy, rule.ref.path


def _edit(side: Side, places: list[tuple[Key, FieldPath]]) -> Edit:
    """Taking these out, the last of each policy first, so that the others keep their places."""
    by_policy: dict[Key, list[Operation]] = {}
    for key, path in sorted(places, key=lambda place: (place[0], str(place[1])), reverse=True):
        by_policy.setdefault(key, []).append(remove(path))
    whole = all(len(path) == 3 for _, path in places)
    what = (
        "what admits it" if not whole else "every rule that admits it" if len(places) > 1 else "the rule that admits it"
    )
    names = ", ".join(dict.fromkeys(key.name for key, _ in places))
    words = f"take {what} out of {names} ({side.direction.lower()})"
    return Edit(3 if whole else 2, words, tuple(Fix(key, tuple(ops)) for key, ops in sorted(by_policy.items())))
