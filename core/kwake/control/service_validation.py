"""What the API server refuses about a Service, in its own words and order (SV-1 to SV-7, SV-12).

Read in `k8s:pkg/apis/core/validation/validation.go` of v1.36; `val` in short.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from kwake.control.admission_addresses import special_address
from kwake.control.admission_names import dns_label, dns_subdomain, port_name, port_number, qualified_name
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
from kwake.objects.cidr import parse_cidr
from kwake.objects.document import Manifest

RANGES_ANNOTATION = "service.beta.kubernetes.io/load-balancer-source-ranges"
_HINTS, _MODE = "service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode"
_DISTRIBUTIONS = ("PreferClose", "PreferSameZone", "PreferSameNode")
_IP_WORDS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
_ONLY_BALANCERS = "Forbidden: may only be used when `type` is 'LoadBalancer'"


class Fault(NamedTuple):
    """One thing that is wrong: the field and the API server's words."""

    field: str
    reason: str


def validate(subject: str, manifest: Manifest, old: Spec | None, *, is_request: bool = True) -> None:
    """Raises Rejected with the first thing that the API server finds wrong with a Service as it would be stored.

    `is_request` False is a Service of a snapshot: the server that stored it may have known other values.
    """
    spec: Spec = manifest["spec"]
    faults = [*(_update_faults(spec, old) if old is not None else ()), *_faults(manifest, spec, old or {})]
    if is_request:
        faults += _distribution_faults(spec)
    for fault in faults:
        raise Rejected(subject, fault.reason, field=fault.field)


def validate_cluster_ips(subject: str, spec: Spec) -> None:
    """Raises Rejected where addresses and families do not fit each other, before any is allocated (`val`
    ValidateServiceClusterIPsRelatedFields; SV-1, SV-4)."""
    for fault in _cluster_ip_faults(spec):
        raise Rejected(subject, fault.reason, field=fault.field)


def _invalid(value: object, words: str) -> str:
    return f"Invalid value: {msgspec.json.encode(value).decode()}: {words}"


def _unsupported(value: object, supported: Iterable[str]) -> str:
    listed = ", ".join(f'"{name}"' for name in supported)
    return f"Unsupported value: {msgspec.json.encode(value).decode()}: supported values: {listed}"


def _cluster_ip_faults(spec: Spec) -> Iterator[Fault]:
    if spec["type"] == "ExternalName":
        return
    ips, families = list(spec.get("clusterIPs") or ()), list(spec.get("ipFamilies") or ())
    if spec.get("clusterIP") and ips and ips[0] != spec["clusterIP"]:
        yield Fault("spec.clusterIPs", _invalid(ips, "first value must match `clusterIP`"))
    for index, family in enumerate(families):
        if family not in ("IPv4", "IPv6"):
            yield Fault(f"spec.ipFamilies[{index}]", _unsupported(family, ("IPv4", "IPv6")))
        if family in families[:index]:
            yield Fault(f"spec.ipFamilies[{index}]", f'Duplicate value: "{family}"')
    policy = spec.get("ipFamilyPolicy")
    if policy and policy not in ("PreferDualStack", "RequireDualStack", "SingleStack"):
        supported = ("PreferDualStack", "RequireDualStack", "SingleStack")
        yield Fault("spec.ipFamilyPolicy", _unsupported(policy, supported))
    versions: list[int] = []
    for index, ip in enumerate(ips):
        if index == 0 and ip == "None":
            if len(ips) > 1:
                yield Fault("spec.clusterIPs", _invalid(ips, "'None' must be the first and only value"))
            return
        address = parsed_address(str(ip))
        if address is None:
            yield Fault(f"spec.clusterIPs[{index}]", _invalid(ip, _IP_WORDS))
            return
        versions.append(address.version)
    if len(ips) > 2:
        yield Fault("spec.clusterIPs", _invalid(ips, "may only hold up to 2 values"))
    if len(set(versions)) < len(versions):
        yield Fault("spec.clusterIPs", _invalid(ips, "may specify no more than one IP for each IP family"))
    for index, (version, family) in enumerate(zip(versions, families, strict=False)):
        if family != f"IPv{version}":
            words = f"expected an {family} value as indicated by `ipFamilies[{index}]`"
            yield Fault(f"spec.clusterIPs[{index}]", _invalid(ips[index], words))


