"""Whether a client's lookups reach the cluster's DNS at all (NP-27)."""

from __future__ import annotations

from kwake.cluster import Cluster
from kwake.dataplane.arrival import as_policies_know, client_end, destination
from kwake.dataplane.ends import is_address
from kwake.dataplane.evidence import missed, service_decider, side_deciders
from kwake.dataplane.on_node import proxy_node
from kwake.dataplane.path import Branch, Hop, Outcome
from kwake.dataplane.proxy import Origin, Packet, Treatment, handle
from kwake.dataplane.way import Way
from kwake.objects.basis import Basis, weakest
from kwake.objects.kinds import Service
from kwake.policy.ends import PolicyEnd, Side
from kwake.policy.name_servers import DNS_LABEL, denied_to_all
from kwake.policy.policy_set import compile_policies

DNS_PORT = 53


def dns_service(cluster: Cluster) -> Service | None:
    """The Service of the cluster's DNS: `kube-system/kube-dns`, else one labelled as such."""
    named = cluster.service("kube-system", "kube-dns")
    if named is not None:
        return named
    name, value = DNS_LABEL
    return next((s for s in cluster.all(Service) if s.metadata.labels.get(name) == value), None)


def lookup_hindrance(way: Way, name: str) -> Branch | None:
    """The end of a dial whose lookup gets no answer; None where DNS answers.

    A snapshot without a DNS Service says nothing of it: DNS is then assumed to answer, and to be let through wherever
    some rule of the client's policies lets it ask somebody.
    """
    view, client = way.view, way.client
    service = dns_service(view.proxy)
    policies = compile_policies(view.policy, view.profile)
    if client.pod is None:
        return None
    if service is None:
        side = denied_to_all(policies, client_end(way))
        return _blocked(way, name, None, side) if side is not None else None
    if not service.cluster_ips:
        return None
    if not (is_address(service.cluster_ips[0]) and is_address(client.ip)):
        return None
    origin = Origin.POD if client.is_pod_network else Origin.NODE
    packet = Packet(client.ip, origin, service.cluster_ips[0], DNS_PORT, "UDP")
    handling = handle(proxy_node(view, client.node), view.proxy, packet)
    if handling.treatment in (Treatment.REJECT, Treatment.DROP):
        why = service_decider(view, service, handling.reason, ("spec", "selector"), handling.cite)
        text = f"{name.rstrip('.')}: no answer, {handling.reason}"
        hop = Hop("dns", client.at, text, str(service.key), Basis.INFERRED, handling.cite, why)
        return way.end(hop, Outcome.UNRESOLVED)
    if handling.treatment is not Treatment.DNAT:
        return None
    refused: list[Side] = []
    for backend in handling.backends:
        to = destination(view, backend.ip, backend.port, backend.pod, backend.node)
        pod = as_policies_know(view, to.pod) if to.pod is not None else None
        verdict = policies.verdict(client_end(way), PolicyEnd(pod, to.ip, to.node), "UDP", to.port)
        if verdict.allowed:
            return None
        refused.append(verdict.egress if verdict.egress.allowed is not True else verdict.ingress)
    return _blocked(way, name, service, refused[0])


def _blocked(way: Way, name: str, service: Service | None, side: Side) -> Branch:
    asked = name.rstrip(".")
    if side.allowed is None:
        hop = Hop("dns", way.client.at, f"the lookup of {asked} (53/UDP): {side.reason}",
                  str(service.key) if service is not None else None, Basis.UNKNOWN, "NP-27")  # fmt: skip
        return way.end(hop, Outcome.UNKNOWN)
    text = f"{asked}: no answer, the lookup (53/UDP) is {side.dropped}"
    # Where no server is in the snapshot, one on the client's own node might answer all the same (NP-14).
    basis = side.basis if service is not None else weakest((side.basis, Basis.INFERRED))
    hop = Hop("dns", way.client.at, text, str(side.stopped_by[0]), basis, "NP-27",
              near_misses=missed(way.view, side))  # fmt: skip
    return way.end(hop, Outcome.UNRESOLVED, side_deciders(way.view, side))
