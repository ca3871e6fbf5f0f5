"""All pairs, kept up while a cluster changes, against all pairs made anew."""

from __future__ import annotations

from itertools import product

import pytest

from kwake.cluster import Cluster
from kwake.objects.kinds import Namespace, NetworkPolicy, Pod
from kwake.policy.classes import bits_of
from kwake.policy.connections import NONE, ConnectionSet
from kwake.policy.ends import PolicyEnd
from kwake.policy.policy_set import compile_policies
from kwake.policy.standing import Shift, Standing
from kwake.profiles import load_profile
from tests.core.policy.changing_clusters import anew, changing
from tests.core.policy.random_clusters import OUTSIDE, PORTS

PROFILE = load_profile("calico")
Pairs = dict[tuple[int, int], ConnectionSet]


def step(standing: Standing, built: Cluster) -> tuple[Standing, tuple[Shift, ...] | None]:
    """Follow a cluster that differs by one object, in the way that its kind asks for."""
    before = {item.key: item.value for item in standing.cluster}
    after = {item.key: item.value for item in built}
    changed = [key for key in {**before, **after} if before.get(key) is not after.get(key)]
    if not changed:
        return standing, None
    (key,) = changed
    old, new = before.get(key), after.get(key)
    kinds = {type(value) for value in (old, new) if value is not None}
    if kinds == {NetworkPolicy}:
        return standing.with_policy(built, key)
    if kinds == {Namespace}:
        return standing.with_namespace(built, key.name)
    if kinds == {Pod}:
        assert old is None or isinstance(old, Pod)
        assert new is None or isinstance(new, Pod)
        return standing.with_pod(built, old, new), None
    return Standing(built, PROFILE), None


def pairs(standing: Standing) -> Pairs:
    """What passes between classes for sure, all of them, with pods or without."""
    found: Pairs = {}
    for version in standing.versions:
        for (out, sources), (into, targets) in product(standing.egress.alike.values(), standing.ingress.alike.values()):
            for (sent, to), (taken, from_) in product(out.sure, into.sure):
                for pair in product(bits_of(from_ & sources & version), bits_of(to & targets & version)):
                    found[pair] = found.get(pair, NONE) | (sent & taken)
    return {pair: allowed for pair, allowed in found.items() if allowed}


@pytest.mark.parametrize("seed", range(60))
def test_every_pair_is_answered_as_the_verdict_answers_it(seed: int) -> None:
    # Given a cluster that changes object by object, and all pairs that follow it
    clusters = changing(seed, steps=6, admin=seed % 3 == 0)
    standing = Standing(next(clusters), PROFILE)
    for built in clusters:
        # When it has followed
        standing, _ = step(standing, built)
        # Then each pair is answered as the policies compiled anew answer it
        policies = compile_policies(anew(built), PROFILE)
        ends = [PolicyEnd(pod, ip, pod.spec.node_name) for pod in built.all(Pod) for ip in pod.ips]
        ends += [PolicyEnd(None, address) for address in OUTSIDE]
        for source, destination in product(ends, ends):
            if (":" in source.ip) != (":" in destination.ip):
                continue
            for protocol, port in product(("TCP", "UDP"), PORTS[:2]):
                asked = source, destination, protocol, port
                assert standing.allowed(*asked) is policies.verdict(*asked).allowed, asked


@pytest.mark.parametrize("seed", range(100, 160))
def test_a_change_tells_exactly_the_pairs_that_it_opens_and_closes(seed: int) -> None:
    # Given all pairs of a cluster that changes
    clusters = changing(seed, steps=8, admin=seed % 3 == 0)
    standing = Standing(next(clusters), PROFILE)
    for built in clusters:
        before = standing
        # When a policy or a namespace changes
        standing, shifts = step(standing, built)
        if shifts is None or len(before.egress.rows) != len(standing.egress.rows):
            continue
        # Then the difference is what was before and is not now, and the other way round, each pair once
        was, is_ = pairs(before), pairs(standing)
        expected = {pair: (was.get(pair, NONE), is_.get(pair, NONE)) for pair in {**was, **is_}}
        told: dict[tuple[int, int], tuple[ConnectionSet, ConnectionSet]] = {}
        for shift in shifts:
            if shift.sure:
                for pair in product(bits_of(shift.sources), bits_of(shift.destinations)):
                    assert pair not in told
                    told[pair] = shift.before, shift.after
        if before.egress.rows and same_classes(before, standing):
            assert told == {pair: both for pair, both in expected.items() if both[0] != both[1]}


def test_a_class_whose_last_pod_went_is_in_no_rectangle() -> None:
    # Given a cluster whose pods may all talk
    *_, built = changing(3, steps=0, admin=False)
    built = built.with_changes({policy.key: None for policy in built.all(NetworkPolicy)})
    standing = Standing(built, PROFILE)
    pods = [pod for pod in built.all(Pod) if pod.ips]
    assert {str(pod.key) for pod in pods} <= ends_of(standing)
    # When pods go one after the other
    for pod in pods:
        built = built.with_changes({pod.key: None})
        standing = standing.with_pod(built, pod, None)
    # Then only addresses outside are left
    assert not any(name.startswith("Pod/") for name in ends_of(standing))


def ends_of(standing: Standing) -> set[str]:
    """All that may send or get something."""
    return {name for r in standing.rectangles() for name in standing.names(r.sources | r.destinations)}


def same_classes(one: Standing, other: Standing) -> bool:
    return [one.names(1 << index) for index in range(len(one.egress.rows))] == [
        other.names(1 << index) for index in range(len(other.egress.rows))
    ]