def _faults(manifest: Manifest, spec: Spec, old: Spec) -> Iterator[Fault]:
    """`val` validateService, in its order. Ranges that the old object has are not judged again."""
    kind = spec["type"]
    annotations = (manifest.get("metadata") or {}).get("annotations") or {}
    if _HINTS in annotations and annotations.get(_MODE, annotations[_HINTS]) != annotations[_HINTS]:
        words = f"must match annotations[{_HINTS}] when both are specified"
        yield Fault(f"metadata.annotations[{_MODE}]", _invalid(annotations[_MODE], words))
    if not spec.get("ports") and not is_headless(spec) and kind != "ExternalName":
        yield Fault("spec.ports", "Required value")
    if is_headless(spec) and has_node_ports(spec):
        yield Fault("spec.clusterIPs[0]", _invalid("None", f"may not be set to 'None' for {kind} services"))
    if kind == "ExternalName":
        yield from _external_name_faults(spec)
    yield from _port_faults(spec)
    yield from _affinity_faults(spec)
    for index, ip in enumerate(spec.get("externalIPs") or ()):
        found = [_IP_WORDS] if parsed_address(str(ip)) is None else special_address(ip)
        yield from (Fault(f"spec.externalIPs[{index}]", _invalid(ip, words)) for words in found)
    if kind not in TYPES:
        yield Fault("spec.type", _unsupported(kind, sorted(TYPES)))
    yield from _node_port_faults(spec)
    yield from _balancer_faults(annotations, spec, list(old.get("loadBalancerSourceRanges") or ()))
    yield from _traffic_policy_faults(spec)


def _external_name_faults(spec: Spec) -> Iterator[Fault]:
    """SV-1, SV-5: no addresses, no families, a name."""
    for field in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if spec.get(field):
            yield Fault(f"spec.{field}", "Forbidden: may not be set for ExternalName services")
    name = (spec.get("externalName") or "").removesuffix(".")
    if not name:
        yield Fault("spec.externalName", "Required value")
    else:
        yield from (Fault("spec.externalName", _invalid(name, words)) for words in dns_subdomain(name))


def _port_faults(spec: Spec) -> Iterator[Fault]:
    """SV-2: names, numbers, protocols."""
    ports = spec.get("ports") or ()
    names: set[str] = set()
    for index, port in enumerate(ports):
        where = f"spec.ports[{index}]"
        name = port.get("name") or ""
        if not name and len(ports) > 1:
            yield Fault(f"{where}.name", "Required value")
        if name:
            yield from (Fault(f"{where}.name", _invalid(name, words)) for words in dns_label(name))
            if name in names:
                yield Fault(f"{where}.name", f'Duplicate value: "{name}"')
            names.add(name)
        number = port.get("port")
        if not isinstance(number, int) or port_number(number):
            yield Fault(f"{where}.port", _invalid(number, "must be between 1 and 65535, inclusive"))
        if port["protocol"] not in ("TCP", "UDP", "SCTP"):
            yield Fault(f"{where}.protocol", _unsupported(port["protocol"], ("SCTP", "TCP", "UDP")))
        target = port.get("targetPort")
        if isinstance(target, int):
            yield from (Fault(f"{where}.targetPort", _invalid(target, words)) for words in port_number(target))
        if isinstance(target, str):
            yield from (Fault(f"{where}.targetPort", _invalid(target, words)) for words in port_name(target))


def _node_port_faults(spec: Spec) -> Iterator[Fault]:
    """SV-1, SV-12: node ports where the type has none; SV-2: numbers that stand twice."""
    ports = spec.get("ports") or ()
    if spec["type"] in ("ClusterIP", "ExternalName"):
        for index, port in enumerate(ports):
            if port.get("nodePort"):
                words = f"Forbidden: may not be used when `type` is '{spec['type']}'"
                yield Fault(f"spec.ports[{index}].nodePort", words)
    for field in ("nodePort", "port"):
        seen: set[tuple[str, int]] = set()
        for index, port in enumerate(ports):
            protocol, number = port["protocol"], port.get(field) or 0
            if number and (protocol, number) in seen:
                # Of a port twice the server shows its own internal object, as JSON.
                shown = {"Name": "", "Protocol": protocol, "AppProtocol": None, "Port": number, "TargetPort": 0,
                         "NodePort": 0}  # fmt: skip
                value = number if field == "nodePort" else msgspec.json.encode(shown).decode()
                yield Fault(f"spec.ports[{index}]{'.nodePort' * (field == 'nodePort')}", f"Duplicate value: {value}")
            seen.add((protocol, number))


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


