"""What policies cost as a cluster grows, in one run. Judges nothing: prints ratios.

python benchmarks/policies.py [SMALL LARGE]     default 1000 10000; with one number only that size, and a profile

Built: the policies compiled, the ends put into classes, and the rows of all classes, from a cluster that is open and
that nothing has been looked up in. Changes are given as the cluster that differs by one object; what that cluster
itself costs stands apart. All are medians, of builds over nine, of changes and verdicts over some hundred draws and
more; in processor time but for the verdicts, which are too short for it.
"""

from __future__ import annotations

import cProfile
import gc
import pstats
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Any, TypeVar

import msgspec
from benchmarks.clusters import SHAPES, Shape, cluster

import kwake
from kwake.cluster import Cluster, Record, record
from kwake.objects.decode import decode
from kwake.objects.key import Key
from kwake.objects.kinds import Namespace, NetworkPolicy, Pod
from kwake.policy.ends import PolicyEnd
from kwake.policy.policy_set import compile_policies
from kwake.policy.reach import reach
from kwake.policy.standing import Standing
from kwake.profiles import load_profile

T = TypeVar("T")
PROFILE = load_profile("calico")
DRAWS = 200
BUILDS = 9


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds of a piece of work, and what it gave."""
    start = time.process_time()
    given = work()
    return time.process_time() - start, given


def opened(pods: int, shape: Shape = "default") -> Cluster:
    """A generated cluster as kwake holds it."""
    return kwake.open(cluster(pods, shape=shape, dump=True)).cluster


def fresh(built: Cluster) -> Cluster:
    """The same cluster decoded anew, with nothing looked up but what every reader of it looks up."""
    other = Cluster({item.key: msgspec.structs.replace(item, value=decode(item.document)) for item in built})
    other.all(Pod)
    return other


def build(*clusters: Cluster) -> list[tuple[float, Standing]]:
    """For each cluster the median of some builds, and what the last one made. They take turns: what slows the machine
    down slows all of them."""
    spent: list[list[float]] = [[] for _ in clusters]
    made: list[Standing] = []
    for _ in range(BUILDS):
        made.clear()
        for built, times in zip(clusters, spent, strict=True):
            again = fresh(built)
            seconds, standing = timed(lambda again=again: Standing(again, PROFILE))
            times.append(seconds)
            made.append(standing)
    return [*zip(map(statistics.median, spent), made, strict=True)]


def _edited(item: Record, change: Callable[[dict[str, Any]], None]) -> Record:
    manifest = item.manifest
    change(manifest)
    return record(manifest)


def _other_policy(item: Record, draw: Random) -> Record:
    """A policy with another rule, as somebody edits it: a port, a peer more, or one rule less."""

    def change(manifest: dict[str, Any]) -> None:
        rules = manifest["spec"].setdefault("ingress", [])
        kind = draw.choice(("port", "peer", "less")) if rules and "from" in rules[0] else "more"
        if kind == "port":
            rules[0]["ports"] = [{"port": draw.choice((8443, 9090, 8080))}]
        elif kind == "peer":
            rules[0]["from"].append({"podSelector": {"matchLabels": {"tier": draw.choice(("front", "back", "data"))}}})
        elif kind == "less":
            del rules[0]
        else:
            rules.append({"from": [{"podSelector": {"matchLabels": {"tier": "front"}}}], "ports": [{"port": 8080}]})

    return _edited(item, change)


def _replaced(pod: Record, number: int) -> Record:
    """The pod that a ReplicaSet makes when one is killed: another name, uid and address."""

    def change(manifest: dict[str, Any]) -> None:
        manifest["metadata"] |= {"name": f"{manifest['metadata']['name'][:-5]}new{number:02}", "uid": f"new-{number}"}
        address = f"10.240.{number // 250}.{number % 250 + 1}"
        manifest["status"] |= {"podIP": address, "podIPs": [{"ip": address}]}

    return _edited(pod, change)


def changes(built: Cluster, kind: type[Any], make: Callable[[Record, int], Record | None]) -> Iterator[dict[Key, Any]]:
    """Some changes of objects of a kind, drawn."""
    draw = Random(5)
    values = built.all(kind)
    for number in range(DRAWS):
        item = built.record(draw.choice(values).key)
        new = make(item, number)
        if new is not None and new != item:
            yield {item.key: None, new.key: new}


class Figures(msgspec.Struct):
    """Seconds."""

    build: float
    pod: float
    edit: float
    relabel: float
    relabel_stage: float
    verdict: float
    evidence: float
    cluster: float
    """A cluster that differs by one object, without its policies."""


def measured(built: Cluster) -> Figures:
    """All figures of one cluster."""
    ((seconds, standing),) = build(built)
    base = standing.cluster
    for kind in (Pod, NetworkPolicy, Namespace):
        base.all(kind)
    spent: dict[str, list[float]] = {name: [] for name in ("cluster", "pod", "edit", "team", "stage")}

    def followed(name: str, changed: dict[Key, Any], follow: Callable[[Cluster], object]) -> None:
        once, after = timed(lambda: base.with_changes(changed))
        spent["cluster"].append(once)
        spent[name].append(timed(lambda: follow(after))[0])

    for changed in changes(base, Pod, _replaced):
        (old, _), (_, new) = changed.items()
        pod = base.record(old).value
        assert isinstance(pod, Pod)
        followed("pod", changed, lambda after, pod=pod, new=new: standing.with_pod(after, pod, new.value))
    draw = Random(6)
    for changed in changes(base, NetworkPolicy, lambda item, _: _other_policy(item, draw)):
        key = next(reversed(changed))
        changed = {key: changed[key]}
        followed("edit", changed, lambda after, key=key: standing.with_policy(after, key))
    for label in ("team", "stage"):
        other = {"team": "team-001", "stage": "test"}[label]

        def relabelled(item: Record, _: int, label: str = label, other: str = other) -> Record:
            return _edited(item, lambda manifest: manifest["metadata"]["labels"].update({label: other}))

        for changed in changes(base, Namespace, relabelled):
            key = next(reversed(changed))
            changed = {key: changed[key]}
            followed(label, changed, lambda after, key=key: standing.with_namespace(after, key.name))
    verdict, evidence = _verdicts(standing)
    median = {name: statistics.median(times) for name, times in spent.items()}
    return Figures(seconds, median["pod"], median["edit"], median["team"], median["stage"], verdict, evidence,
                   median["cluster"])  # fmt: skip


def _verdicts(standing: Standing) -> tuple[float, float]:
    """The medians of a bare verdict and of one with its evidence, of pairs drawn at random."""
    draw, policies = Random(7), compile_policies(standing.cluster, PROFILE)
    ends = [PolicyEnd(pod, pod.ip, pod.spec.node_name) for pod in standing.cluster.all(Pod)]
    drawn = [(draw.choice(ends), draw.choice(ends)) for _ in range(4000)]
    times: tuple[list[float], list[float]] = ([], [])
    for asked, found in zip((standing.allowed, policies.verdict), times, strict=True):
        for _ in range(2):
            found.clear()
            for source, destination in drawn:
                start = time.perf_counter()
                asked(source, destination, "TCP", 8080)
                found.append(time.perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])


def compared(small: int, large: int) -> None:
    """Growth, and the other shapes."""
    one, other = measured(opened(small)), measured(opened(large))
    print(f"{'':<34}{small:>10}{large:>11}   ratio   of a build")
    names = {"build": "build", "pod": "a pod replaced", "edit": "a policy edited, difference",
             "relabel": "a namespace's team changed", "relabel_stage": "a namespace's stage changed",
             "verdict": "a bare verdict", "evidence": "a verdict with its evidence",
             "cluster": "the changed cluster itself"}  # fmt: skip
    for field, name in names.items():
        a, b = getattr(one, field), getattr(other, field)
        print(f"{name:<34}{_spelled(a)}{_spelled(b)}   {b / a:>5.2f}   {other.build / b:>9.0f}")
    default = opened(large)
    for shape in SHAPES[1:]:
        built = opened(large, shape)
        (usual, _), (seconds, _) = build(default, built)
        policies = len(built.all(NetworkPolicy))
        print(f"build, {shape:<27}{policies:>7} policies{_spelled(seconds)}   {seconds / usual:>5.2f}")


def _spelled(seconds: float) -> str:
    return f"{seconds * 1e3:>8.1f} ms" if seconds > 1e-3 else f"{seconds * 1e6:>8.1f} µs"


def once(pods: int) -> None:
    """One size, with a profile of building."""
    read = cluster(pods, dump=True)
    seconds, world = timed(partial(kwake.open, read))
    counts = f"{len(world.cluster.all(Pod))} pods, {len(world.cluster.all(NetworkPolicy))} policies"
    print(f"{counts}: opened in {seconds:.1f} s from manifests in memory")
    profiler = cProfile.Profile()
    clean = fresh(world.cluster)
    seconds, standing = timed(lambda: Standing(clean, PROFILE))
    print(f"built in {seconds:.2f} s, {len(standing.egress.rows)} classes")
    seconds, rectangles = timed(lambda: sum(1 for _ in standing.rectangles()))
    print(f"{rectangles} rectangles in {seconds:.2f} s")
    seconds, table = timed(lambda: reach(world.cluster, PROFILE))
    print(f"all pairs of workloads by name: {len(table.pairs)} in {seconds:.2f} s")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    profiler.runcall(lambda: Standing(fresh(world.cluster), PROFILE))
    pstats.Stats(profiler).sort_stats("tottime").print_stats(14)


def main() -> None:
    """Print all figures."""
    sizes = [int(size) for size in sys.argv[1:]] or [1000, 10_000]
    gc.freeze()
    if len(sizes) == 1:
        once(sizes[0])
    else:
        compared(sizes[0], sizes[1])


if __name__ == "__main__":
    main()
