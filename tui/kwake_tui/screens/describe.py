"""What is known of one object or connection, as rows."""

from __future__ import annotations

from pathlib import PurePath

from kwake.dataplane.connection import Connection
from kwake.objects.document import Origin
from kwake.objects.kinds import AdminPolicy, KubeObject, NetworkPolicy, Pod, Service, Workload
from kwake.objects.time import clock
from kwake.world import World
from kwake_tui.glyphs import FATES, connection_mark
from kwake_tui.lines import BLANK, Line, Span, section
from kwake_tui.names import short
from kwake_tui.panes.judged_by import policy_rows
from kwake_tui.panes.policy_page import policy_lines
from kwake_tui.panes.service_page import service_lines
from kwake_tui.panes.tier_page import tier_lines
from kwake_tui.sureness import sure_spans


def describe_lines(world: World, target: str) -> tuple[Line, ...]:
    """The rows for a reference, or for `connection:name`."""
    if target.startswith("connection:"):
        return _connection(world.connections[target.partition(":")[2]])
    record = world.cluster.get(target)
    value = record.value
    rows = [_fact("kind", value.kind), _fact("name", value.metadata.name)]
    rows += [_fact("namespace", value.metadata.namespace)] if value.metadata.namespace else []
    rows += [_fact("label", f"{name}={label}") for name, label in sorted(value.metadata.labels.items())]
    rows += [_fact("owner", str(owner.key)) for owner in world.cluster.owners(value)]
    rows += [_fact("read from", _place(record.origin))] if record.origin else []
    rows += [_fact("made by", record.made.removeprefix("made by "))] if record.made else []
    rows += _of_kind(world, value)
    happened = [event for event in world.events if event.subject == str(value.key)]
    if happened:
        rows += [BLANK, section("since the last action")]
        for event in happened:
            when = Span(f"{clock(event.time_ms):<9}", "muted")
            rows.append(Line((when, Span(event.text)), sure_spans(event.sureness), shrink=1))
    return tuple(rows)


def _place(origin: Origin) -> str:
    """The file, by its folder and name, and the line."""
    return f"{'/'.join(PurePath(origin.source.name).parts[-2:])}:{origin.line}"


def _fact(label: str, text: str, role: str = "text1") -> Line:
    return Line((Span(f"{label:<14}", "muted"), Span(text, role)))


def _of_kind(world: World, value: KubeObject) -> list[Line]:
    match value:
        case Pod():
            declared = [port for container in value.spec.containers for port in container.ports]
            ports = [f"{port.container_port}/{port.protocol} {port.name}".rstrip() for port in declared]
            return [
                _fact("phase", value.status.phase or "Pending"),
                _fact("ready", "yes" if value.is_ready else "no"),
                _fact("IP", ", ".join(value.ips) or "none yet"),
                _fact("node", value.spec.node_name or "none yet"),
                _fact("uid", value.metadata.uid),
                *(_fact("port", port) for port in ports),
                BLANK,
                section("policies"),
                *policy_rows(world, [value]),
            ]
        case Service():
            return service_lines(world, value)
        case NetworkPolicy():
            return policy_lines(world, value)
        case AdminPolicy():
            return tier_lines(world, value)
        case Workload():
            pods = world.cluster.pods_of(value.key)
            found = policy_rows(world, pods) if pods else [_fact("", "no pods now", "muted")]
            return [BLANK, section("policies"), *found]
        case _:
            return []


def _connection(connection: Connection) -> tuple[Line, ...]:
    mark = connection_mark(connection)
    rows = [
        Line((Span(f"{mark}", mark.role, bold=True), Span(f"   {connection.reason}"))),
        _fact("flow", str(connection.flow)),
        _fact("opened", clock(connection.opened_ms)),
        _fact("frontend", connection.frontend),
    ]
    if connection.service:
        rows.append(_fact("service", connection.service))
    if connection.original:
        rows.append(_fact("conntrack", str(connection.original)))
    if connection.translated:
        rows.append(_fact("translated", str(connection.translated)))
    if connection.nat_node:
        rows.append(_fact("held by", f"{connection.nat_node}, {connection.proxy}"))
    rows += [BLANK, section("backends")]
    rows += [
        Line((Span(f"{clock(r.time_ms):<9}", "muted"), Span(f"{short(r.backend)}  {r.ip}:{r.port}")))
        for r in connection.backends
    ]
    rows += [BLANK, section("what became of it")]
    for turn in connection.turns:
        stands = FATES[turn.fate]
        rows.append(
            Line(
                (Span(f"{clock(turn.time_ms):<9}", "muted"), Span(f"{stands} ", stands.role), Span(f" {turn.reason}")),
                sure_spans(turn.sureness, turn.cite),
                shrink=2,
            )
        )
    return tuple(rows)
