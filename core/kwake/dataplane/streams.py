"""The fate of an open TCP or SCTP connection (CX-10 to CX-19, CX-24 to CX-27)."""

from __future__ import annotations

import msgspec

from kwake.cluster import Cluster
from kwake.control.balancer_annotations import balancer_of
from kwake.control.endpoints import Backend, endpoints_of, usable
from kwake.dataplane.connection import STAYS_OPEN, Connection, Fate, PodEnd, Turn
from kwake.dataplane.evidence import decider
from kwake.dataplane.living import how_it_is
from kwake.dataplane.open_policy import policy_turn
from kwake.dataplane.outside import target_nodes
from kwake.dataplane.path import Decider
from kwake.dataplane.proxy import ANTREA, CILIUM, IPVS, OVN, Frontend
from kwake.dataplane.records import destination_of, frontend_in
from kwake.dataplane.view import View
from kwake.dataplane.way import ZONE_LABEL
from kwake.objects.basis import Basis, weakest
from kwake.objects.key import Key, key
from kwake.objects.kinds import Service
from kwake.objects.reference import parse_reference

UNCONFIRMED_RULE = "PD-13"


def follow_stream(connection: Connection, before: View, after: View) -> Connection:
    """The connection after a change: the first rule that has something to say says it."""
    turn = ended(connection, after)
    if turn is not None and turn.basis is Basis.UNKNOWN and _is_said(connection, turn):
        if turn.cite == UNCONFIRMED_RULE:
            return connection
        turn = None
    turn = (
        turn
        or translator_lost(connection, after)
        or _proxy_turn(connection, before, after)
        or policy_turn(connection, before, after)
    )
    if turn is None or (turn.fate is Fate.STALLED and connection.fate is Fate.STALLED):
        return connection
    if connection.fate is turn.fate is Fate.OPEN:
        # What was not known before is not known for sure because something else leaves it open.
        turn = msgspec.structs.replace(turn, basis=weakest((turn.basis, _doubt(connection))))
    return msgspec.structs.replace(connection, turns=(*connection.turns, turn))


def translator_lost(connection: Connection, view: View) -> Turn | None:
    """The node that keeps the NAT record is off, and the packets came by it (CX-2)."""
    node = connection.nat_node
    if node is None or node not in view.lost or connection.fate is Fate.STALLED:
        return None
    if connection.client is not None and connection.client.node == node:
        return None  # its own end says so
    reason = f"{node} is lost, which brought the packets in and kept the NAT record"
    return Turn(view.now_ms, Fate.STALLED, reason, Basis.INFERRED, "CX-2", (Decider(f"Node/{node}", "lost"),))


def _is_said(connection: Connection, turn: Turn) -> bool:
    return any((known.fate, known.reason) == (turn.fate, turn.reason) for known in connection.turns)


def _doubt(connection: Connection) -> Basis:
    """Unknown, if that is how it stands; what it was opened on is no doubt."""
    last = connection.turns[-1]
    return Basis.UNKNOWN if len(connection.turns) > 1 and last.basis is Basis.UNKNOWN else Basis.SOURCED


def ended(connection: Connection, view: View) -> Turn | None:
    """The turn that the end of a process brings (CX-10 to CX-12, CX-19c)."""
    server, client = connection.server, connection.client
    turn = None
    if server is not None:
        state = how_it_is(view, server, destination_of(connection)[1], connection.flow.protocol)
        turn = _end_of(view, server, state, "CX-11", "CX-12")
    if client is not None and (turn is None or turn.basis is Basis.UNKNOWN):
        turn = _end_of(view, client, how_it_is(view, client), "CX-10", "CX-10") or turn
    return turn


def _end_of(view: View, end: PodEnd, state: str, graceful: str, killed: str) -> Turn | None:
    name = end.pod.rpartition("/")[2]
    match state:
        case "alive":
            return None
        case "unconfirmed":
            reason = f"{end.node} does not report: whether the processes of {name} have ended is not known"
            return Turn(view.now_ms, Fate.OPEN, reason, Basis.UNKNOWN, UNCONFIRMED_RULE)
        case "perhaps crashed":
            reason = f"a container of {name} crashed: whether it is the one with this connection is not known"
            return Turn(view.now_ms, Fate.OPEN, reason, Basis.UNKNOWN, "PD-2")
        case "graceful":
            basis = Basis.SOURCED if graceful == "CX-11" else Basis.INFERRED
            return Turn(view.now_ms, Fate.CLOSED, f"{name} exited after SIGTERM", basis, graceful)
        case "killed":
            return Turn(view.now_ms, Fate.RESET, f"{name} was killed", Basis.INFERRED, killed)
        case "crashed":
            return Turn(view.now_ms, Fate.RESET, f"a container of {name} crashed", Basis.INFERRED, killed)
        case "moved":
            reason = f"the sandbox of {name} was made anew, its sockets are gone"
            return Turn(view.now_ms, Fate.RESET, reason, Basis.INFERRED, "PD-3")
        case _:
            reason = f"{end.node} is lost: no FIN, no RST"
            return Turn(view.now_ms, Fate.STALLED, reason, Basis.INFERRED, "CX-19c")


