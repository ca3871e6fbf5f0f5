"""Clusters by chance that change object by object, each taken over from the one before."""

from __future__ import annotations

from collections.abc import Iterator

from kwake.cluster import Cluster, Record, record
from kwake.objects.key import Key
from tests.core.policy.clusters import cluster
from tests.core.policy.random_clusters import Maker


def changing(seed: int, steps: int, *, admin: bool = True) -> Iterator[Cluster]:
    """A cluster, and what it becomes when objects come, change and go one at a time; without `admin` none of a tier."""
    maker = Maker(seed)
    draw = maker.random
    now = cluster(*maker.cluster(admin=admin))
    yield now
    for _ in range(steps):
        other = [record(manifest) for manifest in maker.cluster(admin=admin)]
        drawn = draw.choice(other)
        changed: dict[Key, Record | None] = {drawn.key: drawn}
        if draw.random() < 0.2 and len(now) > 2:
            changed = {draw.choice([item.key for item in now]): None}
        now = now.with_changes(changed)
        yield now


def anew(built: Cluster) -> Cluster:
    """The same cluster, of which nothing has been looked up."""
    return Cluster({item.key: item for item in built})
