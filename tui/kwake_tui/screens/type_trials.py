"""What each type would mean for a Service, found by trying it in a world that is then thrown away."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kwake.actions import SetServiceType
from kwake.dataplane.path import Flow
from kwake.errors import KwakeError
from kwake.objects.kinds import Node, Service
from kwake.world import World
from kwake_tui.lines import Line, Span, section
from kwake_tui.names import flow_title, parts
from kwake_tui.panes.connection_rows import dial_words, stands_words
from kwake_tui.panes.path_rows import wrapped
from kwake_tui.session import path_in

TYPES = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName", "Headless")


class Trial(msgspec.Struct, frozen=True, eq=False):
    """One type, tried."""

    type: str
    is_now: bool
    after: World | None
    refusal: str = ""
    """The API server's words, where it would refuse."""


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
        return Trial(type_name, False, None, str(error))


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
_CELLS, _VERDICT = 18, 14


def _difference(before: str, after: str) -> str:
    if not before and not after:
        return ""
    if before == after:
        return "kept"
    return "released" if not after else "allocated" if not before else "replaced"


def type_lines(found: tuple[Trial, ...], before: Service, reference: str, width: int) -> tuple[Line, ...]:
    """The table of types; its columns give way, not the verdict."""
    column = max(min(_CELLS, (width - _VERDICT) // 4), 6)
    says = "API server says" if column == _CELLS else "API server"
    heads = (
        "",
        "  type",
        "clusterIP",
        "nodePort",
        "load balancer",
        says,
    )
    cells = (0, column, column, column, column, 0)
    rows = [
        Line(
            tuple(
                Span(f"{head[: max(size - 1, 0)] if size else head:<{size}}", "muted")
                for head, size in zip(heads, cells, strict=True)
            )
        )
    ]
    old = _facts(before)
    for trial in found:
        mark = "●" if trial.is_now else "○" if trial.after or trial.type == "ExternalName" else "×"
        spans = [Span(f"{mark} {trial.type:<{column - 2}}", "text1" if trial.after else "muted", bold=trial.is_now)]
        new = _facts(service_of(trial.after, reference)) if trial.after else None
        for field, _ in _FIELDS:
            was, now = getattr(old, field), getattr(new, field) if new else ""
            change = _difference(was, now) if new else ""
            sign, role = _SIGNS[change] if change else ("", "muted")
            spans.append(Span(f"{sign} {now or was}", role).cut(column - 1) if change else Span("·", "faint"))
            spans.append(Span(" " * (column - spans[-1].cells)))
        verdict = _verdict(trial)
        rows.append(Line((*spans, verdict), target=trial.type))
    return tuple(rows)


def _verdict(trial: Trial) -> Span:
    if trial.is_now:
        return Span("as it is now", "muted")
    if trial.after is not None:
        return Span("✓ allowed", "ok")
    return Span("▲ needs a name", "warn") if NEEDS_NAME in trial.refusal else Span("× refused", "bad")


def detail_lines(trial: Trial, now: World, reference: str, flow: Flow | None, width: int) -> tuple[Line, ...]:
    """What one type keeps, allocates and releases, and whom it touches; or the API server's words."""
    before = service_of(now, reference)
    if trial.is_now:
        return (section(f"{trial.type}"), Line((Span("as it is now: choose another type above", "muted"),)))
    rows = [section(f"{current_type(before)} → {trial.type}")]
    if trial.type == "ExternalName" and trial.after is None:
        if trial.refusal and NEEDS_NAME not in trial.refusal:
            return (*rows, *wrapped(("× ", "bad"), trial.refusal, width))
        return (
            *rows,
            Line((Span("▲ ", "warn"), Span("it needs the name it stands for: enter, then type it", "muted"))),
        )
    if trial.after is None:
        return (*rows, *wrapped(("× ", "bad"), trial.refusal, width))
    old, new = _facts(before), _facts(service_of(trial.after, reference))
    for field, word in _FIELDS:
        was, then = getattr(old, field), getattr(new, field)
        change = _difference(was, then)
        if change:
            sign, role = _SIGNS[change]
            words = f"{was} → {then}" if change == "replaced" else was or then
            rows.append(Line((Span(f"{sign} {change:<12}", role), Span(f"{word} ", "muted"), Span(words))))
    callers = list(_callers(now, trial.after, reference, flow))
    if callers:
        heads = f"{'who':<36}{'dialled now':<18}{'dialled after':<18}already open"
        rows += [Line(), section("who notices"), Line((Span(heads, "muted"),)), *callers]
    return tuple(rows)


def _callers(now: World, after: World, reference: str, flow: Flow | None) -> Iterator[Line]:
    for name, connection in now.connections.items():
        if connection.service and parts(connection.service) == parts(reference):
            then = after.connections[name]
            stands = stands_words(then, then.opened_ms)
            yield _caller(name, _dial(now, connection.flow), _dial(after, connection.flow), stands)
    service = service_of(now, reference)
    flows = [Flow(flow.source, reference, port.port, port.protocol) for port in service.spec.ports] if flow else []
    for item in [*flows, *_frontends(now, after, reference)]:
        yield _caller(flow_title(item), _dial(now, item), _dial(after, item), None)


def _caller(who: str, now: tuple[str, str], after: tuple[str, str], stands: tuple[str, str] | None) -> Line:
    cells = [Span(who, bold=True).cut(35)]
    cells.append(Span(" " * (36 - cells[0].cells)))
    for words, role in (now, after):
        cells.append(Span(f"{words:<18}", role))
    return Line((*cells, *((Span(stands[0].removesuffix(" 0:00"), stands[1]),) if stands else ())))


def _dial(world: World, flow: Flow) -> tuple[str, str]:
    try:
        return dial_words(path_in(world, flow))
    except KwakeError:
        return "? unknown", "doubt"


def _frontends(now: World, after: World, reference: str) -> list[Flow]:
    """What the outside may dial, before or after: each load balancer's address, and a node's port."""
    found: dict[Flow, None] = {}
    node = next((_outer_ip(node) for node in now.cluster.all(Node) if node.ip), "")
    for world in (now, after):
        service = service_of(world, reference)
        for port in service.spec.ports:
            for ingress in service.status.load_balancer.ingress:
                found[Flow("internet", ingress.ip or ingress.hostname, port.port, port.protocol, "ip")] = None
            if port.node_port and node:
                found[Flow("internet", node, port.node_port, port.protocol, "ip")] = None
    return list(found)


def _outer_ip(node: Node) -> str:
    """Where the outside finds a node: its ExternalIP if it has one."""
    return next((a.address for a in node.status.addresses if a.type == "ExternalIP"), node.ip)
