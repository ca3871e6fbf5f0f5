"""Who decided, and where that is written."""

from __future__ import annotations

from kwake.cluster import Cluster
from kwake.dataplane.path import Decider, Judgement, Missed
from kwake.dataplane.view import View
from kwake.objects.document import FieldPath
from kwake.objects.key import Key
from kwake.objects.kinds import PolicyPeer, Service
from kwake.policy.ends import PolicyEnd, RuleRef, Side, called
from kwake.policy.policy_set import PolicySet
from kwake.sources.location import locate


def decider(cluster: Cluster, key: Key, rule: str, path: FieldPath = (), cite: str = "") -> Decider:
    """An object of this cluster that decided, with the file and line of the field at `path`."""
    found = cluster.find(key)
    origin = found.origin if found is not None else None
    if origin is None:
        return Decider(str(key), rule, cite=cite)
    return Decider(str(key), rule, origin.source.name, locate(origin, path), cite)


def service_decider(view: View, service: Service, rule: str, path: FieldPath = (), cite: str = "") -> Decider:
    """A Service, as the proxies work from it."""
    return decider(view.proxy, service.key, rule, path, cite)


def side_deciders(view: View, side: Side) -> tuple[Decider, ...]:
    """What made a side of a verdict: the rules that admit or deny, or else every policy that isolates (two may)."""
    if side.allowed and side.admitted_by:
        return tuple(decider(view.policy, r.policy, str(r), r.path, side.cite) for r in side.admitted_by)
    if side.allowed:
        return ()
    if side.denied_by:
        return tuple(decider(view.policy, r.policy, f"{r} denies", r.path, side.cite) for r in side.denied_by)
    rule = f"isolates {side.direction.lower()}, no rule admits" if side.allowed is False else side.reason
    path = ("spec", "podSelector")
    return tuple(decider(view.policy, key, rule, path, side.cite) for key in side.isolated_by)


def missed(view: View, side: Side) -> tuple[Missed, ...]:
    """What nearly let a dial through, with the file and line of the rule or of the selector."""
    return tuple(
        Missed(miss.wanted, miss.found, decider(view.policy, miss.policy, miss.rule, miss.path, side.cite))
        for miss in side.near_misses
    )


def judgement(view: View, side: Side) -> Judgement:
    """A side of a verdict with the files and lines of what decided it."""
    verdict = {True: "allowed", False: "denied", None: "unknown"}[side.allowed]
    passed = tuple(decider(view.policy, r.policy, f"{r} passes", r.path, side.cite) for r in side.passed_by)
    return Judgement(verdict, side.reason, side.basis, side_deciders(view, side), passed)


def admission(policies: PolicySet, ref: RuleRef, other: PolicyEnd) -> str:
    """Which rule admits whom: `allow-web rule 1 admits app=web`."""
    rules = next((policy.rules(ref.direction) for policy in policies.policies if policy.key == ref.policy), ())
    if not rules:
        return f"{called(ref.policy)} {ref} accepts it"
    peers = rules[ref.index].peers
    whom = next((_named(p) for p in peers if policies.seeing.admits(p, ref.policy.namespace, other)), "everybody")
    return f"{ref.policy.name} rule {ref.index + 1} admits {whom}"


def _named(peer: PolicyPeer) -> str:
    if peer.ip_block is not None:
        return peer.ip_block.cidr
    pods = str(peer.pod_selector) if peer.pod_selector is not None and not peer.pod_selector.is_empty else "every pod"
    if peer.namespace_selector is None:
        return pods
    return f"{pods} of {'every namespace' if peer.namespace_selector.is_empty else str(peer.namespace_selector)}"
