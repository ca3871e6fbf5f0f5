"""What `kwake reach` is asked, from its options."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Iterable

from kwake.control.desired_endpoints import served_on
from kwake.errors import UsageError
from kwake.objects.kinds import Service
from kwake.policy.connections import ALL, ConnectionSet, one
from kwake.policy.reach_view import Named, ReachView, named_ends
from kwake.world import World

_PORT = re.compile(r"(?P<port>\d{1,5})(/(?P<after>\w+))?|(?P<before>\w+)-(?P<number>\d{1,5})")


def reach_view(arguments: Namespace, world: World) -> ReachView:
    """The part of the table that the options ask for. Raises UsageError."""
    focus = _named(world, arguments.by, arguments.focus)
    for option, value in (("--peer", arguments.peer), ("--direction", arguments.direction)):
        if value and focus is None:
            raise UsageError(f"{option} needs --focus NAME: the end that it is seen from")
    direction = arguments.direction.title() if arguments.direction else None
    peers = _named(world, arguments.by, arguments.peer)
    return ReachView(focus, peers, direction, connections_asked(arguments.port, arguments.protocol))


def port_notes(arguments: Namespace, world: World) -> list[str]:
    """Services whose own port is the one that is asked for while their pods serve it on another: policies, and so this
    table, know the pods' port alone (NP-20)."""
    if arguments.port is None:
        return []
    asked, notes = connections_asked(arguments.port, arguments.protocol), []
    for service in world.cluster.all(Service):
        for port in service.spec.ports:
            numbers = served_on(world.cluster, service, port) if asked.holds(port.protocol, port.port) else ()
            if numbers and port.port not in numbers:
                name = f"svc/{service.metadata.namespace}/{service.metadata.name}"
                leads = " or ".join(map(str, numbers))
                notes.append(f"{port.port} is the port of {name}: its pods are asked on {leads}")
    return notes


def _named(world: World, by: str, words: Iterable[str]) -> Named | None:
    given = [word.strip() for several in words for word in several.split(",")]
    if not given:
        return None
    if not all(given):
        raise UsageError("--focus and --peer: an empty name")
    return named_ends(world.cluster, given, by)


def connections_asked(port: str | None, protocol: str | None) -> ConnectionSet:
    """`443`, `53/UDP` or `udp-53`; TCP where no protocol is named. Without a port all of the protocol's."""
    if port is None:
        return one(protocol) if protocol else ALL
    match = _PORT.fullmatch(port)
    number = int((match["port"] or match["number"]) if match else 0)
    named = ((match["after"] or match["before"] or "") if match else "").upper()
    if not 0 < number < 65536 or named not in ("", "TCP", "UDP", "SCTP"):
        raise UsageError(f"--port {port}: a port is a number from 1 to 65535, as 443 or 53/UDP")
    if named and protocol and named != protocol:
        raise UsageError(f"--port {port}: and --protocol {protocol} says otherwise")
    return one(named or protocol or "TCP", number, number)
