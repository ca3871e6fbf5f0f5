"""What each type would mean for a Service, found by trying it in a world that is then thrown away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from kwake.actions import SetServiceType
from kwake.dataplane.ends import ANY_NODE
from kwake.dataplane.path import Flow
from kwake.dials import reference_of
from kwake.errors import KwakeError
from kwake.objects.kinds import Node, Pod, Service
from kwake.policy.workloads import workload_name
from kwake.ways_round import gone_round
from kwake.world import World
from kwake_tui.lines import Line, Span, section
from kwake_tui.names import flow_title, parts
from kwake_tui.panes.connection_rows import dial_words, stands_words
from kwake_tui.panes.path_rows import wrapped
from kwake_tui.session import path_in
from kwake_tui.wake_row import WakeRow
from kwake_tui.wake_rows import dial_rows

TYPES = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName", "Headless")


class Trial(msgspec.Struct, frozen=True, eq=False):
    """One type, tried."""

    type: str
    is_now: bool
    after: World | None
    refusal: str = ""
    """The API server's words, where it would refuse."""
    named: World | None = None
    """Where it is refused for want of a name alone: as it would be with one."""

    @property
    def shows(self) -> World | None:
        """The world of which it is told what the type keeps, allocates and releases."""
        return self.after or self.named


class Ways(NamedTuple):
    """The ways round a Service by node ports that a type opens or closes."""

    rows: tuple[WakeRow, ...] = ()
    untried: int = 0
    """Workloads of which it was not tried."""


NO_WAYS = Ways()


def trials(world: World, reference: str) -> tuple[Trial, ...]:
    """Every type, tried in its own world; ExternalName without a name."""
    return tuple(trial(world, reference, type_name) for type_name in TYPES)


def trial(world: World, reference: str, type_name: str, external_name: str | None = None) -> Trial:
    """One type, tried. Raises ReferenceNotFound where there is no such Service."""
    if type_name == current_type(service_of(world, reference)):
        return Trial(type_name, True, world)
    try:
        return Trial(type_name, False, world.do(SetServiceType(reference, type_name, external_name)).settle())
    except KwakeError as error:
        needs_name = external_name is None and NEEDS_NAME in str(error)
        named = trial(world, reference, type_name, _ANY_NAME).after if needs_name else None
        return Trial(type_name, False, None, str(error), named)


_ANY_NAME = "name.invalid"
"""Stands for the name that is still to be given: what a Service gives up for it is the same for each (RFC 2606)."""

NEEDS_NAME = "spec.externalName: Required value"
"""What the API server says of an ExternalName without its name."""


def service_of(world: World, reference: str) -> Service:
    """The Service that a reference names. Raises ReferenceNotFound."""
    value = world.cluster.get(reference).value
    assert isinstance(value, Service)
    return value


def current_type(service: Service) -> str:
    """Its type; Headless where it has no virtual address."""
    return "Headless" if service.is_headless else service.spec.type


class _Facts(msgspec.Struct, frozen=True):
    cluster_ip: str
    node_ports: str
    balancer: str


def _facts(service: Service) -> _Facts:
    ports = [str(port.node_port) for port in service.spec.ports if port.node_port]
    if service.spec.health_check_node_port:
        ports.append(f"{service.spec.health_check_node_port} (health check)")
    ingress = [i.ip or i.hostname for i in service.status.load_balancer.ingress]
    return _Facts(", ".join(service.cluster_ips), ", ".join(ports), ", ".join(ingress))


_FIELDS = (("cluster_ip", "clusterIP"), ("node_ports", "nodePort"), ("balancer", "load balancer"))
_SIGNS = {"kept": ("=", "muted"), "released": ("−", "bad"), "allocated": ("+", "ok"), "replaced": ("~", "moved")}


def _difference(before: str, after: str) -> str:
    if not before and not after:
        return ""
    if before == after:
        return "kept"
    return "released" if not after else "allocated" if not before else "replaced"


