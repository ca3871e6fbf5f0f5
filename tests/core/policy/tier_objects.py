"""Policies of the cluster-wide kinds, from a few words."""

from __future__ import annotations

from typing import Any

from kwake.objects.document import Manifest

EVERY_POD: dict[str, Any] = {"namespaces": {}}


def labelled(**labels: str) -> dict[str, Any]:
    """A subject or peer: pods of every namespace by their labels."""
    return {"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": labels}}}


def anp(name: str, priority: int, *, subject: dict[str, Any] = EVERY_POD, **rules: list[dict[str, Any]]) -> Manifest:
    """An AdminNetworkPolicy with `ingress` or `egress` rules."""
    spec = {"priority": priority, "subject": subject, **rules}
    return {"apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": "AdminNetworkPolicy",
            "metadata": {"name": name}, "spec": spec}  # fmt: skip


def banp(*, subject: dict[str, Any] = EVERY_POD, **rules: list[dict[str, Any]]) -> Manifest:
    """The BaselineAdminNetworkPolicy."""
    return {"apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": "BaselineAdminNetworkPolicy",
            "metadata": {"name": "default"}, "spec": {"subject": subject, **rules}}  # fmt: skip


def cnp(name: str, priority: int, tier: str = "Admin", *, subject: dict[str, Any] = EVERY_POD,
        **rules: list[dict[str, Any]]) -> Manifest:  # fmt: skip
    """A ClusterNetworkPolicy with `ingress` or `egress` rules."""
    spec = {"tier": tier, "priority": priority, "subject": subject, **rules}
    return {"apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy",
            "metadata": {"name": name}, "spec": spec}  # fmt: skip


def rule(action: str, *peers: dict[str, Any], name: str = "", to: bool = False, **ports: Any) -> dict[str, Any]:
    """A rule of ingress, or of egress; without peers it means every pod."""
    return {"name": name, "action": action, "to" if to else "from": list(peers or (EVERY_POD,)), **ports}
