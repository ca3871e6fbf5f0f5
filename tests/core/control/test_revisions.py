"""How StatefulSets and DaemonSets bring a new template to their pods."""

from __future__ import annotations

from typing import Any

import pytest

import kwake
from kwake.control.made_pods import REVISION_LABEL
from kwake.errors import Rejected, UsageError
from kwake.objects.document import Manifest
from kwake.objects.kinds import Pod
from kwake.world import World
from tests.core.manifests import bare_pod, namespace, node, pod_spec


def owner(kind: str, **spec: Any) -> Manifest:
    """A StatefulSet of three pods, or a DaemonSet, called db."""
    body: Manifest = {
        "selector": {"matchLabels": {"app": "db"}},
        "template": {"metadata": {"labels": {"app": "db"}}, "spec": pod_spec(5432, "sql")},
        **({"replicas": 3, "serviceName": "db"} if kind == "StatefulSet" else {}),
    }
    manifest: Manifest = {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "db", "namespace": "shop"}}
    return {**manifest, "spec": {**body, **spec}}


def opened(kind: str, **spec: Any) -> World:
    nodes = [node(f"node-{letter}", number) for number, letter in enumerate("abc")]
    return kwake.open([*nodes, namespace("shop"), owner(kind, **spec)])


def image(world: World, name: str) -> str:
    pod = world.cluster.pod("shop", name)
    assert pod is not None
    return pod.spec.containers[0].image


def with_image(text: str) -> Manifest:
    return {"spec": {"template": {"spec": {"containers": [{**pod_spec(5432, "sql")["containers"][0], "image": text}]}}}}


def images(world: World) -> list[str]:
    return [pod.spec.containers[0].image for pod in world.cluster.all(Pod)]


def uids(world: World) -> set[str]:
    return {pod.metadata.uid for pod in world.cluster.all(Pod)}


def fewest_ready(world: World) -> tuple[World, int]:
    """The settled world, and how few pods were ready on the way."""
    fewest = sum(pod.is_ready for pod in world.cluster.all(Pod))
    while not world.is_settled:
        world = world.step()
        fewest = min(fewest, sum(pod.is_ready for pod in world.cluster.all(Pod)))
    return world, fewest


def test_a_stateful_set_is_updated_from_the_highest_ordinal_down_one_at_a_time() -> None:
    world = opened("StatefulSet").do(kwake.Patch("sts/shop/db", with_image("db:2")))

    order = []
    while not world.is_settled:
        world = world.step()
        order += [event.subject for event in world.events if event.kind == "pod-created" and event.subject not in order]

    assert order == ["Pod/shop/db-2", "Pod/shop/db-1", "Pod/shop/db-0"]
    assert images(world) == ["db:2"] * 3


def test_a_stateful_set_never_has_two_pods_down_in_an_update() -> None:
    world, fewest = fewest_ready(opened("StatefulSet").do(kwake.Patch("sts/shop/db", with_image("db:2"))))

    assert fewest == 2
    assert images(world) == ["db:2"] * 3


def test_max_unavailable_of_a_stateful_set_updates_several_at_once() -> None:
    strategy = {"rollingUpdate": {"maxUnavailable": 2}}
    world = opened("StatefulSet", updateStrategy=strategy, podManagementPolicy="Parallel")

    world, fewest = fewest_ready(world.do(kwake.Patch("sts/shop/db", with_image("db:2"))))

    assert (fewest, images(world)) == (1, ["db:2"] * 3)


def test_pods_below_the_partition_stay_and_are_made_again_as_they_were() -> None:
    world = opened("StatefulSet", updateStrategy={"rollingUpdate": {"partition": 2}})

    after = world.do(kwake.Patch("sts/shop/db", with_image("db:2"))).settle()
    killed = after.do(kwake.KillPod("shop/db-0")).settle()

    assert images(after) == ["example/app:1", "example/app:1", "db:2"]
    assert images(killed) == images(after)
    assert len(uids(killed) - uids(after)) == 1


