"""What the cluster did under a what-if: which actions no longer stand on what they stood on, and how they fare anew."""

from __future__ import annotations

from typing import Any

import msgspec

from kwake.actions import Action, Apply
from kwake.cluster import Cluster, Record
from kwake.errors import KwakeError
from kwake.objects.document import Manifest
from kwake.objects.key import Key
from kwake.objects.kinds import Pod
from kwake.objects.unread_kind import MARKER_NAME
from kwake.timeline import Timeline
from kwake.world import World

_KINDS = {
    "pod": "Pod",
    "node": "Node",
    "workload": "Deployment",
    "service": "Service",
    "target": "Pod",
    "source": "Pod",
}
"""The fields of actions that name an object, and the kind that a bare name means there."""


class Stale(msgspec.Struct, frozen=True):
    """An action that builds on what has changed in the cluster."""

    entry: int
    """Its moment in the timeline."""
    action: Action
    reason: str
    key: Key | None = None
    """The object, where it is one that is otherwise."""
    happened: bool = False
    """Whether what it did has really been done."""

    @property
    def words(self) -> str:
        """The reason, with the object in few words."""
        return self.reason if self.key is None else self.reason.replace(str(self.key), self.key.name, 1)


class Replayed(msgspec.Struct, frozen=True, eq=False):
    """A what-if on top of the cluster as it is now."""

    timeline: Timeline
    left_out: tuple[Stale, ...]
    """Actions that are refused there, and why."""


def named_by(action: Action, cluster: Cluster) -> tuple[Key, ...]:
    """The objects that an action is about, as far as they are in a cluster."""
    found: list[Key] = []
    if isinstance(action, Apply):
        metadata = action.manifest.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        wanted = (action.manifest.get("kind"), metadata.get("namespace", "default"), metadata.get("name"))
        found = [r.key for r in cluster if (r.key.kind, r.key.namespace or "default", r.key.name) == wanted]
    for field, kind in _KINDS.items():
        reference = getattr(action, field, None)
        if isinstance(reference, str):
            try:
                found.append(cluster.resolve(reference, kind))
            except KwakeError:  # an address, a name outside, or what only the what-if has
                continue
    return tuple(dict.fromkeys(found))


def changed_keys(was: Cluster, now: Cluster) -> tuple[Key, ...]:
    """The objects whose identity, spec, labels, address or readiness differ, in order."""
    keys = sorted({r.key for r in was} | {r.key for r in now})
    return tuple(key for key in keys if key.name != MARKER_NAME and difference(was.find(key), now.find(key)))


def difference(was: Record | None, now: Record | None) -> str:
    """What of an object is otherwise, in words; empty where nothing is that an action could build on."""
    if was is None or now is None:
        return "" if was is now else "is new" if was is None else "is gone"
    if was.document == now.document:
        return ""
    old, new = was.manifest, now.manifest
    if was.value.metadata.uid != now.value.metadata.uid:
        return "was deleted and made anew"
    if isinstance(was.value, Pod) and isinstance(now.value, Pod):
        if was.value.ips != now.value.ips:
            return f"has {now.value.ip or 'no address'} now, had {was.value.ip or 'none'}"
        if now.value.is_terminating and not was.value.is_terminating:
            return "is terminating"
        if was.value.is_ready != now.value.is_ready:
            return "is ready now" if now.value.is_ready else "is not ready any more"
    fields = [name for name in _FIELDS if old.get(name) != new.get(name)]
    labels = (old.get("metadata") or {}).get("labels") != (new.get("metadata") or {}).get("labels")
    changed = [*(["labels"] if labels else []), *(path for name in fields for path in _paths(old, new, name))]
    return f"changed: {', '.join(changed[:_SHOWN])}" if changed else ""


_FIELDS = ("spec", "data", "endpoints", "ports")
_SHOWN = 3


def _paths(old: Manifest, new: Manifest, name: str) -> list[str]:
    """The fields right below one that differ."""
    before, after = old.get(name), new.get(name)
    if not isinstance(before, dict) or not isinstance(after, dict):
        return [name]
    return [f"{name}.{field}" for field in sorted({*before, *after}) if before.get(field) != after.get(field)]


def stale(timeline: Timeline, now: Cluster) -> tuple[Stale, ...]:
    """The actions on the way here that are about something which is otherwise in the cluster by now."""
    was = timeline.entries[0].world.cluster
    found = []
    for number in timeline.path[1:]:
        entry = timeline.entries[number]
        if entry.action is None:
            continue
        keys = named_by(entry.action, was)
        reasons = [(key, words) for key in keys if (words := difference(was.find(key), now.find(key)))]
        if reasons:
            key, words = reasons[0]
            done = all(_has_happened(key, was, entry.world.cluster, now) for key, _ in reasons)
            found.append(Stale(number, entry.action, f"{key} {words}", key, done))
    return tuple(found)


def _has_happened(key: Key, was: Cluster, then: Cluster, now: Cluster) -> bool:
    """Whether the cluster has done to an object what the action did: it is gone in both, or has become the same."""
    before, predicted, seen = was.find(key), then.find(key), now.find(key)
    if predicted is None or seen is None:
        return predicted is seen and before is not None
    if (
        before is not None
        and isinstance(before.value, Pod)
        and before.value.metadata.uid != predicted.value.metadata.uid
    ):
        return bool(before.value.metadata.uid != seen.value.metadata.uid)  # a StatefulSet's: gone, and there again
    return _said(predicted) == _said(seen) and (before is None or _said(before) != _said(seen))


def _said(record: Record) -> Any:
    manifest = record.manifest
    return [(manifest.get("metadata") or {}).get("labels"), *(manifest.get(name) for name in _FIELDS)]


def replay_on(timeline: Timeline, beginning: World) -> Replayed:
    """The actions on the way here, done anew on another beginning; those that are refused there are left out."""
    again = Timeline.start(beginning)
    left_out = []
    for number in timeline.path[1:]:
        action = timeline.entries[number].action
        if action is None:
            continue
        try:
            again = again.do(action, settle=True)
        except KwakeError as error:
            left_out.append(Stale(number, action, str(error)))
    return Replayed(again, tuple(left_out))