def _balancer_faults(annotations: dict[str, str], spec: Spec, had: list[str]) -> Iterator[Fault]:
    """SV-6, SV-7: what only a LoadBalancer has."""
    ranges = spec.get("loadBalancerSourceRanges") or []
    is_balancer = spec["type"] == "LoadBalancer"
    if ranges:
        field = "spec.LoadBalancerSourceRanges"  # so the server spells it
        if not is_balancer:
            yield Fault(field, _ONLY_BALANCERS)
        judged = [(f"{field}[{index}]", str(cidr).strip()) for index, cidr in enumerate(ranges)]
        kept = {str(cidr).strip() for cidr in had}
    else:
        annotated = annotations.get(RANGES_ANNOTATION)
        field = f"metadata.annotations[{RANGES_ANNOTATION}]"
        if annotated is not None and not is_balancer:
            yield Fault(field, _ONLY_BALANCERS)
        judged = [(field, cidr.strip()) for cidr in (annotated or "").split(",") if (annotated or "").strip()]
        kept = set[str]()
    for where, cidr in judged:
        if parse_cidr(cidr) is None and cidr not in kept:
            yield Fault(where, _invalid(cidr, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"))
    if spec.get("allocateLoadBalancerNodePorts") is not None and not is_balancer:
        yield Fault("spec.allocateLoadBalancerNodePorts", _ONLY_BALANCERS)
    name = spec.get("loadBalancerClass")
    if name is not None and not is_balancer:
        yield Fault("spec.loadBalancerClass", _ONLY_BALANCERS)
    elif name is not None:
        yield from (Fault("spec.loadBalancerClass", _invalid(name, words)) for words in qualified_name(str(name)))


def _distribution_faults(spec: Spec) -> Iterator[Fault]:
    """EP-18."""
    wanted = spec.get("trafficDistribution")
    if wanted is not None and wanted not in _DISTRIBUTIONS:
        yield Fault("spec.trafficDistribution", _unsupported(wanted, _DISTRIBUTIONS))


def _traffic_policy_faults(spec: Spec) -> Iterator[Fault]:
    """SV-1: policies only where they mean something, health check ports only with LoadBalancer and Local."""
    policy = spec.get("externalTrafficPolicy") or ""
    if policy and not is_externally_accessible(spec):
        words = "may only be set for externally-accessible services"
        yield Fault("spec.externalTrafficPolicy", _invalid(policy, words))
    if policy and policy not in ("Cluster", "Local"):
        yield Fault("spec.externalTrafficPolicy", _unsupported(policy, ("Cluster", "Local")))
    if spec.get("healthCheckNodePort") and not needs_health_check_port(spec):
        words = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        yield Fault("spec.healthCheckNodePort", _invalid(spec["healthCheckNodePort"], words))
    internal = spec.get("internalTrafficPolicy") or ""
    if internal and internal not in ("Cluster", "Local"):
        yield Fault("spec.internalTrafficPolicy", _unsupported(internal, ("Cluster", "Local")))


def _update_faults(spec: Spec, old: Spec) -> Iterator[Fault]:
    """`val` ValidateServiceUpdate: what may not change once set (SV-4, SV-7)."""
    were_headless, are_headless = is_headless(old), is_headless(spec)
    if needs_cluster_ip(spec) and needs_cluster_ip(old) and not (were_headless and are_headless):
        before, after = list(old.get("clusterIPs") or ()), list(spec.get("clusterIPs") or ())
        for index in range(min(len(before), len(after))):
            if before[index] != after[index]:
                yield Fault(f"spec.clusterIPs[{index}]", _invalid(after, "may not change once set"))
        if before and not after:
            yield Fault("spec.clusterIPs[0]", _invalid(after, "primary clusterIP can not be unset"))
        families, new_families = list(old.get("ipFamilies") or ()), list(spec.get("ipFamilies") or ())
        changed = any(one != other for one, other in zip(families, new_families, strict=False))
        if changed and not were_headless and not are_headless:
            yield Fault("spec.ipFamilies[0]", _invalid(new_families, "may not change once set"))
    if spec["type"] == old["type"] == "LoadBalancer" and spec.get("loadBalancerClass") != old.get("loadBalancerClass"):
        yield Fault("spec.loadBalancerClass", _invalid(spec.get("loadBalancerClass"), "may not change once set"))
    if needs_health_check_port(spec) and needs_health_check_port(old):
        number = spec.get("healthCheckNodePort")
        if number != old.get("healthCheckNodePort"):
            yield Fault("spec.healthCheckNodePort", "Forbidden: field is immutable")
