"""Kinds that a snapshot had to leave out, because they may not be read there: what hangs on them is unknown.

A snapshot says so by the annotation `kwake.dev/unread` of a ConfigMap, so that it stays plain manifests.
"""

from __future__ import annotations

from collections.abc import Iterable, Set

import msgspec

from kwake.objects.base import KubeStruct
from kwake.objects.document import Manifest
from kwake.objects.finding import Problem
from kwake.objects.key import CLUSTER_SCOPED, GROUP_OF_KIND
from kwake.objects.kinds import ConfigMap

UNREAD_ANNOTATION = "kwake.dev/unread"
MARKER_NAME = "kwake-unread"
"""The ConfigMap that kwake itself writes."""


class UnreadKind(KubeStruct, frozen=True, order=True):
    """A kind whose objects are not all in the snapshot."""

    kind: str
    group: str = ""
    read_in: tuple[str, ...] = ()
    """The namespaces whose objects are there all the same; none where nothing was read."""
    reason: str = ""
    decides: str = ""
    """What hangs on it, in words."""
    is_policy: bool = False
    """Whether objects of this kind judge traffic."""

    def misses(self, namespace: str) -> bool:
        """Whether objects of this namespace may be missing."""
        return namespace not in self.read_in

    @property
    def name(self) -> str:
        """`NetworkPolicy.networking.k8s.io`, of the core group the kind alone."""
        return f"{self.kind}.{self.group}" if self.group else self.kind


def unread_kinds(config_maps: tuple[ConfigMap, ...]) -> tuple[UnreadKind, ...]:
    """What the ConfigMaps of a snapshot say is missing, in order. A note that cannot be read says that all is."""
    found: list[UnreadKind] = []
    for config_map in config_maps:
        note = config_map.metadata.annotations.get(UNREAD_ANNOTATION)
        if note is None:
            continue
        try:
            found += msgspec.json.decode(note.encode(), type=tuple[UnreadKind, ...])
        except msgspec.DecodeError:
            why = f"{config_map.key} says in {UNREAD_ANNOTATION} what cannot be read"
            found += [UnreadKind(*kind, reason=why, is_policy=kind[0] == "NetworkPolicy") for kind in _ALL]
    return tuple(sorted(set(found)))


_ALL = (("NetworkPolicy", "networking.k8s.io"), ("Service", ""), ("Pod", ""))

_MAKES_ENDPOINTS = frozenset({"Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob",
                              "ReplicationController", "Endpoints"})  # fmt: skip
_DECIDES = ("Service", "EndpointSlice", "PodDisruptionBudget")


def left_out(problems: Iterable[Problem], namespaces: Set[str]) -> tuple[UnreadKind, ...]:
    """What may be missing since a lenient reading could not take these in: objects of a kind in one namespace; of a
    file that cannot be read, policies, Services and endpoints anywhere. Pods that are not there nobody asks about."""
    found: list[UnreadKind] = []
    for problem in problems:
        named, *place = problem.subject.split("/")
        reason = f"{problem.subject or 'what stands there'} cannot be read, {problem.where}"
        others = tuple(sorted(namespaces - {place[0] if len(place) > 1 else "default"}))
        kinds = ["EndpointSlice" if named in _MAKES_ENDPOINTS else named] if named else ["NetworkPolicy", *_DECIDES]
        for kind in kinds:
            is_policy = kind.endswith("NetworkPolicy")
            if is_policy or kind in _DECIDES:
                read_in = others if named and kind not in CLUSTER_SCOPED else ()
                found.append(UnreadKind(kind, GROUP_OF_KIND.get(kind, ""), read_in, reason, is_policy=is_policy))
    return tuple(found)


def marker(missing: tuple[UnreadKind, ...], namespace: str) -> Manifest:
    """The ConfigMap that says what is missing."""
    note = msgspec.json.encode(sorted(missing)).decode()
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": MARKER_NAME, "namespace": namespace, "annotations": {UNREAD_ANNOTATION: note}},
        "data": {kind.name: _words(kind) for kind in sorted(missing)},
    }


def _words(kind: UnreadKind) -> str:
    where = f"read in {', '.join(kind.read_in)} alone" if kind.read_in else "not read"
    return f"{where}: {kind.reason}"
