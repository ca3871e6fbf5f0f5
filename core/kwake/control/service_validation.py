"""What the API server refuses about a Service, in its own words (SV-1 to SV-7, SV-12)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network
from typing import NamedTuple

import msgspec

from kwake.control.desired_endpoints import parsed_address
from kwake.control.service_types import (
    TYPES,
    Spec,
    has_node_ports,
    is_externally_accessible,
    is_headless,
    needs_cluster_ip,
    needs_health_check_port,
)
from kwake.errors import Rejected
from kwake.objects.document import Manifest

RANGES_ANNOTATION = "service.beta.kubernetes.io/load-balancer-source-ranges"
KUBELET_PORT = 10250
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_SUBDOMAIN_WORDS = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and"
    " end with an alphanumeric character"
)


class Fault(NamedTuple):
    """One thing that is wrong: the field and the API server's words."""

    field: str
    reason: str


def validate(subject: str, manifest: Manifest, old: Spec | None) -> None:
    """Raises Rejected with the first thing that the API server finds wrong with a Service as it would be stored."""
    spec: Spec = manifest["spec"]
    for fault in (*_create_faults(manifest, spec), *(_update_faults(spec, old) if old is not None else ())):
        raise Rejected(subject, fault.reason, field=fault.field)


def _invalid(value: object, words: str) -> str:
    return f"Invalid value: {msgspec.json.encode(value).decode()}: {words}"


def _create_faults(manifest: Manifest, spec: Spec) -> Iterator[Fault]:
    """`val` ValidateService, in its order."""
    kind = spec["type"]
    if kind not in TYPES:
        supported = ", ".join(f'"{name}"' for name in sorted(TYPES))
        yield Fault("spec.type", f'Unsupported value: "{kind}": supported values: {supported}')
    if not spec.get("ports") and not is_headless(spec) and kind != "ExternalName":
        yield Fault("spec.ports", "Required value")
    if is_headless(spec) and has_node_ports(spec):
        yield Fault("spec.clusterIPs[0]", _invalid("None", f"may not be set to 'None' for {kind} services"))
    if kind == "LoadBalancer":
        for index, port in enumerate(spec.get("ports") or ()):
            if port.get("port") == KUBELET_PORT:
                words = f"may not expose port {KUBELET_PORT} externally since it is used by kubelet"
                yield Fault(f"spec.ports[{index}]", _invalid(KUBELET_PORT, words))
    if kind == "ExternalName":
        yield from _external_name_faults(spec)
    yield from _port_faults(spec)
    yield from _affinity_faults(spec)
    for index, ip in enumerate(spec.get("externalIPs") or ()):
        if parsed_address(ip) is None:
            yield Fault(f"spec.externalIPs[{index}]", _invalid(ip, "must be a valid IP address"))
    yield from _balancer_faults(manifest, spec)
    yield from _traffic_policy_faults(spec)


def _external_name_faults(spec: Spec) -> Iterator[Fault]:
    """SV-1, SV-5: no addresses, no families, a name."""
    for field in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if spec.get(field):
            yield Fault(f"spec.{field}", "Forbidden: may not be set for ExternalName services")
    name = (spec.get("externalName") or "").removesuffix(".")
    if not name:
        yield Fault("spec.externalName", "Required value")
    elif len(name) > 253 or not _SUBDOMAIN.fullmatch(name):
        yield Fault("spec.externalName", _invalid(name, _SUBDOMAIN_WORDS))


def _port_faults(spec: Spec) -> Iterator[Fault]:
    """SV-2: names, numbers, protocols, duplicates; SV-12: node ports where the type has none."""
    ports = spec.get("ports") or ()
    names: set[str] = set()
    for index, port in enumerate(ports):
        where = f"spec.ports[{index}]"
        name = port.get("name") or ""
        if not name and len(ports) > 1:
            yield Fault(f"{where}.name", "Required value")
        if name:
            if len(name) > 63 or not re.fullmatch(_LABEL, name):
                words = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-'"
                yield Fault(f"{where}.name", _invalid(name, words))
            if name in names:
                yield Fault(f"{where}.name", f'Duplicate value: "{name}"')
            names.add(name)
        number = port.get("port")
        if not isinstance(number, int) or not 1 <= number <= 65535:
            yield Fault(f"{where}.port", _invalid(number, "must be between 1 and 65535, inclusive"))
        if port["protocol"] not in ("TCP", "UDP", "SCTP"):
            words = f'Unsupported value: "{port["protocol"]}": supported values: "SCTP", "TCP", "UDP"'
            yield Fault(f"{where}.protocol", words)
        target = port.get("targetPort")
        if isinstance(target, int) and not 1 <= target <= 65535:
            yield Fault(f"{where}.targetPort", _invalid(target, "must be between 1 and 65535, inclusive"))
        if isinstance(target, str) and not (
            len(target) <= 15 and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", target) and re.search(r"[a-z]", target)
        ):
            words = "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-), no more than 15 characters"
            yield Fault(f"{where}.targetPort", _invalid(target, words))
    if spec["type"] == "ClusterIP":
        for index, port in enumerate(ports):
            if port.get("nodePort"):
                yield Fault(f"spec.ports[{index}].nodePort", "Forbidden: may not be used when `type` is 'ClusterIP'")
    if spec["type"] == "ExternalName":
        for index, port in enumerate(ports):
            if port.get("nodePort"):
                yield Fault(f"spec.ports[{index}].nodePort", "Forbidden: may not be used when `type` is 'ExternalName'")
    for field in ("nodePort", "port"):
        seen: set[tuple[str, int]] = set()
        for index, port in enumerate(ports):
            value = (port["protocol"], port.get(field) or 0)
            if value[1] and value in seen:
                shown = {"port": value[1], "protocol": value[0]} if field == "port" else value[1]
                path = f"spec.ports[{index}]" + (".nodePort" if field == "nodePort" else "")
                yield Fault(path, f"Duplicate value: {msgspec.json.encode(shown).decode()}")
            seen.add(value)


