"""Pods that must fare alike as clients, so that one trace answers for all of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from kwake.dataplane.arrival import as_policies_know
from kwake.dataplane.ends import Client
from kwake.dataplane.environment import cluster_at_start
from kwake.dataplane.path import Branch
from kwake.dataplane.view import View
from kwake.objects.kinds import NetworkPolicy, Service

Trace = Callable[[Client], tuple[Branch, ...]]


def each_traced(view: View, clients: Sequence[Client], traced: Trace) -> list[tuple[Branch, ...]]:
    """The branches of every client; those of equal clients are traced once."""
    if len(clients) < 2 or _addresses_matter(view):
        return [traced(client) for client in clients]
    own = {client.ip for client in clients}
    known: dict[Hashable, tuple[Branch, ...]] = {}
    ways = []
    for client in clients:
        alike = _likeness(view, client)
        branches = known.get(alike)
        if branches is None:
            branches = traced(client)
            # A client that is an endpoint too meets itself, as none of its equals does.
            if own.isdisjoint(branch.ip for branch in branches):
                known[alike] = branches
        ways.append(branches)
    return ways


def _likeness(view: View, client: Client) -> Hashable:
    """What a trace reads of its client, but for its name and address."""
    pod = client.pod
    if pod is None:
        return client
    labels = as_policies_know(view, pod).metadata.labels
    families = tuple(":" in ip for ip in pod.ips)
    spec = pod.spec
    settings = (spec.host_network, spec.dns_policy, spec.enable_service_links)
    environment = id(cluster_at_start(view, pod))
    return (pod.metadata.namespace, frozenset(labels.items()), client.node, families, settings, environment)


def _addresses_matter(view: View) -> bool:
    """Whether something tells equal pods apart by their addresses: an ipBlock, or a load balancer's source ranges."""
    if any(service.spec.load_balancer_source_ranges for service in view.proxy.all(Service)):
        return True
    return any(
        peer.ip_block is not None
        for item in view.policy.all(NetworkPolicy)
        for peers in (*(rule.from_ for rule in item.spec.ingress), *(rule.to for rule in item.spec.egress))
        for peer in peers
    )
