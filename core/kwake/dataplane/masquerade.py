"""Whose address a server's policies judge, where a node has put its own in the place of the client's."""

from __future__ import annotations

import msgspec

from kwake.dataplane.view import View
from kwake.objects.basis import Basis, weakest
from kwake.policy.ends import PolicyEnd, Side
from kwake.policy.policy_set import compile_policies


def judges_before(view: View, server: PolicyEnd, node: PolicyEnd) -> bool:
    """Whether policies judge a packet before this node puts its address into it: on the server's own node alone they
    may, and there it depends on the CNI (NP-23)."""
    return bool(node.node) and node.node == server.node and view.profile[_FIELD] == "client"


def ingress_side(
    view: View, client: PolicyEnd, node: PolicyEnd | None, server: PolicyEnd, dialled: tuple[str, int]
) -> Side:
    """What the server's policies say of a protocol and port that are dialled.

    `client` is who comes to the node that replaces the address, `node` how it is seen after that; None: nothing
    replaces it. On another node than the server's, policies see `node` (NP-23). On its own they see the one or the
    other; where that makes a difference the profile decides, or nobody knows. A pod that meets itself comes from its
    node (NP-24).
    """
    policies = compile_policies(view.policy, view.profile)

    def said(source: PolicyEnd) -> Side:
        return policies.verdict(source, server, *dialled).ingress

    if node is None:
        return said(client)
    if not node.node or node.node != server.node:
        return said(node)
    by_node = said(node)
    if client.pod is not None and server.pod is not None and client.pod.metadata.uid == server.pod.metadata.uid:
        return _resting_on(by_node, Basis.INFERRED, "NP-24")
    by_client = said(client)
    if by_client.allowed is by_node.allowed:
        return by_client
    match view.profile[_FIELD]:
        case "client":
            return _resting_on(by_client, view.profile.sureness(_FIELD), "NP-23")
        case "node":
            return _resting_on(by_node, view.profile.sureness(_FIELD), "NP-23")
        case _:
            words = f"whether its policies see the client or {node.node}, which they let in, depends on the CNI"
            return Side(by_client.direction, None, words, Basis.UNKNOWN, "NP-23", by_client.isolated_by)


_FIELD = "masquerade-on-own-node"


def _resting_on(side: Side, basis: Basis, cite: str) -> Side:
    return msgspec.structs.replace(side, basis=weakest((side.basis, basis)), cite=cite)
