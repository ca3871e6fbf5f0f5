"""What replaces the pods of a Job, when, and when nothing does any more (PD-5, PD-14)."""

from __future__ import annotations

from typing import Any

import pytest

import kwake
from kwake import Fate
from kwake.objects.kinds import Pod
from kwake.world import World
from tests.core.manifests import Manifest, bare_pod, namespace, node, pod_spec, service


def job(restart: str = "Never", **spec: Any) -> Manifest:
    """A Job of pods app=sums."""
    template = {"metadata": {"labels": {"app": "sums"}}, "spec": pod_spec(restartPolicy=restart)}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "sums", "namespace": "shop"},
        "spec": {"template": template, **spec},
    }


def start(*more: Manifest, profile: str = "calico") -> World:
    return kwake.open([node("node-a", 1), node("node-b", 2), namespace("shop"), *more], profile, seed=7)


def pods(world: World) -> list[Pod]:
    return [pod for pod in world.cluster.all(Pod) if pod.metadata.labels.get("app") == "sums"]


def running(world: World) -> list[Pod]:
    return [pod for pod in pods(world) if not pod.is_terminating and not pod.is_terminal]


def reference(pod: Pod) -> str:
    return str(pod.key)


def created_after(world: World) -> list[float]:
    begun = world.events[0].time_ms
    return [(event.time_ms - begun) / 1000 for event in world.events if event.kind == "pod-created"]


@pytest.mark.rule("PD-5")
def test_pd_5_a_jobs_pod_is_replaced_while_it_terminates_after_a_back_off() -> None:
    world = start(job())
    (old,) = pods(world)

    after = world.do(kwake.KillPod(reference(old))).settle()

    (new,) = pods(after)
    assert (new.metadata.name == old.metadata.name, new.metadata.uid == old.metadata.uid) == (False, False)
    assert created_after(after) == [10]


@pytest.mark.rule("PD-5")
def test_pd_5_each_failure_doubles_the_wait() -> None:
    once = start(job())
    once = once.do(kwake.KillPod(reference(pods(once)[0]))).settle()

    twice = once.do(kwake.KillPod(reference(pods(once)[0]))).settle()

    assert created_after(twice) == [20]


@pytest.mark.rule("PD-5")
def test_pd_5_with_a_failure_policy_a_pod_is_replaced_only_when_it_is_gone() -> None:
    slow = job(podFailurePolicy={"rules": [{"action": "Ignore", "onPodConditions": []}]})
    slow["spec"]["template"]["spec"]["containers"][0]["lifecycle"] = {"preStop": {"sleep": {"seconds": 20}}}
    world = start(slow)

    after = world.do(kwake.KillPod(reference(pods(world)[0]))).settle()

    gone = next(event for event in after.events if event.kind == "pod-gone").time_ms / 1000
    assert created_after(after) == [gone + 10]


@pytest.mark.rule("PD-5")
def test_pd_5_a_job_beyond_its_back_off_limit_has_failed_and_makes_no_more() -> None:
    world = start(job(backoffLimit=0, parallelism=2, completions=2))

    after = world.do(kwake.KillPod(reference(pods(world)[0]), force=True)).settle()

    assert pods(after) == []
    assert "its backoffLimit is 0" in next(event.text for event in after.events if event.kind == "job-failed")
    status = after.cluster.get("job/shop/sums").manifest["status"]
    assert [c["reason"] for c in status["conditions"]] == ["BackoffLimitExceeded"]


@pytest.mark.rule("PD-14")
@pytest.mark.rule("SU-43")
def test_pd_14_a_crashed_container_that_is_not_restarted_fails_the_pod_and_the_job_makes_another() -> None:
    world = start(job(), bare_pod("client"), service("sums"))
    (old,) = pods(world)
    held = world.do(kwake.OpenConnection("held", "po/shop/client", reference(old), 8080))

    after = held.do(kwake.RestartContainer(reference(old))).settle()

    failed = after.cluster.pod("shop", old.metadata.name)
    assert failed is not None
    assert (failed.status.phase, failed.ip) == ("Failed", old.ip)
    assert after.connections["held"].fate is Fate.RESET
    assert len(running(after)) == 1
    slices = after.cluster.slices_by_service[after.cluster.resolve("svc/shop/sums")]
    listed = [address for item in slices for endpoint in item.endpoints for address in endpoint.addresses]
    assert listed == [running(after)[0].ip]


@pytest.mark.rule("PD-14")
@pytest.mark.rule("SU-43")
def test_pd_14_the_address_of_a_failed_pod_is_given_to_another_while_its_object_still_shows_it() -> None:
    small = {**node("node-c", 3), "spec": {"podCIDR": "10.244.3.0/29"}}
    done = bare_pod("done", spec=pod_spec(restartPolicy="Never", nodeName="node-c"))
    after = start(small, done).do(kwake.RestartContainer("po/shop/done")).settle()

    for number in range(5):
        after = after.do(kwake.Apply(bare_pod(f"q-{number}", spec=pod_spec(nodeName="node-c"))))
    after = after.settle()

    holders = [pod.metadata.name for pod in after.cluster.all(Pod) if pod.ip == "10.244.3.2"]
    assert holders == ["done", "q-4"]
    assert after.trace("internet", "10.244.3.2", 8080).branches[0].pod == "Pod/shop/q-4"


def test_on_failure_starts_the_container_again_in_its_pod() -> None:
    world = start(job("OnFailure"))
    (old,) = pods(world)

    (again,) = pods(world.do(kwake.RestartContainer(reference(old))).settle())

    assert (again.metadata.uid, again.ip, again.is_ready) == (old.metadata.uid, old.ip, True)


def test_a_job_runs_as_many_pods_at_once_as_it_says_now() -> None:
    world = start(job(parallelism=2, completions=5))

    more = world.do(kwake.Patch("job/shop/sums", {"spec": {"parallelism": 4}})).settle()
    none = more.do(kwake.Patch("job/shop/sums", {"spec": {"suspend": True}})).settle()
    again = none.do(kwake.Patch("job/shop/sums", {"spec": {"suspend": False}})).settle()

    assert [len(pods(w)) for w in (world, more, none, again)] == [2, 4, 0, 4]
    assert again.cluster.get("job/shop/sums").manifest["status"] == {"active": 4}


def test_an_indexed_job_makes_the_index_again_that_failed() -> None:
    world = start(job(completionMode="Indexed", parallelism=3, completions=3))
    label = "batch.kubernetes.io/job-completion-index"
    second = next(pod for pod in pods(world) if pod.metadata.labels[label] == "1")

    after = world.do(kwake.KillPod(reference(second))).settle()

    assert sorted(pod.metadata.labels[label] for pod in pods(after)) == ["0", "1", "2"]
    assert {pod.spec.hostname for pod in pods(after)} == {"sums-0", "sums-1", "sums-2"}
    assert all(pod.metadata.name.startswith(f"{pod.spec.hostname}-") for pod in pods(after))


def test_a_job_of_a_dump_that_is_over_stays_as_it_is() -> None:
    done = job(parallelism=2)
    done["status"] = {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}
    world = start(done)

    after = world.do(kwake.Apply(bare_pod("other"))).settle()

    assert pods(after) == []
    assert after.cluster.get("job/shop/sums").manifest == world.cluster.get("job/shop/sums").manifest