def type_lines(found: tuple[Trial, ...], before: Service, reference: str, width: int) -> tuple[Line, ...]:
    """The table of types; where it is narrow node ports give way first, then the balancer, then addresses."""
    heads = tuple(Span(head, "muted") for head in ("  type", "clusterIP", "nodePort", "load balancer", "API server"))
    rows = [heads, *(_cells(one, before, reference) for one in found)]
    sizes = [max(row[column].cells for row in rows) + 1 for column in range(len(heads))]
    if sum(sizes) + _ROOM * (len(sizes) - 1) <= width:
        sizes = [size + _ROOM for size in sizes]
    for column in (4, 2, 3, 1):
        least = max(max(row[column].cells for row in rows[1:]) + 1, 8) if column == 4 else 8
        sizes[column] -= max(min(sum(sizes) - width, sizes[column] - least), 0)
    lines = []
    for row, target in zip(rows, ("", *(one.type for one in found)), strict=True):
        cut = [span.cut(size - 1) for span, size in zip(row, sizes, strict=True)]
        gaps = (Span(" " * (size - span.cells)) for span, size in zip(cut, sizes, strict=True))
        lines.append(Line(tuple(span for pair in zip(cut, gaps, strict=True) for span in pair), target=target))
    return tuple(lines)


_ROOM = 3
"""More cells between columns where they fit."""


def _cells(one: Trial, before: Service, reference: str) -> tuple[Span, ...]:
    """One type's row, a span each column."""
    mark = "●" if one.is_now else "○" if one.after or NEEDS_NAME in one.refusal else "×"
    cells = [Span(f"{mark} {one.type}", "text1" if one.after else "muted", bold=one.is_now)]
    old, new = _facts(before), _facts(service_of(one.shows, reference)) if one.shows else None
    for field, _ in _FIELDS:
        was, now = getattr(old, field), getattr(new, field) if new else ""
        change = _difference(was, now) if new else ""
        sign, role = _SIGNS[change] if change else ("", "muted")
        cells.append(Span(f"{sign} {now or was}", role) if change else Span("·", "faint"))
    return (*cells, _verdict(one))


def _verdict(trial: Trial) -> Span:
    if trial.is_now:
        return Span("as it is now", "muted")
    if trial.after is not None:
        return Span("✓ allowed", "ok")
    return Span("▲ needs a name", "warn") if NEEDS_NAME in trial.refusal else Span("× refused", "bad")


def detail_lines(
    trial: Trial, now: World, reference: str, flow: Flow | None, width: int, ways: Ways
) -> tuple[Line, ...]:
    """What one type keeps, allocates and releases, and whom it touches; or the API server's words.

    `ways` are the ways round it that the type opens or closes.
    """
    before = service_of(now, reference)
    if trial.is_now:
        return (section(f"{trial.type}"), Line((Span("as it is now: choose another type above", "muted"),)))
    rows = [section(f"{current_type(before)} → {trial.type}")]
    if trial.type == "ExternalName" and trial.after is None:
        if trial.refusal and NEEDS_NAME not in trial.refusal:
            return (*rows, *wrapped(("× ", "bad"), trial.refusal, width))
        needs = Line((Span("▲ ", "warn"), Span("it needs the name it stands for: enter, then type it", "muted")))
        given_up = _changes(before, service_of(trial.named, reference)) if trial.named else ()
        return (*rows, needs, *given_up)
    if trial.after is None:
        return (*rows, *wrapped(("× ", "bad"), trial.refusal, width))
    rows += _changes(before, service_of(trial.after, reference))
    callers = list(_callers(now, trial.after, reference, flow))
    if callers:
        dial = 18 if width >= _WIDE else 15
        who = max(min(36, width - 2 * dial - len("already open")), 1)
        heads = f"{'who':<{who}}{'dialled now':<{dial}}{'dialled after':<{dial}}already open"
        rows += [Line(), section("who notices"), Line((Span(heads, "muted"),))]
        rows += [_caller(caller, who, dial) for caller in callers]
    if ways != NO_WAYS:
        rows += [Line(), section("who goes round it by a node port")]
    for row in ways.rows:
        words = f"{', '.join(row.sources) or row.source}: {row.why.words.partition('; before')[0]}"
        rows += wrapped((f"{row.before} → {row.after}  ", row.after.role), words, width)
    if ways.untried:
        rows.append(Line((Span(f"{ways.untried} more workloads are not tried here", "muted"),)))
    return tuple(rows)