class _Change(msgspec.Struct, frozen=True):
    """What a change of the proxies' cluster means to a connection."""

    now_ms: int
    mode: str
    service: Key
    is_deleted: bool
    frontend_gone: bool
    backend_gone: bool
    """Whether the backend has left its last Service, not by terminating."""
    filtered: bool
    """Whether the backend lives and is listed, and hints now keep this node from it."""
    others: bool
    """Whether the Service has other backends now."""
    backend: str
    proxy_basis: Basis
    """How sure it is that the proxy is of this mode."""
    deciders: tuple[Decider, ...]


def _proxy_turn(connection: Connection, before: View, after: View) -> Turn | None:
    """What changes of the Service and its endpoints do. The NAT record itself is never rewritten (CX-1)."""
    if connection.fate is not Fate.OPEN or connection.nat_node is None:
        return None
    if before.proxy is not after.proxy:
        change = _change(connection, before, after)
        if change is not None:
            return _by_mode(change)
    return _balancer_turn(connection, before, after)


def _change(connection: Connection, before: View, after: View) -> _Change | None:
    had, has = frontend_in(connection, before), frontend_in(connection, after)
    named = connection.service
    if had is None and named is None:
        return None
    service = had.service.key if had is not None else _service_key(named or "")
    gone_before = find_backend(before.proxy, connection) is None
    gone = not gone_before and find_backend(after.proxy, connection) is None
    frontend_gone = had is not None and (has is None or has.service.key != had.service.key)
    filtered = had is not None and has is not None and _is_filtered(connection, (before, had), (after, has))
    if not gone and not frontend_gone and not filtered:
        return None
    others = has is not None and any(b.ready for b in endpoints_of(after.proxy, has.service, has.port))
    found = after.proxy.find(service)
    where = after.proxy if found is not None else before.proxy
    name = connection.backends[-1].backend.rpartition("/")[2] if connection.backends else ""
    deciders = (decider(where, service, "deleted" if found is None else "changed", ("spec",)),)
    return _Change(after.now_ms, connection.proxy, service, found is None, frontend_gone, gone, filtered, others, name,
                   after.profile.sureness("proxy"), deciders)  # fmt: skip


def _is_filtered(connection: Connection, was: tuple[View, Frontend], now: tuple[View, Frontend]) -> bool:
    """Whether Cilium takes a live backend out of its map since hints keep this node from it (CX-27, EP-20): another
    Service that has the backend keeps it there."""
    if connection.proxy not in CILIUM or len(listing_services(now[0].proxy, connection)) != 1:
        return False
    return _uses(connection, *was) and not _uses(connection, *now) and _lists_ready(connection, *now)


def _uses(connection: Connection, view: View, frontend: Frontend) -> bool:
    """Whether the node of the record balances to the backend."""
    name = connection.nat_node or ""
    node = view.cluster.node(name)
    zone = node.metadata.labels.get(ZONE_LABEL, "") if node is not None else ""
    chosen = usable(endpoints_of(view.proxy, frontend.service, frontend.port), name, zone, "Cluster").backends
    return any((backend.ip, backend.port) == destination_of(connection) for backend in chosen)


def _lists_ready(connection: Connection, view: View, frontend: Frontend) -> bool:
    listed = endpoints_of(view.proxy, frontend.service, frontend.port)
    return any(backend.ready and (backend.ip, backend.port) == destination_of(connection) for backend in listed)


