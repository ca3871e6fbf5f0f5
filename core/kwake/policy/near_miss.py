"""What nearly let a denied connection through: two lines each, the difference under each other."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

import msgspec

from kwake.objects.kinds import IPBlock, Pod, PolicyPeer
from kwake.objects.selector import Labels, LabelSelector
from kwake.objects.slips import slips
from kwake.policy.ends import INGRESS, Half, NearMiss, PolicyEnd
from kwake.policy.rule_words import port_words
from kwake.policy.rules import CompiledPolicy, Rule, Seeing, block_holds, span_of

SHOWN = 2
"""How many near misses a denial shows, the nearest first."""


class Denied(msgspec.Struct, frozen=True):
    """A denied connection, from the side that denies it."""

    direction: str
    pod: Pod
    """Whose policies deny it."""
    other: PolicyEnd
    other_pod: Pod | None
    """The pod that selectors see at the other end."""
    protocol: str
    port: int

    @property
    def destination(self) -> Pod | None:
        """Where named ports are looked up."""
        return self.pod if self.direction == INGRESS else self.other_pod


class _Miss(msgspec.Struct, frozen=True):
    """One near miss; the smaller the nearer."""

    differences: int
    unlikeness: float
    lines: tuple[Half, Half]
    by: Rule | CompiledPolicy
    """The rule that nearly admits, or the policy that would have to select the pod."""


def near_misses(
    denied: Denied, seeing: Seeing, near: Iterable[CompiledPolicy], selects_nobody: Callable[[CompiledPolicy], bool]
) -> tuple[NearMiss, ...]:
    """The nearest misses among the policies that are near the denying pod, in their order."""
    misses = [miss for policy in near if denied.direction in policy.directions
              for miss in _policy_misses(denied, seeing, policy)]  # fmt: skip
    nearest = {miss.lines: miss for miss in sorted(misses, key=lambda m: (m.differences, m.unlikeness, m.lines))}
    return tuple(_spelled(miss, denied, selects_nobody) for miss in list(nearest.values())[:SHOWN])


def is_near(policy: CompiledPolicy, labels: Labels, selects_nobody: Callable[[CompiledPolicy], bool]) -> bool:
    """Whether a policy selects a pod with these labels, or likely means to: its selector is misspelt. Policies of other
    pods are no near misses."""
    return policy.selector.matches(labels) or selects_nobody(policy) or any(slips(policy.selector, [labels]))


def _policy_misses(denied: Denied, seeing: Seeing, policy: CompiledPolicy) -> Iterator[_Miss]:
    """Those of its rules, or of its selector where it would admit the connection."""
    own = denied.pod.metadata.labels
    if policy.selector.matches(own):
        for rule in policy.rules(denied.direction):
            yield from _rule_misses(denied, seeing, rule)
    elif any(_admits(denied, seeing, rule) for rule in policy.rules(denied.direction)):
        wants, has, count, unlikeness = _difference(policy.selector, own)
        yield _Miss(count, unlikeness, (Half(f"{policy.key.name} selects", wants), Half("this pod has", has)), policy)


def _spelled(miss: _Miss, denied: Denied, selects_nobody: Callable[[CompiledPolicy], bool]) -> NearMiss:
    """Its lines and its place; a policy that selects nothing at all is most likely misspelt, and says so."""
    by = miss.by
    if isinstance(by, Rule):
        return NearMiss(*miss.lines, by.ref.policy, str(by.ref), by.ref.path)
    wanted, found = miss.lines
    if selects_nobody(by):
        wants, has, _, _ = _difference(by.selector, denied.pod.metadata.labels)
        wanted = Half(f"{by.key.name} selects 0 pods:", wants)
        found = Half("nearest label" if "=" in has else "this pod has", has)
    return NearMiss(wanted, found, by.key, "selects", ("spec", "podSelector"))


def _admits(denied: Denied, seeing: Seeing, rule: Rule) -> bool:
    return seeing.rule_admits(rule, denied.other) is True and _serves(denied, rule)


def _serves(denied: Denied, rule: Rule) -> bool:
    return rule.connections(denied.destination).holds(denied.protocol, denied.port)


def _rule_misses(denied: Denied, seeing: Seeing, rule: Rule) -> Iterator[_Miss]:
    named = _rule_name(rule)
    if seeing.rule_admits(rule, denied.other):
        yield _Miss(1, 0.0, (Half(f"{named} admits", port_words(rule.ports)), _dialled(denied, rule)), rule)
    elif _serves(denied, rule):
        for peer in rule.peers:
            if peer.ip_block is not None:
                yield from _block_misses(denied, peer.ip_block, rule)
            else:
                yield from _peer_misses(denied, seeing, peer, rule)


def _dialled(denied: Denied, rule: Rule) -> Half:
    """The port that was asked for, or that the destination lacks the rule's name for one of its protocol."""
    for name, protocol in rule.named:
        pod = denied.destination
        if protocol == denied.protocol and pod is not None and pod.named_port(name, protocol) is None:
            return Half(f"{_name(pod)} has", f"no {protocol} port named {name}")
    return Half("dialled", f"{denied.protocol} {denied.port}")


