"""How a client finds a Service: by DNS, by its environment, by address; and what comes of it."""

from __future__ import annotations

import msgspec

from kwake.dataplane.any_node import dial_any_node
from kwake.dataplane.dial import dial
from kwake.dataplane.dns import Answer, lookup, service_name
from kwake.dataplane.ends import OUTSIDE, ServiceTarget, is_address
from kwake.dataplane.environment import prefix, service_in_environment
from kwake.dataplane.evidence import decider, service_decider
from kwake.dataplane.name_server import lookup_hindrance
from kwake.dataplane.path import Branch, Decider, Flow, Hop, Outcome
from kwake.dataplane.ports import headless_ports, port_of_address, port_of_service
from kwake.dataplane.unread import nodes_unread, service_unread
from kwake.dataplane.way import Way
from kwake.errors import ReferenceNotFound
from kwake.objects.basis import Basis
from kwake.objects.key import key
from kwake.objects.kinds import Node, Service


def find_service(way: Way, flow: Flow, target: ServiceTarget) -> tuple[Branch, ...]:
    """The branches of one source that dials a Service, found as `flow.via` says."""
    way = msgspec.structs.replace(way, service=str(target))
    if way.client.is_outside:
        return _from_outside(way, flow, target)
    match flow.via:
        case "dns":
            return find_by_name(way, flow, service_name(way.view, target.namespace, target.name))
        case "env":
            return _by_environment(way, flow, target)
        case "ip":
            return _by_address(way, flow, target)
    raise ReferenceNotFound(f"via: {flow.via}: write dns, env or ip")


def find_by_name(way: Way, flow: Flow, name: str) -> tuple[Branch, ...]:
    """The branches of one source that dials a DNS name."""
    view = way.view
    answer = lookup(view, way.client, name)
    hindrance = None if answer.cite in ("DN-13", "DN-14") or is_address(name) else lookup_hindrance(way, name)
    if hindrance is not None:
        return (hindrance,)
    asked = _short(answer.asked, view.profile["cluster-domain"])
    subject = str(answer.service.key) if answer.service is not None else None
    if answer.alias:
        return (_outside_name(way, answer, asked, subject),)
    if not answer.addresses:
        return (_unresolved(way, answer, asked, subject),)
    shown = ", ".join(answer.addresses)
    setting = view.profile.setting("dns-ttl-s")
    hop = Hop("dns", way.client.at, f"{asked} → {shown}", subject, answer.basis, answer.cite,
              detail=(f"ttl {setting.value} s",))  # fmt: skip
    way = msgspec.structs.replace(way.met(hop), service=subject)
    branches: list[Branch] = []
    for address in answer.addresses:
        service = answer.service
        share = way.share / len(answer.addresses)
        if service is None:
            one = msgspec.structs.replace(way, dst=address, port=port_of_address(view, address, flow), share=share)
        elif service.is_headless:
            port = headless_ports(view, service, address, flow)
            one = msgspec.structs.replace(way, dst=address, port=port, share=share, frontend="headless")
        else:
            one = msgspec.structs.replace(way, dst=address, port=port_of_service(service, flow)[0], share=share)
        branches += dial(one)
    return tuple(branches)


def _unresolved(way: Way, answer: Answer, asked: str, subject: str | None) -> Branch:
    view = way.view
    why = Decider("DNS", answer.reason, cite=answer.cite)
    if answer.service is not None:
        why = decider(view.dns, answer.service.key, answer.reason, ("spec",), answer.cite)
    hop = Hop("dns", way.client.at, f"{asked}: {answer.reason}", subject, answer.basis, answer.cite, why, answer.detail)
    unknown = answer.basis is Basis.UNKNOWN
    return way.end(hop, Outcome.UNKNOWN if unknown else Outcome.UNRESOLVED, reason=answer.reason)


def _outside_name(way: Way, answer: Answer, asked: str, subject: str | None) -> Branch:
    """A CNAME, or a name that is not the cluster's: the dial leaves it, and nobody can say to which address."""
    told = way.client.at, f"{asked} → {answer.alias}"
    if answer.service is not None:
        way = way.met(Hop("dns", *told, subject, Basis.SOURCED, answer.cite))
    text = f"{answer.alias} is outside the cluster; what answers there is not in the snapshot"
    return way.end(Hop("socket", OUTSIDE, text, subject, Basis.UNKNOWN, answer.cite), Outcome.UNKNOWN)


def _by_environment(way: Way, flow: Flow, target: ServiceTarget) -> tuple[Branch, ...]:
    """DN-20 to DN-22: the address that the Service had when the client's containers started."""
    pod = way.client.pod
    variable = f"{prefix(target.name)}_SERVICE_HOST"
    service = service_in_environment(way.view, pod, target.namespace, target.name) if pod is not None else None
    if service is None:
        if way.view.cluster.misses(Service, target.namespace):
            return (_no_address(way, target, None),)
        text = f"{variable} is not set in {way.client.name.rpartition('/')[2]}"
        why = Decider(way.client.name, f"{variable} is not set", cite="DN-21")
        hop = Hop("env", way.client.at, text, str(target), Basis.SOURCED, "DN-21", why)
        return (way.end(hop, Outcome.UNRESOLVED),)
    address = service.cluster_ips[0]
    port = port_of_service(service, flow)[0]
    hop = Hop("env", way.client.at, f"{variable}={address}", str(target), Basis.SOURCED, "DN-20")
    now = way.view.cluster.service(target.namespace, target.name)
    if now is None or address not in now.cluster_ips:
        became = f"now {now.cluster_ips[0]}" if now is not None and now.cluster_ips else "no ClusterIP now"
        detail = [f"stale: {target.name} has {became}"]
        owners = [s.key for s in way.view.proxy.services_by_address.get(address, ()) if address in s.cluster_ips]
        detail += [f"{address} belongs to {owner} now" for owner in owners]
        hop = msgspec.structs.replace(hop, detail=tuple(detail), cite="DN-22")
    # The variable leads to whoever has the address by now, so the Service is read off the frontend that is met.
    way = msgspec.structs.replace(way.met(hop), dst=address, port=port, service=None)
    return dial(way)


