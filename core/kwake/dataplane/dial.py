"""From an address and a port to every end that a dial may have (NP-29)."""

from __future__ import annotations

import re
from ipaddress import ip_address

from kwake.dataplane.arrival import Destination, arrive, destination, leave
from kwake.dataplane.ends import OUTSIDE, is_address
from kwake.dataplane.on_node import at_node
from kwake.dataplane.outside import from_outside, through_load_balancer
from kwake.dataplane.path import Branch, Hop, Outcome
from kwake.dataplane.proxy import LOOPBACK, Origin
from kwake.dataplane.view import View
from kwake.dataplane.way import Way
from kwake.objects.basis import Basis
from kwake.objects.kinds import Service


def dial(way: Way) -> tuple[Branch, ...]:
    """Every end that this dial may have, with its share of the dials."""
    client = way.client
    hidden = next((text for text in (client.ip, way.dst) if not _is_address_or_name(text)), None)
    if hidden is not None:
        text = f"{hidden} is no address: the snapshot hides it"
        return (way.end(Hop("route", client.at, text, way.service, Basis.UNKNOWN), Outcome.UNKNOWN),)
    if client.is_outside:
        return from_outside(way)
    own = client.pod.ips if client.pod is not None and client.is_pod_network else ()
    if way.dst in own or (own and ip_address(way.dst) in LOOPBACK):
        return (arrive(way, destination(way.view, way.dst if way.dst in own else client.ip, way.port)),)
    service = _balanced_elsewhere(way.view, way.dst)
    if service is not None:
        text = f"{client.node} → the load balancer of {service.metadata.name}"
        judged = leave(way, Destination(way.dst, way.port, None, ""))
        if isinstance(judged, Branch):
            return (judged,)
        leaving = Hop("route", OUTSIDE, text, str(service.key), Basis.INFERRED, "SV-46")
        return through_load_balancer(judged.met(leaving), service)
    return at_node(way, client.node, Origin.POD if client.is_pod_network else Origin.NODE)


def _is_address_or_name(text: str) -> bool:
    """Dumps are published with their addresses replaced by words such as `***HIDDEN***`."""
    return is_address(text) or re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", text) is not None


def _balanced_elsewhere(view: View, dst: str) -> Service | None:
    """The Service whose load balancer, not the nodes, has this address (ipMode Proxy, SV-46)."""
    for service in view.proxy.services_by_address.get(dst, ()):
        ingress = service.status.load_balancer.ingress if service.spec.type == "LoadBalancer" else ()
        if any(i.ip == dst and i.ip_mode != "VIP" for i in ingress):
            return service
    return None
