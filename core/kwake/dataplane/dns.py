"""What the cluster's DNS answers to a client (DN-1 to DN-14)."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from ipaddress import ip_address

import msgspec

from kwake.dataplane.ends import Client, is_address
from kwake.dataplane.unread import endpoints_unread, service_unread, sureness_of_none
from kwake.dataplane.view import View
from kwake.objects.basis import Basis
from kwake.objects.kinds import EndpointSlice, Service, SliceEndpoint

NDOTS = 5
"""`options ndots:5` of a pod's resolv.conf (DN-12)."""

LONGEST_CHAIN = 8
"""How many aliases in a row are followed: a loop of ExternalName Services must end."""


class Answer(msgspec.Struct, frozen=True):
    """What a lookup gives. Without addresses and without `alias` it failed, and `reason` says why."""

    asked: str
    """The full name that answered, or the one that was asked for."""
    addresses: tuple[str, ...] = ()
    alias: str = ""
    """The name outside the cluster that the answer leads to (DN-8)."""
    service: Service | None = None
    reason: str = ""
    cite: str = "DN-1"
    basis: Basis = Basis.SOURCED
    detail: tuple[str, ...] = ()


def lookup(view: View, client: Client, name: str) -> Answer:
    """Resolve a name as this client would, with the search list of its resolver (DN-12)."""
    zone = view.profile["cluster-domain"]
    if is_address(name):
        return Answer(name, (name,), reason="an address needs no lookup")
    if not _asks_cluster_dns(client):
        return _without_cluster_dns(client, name, zone)
    missed: Answer | None = None
    for candidate in _candidates(client, name, zone):
        if not _in_zone(candidate, zone):
            if (missed is not None and missed.service is not None) or _is_cluster_like(view, candidate):
                break
            return Answer(candidate, alias=candidate, reason=_external(candidate), cite="DN-12", basis=Basis.UNKNOWN)
        answer = _in_cluster(view, client, candidate, zone)
        if answer is None:
            continue
        if answer.addresses or answer.alias:
            return answer
        missed = answer
    return missed or _no_such_name(view, client, name)


def service_name(view: View, namespace: str, name: str) -> str:
    """The full name of a Service."""
    return f"{name}.{namespace}.svc.{view.profile['cluster-domain']}."


def records_of(service: Service) -> object:
    """What of a Service the cluster's DNS answers with: its addresses or alias, and its ports (SRV)."""
    spec = service.spec
    alias = spec.external_name if spec.type == "ExternalName" else ""
    ports = tuple((port.name, port.port, port.protocol) for port in spec.ports)
    return service.cluster_ips, alias, service.is_headless and bool(spec.selector), ports


def _asks_cluster_dns(client: Client) -> bool:
    """DN-12 to DN-14."""
    if client.pod is None:
        return False
    spec = client.pod.spec
    if spec.host_network:
        return spec.dns_policy == "ClusterFirstWithHostNet"
    return spec.dns_policy in ("ClusterFirst", "ClusterFirstWithHostNet")


def _without_cluster_dns(client: Client, name: str, zone: str) -> Answer:
    short = name.rstrip(".")
    if client.pod is not None:
        policy = client.pod.spec.dns_policy
        if policy == "None":
            reason = "dnsPolicy None: which name server it asks stands in dnsConfig, which kwake does not read"
            return Answer(name, reason=reason, cite="DN-14", basis=Basis.UNKNOWN)
        who = "on the host's network, it asks its node's DNS" if client.pod.spec.host_network else f"dnsPolicy {policy}"
        cite = "DN-13" if client.pod.spec.host_network else "DN-14"
        basis = Basis.SOURCED
    elif client.node:
        who, cite, basis = "a node asks its own DNS, not the cluster's", "DN-13", Basis.INFERRED
    else:
        who, cite, basis = "outside the cluster nobody asks its DNS", "DN-13", Basis.INFERRED
    if short.endswith((f".{zone}", ".svc")) or short.count(".") < 2:
        return Answer(name, reason=f"NXDOMAIN: {who}", cite=cite, basis=basis)
    return Answer(name, alias=short, reason=_external(short), cite=cite, basis=Basis.UNKNOWN)


def _external(name: str) -> str:
    return f"{name} is outside the cluster; what answers there is not in the snapshot"


def _candidates(client: Client, name: str, zone: str) -> Iterator[str]:
    """Full names in the order that the resolver tries them: the search list first where dots are fewer than ndots."""
    if name.endswith("."):
        yield name.rstrip(".")
        return
    namespace = client.pod.metadata.namespace if client.pod is not None else "default"
    searched = [f"{name}.{suffix}" for suffix in (f"{namespace}.svc.{zone}", f"svc.{zone}", zone)]
    yield from [name, *searched] if name.count(".") >= NDOTS else [*searched, name]


def _is_cluster_like(view: View, name: str) -> bool:
    """Whether a name that leaves the cluster was meant for it: one word, or one with a namespace's name after it."""
    labels = name.split(".")
    return len(labels) == 1 or labels[-1] == "svc" or (len(labels) == 2 and labels[1] in view.dns.namespaces)


def _in_zone(name: str, zone: str) -> bool:
    return name == zone or name.endswith(f".{zone}")