def _affinity_faults(spec: Spec) -> Iterator[Fault]:
    """SV-3."""
    if spec["sessionAffinity"] not in ("None", "ClientIP"):
        words = f'Unsupported value: "{spec["sessionAffinity"]}": supported values: "ClientIP", "None"'
        yield Fault("spec.sessionAffinity", words)
    if spec["sessionAffinity"] == "ClientIP":
        seconds = spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"]
        if not 1 <= seconds <= 86400:
            words = _invalid(seconds, "must be greater than 0 and less than 86400")
            yield Fault("spec.sessionAffinityConfig.clientIP.timeoutSeconds", words)


def _balancer_faults(manifest: Manifest, spec: Spec) -> Iterator[Fault]:
    """SV-6, SV-7: what only a LoadBalancer has."""
    ranges = spec.get("loadBalancerSourceRanges") or []
    annotated = ((manifest.get("metadata") or {}).get("annotations") or {}).get(RANGES_ANNOTATION, "")
    is_balancer = spec["type"] == "LoadBalancer"
    if not is_balancer:
        only = "Forbidden: may only be used when `type` is 'LoadBalancer'"
        if ranges:
            yield Fault("spec.loadBalancerSourceRanges", only)
        if annotated:
            yield Fault(f"metadata.annotations[{RANGES_ANNOTATION}]", only)
        for field in ("loadBalancerClass", "allocateLoadBalancerNodePorts"):
            if spec.get(field) is not None:
                yield Fault(f"spec.{field}", only)
    for index, cidr in enumerate(ranges):
        try:
            ip_network(str(cidr).strip(), strict=False)
        except ValueError:
            words = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
            yield Fault(f"spec.loadBalancerSourceRanges[{index}]", _invalid(cidr, words))


def _traffic_policy_faults(spec: Spec) -> Iterator[Fault]:
    """SV-1: policies only where they mean something, health check ports only with LoadBalancer and Local."""
    policy = spec.get("externalTrafficPolicy") or ""
    if policy and not is_externally_accessible(spec):
        words = "may only be set for externally-accessible services"
        yield Fault("spec.externalTrafficPolicy", _invalid(policy, words))
    if policy and policy not in ("Cluster", "Local"):
        yield Fault(
            "spec.externalTrafficPolicy", f'Unsupported value: "{policy}": supported values: "Cluster", "Local"'
        )
    internal = spec.get("internalTrafficPolicy") or ""
    if internal and internal not in ("Cluster", "Local"):
        yield Fault(
            "spec.internalTrafficPolicy", f'Unsupported value: "{internal}": supported values: "Cluster", "Local"'
        )
    if spec.get("healthCheckNodePort") and not needs_health_check_port(spec):
        words = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        yield Fault("spec.healthCheckNodePort", _invalid(spec["healthCheckNodePort"], words))


def _update_faults(spec: Spec, old: Spec) -> Iterator[Fault]:
    """`val` ValidateServiceUpdate: what may not change once set (SV-4, SV-7)."""
    if needs_cluster_ip(spec) and needs_cluster_ip(old):
        before, after = list(old.get("clusterIPs") or ()), list(spec.get("clusterIPs") or ())
        for index in range(min(len(before), len(after))):
            if before[index] != after[index]:
                yield Fault(f"spec.clusterIPs[{index}]", _invalid(after, "may not change once set"))
        if before and not after:
            yield Fault("spec.clusterIPs[0]", _invalid(after, "primary clusterIP can not be unset"))
        families, new_families = list(old.get("ipFamilies") or ()), list(spec.get("ipFamilies") or ())
        for index in range(min(len(families), len(new_families))):
            if families[index] != new_families[index]:
                yield Fault(f"spec.ipFamilies[{index}]", _invalid(new_families, "may not change once set"))
    if needs_health_check_port(spec) and needs_health_check_port(old):
        number = spec.get("healthCheckNodePort")
        if number != old.get("healthCheckNodePort"):
            yield Fault("spec.healthCheckNodePort", _invalid(number, "field is immutable"))
    if spec["type"] == old["type"] == "LoadBalancer" and spec.get("loadBalancerClass") != old.get("loadBalancerClass"):
        yield Fault("spec.loadBalancerClass", _invalid(spec.get("loadBalancerClass"), "may not change once set"))
