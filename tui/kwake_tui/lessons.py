"""Five short lessons on the sample cluster. What is right is not written here: the model is asked each time.

A choice says by which look at the world it is right. A test proves that the model confirms exactly one choice of each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from kwake.actions import Action, Apply, Delete, KillPod, OpenConnection, Relabel, SetServiceType
from kwake.dataplane.connection import Fate
from kwake.dataplane.path import Flow, Outcome, Path
from kwake.objects.event import Event
from kwake.objects.key import key
from kwake.objects.kinds import Pod
from kwake.world import World
from kwake_tui.sureness import sure_words

SAMPLE = "shop"
"""The sample cluster that the lessons are about."""
SEED = 7


class Seen(NamedTuple):
    """What a lesson is about: the worlds before and after its action, both at rest."""

    before: World
    after: World
    second: World | None = None
    """After it, under the second profile."""


class Choice(NamedTuple):
    """An answer that is offered."""

    words: str
    holds: Callable[[Seen], bool]
    """Whether the model says so."""


class Rule(NamedTuple):
    """The rule behind an answer, and who says so."""

    id: str
    words: str
    source: str


class Lesson(NamedTuple):
    """One lesson."""

    name: str
    title: str
    setup: str
    question: str
    choices: tuple[Choice, ...]
    action: Action
    how: str
    """How one does it at the console."""
    facts: Callable[[Seen], list[str]]
    """What the model says, in sentences."""
    rules: tuple[Rule, ...]
    flow: Flow
    """The path that is shown."""
    cursor: str
    """What the cursor stands on."""
    prepared: tuple[Action, ...] = ()
    """Actions before it begins."""


def asked(lesson: Lesson, world: World) -> str:
    """Its question, with the CNI that the answer may hang on."""
    return lesson.question.replace("{cni}", world.profile.name)


def prepare(lesson: Lesson, world: World) -> World:
    """The world in which a lesson begins."""
    for action in lesson.prepared:
        world = world.do(action).settle()
    return world


def taught(lesson: Lesson, world: World, second: World | None = None) -> Seen:
    """What its action comes to."""
    before = prepare(lesson, world)
    other = None if second is None else prepare(lesson, second).do(lesson.action).settle()
    return Seen(before, before.do(lesson.action).settle(), other)


def confirmed(lesson: Lesson, seen: Seen) -> tuple[int, ...]:
    """The choices that the model confirms, by number from 0."""
    return tuple(number for number, choice in enumerate(lesson.choices) if choice.holds(seen))


# -- an address goes with its pod ---------------------------------------------------------------------------------

SESSIONS = "shop/sessions-0"
_ASK_SESSIONS = Flow("deploy/shop/cart", "sessions-0.sessions.shop.svc.cluster.local", 6379)


def _sessions(world: World) -> Pod | None:
    return world.cluster.pod("shop", "sessions-0")


def _same_name(seen: Seen) -> bool:
    return _sessions(seen.after) is not None


def _same_ip(seen: Seen) -> bool:
    before, after = _sessions(seen.before), _sessions(seen.after)
    return before is not None and after is not None and before.ip == after.ip


def _address_facts(seen: Seen) -> list[str]:
    before, after = _sessions(seen.before), _sessions(seen.after)
    if before is None or after is None:
        return ["there is no sessions-0 any more"]
    facts = [f"sessions-0 had {before.ip} and has {after.ip}; its uid is another one: it is another pod of that name"]
    return [*facts, f"dialled by its DNS name it is {_says(_dial(seen.after, _ASK_SESSIONS))}"]


# -- a label makes an endpoint ------------------------------------------------------------------------------------

_CART = Flow("deploy/shop/web", "svc/shop/cart", 9000)


def _endpoints(world: World, service: str) -> list[str]:
    slices = world.cluster.slices_by_service.get(key("Service", "shop", service), ())
    return sorted(address for item in slices for end in item.endpoints for address in end.addresses)


def _has(count: int) -> Callable[[Seen], bool]:
    return lambda seen: len(_endpoints(seen.after, "cart")) == count


def _endpoint_facts(seen: Seen) -> list[str]:
    facts = [_told(event) for event in seen.after.events if event.kind in ("pod-created", "endpoints-changed")]
    running = len([pod for pod in seen.after.cluster.pods_by_namespace["shop"] if pod.metadata.name.startswith("cart")])
    return [*facts, f"{running} pods of cart run by then, and {len(_endpoints(seen.after, 'cart'))} are endpoints"]


# -- the edit in the middle of a connection -----------------------------------------------------------------------

DENY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "default-deny-ingress", "namespace": "shop"},
    "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
}


def _fate(seen: Seen, name: str) -> Fate:
    return seen.after.connections[name].fate


def _cut_facts(seen: Seen) -> list[str]:
    worlds = [seen.after, *([seen.second] if seen.second is not None else [])]
    return [_standing(world, "pay", _CART) for world in worlds]


# -- the type switch ----------------------------------------------------------------------------------------------

_FEED = Flow("internet", "203.0.113.11", 30080, "TCP", "ip")


def _switch_facts(seen: Seen) -> list[str]:
    changed = [_told(event) for event in seen.after.events if event.kind == "address-changed"]
    return [*changed, _standing(seen.after, "feed", _FEED)]


# -- DNS before policy --------------------------------------------------------------------------------------------

_LEDGER = Flow("deploy/payments/api", "svc/payments/ledger", 5432)


def _dns_facts(seen: Seen) -> list[str]:
    pods = [pod for pod in seen.after.cluster.pods_by_namespace["payments"] if pod.metadata.name.startswith("ledger")]
    facts = [f"by name: {_says(_dial(seen.after, _LEDGER))}"]
    for pod in pods[:1]:
        by_address = Flow(_LEDGER.source, pod.ip, _LEDGER.port, "TCP", "ip")
        facts.append(f"by the address of {pod.metadata.name}: {_says(_dial(seen.after, by_address))}")
    return facts


# -- what all of them ask -----------------------------------------------------------------------------------------


def _dial(world: World, flow: Flow) -> Path:
    return world.trace(flow.source, flow.target, flow.port, flow.protocol, flow.via)


def _outcome(flow: Flow) -> Callable[[Seen], Outcome]:
    return lambda seen: _dial(seen.after, flow).outcome


def _says(path: Path) -> str:
    return f"{path.outcome.value}{sure_words(path.basis, path.outcome)}, {path.branches[0].reason}"


def _told(event: Event) -> str:
    return f"{event.text}{sure_words(event.basis)}" + (f"  {event.rule}" if event.rule else "")


def _standing(world: World, name: str, flow: Flow) -> str:
    connection, path = world.connections[name], _dial(world, flow)
    turn = connection.turns[-1]
    already = f"{name} is {connection.fate.value}{sure_words(turn.basis)}"
    again = f"{path.outcome.value}{sure_words(path.basis, path.outcome)}"
    return f"under {world.profile.name} {already}, and a new dial is {again}"


LESSONS: tuple[Lesson, ...] = (
    Lesson(
        name="address",
        title="An address goes with its pod",
        setup="sessions-0 is a pod of a StatefulSet, and cart keeps its data there. You kill it.",
        question="What does its successor keep?",
        choices=(
            Choice("its name and its IP", lambda seen: _same_name(seen) and _same_ip(seen)),
            Choice("its name; the IP is another one", lambda seen: _same_name(seen) and not _same_ip(seen)),
            Choice("neither its name nor its IP", lambda seen: not _same_name(seen)),
        ),
        action=KillPod(SESSIONS),
        how="{kill} on sessions-0",
        facts=_address_facts,
        rules=(
            Rule("PD-5", "a StatefulSet makes the pod anew under its name once the old one is gone",
                 "kubernetes, statefulset/stateful_set_control.go"),
            Rule("PD-6", "its DNS name is stable, the address behind it is not",
                 "kubernetes, statefulset/stateful_set_utils.go"),
        ),
        flow=_ASK_SESSIONS,
        cursor="Pod/shop/sessions-0",
    ),
    Lesson(
        name="endpoints",
        title="A label makes an endpoint",
        setup="svc/cart selects app=cart and has two endpoints. You take the label app from one of the two pods.",
        question="How many endpoints has it when all has settled?",
        choices=(Choice("one", _has(1)), Choice("two", _has(2)), Choice("three", _has(3))),
        action=Relabel("deploy/shop/cart#0", {"app": None}),
        how="{command} relabel deploy/shop/cart#0 app-",
        facts=_endpoint_facts,
        rules=(
            Rule("PD-7", "a pod that its owner no longer selects runs on, and the owner makes another (inferred)",
                 "kubernetes, controller adoption"),
            Rule("EP-1", "every pod with the labels of the selector is an endpoint, whoever made it",
                 "kubernetes, endpointslice/util/controller_utils.go"),
        ),
        flow=_CART,
        cursor="Deployment/shop/cart",
    ),
    Lesson(
        name="edit",
        title="A policy lands in the middle of a connection",
        setup="web talks to cart: the connection pay is open. You apply to the namespace shop the NetworkPolicy"
              " default-deny-ingress: podSelector: {}, policyTypes: [Ingress], no rule. It selects every pod there and"
              " admits nothing.",
        question="The CNI is {cni}. What becomes of pay, and of a new dial?",
        choices=(
            Choice("pay stays open; a new dial is dropped",
                   lambda seen: (_fate(seen, "pay"), _outcome(_CART)(seen)) == (Fate.OPEN, Outcome.DROPPED)),
            Choice("pay stalls; a new dial is dropped",
                   lambda seen: (_fate(seen, "pay"), _outcome(_CART)(seen)) == (Fate.STALLED, Outcome.DROPPED)),
            Choice("pay is reset at once; a new dial is refused", lambda seen: _fate(seen, "pay") is Fate.RESET),
            Choice("nothing: both go on", lambda seen: _outcome(_CART)(seen) is Outcome.DELIVERED),
        ),
        prepared=(OpenConnection("pay", _CART.source, _CART.target, _CART.port),),
        action=Apply(DENY),
        how="{edit} on np allow-web, type that name and spec, {apply}",
        facts=_cut_facts,
        rules=(
            Rule("CX-30", "whether a policy meets packets of an open connection is up to the CNI",
                 "calico, felix/rules/endpoints.go; cilium, bpf/bpf_lxc.c"),
            Rule("CX-31", "where it does, packets vanish: no end is told, and the connection may resume (inferred)",
                 "cilium, bpf/bpf_lxc.c"),
        ),
        flow=_CART,
        cursor="Deployment/shop/cart",
    ),
    Lesson(
        name="type",
        title="A Service changes its type",
        setup="A partner reads catalog at node port 30080: the connection feed is open. You make catalog a ClusterIP.",
        question="What becomes of feed, and of a new dial to 30080?",
        choices=(
            Choice("feed goes on; a new dial fails",
                   lambda seen: _fate(seen, "feed") is Fate.OPEN and _outcome(_FEED)(seen) is not Outcome.DELIVERED),
            Choice("feed is cut; a new dial fails",
                   lambda seen: _fate(seen, "feed") is not Fate.OPEN
                   and _outcome(_FEED)(seen) is not Outcome.DELIVERED),
            Choice("both go on: a port that is in use is not released",
                   lambda seen: _outcome(_FEED)(seen) is Outcome.DELIVERED),
        ),
        prepared=(OpenConnection("feed", _FEED.source, _FEED.target, _FEED.port, _FEED.protocol, _FEED.via),),
        action=SetServiceType("svc/shop/catalog", "ClusterIP"),
        how="{type} on svc/catalog",
        facts=_switch_facts,
        rules=(
            Rule("SV-10", "the switch keeps the clusterIP and releases the node port",
                 "kubernetes, registry/core/service/storage"),
            Rule("CX-24", "an open connection through a frontend that goes away continues: its NAT was decided once",
                 "kubernetes, proxy/conntrack/cleanup.go"),
        ),
        flow=_FEED,
        cursor="Service/shop/catalog",
    ),
    Lesson(
        name="dns",
        title="DNS comes before policy",
        setup="payments denies all egress but to DNS, and from api to ledger. You delete the policy allow-dns.",
        question="api dials ledger by its name. What does it meet?",
        choices=(
            Choice("delivered: the policy for ledger is still there",
                   lambda seen: _outcome(_LEDGER)(seen) is Outcome.DELIVERED),
            Choice("dropped on the way to ledger", lambda seen: _outcome(_LEDGER)(seen) is Outcome.DROPPED),
            Choice("unresolved: nobody answers the name", lambda seen: _outcome(_LEDGER)(seen) is Outcome.UNRESOLVED),
        ),
        action=Delete("netpol/payments/allow-dns"),
        how="{delete} on np allow-dns",
        facts=_dns_facts,
        rules=(
            Rule("NP-27", "a deny-all for egress stops DNS first: UDP and TCP 53 to kube-dns must be allowed",
                 "network policy recipes"),
            Rule("NP-2", "an isolated pod may send only what a policy that selects it allows: the lookup, too",
                 "kubernetes.io, network-policies"),
        ),
        flow=_LEDGER,
        cursor="NetworkPolicy/payments/allow-dns",
    ),
)  # fmt: skip
"""In the order in which they are taught."""
