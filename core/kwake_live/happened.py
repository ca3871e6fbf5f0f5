"""Predicted and seen: what a simulated kill said, beside what the cluster really did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from kwake.cluster import Cluster
from kwake.objects.event import Event
from kwake.objects.kinds import Pod, Service
from kwake.timeline import Timeline
from kwake_live.drift import Stale, difference
from kwake_live.following import Moment


class Side(msgspec.Struct, frozen=True):
    """One line: what was predicted, what was seen."""

    what: str
    predicted: str
    seen: str
    agrees: bool | None
    """None where the two cannot be the same (a drawn name), or nothing was seen yet."""


def compared(timeline: Timeline, done: Stale, now: Cluster, moments: Sequence[Moment]) -> tuple[Side, ...]:
    """An action of the timeline that really happened, line by line."""
    entry = timeline.entries[done.entry]
    was = timeline.entries[0].world.cluster
    found = was.find(done.key) if done.key is not None else None
    if found is not None and isinstance(found.value, Pod) and _is_gone(found.value, entry.world.cluster):
        ours = _successors(found.value, timeline.entries[entry.parent or 0].world.cluster, entry.world.cluster)
        return _kill(found.value, ours, (was, entry.world.cluster, now), entry.world.events, moments)
    return _objects(done, entry.world.cluster, now)


def _is_gone(pod: Pod, then: Cluster) -> bool:
    """Whether it is another one by then, if there is one of its name at all."""
    record = then.find(pod.key)
    return record is None or record.value.metadata.uid != pod.metadata.uid


def _objects(done: Stale, then: Cluster, now: Cluster) -> tuple[Side, ...]:
    """An object that was edited, scaled or deleted: whether it has become what was predicted."""
    if done.key is None:
        return ()
    ours, theirs = then.find(done.key), now.find(done.key)
    words = "is as applied", "is the same" if not difference(ours, theirs) else difference(ours, theirs)
    if ours is None or theirs is None:
        words = "gone" if ours is None else "there", "gone" if theirs is None else "there"
    return (Side(str(done.key), *words, not difference(ours, theirs)),)


def _kill(
    pod: Pod,
    predicted_pods: tuple[Pod, ...],
    clusters: tuple[Cluster, Cluster, Cluster],
    events: Sequence[Event],
    moments: Sequence[Moment],
) -> tuple[Side, ...]:
    """`clusters`: at the beginning, as predicted, as seen."""
    was, then, now = clusters
    found = _successors(pod, was, now)
    ours = predicted_pods[0] if predicted_pods else None
    theirs = found[0] if len(found) == 1 else None
    several = f"one of {', '.join(sorted(item.metadata.name for item in found))}" if len(found) > 1 else ""
    began = _first(moments, lambda m: _is(m, pod) and (m.type == "DELETED" or m.is_terminating))
    sides = [
        _times("gone after", _event(events, "pod-gone", str(pod.key)), began,
               _first(moments, lambda m: _is(m, pod) and m.type == "DELETED")),
        Side("successor", _name(ours, "none"), several or _name(theirs, "not yet" if ours else "none"),
             ours is theirs if ours is None and not several else None),
    ]  # fmt: skip
    if ours is not None and several:
        # Others of its owner went as well: nothing says which of the new pods came for which.
        sides += [Side(what, told or "none", f"not known, {several}", None)
                  for what, told in (("IP", ours.ip), ("node", ours.spec.node_name))]  # fmt: skip
    elif ours is not None:
        ip, node = (theirs.ip, theirs.spec.node_name) if theirs is not None else ("", "")
        sides.append(_facts("IP", ours.ip, ip, same=ours.ip == ip))
        sides.append(_facts("node", ours.spec.node_name, node, same=ours.spec.node_name == node))
        ready = _first(moments, lambda m: theirs is not None and _is(m, theirs) and m.ready)
        sides.append(_times("ready after", _event(events, "pod-ready", str(ours.key)), began, ready))
    for service in _services(pod, was):
        before, predicted, real = (_endpoints(cluster, service) for cluster in (was, then, now))
        alike = len(predicted) == len(real) and (pod.ip in predicted) == (pod.ip in real)
        words = (_ready_now(addresses, before) for addresses in (predicted, real))
        sides.append(_facts(f"endpoints of {service.metadata.name}", *words, same=alike))
        left = _first(moments, partial(_is_without, service, pod.ip))
        removed = next((e.time_ms for e in events if e.kind == "endpoints-changed" and pod.ip in e.text
                        and e.subject == str(service.key)), None)  # fmt: skip
        if pod.ip in before:
            sides.append(_times(f"{pod.ip} out of {service.metadata.name} after", removed, began, left))
    return tuple(sides)


def _facts(what: str, predicted: str, seen: str, *, same: bool | None) -> Side:
    return Side(what, predicted or "none", seen or "not yet", same if seen else None)


def _times(what: str, predicted_ms: int | None, began_s: float | None, at_s: float | None) -> Side:
    """Durations agree within half a second: what a watch tells, it tells a little late."""
    predicted = "never" if predicted_ms is None else f"{predicted_ms / 1000:.1f} s"
    if began_s is None or at_s is None:
        return Side(what, predicted, "not yet", None)
    took = max(0.0, at_s - began_s)
    agrees = None if predicted_ms is None else abs(took - predicted_ms / 1000) <= 0.5
    return Side(what, predicted, f"{took:.1f} s", agrees)


def _event(events: Sequence[Event], kind: str, subject: str) -> int | None:
    return next((event.time_ms for event in events if event.kind == kind and event.subject == subject), None)


def _first(moments: Sequence[Moment], holds: Callable[[Moment], bool]) -> float | None:
    return next((moment.at_s for moment in moments if holds(moment)), None)


def _is(moment: Moment, pod: Pod) -> bool:
    return moment.key == pod.key and moment.uid == pod.metadata.uid


def _successors(pod: Pod, was: Cluster, after: Cluster) -> tuple[Pod, ...]:
    """Who may have come for a pod: of the same owner, not there before; a StatefulSet gives the same name again, a
    DaemonSet the same node (PD-5)."""
    known = {item.metadata.uid for item in was.all(Pod)}
    owner = pod.controller
    if owner is None:
        return ()
    return tuple(
        item
        for item in after.pods_by_namespace.get(pod.metadata.namespace, ())
        if item.metadata.uid not in known
        and item.controller is not None
        and (item.controller.kind, item.controller.name) == (owner.kind, owner.name)
        and (owner.kind != "StatefulSet" or item.metadata.name == pod.metadata.name)
        and (owner.kind != "DaemonSet" or item.spec.node_name == pod.spec.node_name)
    )


def _name(pod: Pod | None, otherwise: str) -> str:
    return pod.metadata.name if pod is not None else otherwise


def _services(pod: Pod, cluster: Cluster) -> list[Service]:
    """The Services that had the pod among their endpoints."""
    return [
        service
        for service in cluster.all(Service, pod.metadata.namespace)
        if pod.ip and pod.ip in _endpoints(cluster, service)
    ]


def _endpoints(cluster: Cluster, service: Service) -> list[str]:
    """Ready addresses of a Service, in order."""
    slices = cluster.slices_by_service.get(service.key, ())
    return sorted({address for item in slices for e in item.endpoints if e.ready for address in e.addresses})


def _is_without(service: Service, ip: str, moment: Moment) -> bool:
    """Whether a slice of the Service has the address among its ready ones no more."""
    home = moment.key.namespace == service.metadata.namespace
    return home and moment.service == service.metadata.name and ip not in moment.addresses


def _ready_now(addresses: list[str], before: list[str]) -> str:
    """How many there are, and which of them are new."""
    new = [address for address in addresses if address not in before]
    return f"{len(addresses)} ready{', new ' if new else ''}{', '.join(new)}"