def _in_cluster(view: View, client: Client, name: str, zone: str, aliases: int = 0) -> Answer | None:
    """The answer to a full name of the zone; None for NXDOMAIN without a Service."""
    labels = name.removesuffix(zone).rstrip(".").split(".")
    if len(labels) == 3 and labels[2] == "pod":
        return _pod_record(name, labels[0])
    if len(labels) not in (3, 4) or labels[-1] != "svc":
        return None
    service = view.dns.service(labels[-2], labels[-3])
    if service is None:
        reason = service_unread(view.dns, labels[-2], labels[-3])
        return Answer(name, reason=reason, basis=Basis.UNKNOWN) if reason else None
    hostname = labels[0] if len(labels) == 4 else ""
    if service.spec.type == "ExternalName":
        return None if hostname else _external_name(view, client, name, service, aliases)
    if service.is_headless:
        return _headless(view, client, name, service, hostname)
    if hostname:
        return None
    masked = [ip for ip in service.cluster_ips if not is_address(ip)]
    if masked:
        reason = f"its ClusterIP {masked[0]} is no address: the snapshot hides it"
        return Answer(name, service=service, reason=reason, basis=Basis.UNKNOWN)
    addresses = _of_family(service.cluster_ips, client)
    if not addresses:
        return Answer(name, service=service, reason=f"NXDOMAIN: {service.metadata.name} has no ClusterIP")
    return Answer(name, addresses[:1], service=service)


def _external_name(view: View, client: Client, name: str, service: Service, aliases: int) -> Answer:
    """A CNAME (DN-8). One that leads back into the cluster is followed there."""
    alias = service.spec.external_name.rstrip(".")
    zone = view.profile["cluster-domain"]
    if is_address(alias):
        reason = f"NXDOMAIN: the externalName {alias} looks like an address, which is not served"
        return Answer(name, service=service, reason=reason, cite="DN-9")
    if _in_zone(alias, zone):
        missed = Answer(name, service=service, reason=f"NXDOMAIN: it is an alias of {alias}", cite="DN-8")
        return (_in_cluster(view, client, alias, zone, aliases + 1) if aliases < LONGEST_CHAIN else None) or missed
    return Answer(name, alias=alias, service=service, reason=_external(alias), cite="DN-8", basis=Basis.SOURCED)


def _headless(view: View, client: Client, name: str, service: Service, hostname: str) -> Answer:
    """One record for each ready endpoint (DN-2), or for the one of this hostname (DN-6)."""
    hidden = endpoints_unread(view.dns, service)
    if hidden:
        return Answer(name, service=service, reason=hidden, cite="DN-2", basis=Basis.UNKNOWN)
    endpoints = [e for s in _slices(view, service) for e in s.endpoints if e.ready and e.addresses]
    cite = "DN-2"
    if hostname:
        endpoints = [e for e in endpoints if hostname == (e.hostname or _dashed(e))]
        cite = "DN-6"
    addresses = _of_family(tuple(e.addresses[0] for e in endpoints), client)
    if not addresses:
        what = f"ready endpoint named {hostname}" if hostname else "ready endpoint"
        reason = f"NXDOMAIN: {service.metadata.name} is headless and has no {what}"
        return Answer(name, service=service, reason=reason, cite=cite, basis=sureness_of_none(view.dns, service))
    ordered = sorted(set(addresses), key=lambda ip: int(ip_address(ip)))
    return Answer(name, tuple(ordered), service=service, cite=cite)


def _slices(view: View, service: Service) -> tuple[EndpointSlice, ...]:
    return view.dns.slices_by_service.get(service.key, ())


def _dashed(endpoint: SliceEndpoint) -> str:
    return endpoint.addresses[0].replace(".", "-").replace(":", "-")


def _pod_record(name: str, label: str) -> Answer | None:
    """`pods insecure` answers any dashed address (DN-7)."""
    address = next((a for a in (label.replace("-", "."), label.replace("-", ":")) if is_address(a)), None)
    return Answer(name, (address,), cite="DN-7", basis=Basis.ASSUMED) if address else None


def _of_family(addresses: tuple[str, ...], client: Client) -> tuple[str, ...]:
    """Those of the families that the client has an address of; its primary family first."""
    own = client.pod.ips if client.pod is not None else (client.ip,)
    families = dict.fromkeys(ip_address(ip).version for ip in own if is_address(ip))
    addresses = tuple(ip for ip in addresses if is_address(ip))
    for family in families:
        found = tuple(ip for ip in addresses if ip_address(ip).version == family)
        if found:
            return found
    return ()


def _no_such_name(view: View, client: Client, name: str) -> Answer:
    return Answer(name, reason=f"NXDOMAIN: there is no Service behind {name}", detail=_nearest(view, client, name))


def _nearest(view: View, client: Client, name: str) -> tuple[str, ...]:
    """A near miss: a Service of this name in another namespace, or of almost this one where it is looked for."""
    labels = name.split(".")
    own = client.pod.metadata.namespace if client.pod is not None else ""
    namespace = labels[1] if len(labels) > 1 else own
    named = (s.metadata for s in view.dns.all(Service) if s.metadata.name == labels[0])
    elsewhere = next((metadata.namespace for metadata in named if metadata.namespace != namespace), None)
    if elsewhere is not None:
        return (f"in another namespace: {elsewhere}/{labels[0]}, as {labels[0]}.{elsewhere}",)
    there = [s.metadata.name for s in view.dns.all(Service, namespace)]
    near = difflib.get_close_matches(labels[0], there, n=1, cutoff=0.6)
    return (f"nearest Service: {namespace}/{near[0]}",) if near else ()
