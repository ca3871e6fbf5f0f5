"""Connections: opening one, following it through every change, and dialling it again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm

import msgspec

from kwake.dataplane.connection import Connection, Fate, PodEnd, Reached, Tuple5, Turn
from kwake.dataplane.datagrams import follow_datagrams
from kwake.dataplane.ends import Client, resolve_sources, resolve_target
from kwake.dataplane.living import how_it_is
from kwake.dataplane.path import Branch, Flow, Outcome, Path
from kwake.dataplane.records import destination_of, server_end, translated_tuple
from kwake.dataplane.streams import follow_stream
from kwake.dataplane.trace import branches_of, normalised, trace
from kwake.dataplane.view import View
from kwake.draws import Draws
from kwake.errors import ReferenceNotFound
from kwake.objects.reference import parse_reference

EPHEMERAL_PORTS = (32768, 28232)
"""First, and how many: Linux's `ip_local_port_range`."""


def open_connection(
    view: View, name: str, flow: Flow, draws: Draws, opened: Sequence[Connection] = ()
) -> tuple[Connection, Draws]:
    """Dial from the first ready source pod by name, to one of the ends that the dial may have.

    `opened` are the connections before it, oldest first: under ClientIP affinity a client comes back to its endpoint.
    A dial that is not delivered gives a failed connection. Raises ReferenceNotFound as `trace` does.
    """
    flow = normalised(flow)
    clients = resolve_sources(view, flow.source)
    client = next((c for c in clients if c.pod is None or c.pod.is_ready), clients[0])
    target, _ = resolve_target(view, flow.target)
    branches = branches_of(view, flow, client, target, Fraction(1))
    branch, draws = _drawn(_sticking(view, branches, client, opened), f"backend/{name}", draws)
    first, count = EPHEMERAL_PORTS
    offset, draws = draws.integer(f"source-port/{name}", count)
    return _connection(view, name, flow, client, branch, first + offset), draws


def _sticking(
    view: View, branches: tuple[Branch, ...], client: Client, opened: Sequence[Connection]
) -> tuple[Branch, ...]:
    """The one branch that session affinity leads to, else all: by node, Service port and source, for as long after the
    last dial as the Service says, and while the endpoint is in the set (SV-48)."""
    for known in reversed(opened):
        if known.original is None or known.original.src != client.ip or not known.backends:
            continue
        for branch in branches:
            met = branch.translation
            if met is None or met.node is None or met.service is None:
                continue
            here = (met.node, met.service, met.dst_port, branch.ip, branch.port)
            if here == (known.nat_node, known.service, known.original.dst_port, *destination_of(known)):
                parsed = parse_reference(met.service)
                service = view.proxy.service(parsed.namespace, parsed.name)
                if service is not None and service.spec.session_affinity == "ClientIP":
                    kept_s = service.spec.session_affinity_config.client_ip.timeout_seconds
                    if view.now_ms - known.opened_ms <= kept_s * 1000:
                        return (branch,)
    return branches


def follow(connection: Connection, before: View, after: View, cause: str) -> Connection:
    """The connection after a change of anything: with a new turn of its fate, or the same object.

    `cause` is what the user or the cluster did; the turn keeps it.
    """
    if connection.fate.is_over:
        return connection
    rules = follow_datagrams if connection.flow.protocol == "UDP" else follow_stream
    followed = rules(connection, before, after)
    if len(followed.turns) == len(connection.turns):
        return connection
    turn = msgspec.structs.replace(followed.turns[-1], cause=cause)
    return msgspec.structs.replace(followed, turns=(*followed.turns[:-1], turn))


_END = re.compile(r"(source|backend)\((.+)\)")


def end_of_connection(connections: Mapping[str, Connection], reference: str) -> str | None:
    """The pod that `source(pay)` or `backend(pay)` means; None for any other reference.

    Raises ReferenceNotFound where there is no such connection, or no pod at that end.
    """
    match = _END.fullmatch(reference)
    if match is None:
        return None
    connection = connections.get(match[2])
    if connection is None:
        raise ReferenceNotFound(f"{reference}: there is no connection {match[2]}")
    end = connection.client if match[1] == "source" else connection.server
    if end is None or end.pod is None:
        raise ReferenceNotFound(f"{reference}: that end of {match[2]} is no pod")
    return end.pod


def again(view: View, connection: Connection) -> Path:
    """The same flow dialled now, from the same pod if that still lives. Raises ReferenceNotFound as `trace` does."""
    client = connection.client
    if client is None or how_it_is(view, client) != "alive":
        return trace(view, connection.flow)
    return trace(view, msgspec.structs.replace(connection.flow, source=client.pod))


def conntrack_line(connection: Connection) -> str:
    """The NAT record as `conntrack -L` would show it, with the node that keeps it."""
    original, translated = connection.original, connection.translated
    if original is None:
        return f"{connection.flow.protocol.lower()} no record: {connection.reason}"
    state = {"TCP": "ESTABLISHED ", "SCTP": "ESTABLISHED "}.get(connection.flow.protocol, "")
    if connection.fate.is_over:
        state = f"{connection.fate.value} "
    line = f"{connection.flow.protocol.lower()} {state}{_sides(original)}"
    if translated is not None:
        line += f" [nat {_sides(translated)}]"
    return line + (f" {connection.nat_node}" if connection.nat_node else " no NAT")


def _sides(tuple5: Tuple5) -> str:
    return f"src={tuple5.src} dst={tuple5.dst} sport={tuple5.src_port} dport={tuple5.dst_port}"


def _drawn(branches: tuple[Branch, ...], stream: str, draws: Draws) -> tuple[Branch, Draws]:
    """One of the branches, each as likely as its share."""
    below = lcm(*(branch.share.denominator for branch in branches))
    number, draws = draws.integer(stream, below)
    passed = Fraction(0)
    for branch in branches:
        passed += branch.share
        if number < passed * below:
            return branch, draws
    return branches[-1], draws


def _connection(view: View, name: str, flow: Flow, client: Client, branch: Branch, src_port: int) -> Connection:
    translation = branch.translation
    original = None
    if translation is not None:
        original = Tuple5(client.ip, src_port, translation.dst, translation.dst_port)
    delivered = branch.outcome is Outcome.DELIVERED
    last = branch.hops[-1]
    if delivered:
        turn = Turn(view.now_ms, Fate.OPEN, f"open to {branch.pod or branch.ip}", branch.basis, "CX-1")
    else:
        turn = Turn(view.now_ms, Fate.FAILED, branch.reason, branch.basis, last.cite, branch.decided_by)
    backend = Reached(view.now_ms, branch.pod or branch.ip or "", branch.ip or "", branch.port or 0)
    return Connection(
        name,
        flow,
        PodEnd(client.name, client.pod.metadata.uid, client.ip, client.node) if client.pod is not None else None,
        server_end(view, branch) if delivered else None,
        original,
        translated_tuple(original, branch) if delivered and original is not None else None,
        translation.node if translation is not None else None,
        view.profile["proxy"],
        translation.service if translation is not None else None,
        translation.frontend if translation is not None else "pod-ip",
        view.now_ms,
        (backend,) if delivered else (),
        (turn,),
    )
