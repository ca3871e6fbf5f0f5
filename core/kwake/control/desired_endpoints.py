"""Which endpoints a Service should have: its pods, their conditions, addresses and ports (EP-1..EP-5, EP-8..EP-10)."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from kwake.cluster import Cluster
from kwake.objects.kinds import Pod, Service, ServicePort

ZONE_LABEL = "topology.kubernetes.io/zone"
_HINT_ANNOTATIONS = ("service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode")
_SAME_ZONE = ("PreferClose", "PreferSameZone", "PreferSameNode")

PortSet = tuple[tuple[str, str, int, str], ...]
"""Ports of a slice, sorted: name, protocol, number, appProtocol. What groups endpoints into slices (EP-11)."""

Endpoint = dict[str, Any]
"""One endpoint as a slice's manifest holds it."""


@lru_cache(maxsize=65536)
def parsed_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address, or None where a dump hides or garbles it."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def address_order(text: str) -> tuple[int, int, str]:
    """Sorts addresses by family and number; what is no address comes last, by its text."""
    address = parsed_address(text)
    return (9, 0, text) if address is None else (address.version, int(address), "")


def families_of(service: Service) -> tuple[str, ...]:
    """The address types of its slices: `ipFamilies`; without them the ClusterIP's; both for headless (EP-11)."""
    if service.spec.ip_families:
        return tuple(sorted({family for family in service.spec.ip_families if family in ("IPv4", "IPv6")}))
    if service.spec.cluster_ip and not service.is_headless:
        address = parsed_address(service.spec.cluster_ip)
        return ("IPv6",) if address is not None and address.version == 6 else ("IPv4",)
    return ("IPv4", "IPv6")


def target_port(pod: Pod, port: ServicePort) -> int | None:
    """The number that a port of a Service means on this pod; None where its name does not resolve (EP-8, EP-9)."""
    if isinstance(port.target_port, str):
        return pod.named_port(port.target_port, port.protocol)
    return port.target_port if port.target_port else port.port


def ports_on(pod: Pod, service: Service) -> PortSet:
    """The ports of a Service that this pod serves; a name that it does not have is left out (EP-10)."""
    ports = ((port, target_port(pod, port)) for port in service.spec.ports)
    return tuple(sorted((p.name, p.protocol, number, p.app_protocol) for p, number in ports if number is not None))


def served_on(cluster: Cluster, service: Service, port: ServicePort) -> tuple[int, ...]:
    """The numbers on which pods of a Service serve one of its ports, where its selector says which they are."""
    pods = selected_pods(cluster, service) if service.spec.selector else ()
    return tuple(sorted({number for pod in pods if (number := target_port(pod, port)) is not None}))


def is_candidate(pod: Pod) -> bool:
    """Neither terminal nor without an address; terminating pods stay in (EP-1, EP-4)."""
    return not pod.is_terminal and bool(pod.ips)


def selected_pods(cluster: Cluster, service: Service) -> tuple[Pod, ...]:
    """Pods of the Service's namespace that carry every pair of its selector, by name (EP-1)."""
    selector, namespace = service.spec.selector.items(), service.metadata.namespace
    if not selector:
        return cluster.pods_by_namespace.get(namespace, ())
    pods = min((cluster.pods_by_label.get((namespace, *pair), ()) for pair in selector), key=len)
    return tuple(pod for pod in pods if selector <= pod.metadata.labels.items())


def desired_endpoints(
    cluster: Cluster, service: Service, family: str, *, prefer_same: bool = True
) -> dict[PortSet, list[Endpoint]]:
    """What the EndpointSlice controller wants listed of one family, grouped by the ports that resolved.

    A pod on a node that does not exist is left out unless `publishNotReadyAddresses` (EP-2). `prefer_same` is the gate
    PreferSameTrafficDistribution (EP-18).
    """
    groups: dict[PortSet, list[Endpoint]] = {}
    for pod in selected_pods(cluster, service):
        if not is_candidate(pod):
            continue
        node = cluster.node(pod.spec.node_name) if pod.spec.node_name else None
        if node is None and not service.spec.publish_not_ready_addresses:
            continue
        addresses = _addresses(pod, family)
        if not addresses:
            continue
        zone = node.metadata.labels.get(ZONE_LABEL, "") if node is not None else ""
        groups.setdefault(ports_on(pod, service), []).append(
            _endpoint(pod, service, addresses, zone, _SAME_ZONE if prefer_same else _SAME_ZONE[:1])
        )
    return groups


def wants_topology_hints(service: Service) -> bool:
    """Whether the annotation asks for hints by zone capacity (EP-19); it wins over trafficDistribution."""
    annotations = service.metadata.annotations
    value = next((annotations[name] for name in _HINT_ANNOTATIONS if name in annotations), "")
    return value in ("Auto", "auto")


def _addresses(pod: Pod, family: str) -> list[str]:
    version = 6 if family == "IPv6" else 4
    parsed = (parsed_address(ip) for ip in pod.ips)
    return [str(address) for address in parsed if address is not None and address.version == version]


def _endpoint(pod: Pod, service: Service, addresses: list[str], zone: str, distributions: tuple[str, ...]) -> Endpoint:
    """One endpoint with the conditions of EP-3."""
    serving, going = pod.is_ready, pod.is_terminating
    is_ready = service.spec.publish_not_ready_addresses or (serving and not going)
    endpoint: Endpoint = {
        "addresses": addresses,
        "conditions": {"ready": is_ready, "serving": serving, "terminating": going},
        "targetRef": {"kind": "Pod", "name": pod.metadata.name, "namespace": pod.metadata.namespace},
    }
    if pod.metadata.uid:
        endpoint["targetRef"]["uid"] = pod.metadata.uid
    if pod.spec.node_name:
        endpoint["nodeName"] = pod.spec.node_name
    if zone:
        endpoint["zone"] = zone
    if pod.spec.hostname and pod.spec.subdomain == service.metadata.name:
        endpoint["hostname"] = pod.spec.hostname
    hints = _hints(service, endpoint, distributions)
    if hints:
        endpoint["hints"] = hints
    return endpoint


def _hints(service: Service, endpoint: Endpoint, distributions: tuple[str, ...]) -> dict[str, list[dict[str, str]]]:
    """Ready endpoints are hinted to their own zone, and node with PreferSameNode (EP-18)."""
    wanted = service.spec.traffic_distribution
    if wanted not in distributions or wants_topology_hints(service) or not endpoint["conditions"]["ready"]:
        return {}
    hints = {}
    if "zone" in endpoint:
        hints["forZones"] = [{"name": endpoint["zone"]}]
    if "nodeName" in endpoint and wanted == "PreferSameNode":
        hints["forNodes"] = [{"name": endpoint["nodeName"]}]
    return hints
