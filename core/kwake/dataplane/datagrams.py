"""The fate of an open UDP flow: its NAT record, and who has the address at its end (CX-20 to CX-23, PD-27)."""

from __future__ import annotations

from zlib import crc32

import msgspec

from kwake.control.endpoints import Backend, endpoints_of
from kwake.dataplane.arrival import destination
from kwake.dataplane.connection import Connection, Fate, PodEnd, Reached, Turn
from kwake.dataplane.dial import dial
from kwake.dataplane.ends import Client
from kwake.dataplane.evidence import service_decider
from kwake.dataplane.living import how_it_is, pod_of
from kwake.dataplane.open_policy import STALLED_BY_POLICY, policy_turn
from kwake.dataplane.path import Branch, Decider, Outcome
from kwake.dataplane.proxy import ANTREA, CILIUM, IPVS, OVN, Frontend
from kwake.dataplane.records import destination_of, frontend_in, server_end, translated_tuple
from kwake.dataplane.streams import translator_lost
from kwake.dataplane.view import View
from kwake.dataplane.way import Way
from kwake.objects.basis import Basis, weakest

RECONCILER_SINCE = 32
"""The minor version of kube-proxy whose clean-up compares entries with serving endpoints (CX-20)."""
EMPTIED_CLEANED_SINCE = 37
"""The minor version that also cleans emptied and deleted Services: merged, its release not verified (CX-20)."""


class _Flushed(msgspec.Struct, frozen=True):
    """Why the NAT record is dropped, so that the next datagram is a new flow."""

    reason: str
    basis: Basis
    cite: str
    frontend: Frontend | None
    """What is dialled; None where no Service answers for the address any more."""
    by_version: bool = False
    """Whether other versions of the proxy would keep the record."""


def follow_datagrams(connection: Connection, before: View, after: View) -> Connection:
    """The flow after a change. Its sender goes on sending, so a record never ages out."""
    client = connection.client
    state = how_it_is(after, client) if client is not None else "alive"
    if client is not None and state in ("unconfirmed", "perhaps crashed"):
        name = client.pod.rpartition("/")[2]
        reason = f"whether {name} sends on is not known: {state}"
        if any(turn.reason == reason for turn in connection.turns):
            return connection
        cite = "PD-13" if state == "unconfirmed" else "PD-2"
        return _turned(connection, Turn(after.now_ms, Fate.OPEN, reason, Basis.UNKNOWN, cite))
    if client is not None and state != "alive":
        fate = Fate.STALLED if state == "lost" else Fate.CLOSED
        reason = f"{client.pod.rpartition('/')[2]} sends no more: {state}"
        return _turned(connection, Turn(after.now_ms, fate, reason, Basis.INFERRED, "CX-10"))
    lost = translator_lost(connection, after)
    if lost is not None:
        return _turned(connection, lost)
    flushed = _flushed(connection, before, after)
    if flushed is not None:
        return _redialled(connection, after, flushed)
    moved = _at_the_address(connection, after)
    if moved is not connection:
        return moved
    turn = _unsure_of_record(connection, before, after) or policy_turn(connection, before, after)
    return _turned(connection, turn) if turn is not None else connection


def _turned(connection: Connection, turn: Turn) -> Connection:
    """With this turn, unless it stands so already."""
    last = connection.turns[-1]
    if (turn.fate, turn.reason) == (last.fate, last.reason):
        return connection
    return msgspec.structs.replace(connection, turns=(*connection.turns, turn))


# -- the NAT record -----------------------------------------------------------------------------------------------


def _flushed(connection: Connection, before: View, after: View) -> _Flushed | None:
    """Whether this change drops the record; no surer than it is that the proxy is this one, of this version."""
    flushed = _flushed_by_proxy(connection, before, after)
    if flushed is None:
        return None
    return msgspec.structs.replace(flushed, basis=weakest((flushed.basis, _proxy_basis(after, flushed.by_version))))


def _unsure_of_record(connection: Connection, before: View, after: View) -> Turn | None:
    """What Cilium and Antrea do to records of a Service that is gone was not found (CX-27, SV-54)."""
    if connection.nat_node is None or before.proxy is after.proxy or connection.proxy not in CILIUM | ANTREA:
        return None
    had = frontend_in(connection, before)
    if had is None or frontend_in(connection, after) is not None:
        return None
    name = "Cilium" if connection.proxy in CILIUM else "Antrea"
    reason = f"{had.service.metadata.name} no longer answers: what {name} does to its datagrams is not known"
    return Turn(after.now_ms, Fate.OPEN, reason, Basis.UNKNOWN, "CX-27" if name == "Cilium" else "SV-54")


