"""The page of a policy of the tiers: the pods that it judges, and whom each of its rules means now (NP-16)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kwake.objects.kinds import AdminPeer, AdminPolicy, Node, Pod
from kwake.policy.connections import ALL, PROTOCOLS
from kwake.policy.ends import EGRESS, INGRESS, PolicyEnd
from kwake.policy.policy_set import PolicySet, compile_policies
from kwake.policy.rule_words import admin_words
from kwake.policy.tiers import TierRule, TierSeeing, tier_policies
from kwake.world import World
from kwake_tui.lines import BLANK, Line, section
from kwake_tui.panes.policy_page import counted, named, port_numbers, row


def tier_lines(world: World, policy: AdminPolicy) -> list[Line]:
    """The rows of a policy of the tiers, under those that every object has."""
    policies = compile_policies(world.cluster, world.profile)
    (tier,) = (one for one in tier_policies(world.cluster) if one.key == policy.key)
    told = [(pod, policies.tier_seeing.selects(tier.subject, pod)) for pod in _running(world)]
    selected, perhaps = ([pod for pod, selects in told if selects is wanted] for wanted in (True, None))
    priority = "" if policy.spec.priority is None else f", priority {policy.spec.priority}"
    rows = [
        row("tier", f"{tier.tier}{priority}", rule="NP-16"),
        row("judges", admin_words(tier.subject), _told(world, selected, perhaps), "NP-16"),
        *_enforced(world, policies, policy),
    ]
    for direction in (INGRESS, EGRESS):
        rows += [BLANK, section(direction.lower())]
        for rule in tier.rules(direction):
            rows += _rule(world, policies.tier_seeing, rule, selected)
        if not tier.rules(direction):
            rows.append(row("", "it judges nothing in this direction", rule="NP-16"))
    return rows


def _running(world: World) -> Iterator[Pod]:
    return (pod for pod in world.cluster.all(Pod) if pod.ip and not pod.is_terminal)


def _enforced(world: World, policies: PolicySet, policy: AdminPolicy) -> Iterator[Line]:
    """That the CNI does not enforce it, or perhaps not (NP-12)."""
    version = policy.api_version.rpartition("/")[2]
    if policy.key not in {one.key for one in policies.tiers}:
        yield row("", f"{world.profile.name} does not enforce {policy.kind} {version}", role="warn")
    elif world.profile["admin-tiers"] == "unknown":
        yield row("", f"whether {world.profile.name} enforces {policy.kind} {version} is not known", role="doubt")


def _rule(world: World, seeing: TierSeeing, rule: TierRule, selected: Sequence[Pod]) -> Iterator[Line]:
    label, rows, meant = "  from" if rule.ref.direction == INGRESS else "  to", [], dict[str, Pod]()
    for peer in rule.peers:
        told = [(pod, seeing.means(peer, PolicyEnd.of(pod))) for pod in _running(world)]
        met, perhaps = ([pod for pod, means in told if means is wanted] for wanted in (True, None))
        meant |= {pod.metadata.uid: pod for pod in met}
        rows.append(row(label, admin_words(peer), _found(world, seeing, peer, met, perhaps), "NP-16"))
    if not rule.peers:
        who = "everybody" if rule.everybody else "nobody"
        rows.append(row(label, f"{who}: it has a peer that is not understood", rule="NP-16", role="warn"))
    servers = selected if rule.ref.direction == INGRESS else tuple(meant.values())
    numbers = port_numbers(((name, PROTOCOLS) for name in rule.named), servers)
    found = "; ".join(filter(None, (rule.ref.name and f"called {rule.ref.name}", numbers)))
    yield row(f"rule {rule.ref.index + 1}", f"{rule.action} on {_ports(rule)}", found, "NP-7")
    yield from rows


def _found(world: World, seeing: TierSeeing, peer: AdminPeer, met: Sequence[Pod], perhaps: Sequence[Pod]) -> str:
    """Whom a peer means now; of addresses and names outside nothing is said."""
    if peer.nodes is not None:
        told = [(node.metadata.name, seeing.node_matches(peer.nodes, node)) for node in world.cluster.all(Node)]
        sure, unsure = ([name for name, means in told if means is wanted] for wanted in (True, None))
        words = [] if unsure and not sure else [counted("node", len(sure), sure)]
        return "; ".join([*words, *([f"perhaps {counted('node', len(unsure), unsure)}"] if unsure else [])])
    outside = peer.networks is not None or peer.domain_names is not None
    return "" if outside and not met else _told(world, met, perhaps)


def _told(world: World, sure: Sequence[Pod], perhaps: Sequence[Pod]) -> str:
    return "; ".join([named(world, sure), *([f"perhaps {named(world, perhaps)}"] if perhaps else [])])


def _ports(rule: TierRule) -> str:
    """A rule's ports: `TCP 80,443, https`."""
    numbered = [str(rule.fixed)] if rule.fixed else []
    return "all ports" if rule.fixed == ALL else ", ".join([*numbered, *rule.named])
