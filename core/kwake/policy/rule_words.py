"""Peers and ports of a rule in words, as their author wrote them."""

from __future__ import annotations

from collections.abc import Sequence

from kwake.objects.kinds import PolicyPeer, PolicyPort


def peer_words(peer: PolicyPeer) -> str:
    """Whom a peer means: `pods with app=web of its namespace`, `10.0.0.0/8 except 10.1.0.0/16`."""
    if peer.ip_block is not None:
        holes = peer.ip_block.except_
        return peer.ip_block.cidr + (f" except {', '.join(holes)}" if holes else "")
    pods = "all pods" if peer.pod_selector is None or peer.pod_selector.is_empty else f"pods with {peer.pod_selector}"
    if peer.namespace_selector is None:
        return f"{pods} of its namespace"
    if peer.namespace_selector.is_empty:
        return f"{pods} of all namespaces"
    return f"{pods} of namespaces with {peer.namespace_selector}"


def port_words(ports: Sequence[PolicyPort]) -> str:
    """A rule's ports: `TCP 80, UDP 5000-5010, TCP https`; empty where it names none, which means all."""
    words = []
    for port in ports:
        number = "" if port.port is None else f" {port.port}"
        words.append(f"{port.protocol}{number}" + (f"-{port.end_port}" if port.end_port else ""))
    return ", ".join(words)