def _proxy_basis(view: View, by_version: bool) -> Basis:
    """How sure it is that the proxy is this one, and of this version where versions differ."""
    fields = ("proxy", "proxy-version") if by_version else ("proxy",)
    return weakest(view.profile.sureness(field) for field in fields)


def _flushed_by_proxy(connection: Connection, before: View, after: View) -> _Flushed | None:
    """Whether this change of the proxies' cluster drops the record, by proxy and version."""
    if connection.nat_node is None:
        return None
    if connection.fate is Fate.STALLED and connection.server is None:
        return _Flushed("no record is left", Basis.INFERRED, "CX-20", frontend_in(connection, after))
    if before.proxy is after.proxy:
        return None
    had, has = frontend_in(connection, before), frontend_in(connection, after)
    old, new = _endpoints(before, had), _endpoints(after, has)
    frontend = has or had
    if frontend is None:
        return None
    address = destination_of(connection)
    removed = address in {(b.ip, b.port) for b in old} and address not in {(b.ip, b.port) for b in new}
    serving = {(b.ip, b.port) for b in new if b.serving}
    name = connection.backends[-1].backend.rpartition("/")[2] if connection.backends else address[0]
    mode = connection.proxy
    if mode in IPVS and has is None and had is not None:
        is_deleted = after.proxy.find(had.service.key) is None
        basis = Basis.SOURCED if is_deleted else Basis.INFERRED
        return _Flushed("ipvs removes the virtual server", basis, "CX-25", frontend)
    if mode in CILIUM | OVN | ANTREA | {"kube-router-ipvs"}:
        cite = "CX-27" if mode in CILIUM else "CX-26" if mode in OVN else "CX-28"
        if removed and (has is not None or mode in OVN):
            return _Flushed(f"{name} left the endpoints, {mode} drops its record", Basis.SOURCED, cite, frontend)
        return None
    minor = int(after.profile["proxy-version"].partition(".")[2])
    if mode in IPVS and removed and has is not None:
        return _Flushed(f"{name} left the endpoints, ipvs drops its real server", Basis.SOURCED, "CX-25", frontend)
    if minor < RECONCILER_SINCE:
        if has is None and had is not None and had.kind == "cluster-ip":
            return _Flushed("the Service is deleted, kube-proxy drops its records", Basis.SOURCED, "CX-20", frontend,
                            True)  # fmt: skip
        if removed and has is not None:
            return _Flushed(f"{name} left the endpoints, kube-proxy drops its record", Basis.SOURCED, "CX-20", frontend)
        return None
    if minor >= EMPTIED_CLEANED_SINCE and (has is None or (old != new and not serving)):
        return _Flushed("the Service is emptied or deleted, kube-proxy drops its records", Basis.INFERRED, "CX-20",
                        frontend, True)  # fmt: skip
    if has is None or old == new or not serving or address in serving:
        return None
    reason = f"{name} is no serving endpoint any more, kube-proxy drops its record"
    return _Flushed(reason, Basis.SOURCED, "CX-23" if not removed else "CX-20", frontend, not removed)


def _endpoints(view: View, frontend: Frontend | None) -> tuple[Backend, ...]:
    return endpoints_of(view.proxy, frontend.service, frontend.port) if frontend is not None else ()


def _redialled(connection: Connection, view: View, flushed: _Flushed) -> Connection:
    """The next datagram makes a new record, perhaps to another backend."""
    original = connection.original
    assert original is not None
    pod = pod_of(view, connection.client) if connection.client is not None else None
    name = connection.client.pod if connection.client is not None else connection.flow.source
    client = Client(name, original.src, connection.client.node if connection.client is not None else "", pod)
    branches = dial(Way(view, client, original.dst, original.dst_port, "UDP"))
    branch = branches[crc32(connection.name.encode()) % len(branches)]
    at = flushed.frontend
    decided = (service_decider(view, at.service, flushed.reason, ("spec",), flushed.cite),) if at is not None else ()
    if branch.outcome is not Outcome.DELIVERED:
        reason = f"no record, and the next datagram is not delivered: {branch.reason}"
        turn = Turn(view.now_ms, Fate.STALLED, reason, branch.basis, flushed.cite, (*decided, *branch.decided_by))
        # Without a record there is nothing that could come back by itself: each datagram is judged anew.
        return _turned(msgspec.structs.replace(connection, translated=None, server=None), turn)
    if (branch.ip, branch.port) == destination_of(connection) and connection.fate is Fate.OPEN:
        return connection
    return _moved(connection, view, branch, flushed, decided)