def test_a_partition_taken_away_lets_the_rest_follow() -> None:
    world = opened("StatefulSet", updateStrategy={"rollingUpdate": {"partition": 2}})
    halted = world.do(kwake.Patch("sts/shop/db", with_image("db:2"))).settle()

    patch = {"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}}
    after = halted.do(kwake.Patch("sts/shop/db", patch)).settle()
    further = after.do(kwake.Patch("sts/shop/db", {"spec": {"updateStrategy": {"rollingUpdate": {"partition": 3}}}}))
    last = further.do(kwake.Patch("sts/shop/db", with_image("db:3"))).settle()

    assert images(after) == ["db:2"] * 3
    assert images(last.do(kwake.KillPod("shop/db-1")).settle()) == ["db:2"] * 3, "the revision that was complete"


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_on_delete_updates_a_pod_when_it_is_killed(kind: str) -> None:
    world = opened(kind, updateStrategy={"type": "OnDelete"})

    after = world.do(kwake.Patch(f"{kind}/shop/db", with_image("db:2"))).settle()
    killed = after.do(kwake.KillPod(f"{kind}/shop/db#0")).settle()

    assert uids(after) == uids(world)
    assert sorted(images(killed)) == ["db:2", "example/app:1", "example/app:1"]


def test_going_back_to_the_template_of_the_snapshot_keeps_the_pods_that_never_left_it() -> None:
    world = opened("StatefulSet", updateStrategy={"rollingUpdate": {"partition": 2}})

    there = world.do(kwake.Patch("sts/shop/db", with_image("db:2"))).settle()
    back = there.do(kwake.Patch("sts/shop/db", with_image("example/app:1"))).settle()

    assert images(back) == ["example/app:1"] * 3
    assert len(uids(back) & uids(world)) == 2


def test_what_pods_below_a_partition_are_made_from_is_unknown_without_their_revision() -> None:
    live = owner("StatefulSet", updateStrategy={"rollingUpdate": {"partition": 1}})
    live["status"] = {"currentRevision": "db-111", "updateRevision": "db-222"}
    live["metadata"]["uid"] = "s1"
    pods = []
    for ordinal in range(3):
        made = bare_pod(f"db-{ordinal}", spec={**pod_spec(5432, "sql"), "nodeName": "node-a"}, app="db")
        made["metadata"] |= {
            "uid": f"p{ordinal}",
            "labels": {"app": "db", REVISION_LABEL: "db-222" if ordinal else "db-111"},
            "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "s1", "controller": True}
            ],
        }
        made["status"] = {"phase": "Running", "podIP": f"10.244.0.{ordinal + 5}",
                          "conditions": [{"type": "Ready", "status": "True"}]}  # fmt: skip
        pods.append(made)
    world = kwake.open([node("node-a", 0), namespace("shop"), live, *pods])

    after = world.do(kwake.KillPod("shop/db-0"))

    assert "revision of db" in next(e.text for e in after.events if e.kind == "replacement-unknown")
    assert after.settle().cluster.pod("shop", "db-0") is None
    again = world.do(kwake.KillPod("shop/db-1")).settle().cluster.pod("shop", "db-1")
    assert again is not None
    assert world.settle().cluster == world.cluster, "a rollout that the snapshot was in stays where it was"


def test_a_daemon_set_is_updated_node_by_node() -> None:
    world, fewest = fewest_ready(opened("DaemonSet").do(kwake.Patch("ds/shop/db", with_image("db:2"))))

    assert (fewest, images(world)) == (2, ["db:2"] * 3)
    assert {pod.spec.node_name for pod in world.cluster.all(Pod)} == {"node-a", "node-b", "node-c"}


def test_a_daemon_set_with_surge_keeps_the_old_pod_until_the_new_one_is_ready() -> None:
    world = opened("DaemonSet", updateStrategy={"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}})

    world, fewest = fewest_ready(world.do(kwake.Patch("ds/shop/db", with_image("db:2"))))

    assert (fewest, images(world)) == (3, ["db:2"] * 3)


def test_max_unavailable_of_a_daemon_set_may_be_a_percentage() -> None:
    world = opened("DaemonSet", updateStrategy={"rollingUpdate": {"maxUnavailable": "100%"}})

    world, fewest = fewest_ready(world.do(kwake.Patch("ds/shop/db", with_image("db:2"))))

    assert (fewest, images(world)) == (0, ["db:2"] * 3)


def test_a_node_that_fits_no_longer_loses_its_daemon_pod() -> None:
    world = opened("DaemonSet")

    tainted = world.do(kwake.Patch("no/node-b", {"spec": {"taints": [{"key": "gone", "effect": "NoExecute"}]}}))

    assert {pod.spec.node_name for pod in tainted.settle().cluster.all(Pod)} == {"node-a", "node-c"}


# -- rollout restart ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_a_rollout_restart_replaces_every_pod(kind: str) -> None:
    world = opened(kind).advance(2)

    after = world.do(kwake.RolloutRestart(f"{kind}/shop/db")).settle()

    assert not uids(after) & uids(world)
    assert len(uids(after)) == 3
    template = after.cluster.get(f"{kind}/shop/db").manifest["spec"]["template"]
    assert template["metadata"]["annotations"] == {"kubectl.kubernetes.io/restartedAt": "2000-01-01T00:00:02Z"}


def test_only_what_rolls_out_can_be_restarted() -> None:
    world = opened("StatefulSet")

    with pytest.raises(UsageError, match="Pod has no rollout"):
        world.do(kwake.RolloutRestart("po/shop/db-0"))


def test_a_partition_that_is_no_number_is_refused() -> None:
    patch = {"spec": {"updateStrategy": {"rollingUpdate": {"partition": "two"}}}}

    with pytest.raises(Rejected, match="partition"):
        opened("StatefulSet").do(kwake.Patch("sts/shop/db", patch))


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_pods_of_a_dump_that_leaves_uids_and_hashes_out_are_not_rolled_out(kind: str) -> None:
    manifests = [record.manifest for record in opened(kind).cluster]
    for manifest in manifests:
        if manifest["kind"] == "Pod":
            del manifest["metadata"]["uid"], manifest["metadata"]["labels"][REVISION_LABEL]
    world = kwake.open(manifests)

    after = world.do(kwake.Apply(bare_pod("other"))).settle()

    assert uids(after) > uids(world)
