"""What policies do to a connection that is open (CX-29 to CX-37)."""

from __future__ import annotations

from kwake.dataplane.arrival import as_policies_know
from kwake.dataplane.connection import KEEPS, STAYS_OPEN, Connection, Fate, PodEnd, Turn
from kwake.dataplane.evidence import side_deciders
from kwake.dataplane.living import pod_of
from kwake.dataplane.masquerade import ingress_side
from kwake.dataplane.records import destination_of
from kwake.dataplane.view import View
from kwake.objects.basis import Basis, weakest
from kwake.objects.time import seconds
from kwake.policy.ends import PolicyEnd, Side, Verdict, called
from kwake.policy.policy_set import compile_policies

STALLED_BY_POLICY = "CX-31"
"""What a turn cites that stalls a connection until the policies allow it again."""


def policy_turn(connection: Connection, before: View, after: View) -> Turn | None:
    """The turn that a change of the verdict brings, if any: by the profile's `policy-on-open`."""
    last = connection.turns[-1]
    stalled = last.fate is Fate.STALLED
    if (before.policy is after.policy and not stalled) or connection.original is None:
        return None
    now = verdict_of(connection, after)
    if stalled:
        if last.cite == STALLED_BY_POLICY and now.allowed is True:
            reason = "resumes: the policies allow it again"
            return Turn(after.now_ms, Fate.OPEN, reason, Basis.INFERRED, STALLED_BY_POLICY)
        return None
    was = verdict_of(connection, before)
    if now.allowed is True or (was.allowed is now.allowed):
        return None
    if now.allowed is None:
        return _unsure(after, _side(now, None))
    return _denied(after, was, now)


def verdict_of(connection: Connection, view: View) -> Verdict:
    """What the policies say of its packets now, each side of the addresses that it sees (NP-20, NP-23)."""
    policies = compile_policies(view.policy, view.profile)
    original, translated = connection.original, connection.translated
    assert original is not None
    ip, port = destination_of(connection)
    client = _end(view, connection.client, original.src)
    server = _end(view, connection.server, ip)
    leaves_node = connection.nat_node is not None and connection.nat_node != client.node
    if leaves_node:
        # The client's node sees the address that was dialled, the NAT happens at another node.
        dialled = PolicyEnd(None, original.dst, connection.nat_node or "")
        egress = policies.verdict(client, dialled, connection.flow.protocol, original.dst_port).egress
    else:
        judged = original.dst_port if view.profile["policy-pre-dnat"] == "yes" else port
        egress = policies.verdict(client, server, connection.flow.protocol, judged).egress
    seen = None
    if translated is not None and translated.src != original.src:
        node = view.cluster.nodes_by_ip.get(translated.src)
        seen = PolicyEnd(None, translated.src or "0.0.0.0", node.metadata.name if node is not None else "")
    return Verdict(egress, ingress_side(view, client, seen, server, (connection.flow.protocol, port)))


def _end(view: View, end: PodEnd | None, ip: str) -> PolicyEnd:
    if end is None:
        return PolicyEnd(None, ip)
    pod = pod_of(view, end)
    return PolicyEnd(as_policies_know(view, pod) if pod is not None else None, ip, end.node)


def _side(verdict: Verdict, allowed: bool | None) -> Side:
    return verdict.egress if verdict.egress.allowed is allowed else verdict.ingress


def _unsure(view: View, side: Side) -> Turn | None:
    if view.profile["policy-on-open"] in ("keep", "none"):
        return None
    return Turn(view.now_ms, Fate.OPEN, f"may be cut: {side.reason}", Basis.UNKNOWN, "CX-30")


def _denied(view: View, was: Verdict, now: Verdict) -> Turn | None:
    side = _side(now, False)
    by = ", ".join(map(called, side.stopped_by))
    deciders = side_deciders(view, side)
    setting = view.profile.setting("policy-on-open")
    cni = view.profile["policy"]
    basis = weakest((setting.basis, side.basis))
    match setting.value:
        case "cut":
            sweep = view.profile.clock("policy-sweep").ms
            late = f", within {seconds(sweep)}" if sweep else ""
            reason = f"{side.dropped}: {cni} judges open connections too{late}"
            # That the packets are dropped is read; that both sockets live on is what follows from it (CX-31).
            return Turn(
                view.now_ms, Fate.STALLED, reason, weakest((basis, Basis.INFERRED)), STALLED_BY_POLICY, deciders
            )
        case "mixed" if not (was.egress if side is now.egress else was.ingress).isolated_by:
            reason = f"may be cut by {by}: the first policy on a pod can cut what is open under {cni}"
            return Turn(view.now_ms, Fate.OPEN, reason, Basis.UNKNOWN, "CX-30", deciders)
        case _:
            reason = f"{STAYS_OPEN}{cni}{KEEPS}; {by} drops new ones"
            return Turn(view.now_ms, Fate.OPEN, reason, basis, "CX-30", deciders)
