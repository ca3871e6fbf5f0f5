"""A NetworkPolicy's page: the pods that it selects, and whom each of its rules admits as the cluster is now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kwake.objects.kinds import NetworkPolicy, Pod
from kwake.policy.ends import EGRESS, INGRESS, PolicyEnd
from kwake.policy.policy_set import PolicySet, compile_policies
from kwake.policy.rule_words import peer_words, port_words
from kwake.policy.rules import Rule, compiled
from kwake.policy.workloads import workload_name
from kwake.world import World
from kwake_tui.lines import BLANK, Line, Span, section
from kwake_tui.panes.judged_by import LABEL
from kwake_tui.wake_rows import end_name

MOST_NAMED = 4
"""Workloads whose names stand in one row."""


def policy_lines(world: World, policy: NetworkPolicy) -> list[Line]:
    """The rows of a policy, under those that every object has."""
    policies = compile_policies(world.cluster, world.profile)
    selector, pods = policy.spec.pod_selector, policies.selected_by(policy)
    wanted = "all pods" if selector.is_empty else f"pods with {selector}"
    rows = [row("selects", f"{wanted} of {policy.metadata.namespace}", named(world, pods), "NP-1")]
    if not policies.enforced:
        rows.append(row("", f"{world.profile.name} enforces no NetworkPolicy", role="warn"))
    for direction in (INGRESS, EGRESS):
        rows += [BLANK, section(direction.lower()), *_direction(world, policies, policy, pods, direction)]
    return rows


def _direction(
    world: World, policies: PolicySet, policy: NetworkPolicy, selected: Sequence[Pod], direction: str
) -> Iterator[Line]:
    if direction not in policy.directions:
        yield row("", "it isolates nobody in this direction", rule="NP-4")
        return
    rules = (policies.policy(policy.key) or compiled(policy)).rules(direction)  # where none is enforced it has none
    if not rules:
        yield row("", "it admits nothing: its pods are isolated, and no more", rule="NP-1")
    for rule in rules:
        yield from _rule(world, policies, rule, selected)


def _rule(world: World, policies: PolicySet, rule: Rule, selected: Sequence[Pod]) -> Iterator[Line]:
    ref, seeing = rule.ref, policies.seeing
    label, rows, admitted = "  from" if ref.direction == INGRESS else "  to", [], dict[str, Pod]()
    for peer in rule.peers:
        pods = (pod for pod in world.cluster.all(Pod) if pod.ip and not pod.is_terminal)
        told = [(pod, seeing.admits(peer, ref.policy.namespace, PolicyEnd.of(pod))) for pod in pods]
        met, perhaps = ([pod for pod, admits in told if admits is wanted] for wanted in (True, None))
        admitted |= {pod.metadata.uid: pod for pod in met}
        found = [] if peer.ip_block is not None and not met else [named(world, met)]
        found += [f"perhaps {named(world, perhaps)}"] if perhaps else []
        rows.append(row(label, peer_words(peer), "; ".join(found), "NP-6"))
    if not rule.peers:
        rows.append(row(label, "everybody", rule="NP-5"))
    servers = selected if ref.direction == INGRESS else tuple(admitted.values())
    numbers = port_numbers(((name, (protocol,)) for name, protocol in rule.named), servers)
    yield row(f"rule {ref.index + 1}", f"on {port_words(rule.ports) or 'all ports'}", numbers, "NP-7")
    yield from rows


def port_numbers(names: Iterable[tuple[str, Sequence[str]]], servers: Sequence[Pod]) -> str:
    """What the names of ports, each with the protocols that it is looked up in, stand for: `https is 8443`."""
    found = []
    for name, protocols in dict.fromkeys(names):
        each = (pod.named_port(name, protocol) for pod in servers for protocol in protocols)
        numbers = sorted({number for number in each if number is not None})
        found.append(f"{name} is {', '.join(map(str, numbers)) or 'no port of theirs'}")
    return ", ".join(found)


def named(world: World, pods: Sequence[Pod]) -> str:
    """How many pods, and whose: `3 pods: shop/web, shop/cart`."""
    return counted("pod", len(pods), {end_name(workload_name(world.cluster, pod)) for pod in pods})


def counted(what: str, count: int, names: Iterable[str]) -> str:
    """How many of a kind, and the first of their names."""
    names = sorted(names)
    more = f", {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    whose = f": {', '.join(names[:MOST_NAMED])}{more}" if names else " now"
    return f"{count or 'no'} {what}{'s' * (count != 1)}{whose}"


def row(label: str, text: str, found: str = "", rule: str = "", role: str = "text1") -> Line:
    """A row of a policy's page: what its author wrote, what that means now, and the rule that says so."""
    words = (Span(text, role), *((Span(f"   {found}", "muted"),) if found else ()))
    return Line((Span(f"{label:<{LABEL}}", "muted"), *words), (Span(rule, "faint"),) if rule else (), shrink=len(words))
