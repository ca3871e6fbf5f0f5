"""What is known of one object or connection, as rows."""

from __future__ import annotations

from pathlib import PurePath

from kwake.dataplane.connection import Connection
from kwake.objects.document import Origin
from kwake.objects.kinds import KubeObject, Pod, Service
from kwake.objects.time import clock
from kwake.policy.ends import EGRESS, INGRESS
from kwake.policy.policy_set import compile_policies
from kwake.policy.tiers import ADMIN, BASELINE
from kwake.world import World
from kwake_tui.glyphs import FATES, connection_mark
from kwake_tui.lines import BLANK, Line, Span, section
from kwake_tui.names import short
from kwake_tui.panes.service_page import service_lines


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
        rows += [Line((Span(f"{clock(event.time_ms):<9}", "muted"), Span(event.text))) for event in happened]
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
                *_judged(world, value),
            ]
        case Service():
            return service_lines(world, value)
        case _:
            return []


def _judged(world: World, pod: Pod) -> list[Line]:
    """The policies that select a pod, and what they do to it in each direction (NP-1)."""
    policies = compile_policies(world.cluster, world.profile)
    rows = [BLANK, section("policies")]
    for direction in (INGRESS, EGRESS):
        isolating = policies.selecting(pod, direction)
        tiers = [p for tier in (ADMIN, BASELINE) for p, _ in policies.tiers_for(pod, tier, direction)]
        unread = policies.unread_for(pod, direction)
        word = direction.lower()
        if not policies.seeing.is_seen(pod) and policies.enforced:
            rows.append(_fact(word, "on the host's network: no policy selects it"))
            continue
        for policy in isolating:
            count = len(policy.rules(direction))
            admits = "admits nothing" if not count else f"{count} rule{'s' * (count > 1)}"
            rows.append(_fact(word, f"isolated by {short(str(policy.key))}: {admits}"))
        rows += [_fact(word, f"judged by {short(str(tier.key))}, {tier.tier} tier") for tier in tiers]
        rows += [_fact(word, f"perhaps by {short(str(one.key))}, which kwake does not read", "doubt") for one in unread]
        if not isolating and not tiers and not unread:
            enforced = "not isolated" if policies.enforced else f"{world.profile.name} enforces no NetworkPolicy"
            rows.append(_fact(word, enforced))
    return rows


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
                (Span(turn.cite, "faint"),) if turn.cite else (),
                shrink=2,
            )
        )
    return tuple(rows)