def _block_misses(denied: Denied, block: IPBlock, rule: Rule) -> Iterator[_Miss]:
    named = _rule_name(rule)
    written = block.cidr + (f" except {', '.join(block.except_)}" if block.except_ else "")
    if block_holds(block, denied.other.ip):
        what = "a pod" if denied.other_pod is not None else "a node"
        never = Half("", f"an ipBlock never matches {what} in this CNI")
        yield _Miss(1, 0.0, (Half(f"{named} admits", written), never), rule)
    elif denied.other_pod is None and span_of(block.cidr) is not None:
        near = block_holds(IPBlock(block.cidr), denied.other.ip)
        address = Half("the address is", denied.other.ip)
        yield _Miss(1 if near else 2, 0.0, (Half(f"{named} admits", written), address), rule)


def _peer_misses(denied: Denied, seeing: Seeing, peer: PolicyPeer, rule: Rule) -> Iterator[_Miss]:
    """A peer of labels: the pod's, its namespace's, or where it is."""
    named, namespace = _rule_name(rule), rule.ref.policy.namespace
    pod = denied.other.pod
    if pod is None:
        meant = str(peer.pod_selector) if peer.pod_selector and not peer.pod_selector.is_empty else "every pod"
        if peer.namespace_selector is not None:
            homes = f"namespaces with {peer.namespace_selector}"
            meant += f" in {'every namespace' if peer.namespace_selector.is_empty else homes}"
        address = Half(f"{denied.other.ip} is", "no pod: selectors mean pods only")
        yield _Miss(2, 1.0, (Half(f"{named} admits", meant), address), rule)
        return
    home = pod.metadata.namespace
    if denied.other_pod is None:
        if seeing.selectors_match(peer, namespace, pod):
            hidden = Half(f"{_name(pod)} is", "on the host's network: no selector sees it")
            yield _Miss(1, 0.0, (Half(f"{named} admits", str(peer.pod_selector or "every pod")), hidden), rule)
        return
    wants, has, count, unlikeness = _difference(peer.pod_selector or LabelSelector(), pod.metadata.labels)
    if peer.namespace_selector is None:
        if home != namespace:
            wanted, found = (f" with {wants}", f" and has {has}") if count else ("", "")
            lines = (
                Half(f"{named} admits pods of namespace", f"{namespace}{wanted}"),
                Half(f"{_name(pod)} is in namespace", f"{home}{found}"),
            )
            yield _Miss(count + 1, unlikeness, lines, rule)
        else:
            yield _Miss(count, unlikeness, (Half(f"{named} admits", wants), Half(f"{_name(pod)} has", has)), rule)
        return
    labels = seeing.labels_of(home)
    if peer.namespace_selector.matches(labels):
        where = "every namespace" if peer.namespace_selector.is_empty else str(peer.namespace_selector)
        lines = Half(f"{named} admits", f"{wants} of {where}"), Half(f"{_name(pod)} has", has)
        yield _Miss(count, unlikeness, lines, rule)
        return
    wanted, found, missing, far = _difference(peer.namespace_selector, labels)
    lines = (Half(f"{named} admits namespaces with", wanted), Half(f"namespace {home} has", found))
    if count:
        # Both must match: to mend one of them alone changes nothing.
        lines = (
            Half(f"{named} admits", f"{wants} in namespaces with {wanted}"),
            Half(f"{_name(pod)} has", f"{has}, its namespace {found}"),
        )
    yield _Miss(count + missing, unlikeness + far, lines, rule)


def _difference(selector: LabelSelector, labels: Labels) -> tuple[str, str, int, float]:
    """What a selector wants that the labels are not, what they are, how many such, and how unlike they are written."""
    wants, has, unlikeness = [], [], 0.0
    for label, value in selector.match_labels.items():
        if labels.get(label) != value:
            wants.append(f"{label}={value}")
            has.append(_label(label, labels))
            unlikeness += _unlikeness(value, labels.get(label, ""))
    for requirement in selector.match_expressions:
        if not requirement.matches(labels):
            wants.append(str(requirement))
            has.append(_label(requirement.key, labels))
            unlikeness += 1
    return ",".join(wants), ", ".join(dict.fromkeys(has)), len(wants), unlikeness


@lru_cache(maxsize=1 << 14)
def _unlikeness(wanted: str, found: str) -> float:
    return 1 - difflib.SequenceMatcher(None, wanted, found).ratio()


def _label(label: str, labels: Labels) -> str:
    return f"{label}={labels[label]}" if label in labels else f"no label {label}"


def _rule_name(rule: Rule) -> str:
    return f"{rule.ref.policy.name} {rule.ref}"


def _name(pod: Pod) -> str:
    return f"{pod.metadata.namespace}/{pod.metadata.name}"
