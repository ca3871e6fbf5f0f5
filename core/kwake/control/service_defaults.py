"""What the API server fills into a Service: defaults, and what a request left out but the old object has (SV-11)."""

from __future__ import annotations

from typing import Any

from kwake.control.service_types import (
    Spec,
    allocates_node_ports,
    is_externally_accessible,
    needs_cluster_ip,
    needs_health_check_port,
    node_ports_of,
)

AFFINITY_SECONDS = 10800


def fill_defaults(spec: Spec) -> None:
    """Defaults of a Service's spec (`k8s:pkg/apis/core/v1/defaults.go` SetDefaults_Service; SV-1 to SV-3)."""
    spec["type"] = spec.get("type") or "ClusterIP"
    spec["sessionAffinity"] = spec.get("sessionAffinity") or "None"
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        config = spec.get("sessionAffinityConfig") or {}
        client_ip = config.get("clientIP") or {}
        if client_ip.get("timeoutSeconds") is None:
            spec["sessionAffinityConfig"] = {"clientIP": {**client_ip, "timeoutSeconds": AFFINITY_SECONDS}}
    for port in spec.get("ports") or ():
        port["protocol"] = port.get("protocol") or "TCP"
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port")
    if is_externally_accessible(spec) and not spec.get("externalTrafficPolicy"):
        spec["externalTrafficPolicy"] = "Cluster"
    if spec["type"] != "ExternalName" and not spec.get("internalTrafficPolicy"):
        spec["internalTrafficPolicy"] = "Cluster"
    if spec["type"] == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is None:
        spec["allocateLoadBalancerNodePorts"] = True


def patch_allocated(spec: Spec, old: Spec) -> None:
    """Fill in what the request left empty from the old object, so that a PUT keeps its numbers (SV-11).

    Node ports are carried over by the port's name, unless the request uses the number for another port.
    """
    if needs_cluster_ip(old) and needs_cluster_ip(spec):
        if not spec.get("clusterIP"):
            _set(spec, "clusterIP", old.get("clusterIP"))
        if not spec.get("clusterIPs") and spec.get("clusterIP") == old.get("clusterIP"):
            _set(spec, "clusterIPs", list(old.get("clusterIPs") or ()))
    if allocates_node_ports(old) and allocates_node_ports(spec):
        by_name = {port.get("name") or "": port.get("nodePort") or 0 for port in old.get("ports") or ()}
        used = set(node_ports_of(old)) & set(node_ports_of(spec)) - {0}
        for port in spec.get("ports") or ():
            number = by_name.get(port.get("name") or "", 0)
            if not port.get("nodePort") and number and number not in used:
                port["nodePort"] = number
                used.add(number)
    if needs_health_check_port(old) and needs_health_check_port(spec) and not spec.get("healthCheckNodePort"):
        _set(spec, "healthCheckNodePort", old.get("healthCheckNodePort"))


def normalise_cluster_ips(spec: Spec, old: Spec | None) -> None:
    """Keep `clusterIP` and `clusterIPs` the same thing, whichever of them the request changed (`stor`)."""
    one, many = spec.get("clusterIP") or "", list(spec.get("clusterIPs") or ())
    if old is None:
        if one and not many:
            spec["clusterIPs"] = [one]
        elif many and not one:
            spec["clusterIP"] = many[0]
        return
    old_one, old_many = old.get("clusterIP") or "", list(old.get("clusterIPs") or ())
    if one != old_one and (many == old_many or not many):
        _set(spec, "clusterIPs", [one] if one else [])
    elif one == old_one and many != old_many:
        _set(spec, "clusterIP", many[0] if many else "")


def _set(spec: Spec, field: str, value: Any) -> None:
    """An empty value is an absent field."""
    if value:
        spec[field] = value
    else:
        spec.pop(field, None)