def _moved(
    connection: Connection, view: View, branch: Branch, flushed: _Flushed, decided: tuple[Decider, ...]
) -> Connection:
    original, translation = connection.original, branch.translation
    assert original is not None and translation is not None
    reached = Reached(view.now_ms, branch.pod or branch.ip or "", branch.ip or "", branch.port or 0)
    reason = f"migrated to {reached.backend.rpartition('/')[2]}: {flushed.reason}"
    turn = Turn(view.now_ms, Fate.OPEN, reason, flushed.basis, flushed.cite, decided)
    return msgspec.structs.replace(
        connection,
        server=server_end(view, branch),
        translated=translated_tuple(original, branch),
        nat_node=translation.node,
        backends=(*connection.backends, reached),
        turns=(*connection.turns, turn),
    )


# -- who has the address ------------------------------------------------------------------------------------------


def _at_the_address(connection: Connection, view: View) -> Connection:
    """The record stands; its end may have died, come back, or be another pod by now (CX-21, PD-27)."""
    server = connection.server
    if server is None:
        return connection
    ip, port = destination_of(connection)
    state = how_it_is(view, server, port, "UDP")
    last = connection.turns[-1]
    if state == "alive":
        if last.fate is Fate.STALLED and last.cite not in (STALLED_BY_POLICY, "CX-19c"):
            name = server.pod.rpartition("/")[2]
            return _turned(connection, Turn(view.now_ms, Fate.OPEN, f"{name} listens again", Basis.INFERRED, "CX-12"))
        return connection
    now = destination(view, ip, port)
    if now.pod is not None and now.pod.metadata.uid != server.uid and state != "lost":
        return _misdelivered(connection, view, PodEnd(str(now.pod.key), now.pod.metadata.uid, ip, now.node), port)
    return _turned(connection, _nobody_there(connection, view, server, state))


def _nobody_there(connection: Connection, view: View, server: PodEnd, state: str) -> Turn:
    name = server.pod.rpartition("/")[2]
    if state == "lost":
        return Turn(view.now_ms, Fate.STALLED, f"{server.node} is lost: nobody answers", Basis.INFERRED, "CX-19c")
    if state == "unconfirmed":
        reason = f"{server.node} does not report: whether {name} still hears is not known"
        return Turn(view.now_ms, Fate.OPEN, reason, Basis.UNKNOWN, "PD-13")
    if state == "perhaps crashed":
        reason = f"a container of {name} is down: whether it is the one that hears is not known"
        return Turn(view.now_ms, Fate.OPEN, reason, Basis.UNKNOWN, "PD-2")
    if state == "crashed":
        reason = f"the containers of {name} are down: nobody listens"
        return Turn(view.now_ms, Fate.STALLED, reason, Basis.INFERRED, "CX-12")
    reason = f"datagrams still go to {server.ip}, which {name} had"
    if connection.nat_node is None:
        return Turn(view.now_ms, Fate.STALLED, reason, Basis.INFERRED, "PD-27")
    reason += ": the record is dropped only when another endpoint serves"
    return Turn(view.now_ms, Fate.STALLED, reason, _proxy_basis(view, True), "CX-21")


def _misdelivered(connection: Connection, view: View, stranger: PodEnd, port: int) -> Connection:
    reached = Reached(view.now_ms, stranger.pod, stranger.ip, port, misdelivered=True)
    reason = f"misdelivered: {stranger.pod.rpartition('/')[2]} has {stranger.ip} now, datagrams reach it"
    turn = Turn(view.now_ms, Fate.OPEN, reason, Basis.INFERRED, "PD-27")
    return msgspec.structs.replace(
        connection, server=stranger, backends=(*connection.backends, reached), turns=(*connection.turns, turn)
    )