def _changes(before: Service, after: Service) -> Iterator[Line]:
    """What is kept, allocated and released, a row each. Which free one is drawn nobody knows (SV-30)."""
    old, new = _facts(before), _facts(after)
    for field, word in _FIELDS:
        was, then = getattr(old, field), getattr(new, field)
        change = _difference(was, then)
        if change:
            sign, role = _SIGNS[change]
            words = f"{was} → {then}" if change == "replaced" else was or then
            drawn = (Span("which one is assumed", "muted"),) if change in ("allocated", "replaced") else ()
            yield Line((Span(f"{sign} {change:<12}", role), Span(f"{word} ", "muted"), Span(words)), drawn)


_WIDE = 84


class _Caller(NamedTuple):
    who: str
    now: tuple[str, str]
    after: tuple[str, str]
    stands: tuple[str, str] = ("", "muted")


def _callers(now: World, after: World, reference: str, flow: Flow | None) -> Iterator[_Caller]:
    for name, connection in now.connections.items():
        if connection.service and parts(connection.service) == parts(reference):
            then = after.connections[name]
            words, role = stands_words(then, then.opened_ms)
            dials = _dial(now, connection.flow), _dial(after, connection.flow)
            yield _Caller(name, *dials, (words.removesuffix(" 0:00"), role))
    service = service_of(now, reference)
    flows = [Flow(flow.source, reference, port.port, port.protocol) for port in service.spec.ports] if flow else []
    for item in [*flows, *_frontends(now, after, reference)]:
        yield _Caller(flow_title(item), _dial(now, item), _dial(after, item))


MOST_TRIED = 16
"""Workloads of which it is tried whether they get round a Service: that is up to four traces each."""


def ways_round(trial: Trial, now: World, reference: str) -> Ways:
    """Who gets by a node port where the Service itself does not lead, and who no longer does."""
    if trial.after is None or trial.is_now:
        return NO_WAYS
    if _facts(service_of(now, reference)).node_ports == _facts(service_of(trial.after, reference)).node_ports:
        return NO_WAYS
    key = now.cluster.resolve(reference, "Service")
    pods = now.cluster.all(Pod)
    clients = list(dict.fromkeys(reference_of(workload_name(now.cluster, pod)) for pod in pods))
    found = gone_round(now.settle(), trial.after, key, clients[:MOST_TRIED])
    return Ways(tuple(dial_rows(found)), max(len(clients) - MOST_TRIED, 0))


def _caller(caller: _Caller, who: int, dial: int) -> Line:
    name = Span(caller.who, bold=True).cut(who - 1)
    cells = [name, Span(" " * (who - name.cells))]
    cells += [Span(f"{words:<{dial}}", role) for words, role in (caller.now, caller.after)]
    return Line((*cells, Span(*caller.stands)))


def _dial(world: World, flow: Flow) -> tuple[str, str]:
    try:
        return dial_words(path_in(world, flow))
    except KwakeError:
        return "? unknown", "doubt"


def _frontends(now: World, after: World, reference: str) -> list[Flow]:
    """What the outside may dial, before or after: each load balancer's address, and a node's port."""
    found: dict[Flow, None] = {}
    has_nodes = any(node.ip for node in now.cluster.all(Node))
    for world in (now, after):
        service = service_of(world, reference)
        for port in service.spec.ports:
            for ingress in service.status.load_balancer.ingress:
                found[Flow("internet", ingress.ip or ingress.hostname, port.port, port.protocol, "ip")] = None
            if port.node_port and has_nodes:
                found[Flow("internet", ANY_NODE, port.node_port, port.protocol)] = None
    return list(found)
