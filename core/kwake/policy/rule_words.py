"""Peers and ports of a rule in words, as their author wrote them."""

from __future__ import annotations

from collections.abc import Sequence

from kwake.objects.kinds import AdminPeer, AdminSubject, PolicyPeer, PolicyPort
from kwake.objects.selector import LabelSelector


def peer_words(peer: PolicyPeer) -> str:
    """Whom a peer means: `pods with app=web of its namespace`, `10.0.0.0/8 except 10.1.0.0/16`."""
    if peer.ip_block is not None:
        holes = peer.ip_block.except_
        return peer.ip_block.cidr + (f" except {', '.join(holes)}" if holes else "")
    return _pod_words(peer.pod_selector, peer.namespace_selector)


def admin_words(whom: AdminSubject | AdminPeer) -> str:
    """Whom a policy of the tiers judges, or a peer of it means: `all pods of namespaces with team=a`, `all nodes`."""
    if whom.namespaces is not None:
        return _pod_words(None, whom.namespaces)
    if whom.pods is not None:
        return _pod_words(whom.pods.pod_selector, whom.pods.namespace_selector)
    if isinstance(whom, AdminPeer) and whom.nodes is not None:
        return "all nodes" if whom.nodes.is_empty else f"nodes with {whom.nodes}"
    listed = (whom.networks or whom.domain_names or ()) if isinstance(whom, AdminPeer) else ()
    return ", ".join(listed) or "nobody"


def _pod_words(pods: LabelSelector | None, namespaces: LabelSelector | None) -> str:
    who = "all pods" if pods is None or pods.is_empty else f"pods with {pods}"
    if namespaces is None:
        return f"{who} of its namespace"
    return f"{who} of all namespaces" if namespaces.is_empty else f"{who} of namespaces with {namespaces}"


def port_words(ports: Sequence[PolicyPort]) -> str:
    """A rule's ports: `TCP 80, UDP 5000-5010, TCP https`; empty where it names none, which means all."""
    words = []
    for port in ports:
        number = "" if port.port is None else f" {port.port}"
        words.append(f"{port.protocol}{number}" + (f"-{port.end_port}" if port.end_port else ""))
    return ", ".join(words)