def _by_address(way: Way, flow: Flow, target: ServiceTarget) -> tuple[Branch, ...]:
    service = way.view.cluster.service(target.namespace, target.name)
    if service is None or not service.cluster_ips:
        return (_no_address(way, target, service),)
    port = port_of_service(service, flow)[0]
    return dial(msgspec.structs.replace(way, dst=service.cluster_ips[0], port=port))


def _no_address(way: Way, target: ServiceTarget, service: Service | None) -> Branch:
    reason = service_unread(way.view.cluster, target.namespace, target.name) if service is None else ""
    if reason:
        hop = Hop("service", way.client.at, f"{target.name}: {reason}", str(target), Basis.UNKNOWN)
        return way.end(hop, Outcome.UNKNOWN)
    if service is None:
        text = f"there is no {target}, so there is no address to dial"
    else:
        kind = "headless" if service.is_headless else f"of type {service.spec.type}"
        text = f"{target.name} is {kind}: it has no address of its own"
    why = decider(way.view.cluster, key("Service", target.namespace, target.name), "no ClusterIP", ("spec",), "SV-40")
    hop = Hop("service", way.client.at, text, str(target), Basis.SOURCED, "SV-40", why)
    return way.end(hop, Outcome.UNRESOLVED)


# -- from outside -------------------------------------------------------------------------------------------------


def _from_outside(way: Way, flow: Flow, target: ServiceTarget) -> tuple[Branch, ...]:
    """An outside client knows a load balancer's address, an external IP or a node; never the cluster's DNS."""
    view = way.view
    service = view.cluster.service(target.namespace, target.name)
    if service is None:
        return (_no_address(way, target, service),)
    ingress = service.status.load_balancer.ingress if service.spec.type == "LoadBalancer" else ()
    if ingress:
        dst = ingress[0].ip or ingress[0].hostname
        return dial(msgspec.structs.replace(way, dst=dst, port=port_of_service(service, flow)[0]))
    if service.spec.external_ips:
        port = port_of_service(service, flow)[0]
        return dial(msgspec.structs.replace(way, dst=service.spec.external_ips[0], port=port))
    if service.spec.type == "LoadBalancer":
        text = f"{target.name} has no load balancer address yet"
        why = service_decider(view, service, "no load balancer address", ("spec", "type"), "SV-60")
        return (way.end(Hop("load-balancer", OUTSIDE, text, str(target), Basis.SOURCED, "SV-60", why),
                        Outcome.UNRESOLVED),)  # fmt: skip
    if service.spec.type == "NodePort":
        return _to_node_ports(way, flow, service)
    if flow.via == "ip" and service.cluster_ips:
        return dial(msgspec.structs.replace(way, dst=service.cluster_ips[0], port=port_of_service(service, flow)[0]))
    kind = "headless" if service.is_headless else f"of type {service.spec.type}"
    text = f"{target.name} is {kind}: outside the cluster nobody resolves its name"
    why = service_decider(view, service, f"{kind}, no address outside", ("spec", "type"), "DN-1")
    return (way.end(Hop("dns", OUTSIDE, text, str(target), Basis.INFERRED, "DN-1", why), Outcome.UNRESOLVED),)


def _to_node_ports(way: Way, flow: Flow, service: Service) -> tuple[Branch, ...]:
    """The client may choose any node."""
    view = way.view
    number, port = port_of_service(service, flow)
    hidden = nodes_unread(view.cluster, service)
    if hidden and not way.entry:
        return (way.end(Hop("node-port", OUTSIDE, hidden, str(service.key), Basis.UNKNOWN, "SV-40"), Outcome.UNKNOWN),)
    nodes = tuple(node for node in view.cluster.all(Node) if node.status.addresses)
    if way.entry:
        nodes = tuple(node for node in nodes if node.metadata.name == way.entry)
    if port is None or not port.node_port or not nodes:
        missing = "nodes with an address" if port is not None and port.node_port else f"node port for {number}"
        why = service_decider(view, service, f"no {missing}", ("spec", "ports"), "SV-40")
        text = f"{service.metadata.name} has no {missing}"
        hop = Hop("node-port", OUTSIDE, text, str(service.key), Basis.SOURCED, "SV-40", why)
        return (way.end(hop, Outcome.UNRESOLVED),)
    return dial_any_node(way, nodes, port.node_port)


def _short(name: str, zone: str) -> str:
    return name.rstrip(".").removesuffix(f".{zone}")
