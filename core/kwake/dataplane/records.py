"""The NAT record of a connection (CX-1, CX-2)."""

from __future__ import annotations

from kwake.dataplane.connection import Connection, PodEnd, Tuple5
from kwake.dataplane.on_node import proxy_node
from kwake.dataplane.path import Branch
from kwake.dataplane.proxy import Frontend, Origin, Packet, frontend_of
from kwake.dataplane.view import View


def server_end(view: View, branch: Branch) -> PodEnd | None:
    """The pod at the end of a branch; None outside the cluster."""
    if branch.pod is None or branch.ip is None:
        return None
    found = view.cluster.get(branch.pod).value
    return PodEnd(branch.pod, found.metadata.uid, branch.ip, branch.node or "")


def translated_tuple(original: Tuple5, branch: Branch) -> Tuple5 | None:
    """Addresses and ports after DNAT and SNAT; None where nothing was translated. The source port is kept."""
    translation = branch.translation
    if translation is None or branch.ip is None or branch.port is None:
        return None
    translated = Tuple5(translation.src, original.src_port, branch.ip, branch.port)
    return None if translated == original else translated


def destination_of(connection: Connection) -> tuple[str, int]:
    """The address and port that its packets end up at."""
    final = connection.translated or connection.original
    return (final.dst, final.dst_port) if final is not None else ("", 0)


def frontend_in(connection: Connection, view: View) -> Frontend | None:
    """The Service port that its dialled address still belongs to, as the proxies now see it."""
    original = connection.original
    if original is None or connection.nat_node is None:
        return None
    origin = Origin.POD if connection.client is not None else Origin.OUTSIDE
    packet = Packet(original.src, origin, original.dst, original.dst_port, connection.flow.protocol)
    return frontend_of(proxy_node(view, connection.nat_node), view.proxy, packet)
