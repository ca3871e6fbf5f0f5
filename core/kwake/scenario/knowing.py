"""Who knows what, and since when: how a change goes from the API server to every component that works from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from kwake.cluster import Cluster
from kwake.dataplane.dns import records_of
from kwake.objects.basis import Basis, weakest
from kwake.objects.key import Key
from kwake.objects.kinds import AdminPolicy, NetworkPolicy, Pod, Service
from kwake.policy.tiers import TIER_KINDS, admin_policies
from kwake.world import World


class Learned(msgspec.Struct, frozen=True):
    """A component, and when it took in a change. Milliseconds of simulated time; None: not at all, so far."""

    component: str
    """`API server`, `EndpointSlice`, `kube-proxy`, `policy agents`, `DNS`, `load balancer`."""
    old_out_ms: int | None
    """Since when it works without the old."""
    new_in_ms: int | None
    """Since when it works with the new."""
    note: str = ""
    """What it is, or why it need not know."""
    needed: bool = True
    """Whether the change is anything to it."""
    basis: Basis = Basis.SOURCED
    """How sure the times are: as the clocks that they are sums of."""


class Knowledge(msgspec.Struct, frozen=True):
    """One change, and who knows of it."""

    subject: str
    """A reference: the Service whose endpoints changed, or the object that did."""
    old: tuple[str, ...]
    """Addresses that went; empty for an object."""
    new: tuple[str, ...]
    """Addresses that came."""
    rows: tuple[Learned, ...]


def who_knows(before: World, seen: Sequence[World]) -> tuple[Knowledge, ...]:
    """For each change that an action brought: since when each component works from it.

    `seen` are the moments from the action to rest. The components of all nodes take a change in together: their clocks
    are the profile's, and no source tells nodes apart.
    """
    services = sorted({key for world in (before, *seen) for key in world.cluster.slices_by_service})
    found = [knows for key in services if (knows := _of_endpoints(key, before, seen)) is not None]
    return (*found, *_of_objects(before, seen))


def ready_addresses(cluster: Cluster, service: Key) -> frozenset[str]:
    """The addresses of a Service's ready endpoints."""
    slices = cluster.slices_by_service.get(service, ())
    return frozenset(address for s in slices for end in s.endpoints if end.ready for address in end.addresses)


def _proxy(world: World) -> tuple[str, str]:
    """What the component is called that programs Services into nodes, and how; where another one replaces kube-proxy
    it is that one's."""
    mode = world.profile["proxy"]
    return "kube-proxy" if mode in ("iptables", "nftables", "ipvs") else "Service proxy", f"{mode}, every node"


def _of_endpoints(service: Key, before: World, seen: Sequence[World]) -> Knowledge | None:
    was, is_ = ready_addresses(before.cluster, service), ready_addresses(seen[-1].cluster, service)
    at_some_time = [ready_addresses(world.cluster, service) for world in seen]
    gone = frozenset(a for a in was if any(a not in here for here in at_some_time))
    came = frozenset(a for a in is_ if a not in was or any(a not in here for here in at_some_time))
    first, found = (world.cluster.service(service.namespace, service.name) for world in (before, seen[-1]))
    if not (gone or came) or found is None:
        return None  # of a Service that is gone nobody has to know endpoints: what matters is told of itself

    def learned(name: str, knows: Callable[[World], frozenset[str]], note: str, told_by: str) -> Learned:
        out, back = _times([knows(world) for world in seen], seen, gone, came)
        return Learned(name, out, back, note, basis=_sureness(seen, told_by, (out, back)))

    headless, (proxy, words) = found.is_headless, _proxy(before)
    rows = [
        learned(
            "EndpointSlice", lambda w: ready_addresses(w.cluster, service), "of the API server", "endpoints-changed"
        )
    ]
    if headless:
        rows += [Learned(proxy, None, None, "the Service has no virtual address", needed=False)]
        rows += [
            learned(
                "DNS",
                lambda w: ready_addresses(w.view.dns, service),
                "a name of pods; clients keep the ttl",
                "dns-synced",
            )
        ]
    else:
        rows += [learned(proxy, lambda w: ready_addresses(w.view.proxy, service), words, "proxy-synced")]
        if first is not None and first.cluster_ips == found.cluster_ips:
            rows += [Learned("DNS", None, None, "the ClusterIP stays", needed=False)]
    policed = any(w.cluster.all(NetworkPolicy) or admin_policies(w.cluster) for w in (before, seen[-1]))
    if policed and not gone & _held(seen[-1].cluster):
        out, back = _times([_held(world.view.policy) for world in seen], seen, gone, came)
        # No source gives a clock for addresses of pods: agents are taken to learn them with the API server.
        rows.append(Learned("policy agents", out, back, "addresses of pods, every node", basis=Basis.ASSUMED))
    return Knowledge(str(service), tuple(sorted(gone)), tuple(sorted(came)), tuple(rows))


