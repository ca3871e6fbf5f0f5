"""What cannot be said of a way because kinds were not read where the cluster was: named, never guessed."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from kwake.cluster import Cluster, Record
from kwake.dataplane.ends import is_address
from kwake.objects.basis import Basis
from kwake.objects.key import Key, key
from kwake.objects.kinds import EndpointSlice, Node, Pod, Service


def service_unread(cluster: Cluster, namespace: str, name: str) -> str:
    """Why nothing is known of a Service that is not here; empty where it does not exist.

    The API server would refuse it, so that kwake did not take it in, or Services could not be read there.
    """
    if cluster.service(namespace, name) is None and key("Service", namespace, name) in cluster:
        return "the API server would refuse this Service, so what it does is not known"
    if cluster.misses(Service, namespace):
        return f"Services of {namespace} were not read, so whether this one exists is not known"
    return ""


def endpoints_unread(cluster: Cluster, service: Service) -> str:
    """Why the endpoints of a Service are not known: its EndpointSlices were not read, and no Endpoints tell.

    What its selector would give is not what the cluster has: slices may be written by others (EP-15), and lag (EP-3).
    """
    namespace, name = service.metadata.namespace, service.metadata.name
    if cluster.misses(EndpointSlice, namespace) and key("Endpoints", namespace, name) not in cluster:
        return f"EndpointSlices of {namespace} were not read, so which endpoints {name} has is not known"
    if sureness_of_none(cluster, service) is Basis.UNKNOWN:
        return f"{name} has no selector, and the snapshot holds no EndpointSlices: which endpoints it has is not known"
    return ""


def sureness_of_none(cluster: Cluster, service: Service) -> Basis:
    """How sure it is that a Service has no other endpoints than are listed.

    For one without a selector the controller writes none (EP-12), but others may (EP-15). Stored in a cluster whose
    slices are here it has none; where they are those of other namespaces that is assumed, without any not known. A
    manifest that no cluster has stored yet has none as it is; that nobody will write some is assumed.
    """
    if service.spec.selector or cluster.slices_by_service.get(service.key):
        return Basis.SOURCED
    if not _is_stored(cluster.record(service.key)):
        return Basis.ASSUMED
    own = service.metadata.namespace
    if any(_is_stored(item) for item in _listings(cluster) if item.key.namespace == own):
        return Basis.SOURCED
    return Basis.ASSUMED if any(map(_is_stored, _listings(cluster))) else Basis.UNKNOWN


def _listings(cluster: Cluster) -> Iterator[Record]:
    """What lists endpoints, but for what kwake made."""
    return (item for item in cluster if item.value.kind in ("EndpointSlice", "Endpoints") and not item.made)


def _is_stored(item: Record) -> bool:
    """Whether an API server has stored it: it has what that alone writes, or a uid that stands where it was read."""
    if any(f'"{name}":"'.encode() in item.document.raw for name in ("resourceVersion", "creationTimestamp")):
        return True
    uid, origin = item.value.metadata.uid, item.origin
    return bool(uid) and origin is not None and uid.encode() in origin.source.data


def nodes_unread(cluster: Cluster, service: Service) -> str:
    """Why it is not known at which nodes packets of a Service may come in: those without a pod were not seen, and
    under a Local policy they take part in what becomes of the packet."""
    if not cluster.misses(Node, "") or (cluster.all(Node) and service.spec.external_traffic_policy != "Local"):
        return ""
    return "Nodes were not read, so which of them take packets of this Service is not known"


def frontends_unread(cluster: Cluster) -> str:
    """Why an address or port that no known Service has may be a Service's all the same."""
    return "Services were not read everywhere, and one may have it" if cluster.misses_some(Service) else ""


def holder_unread(cluster: Cluster, expected: Key | None) -> str:
    """Why it is not known who has an address that an endpoint's pod should have."""
    if expected is None or not cluster.misses(Pod, expected.namespace):
        return ""
    return f"Pods of {expected.namespace} were not read, so nothing is known of {expected.name}"


def may_be_unread_pod(cluster: Cluster, ip: str) -> bool:
    """Whether an address may be that of a pod which was not read."""
    return cluster.misses_some(Pod) and is_address(ip) and ip_address(ip).is_private
