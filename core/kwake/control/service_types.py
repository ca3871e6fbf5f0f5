"""Which fields each Service type has, and what a switch of type wipes (SV-1, SV-10, SV-12)."""

from __future__ import annotations

from typing import Any

import msgspec

from kwake.objects.document import Manifest
from kwake.objects.kinds import Service

Spec = dict[str, Any]
"""`spec` of a Service's manifest, defaults filled in."""

TYPES = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
HEADLESS = "Headless"
"""Not a type of the API: `ClusterIP` with `clusterIP: None`."""


def needs_cluster_ip(spec: Spec) -> bool:
    """Whether the type has a clusterIP; `None` counts as one."""
    return bool(spec["type"] != "ExternalName")


def has_node_ports(spec: Spec) -> bool:
    """Whether the type may have node ports."""
    return spec["type"] in ("NodePort", "LoadBalancer")


def allocates_node_ports(spec: Spec) -> bool:
    """Whether ports without a node port get one (SV-13)."""
    asked = spec.get("allocateLoadBalancerNodePorts", True) is not False
    return spec["type"] == "NodePort" or (spec["type"] == "LoadBalancer" and asked)


def needs_health_check_port(spec: Spec) -> bool:
    """Only a LoadBalancer with externalTrafficPolicy Local (SV-14)."""
    return spec["type"] == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def is_externally_accessible(spec: Spec) -> bool:
    """Whether externalTrafficPolicy means something (SV-1)."""
    return has_node_ports(spec) or (spec["type"] == "ClusterIP" and bool(spec.get("externalIPs")))


def is_headless(spec: Spec) -> bool:
    """`clusterIP: None`."""
    return (spec.get("clusterIPs") or [spec.get("clusterIP")])[:1] == ["None"]


def node_ports_of(spec: Spec) -> list[int]:
    """The node ports of its ports, 0 where none, in order."""
    return [port.get("nodePort") or 0 for port in spec.get("ports") or ()]


def wipe_type_dependent(spec: Spec, old: Spec) -> None:
    """Drop what the new type does not have, where the request left it as it was (SV-12).

    A value that the request changed stays, and validation refuses it. Selector, externalName, externalIPs,
    loadBalancerIP and loadBalancerSourceRanges are never wiped (SV-6, SV-7).
    """
    if needs_cluster_ip(old) and not needs_cluster_ip(spec):
        if _same(spec, old, "clusterIP", "clusterIPs"):
            _drop(spec, "clusterIP", "clusterIPs")
        for field in ("ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"):
            if _same(spec, old, field):
                _drop(spec, field)
    if has_node_ports(old) and not has_node_ports(spec) and node_ports_of(spec) == node_ports_of(old):
        for port in spec["ports"]:
            port.pop("nodePort", None)
    if needs_health_check_port(old) and not needs_health_check_port(spec) and _same(spec, old, "healthCheckNodePort"):
        _drop(spec, "healthCheckNodePort")
    if old["type"] == "LoadBalancer" and spec["type"] != "LoadBalancer":
        for field in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
            if _same(spec, old, field):
                _drop(spec, field)
    if (
        is_externally_accessible(old)
        and not is_externally_accessible(spec)
        and _same(spec, old, "externalTrafficPolicy")
    ):
        _drop(spec, "externalTrafficPolicy")


def _same(spec: Spec, old: Spec, *fields: str) -> bool:
    return all(spec.get(field) == old.get(field) for field in fields)


def _drop(spec: Spec, *fields: str) -> None:
    for field in fields:
        spec.pop(field, None)


def set_type_patch(service: Service, type: str, external_name: str | None = None) -> dict[str, Any]:
    """The merge patch that `kubectl patch` would send to switch a Service to a type, or to `Headless`."""
    if type == HEADLESS:
        return {"spec": {"type": "ClusterIP", "clusterIP": "None"}}
    spec: dict[str, Any] = {"type": type}
    if external_name is not None:
        spec["externalName"] = external_name
    return {"spec": spec}


def recreated(manifest: Manifest, type: str | None = None) -> Manifest:
    """A Service's manifest without what the API server allocated, to create it again (CX-19f, EP-14).

    Of a live object it cannot be told which numbers were asked for, so all of them go; `None` stays, it is a choice.
    """
    again: Manifest = msgspec.json.decode(msgspec.json.encode(manifest))
    again.pop("status", None)
    metadata = again["metadata"]
    for field in ("uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
                  "managedFields", "selfLink", "finalizers"):  # fmt: skip
        metadata.pop(field, None)
    spec: Spec = again.setdefault("spec", {})
    old_type = spec.get("type", "ClusterIP")
    if type is not None:
        spec["type"] = "ClusterIP" if type == HEADLESS else type
    if not (is_headless(spec) and type in (None, HEADLESS)):
        _drop(spec, "clusterIP", "clusterIPs")
    if type == HEADLESS:
        spec["clusterIP"] = "None"
        spec.pop("clusterIPs", None)
    _drop(spec, "healthCheckNodePort")
    for port in spec.get("ports") or ():
        port.pop("nodePort", None)
    new_type = spec.get("type", "ClusterIP")
    if new_type == "ExternalName":
        _drop(spec, "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy")
    if not is_externally_accessible({"type": new_type, **spec}):
        _drop(spec, "externalTrafficPolicy")
    if new_type != "LoadBalancer" and old_type == "LoadBalancer":
        _drop(spec, "allocateLoadBalancerNodePorts", "loadBalancerClass")
    return again