def _by_mode(change: _Change) -> Turn | None:
    """CX-13, CX-14, CX-24 for kube-proxy; CX-25 ipvs, CX-26 OVN-Kubernetes, CX-27 Cilium, Antrea unsourced (SV-54)."""
    name = change.service.name
    gone = f"Service {name} is deleted" if change.is_deleted else f"{name} no longer answers on the dialled address"

    def turn(fate: Fate, reason: str, basis: Basis, cite: str) -> Turn:
        return Turn(change.now_ms, fate, reason, weakest((basis, change.proxy_basis)), cite, change.deciders)

    if change.mode in IPVS and change.frontend_gone:
        basis = Basis.SOURCED if change.is_deleted else Basis.INFERRED
        return turn(Fate.STALLED, f"{gone}: ipvs removes the virtual server", basis, "CX-25")
    if change.mode in OVN and change.is_deleted:
        return turn(Fate.STALLED, f"{gone}: OVN-Kubernetes flushes its conntrack", Basis.INFERRED, "CX-26")
    if change.mode in ANTREA and (change.frontend_gone or change.backend_gone):
        return turn(Fate.OPEN, f"{gone}: what Antrea does to open connections is not known", Basis.UNKNOWN, "SV-54")
    if change.mode in CILIUM and change.frontend_gone:
        return turn(Fate.OPEN, f"{gone}: what Cilium does to open connections is not known", Basis.UNKNOWN, "CX-27")
    if change.filtered and not change.backend_gone:
        left = f"hints keep this node from {change.backend}, which lives"
        return turn(Fate.RESET, f"{left}: Cilium sends the next packet elsewhere", Basis.INFERRED, "CX-27")
    if change.mode in CILIUM and change.backend_gone:
        left = f"{change.backend} left its last Service while it lives"
        if change.others:
            return turn(Fate.RESET, f"{left}: Cilium sends the next packet elsewhere", Basis.SOURCED, "CX-27")
        return turn(Fate.STALLED, f"{left}: Cilium has nowhere to send the next packet", Basis.INFERRED, "CX-27")
    if change.is_deleted:
        return turn(Fate.OPEN, f"{STAYS_OPEN}{gone}, its NAT record is not", Basis.SOURCED, "CX-13")
    if change.frontend_gone:
        return turn(Fate.OPEN, f"{STAYS_OPEN}{gone}, the NAT record stands", Basis.SOURCED, "CX-24")
    return turn(Fate.OPEN, f"{STAYS_OPEN}{change.backend} left the endpoints and lives on", Basis.SOURCED, "CX-14")


def _balancer_turn(connection: Connection, before: View, after: View) -> Turn | None:
    """A load balancer is torn down some time after the type changed, or sends to other nodes: whether it cuts what is
    open is not known (CX-24, SV-63, SV-64)."""
    if connection.frontend != "load-balancer" or connection.client is not None:
        return None
    was, now = _balanced(connection, before.balancer), _balanced(connection, after.balancer)
    if was is None:
        return None
    if now is None:
        reason = "the load balancer is torn down: whether it cuts open connections depends on the cloud"
        return Turn(after.now_ms, Fate.OPEN, reason, Basis.UNKNOWN, "CX-24")
    if before.cluster is after.cluster and before.proxy is after.proxy:
        return None
    left, stay = ({node.metadata.name for node in target_nodes(*of)} for of in ((before, was), (after, now)))
    node = connection.nat_node
    if node in left and node not in stay:
        reason = f"{node} leaves the load balancer: whether it drains or cuts what is open depends on the cloud"
        return Turn(after.now_ms, Fate.OPEN, reason, Basis.UNKNOWN, "SV-64")
    if balancer_of(now, after.profile).kind == "metallb-bgp" and left != stay and node in left:
        reason = "other nodes announce the address now: routers hash anew, and most open connections are reset"
        return Turn(after.now_ms, Fate.OPEN, reason, Basis.UNKNOWN, "SV-63")
    return None


def _balanced(connection: Connection, cluster: Cluster) -> Service | None:
    """The Service whose load balancer it came through, while it has one."""
    named = _service_key(connection.service or "Service/-/-")
    service = cluster.service(named.namespace, named.name)
    return service if service is not None and service.spec.type == "LoadBalancer" else None


def find_backend(cluster: Cluster, connection: Connection) -> Backend | None:
    """The endpoint that a connection's packets end up at, in whichever Service has it (CX-27c)."""
    ip, number = destination_of(connection)
    for service in listing_services(cluster, connection):
        for port in service.spec.ports:
            backends = endpoints_of(cluster, service, port) if port.protocol == connection.flow.protocol else ()
            for backend in backends:
                if (backend.ip, backend.port) == (ip, number):
                    return backend
    return None


def listing_services(cluster: Cluster, connection: Connection) -> list[Service]:
    """The Services whose slices list the address that a connection's packets end up at."""
    slices = cluster.slices_by_endpoint.get(destination_of(connection)[0], ())
    named = sorted({key("Service", s.metadata.namespace, s.service_name) for s in slices if s.service_name})
    return [found for owner in named if (found := cluster.service(owner.namespace, owner.name)) is not None]


def _service_key(reference: str) -> Key:
    parsed = parse_reference(reference)
    return key("Service", parsed.namespace, parsed.name)
