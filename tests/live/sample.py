"""The cluster that most of these tests read: the sample `shop`, as an API server would hold it."""

from __future__ import annotations

from functools import cache

import kwake
from kwake.samples import sample_path
from tests.live.store import Manifest


def small_cluster(name: str = "shop") -> list[Manifest]:
    """The sample with the pods, addresses and slices that its controllers made."""
    return [record.manifest for record in _world(name).cluster]


@cache
def _world(name: str) -> kwake.World:
    return kwake.open(str(sample_path(name)))


def assert_same(live: kwake.World, file: kwake.World) -> None:
    """Fail where two worlds differ: object by object, so that a failure names the one."""
    ours = {str(record.key): record.manifest for record in live.cluster}
    theirs = {str(record.key): record.manifest for record in file.cluster}
    for manifest in (*ours.values(), *theirs.values()):
        for field in ("resourceVersion", "managedFields"):
            manifest["metadata"].pop(field, None)
        if manifest["metadata"].get("namespace") == "default":
            del manifest["metadata"]["namespace"]  # a server fills it in
        manifest.pop("apiVersion")  # a server shows objects of an old version in the one that is asked for
    assert sorted(ours) == sorted(theirs)
    for key, manifest in ours.items():
        assert manifest == theirs[key], key