def _held(cluster: Cluster) -> frozenset[str]:
    return frozenset(cluster.pods_by_ip)


def _times(
    known: Sequence[frozenset[str]], seen: Sequence[World], gone: frozenset[str], came: frozenset[str]
) -> tuple[int | None, int | None]:
    """When the old was out, and when the new was in after that; an address that stays may be both."""
    out = next((at for at, here in enumerate(known) if not gone & here), None) if gone else 0
    since = 0 if gone - came else (out or 0)
    back = next((at for at, here in enumerate(known) if at >= since and came <= here), None) if came else None
    return (
        seen[out].now_ms if out is not None and gone else None,
        seen[back].now_ms if back is not None else None,
    )


def _of_objects(before: World, seen: Sequence[World]) -> Iterator[Knowledge]:
    """Policies, Services and labels of pods that are otherwise than before."""
    old, new = before.cluster, seen[-1].cluster
    kinds = (NetworkPolicy, Service, *TIER_KINDS)
    for key in sorted({value.key for c in (old, new) for kind in kinds for value in c.all(kind)}):
        if _spec(old, key) != _spec(new, key):
            yield Knowledge(str(key), (), (), tuple(_takers(key, _spec, before, seen)))
    for pod in old.all(Pod):
        if new.find(pod.key) is not None and _labels(old, pod.key) != _labels(new, pod.key):
            yield Knowledge(str(pod.key), (), (), tuple(_takers(pod.key, _labels, before, seen)))


def _spec(cluster: Cluster, key: Key) -> object:
    found = cluster.find(key)
    value = found.value if found is not None else None
    return value.spec if isinstance(value, NetworkPolicy | AdminPolicy | Service) else None


def _labels(cluster: Cluster, key: Key) -> object:
    found = cluster.find(key)
    return found.value.metadata.labels if found is not None else None


def _takers(
    key: Key, look: Callable[[Cluster, Key], object], before: World, seen: Sequence[World]
) -> Iterator[Learned]:
    """When each component that reads objects of this kind took in the last form of one."""
    last = look(seen[-1].cluster, key)
    components: list[tuple[str, Callable[[World], Cluster], str, str]] = [("API server", lambda w: w.cluster, "", "")]
    if key.kind == "Service":
        proxy, words = _proxy(before)
        components.append((proxy, lambda w: w.view.proxy, words, "proxy-synced"))
        if _records(before.cluster, key) != _records(seen[-1].cluster, key):
            components.append(("DNS", lambda w: w.view.dns, "clients keep an answer for its ttl", "dns-synced"))
        if any(_is_balanced(world.cluster, key) for world in (before, seen[-1])):
            components.append(("load balancer", lambda w: w.view.balancer, "the cloud's", "balancer-ready"))
    else:
        components.append(
            ("policy agents", lambda w: w.view.policy, f"{before.profile.name}, every node", "policy-synced")
        )
    for name, knows, note, told_by in components:
        at_ms = next((world.now_ms for world in seen if look(knows(world), key) == last), None)
        yield Learned(name, at_ms, at_ms, note, basis=_sureness(seen, told_by, (at_ms,)))
    if key.kind == "Service" and all(name != "DNS" for name, *_ in components):
        yield Learned("DNS", None, None, "its records stay", needed=False)


def _records(cluster: Cluster, key: Key) -> object:
    found = cluster.service(key.namespace, key.name)
    return records_of(found) if found is not None else None


def _is_balanced(cluster: Cluster, key: Key) -> bool:
    found = cluster.service(key.namespace, key.name)
    return found is not None and found.spec.type == "LoadBalancer"


def _sureness(seen: Sequence[World], told_by: str, times: tuple[int | None, ...]) -> Basis:
    """The weakest clock of the events that brought the change to a component."""
    events = [e for e in seen[-1].events if e.kind == told_by and e.time_ms in times]
    return weakest([Basis.SOURCED, *(clock.basis for event in events for clock in event.clocks)])
