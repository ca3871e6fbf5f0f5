"""Which port a flow means, where it names one or leaves it out."""

from __future__ import annotations

from collections.abc import Iterable

from kwake.control.endpoints import endpoints_of
from kwake.dataplane.ends import holder_of
from kwake.dataplane.path import Flow
from kwake.dataplane.proxy import load_balancer_ips
from kwake.dataplane.view import View
from kwake.errors import ReferenceNotFound
from kwake.objects.kinds import Pod, Service, ServicePort


def port_of_service(service: Service, flow: Flow) -> tuple[int, ServicePort | None]:
    """The number that the client dials, and the Service's port of that number if it has one.

    Raises ReferenceNotFound where a name names none, or none was given and there are several.
    """
    ports = [port for port in service.spec.ports if port.protocol == flow.protocol]
    wanted = _number(flow.port)
    if isinstance(wanted, int):
        return wanted, next((port for port in ports if port.port == wanted), None)
    if wanted is not None:
        ports = [port for port in ports if port.name == wanted]
    if len(ports) == 1:
        return ports[0].port, ports[0]
    raise _which(f"{service.key}", flow, (f"{p.name or '-'} {p.port}/{p.protocol}" for p in service.spec.ports))


def port_of_pod(pod: Pod, flow: Flow) -> int:
    """The port of a pod: a number as it is, a name or nothing by what its containers declare."""
    wanted = _number(flow.port)
    if isinstance(wanted, int):
        return wanted
    declared = [p for c in pod.port_containers for p in c.ports if p.protocol == flow.protocol]
    found = {p.container_port for p in declared if wanted in (None, p.name)}
    if len(found) == 1:
        return found.pop()
    raise _which(f"{pod.key}", flow, (f"{p.name or '-'} {p.container_port}/{p.protocol}" for p in declared))


def port_of_address(view: View, ip: str, flow: Flow) -> int:
    """The port of an address: that of the Service or pod that has it, where the flow gives no number."""
    wanted = _number(flow.port)
    if isinstance(wanted, int):
        return wanted
    for service in view.proxy.services_by_address.get(ip, ()):
        if ip in (*service.cluster_ips, *service.spec.external_ips, *load_balancer_ips(service)):
            return port_of_service(service, flow)[0]
    holder = holder_of(view, ip)
    if holder is not None:
        return port_of_pod(holder, flow)
    raise ReferenceNotFound(f"{flow.target}: give the port's number, nothing here says which")


def headless_ports(view: View, service: Service, ip: str, flow: Flow) -> int:
    """The port to dial at an endpoint of a headless Service: no proxy translates, so it is the target port."""
    number, port = port_of_service(service, flow)
    if port is None or isinstance(_number(flow.port), int):
        return number
    return next((b.port for b in endpoints_of(view.dns, service, port) if b.ip == ip), number)


def _number(port: int | str | None) -> int | str | None:
    return int(port) if isinstance(port, str) and port.isdecimal() and len(port) < 6 else port


def _which(what: str, flow: Flow, ports: Iterable[str]) -> ReferenceNotFound:
    listed = ", ".join(ports) or "none"
    if flow.port is None:
        return ReferenceNotFound(f"{what}: which {flow.protocol} port? It has {listed}")
    return ReferenceNotFound(f"{what}: there is no {flow.protocol} port {flow.port}; it has {listed}")
