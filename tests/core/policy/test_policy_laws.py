"""What holds for every set of policies of all kinds, on clusters made by chance."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

import pytest

import kwake
from kwake.policy.difference import PairChange, difference
from kwake.policy.reach import Reach, reach
from kwake.profiles import load_profile
from tests.core.policy.clusters import cluster
from tests.core.policy.random_clusters import Maker

SEEDS = range(40)
PROFILE = load_profile("calico", {"egress-to-own-node": "judged"})

Object = dict[str, Any]


def table(objects: list[Object]) -> Reach:
    return reach(cluster(*objects), PROFILE, "pod")


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_documents_does_not_matter(seed: int) -> None:
    objects = Maker(seed).cluster()
    shuffled = Random(seed).sample(objects, len(objects))

    assert table(shuffled) == table(objects)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_added_allow_rule_never_takes_a_pair_from_an_isolated_pod(seed: int) -> None:
    """Above and below it lie tiers: they decide before it, or only where no NetworkPolicy isolates."""
    maker = Maker(seed)
    objects = maker.cluster()
    policies = [o for o in objects if o["kind"] == "NetworkPolicy" and o["spec"].get("policyTypes")]
    richer = copy.deepcopy(objects)
    for policy in (o for o in richer if o in policies):
        for direction, peers in (("Ingress", "from"), ("Egress", "to")):
            if direction in policy["spec"]["policyTypes"]:
                policy["spec"].setdefault(direction.lower(), []).append(maker.rule(peers))

    changes = difference(table(objects), table(richer)).changes

    assert [change for change in changes if change.before - change.after] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_difference_read_backwards_is_its_mirror(seed: int) -> None:
    one = Maker(seed).cluster()
    policies = [o for o in Maker(seed + 1000).cluster() if o["kind"].endswith("Policy")]
    other = [*(o for o in one if not o["kind"].endswith("Policy")), *policies]
    old, new = table(one), table(other)

    there, back = difference(old, new), difference(new, old)

    assert {(c.src, c.dst, c.before, c.after) for c in there.changes} == {
        (c.src, c.dst, c.after, c.before) for c in back.changes
    }
    assert {(u.src, u.dst) for u in there.unknown} == {(u.src, u.dst) for u in back.unknown}
    assert all(isinstance(change, PairChange) for change in there.changes)
    assert difference(old, old).changes == ()


@pytest.mark.parametrize("seed", SEEDS[:15])
def test_relabelling_and_back_is_the_identity(seed: int) -> None:
    world = kwake.open([o for o in Maker(seed).cluster() if o["kind"] != "Node"], overrides={"ipam": "host-local"})
    pod = sorted(record.key for record in world.cluster if record.key.kind == "Pod")[0]
    was = world.cluster.record(pod).manifest["metadata"].get("labels", {})
    new = {"app": "other", "track": "old"}
    back = {key: was.get(key) for key in {*new, *was}}

    changed = world.do(kwake.Patch(str(pod), {"metadata": {"labels": new}})).settle()
    restored = changed.do(kwake.Patch(str(pod), {"metadata": {"labels": back}})).settle()

    assert restored.reach("pod") == world.reach("pod")
