"""What the kubelet writes, and how long it takes (PD-10, EP-3)."""

from __future__ import annotations

import pytest

from kwake.cluster import Record, record
from kwake.control import pods
from kwake.objects.kinds import Pod
from kwake.profiles.profile import Profile
from tests.core.control.objects import pod


def value(item: Record) -> Pod:
    assert isinstance(item.value, Pod)
    return item.value


def test_a_pod_is_scheduled_addressed_and_made_ready() -> None:
    manifest = pod("a", on="")
    del manifest["status"], manifest["spec"]["nodeName"]
    item = pods.scheduled(record(manifest), "n1")
    assert (value(item).spec.node_name, value(item).status.phase) == ("n1", "Pending")
    item = pods.addressed(item, "10.0.1.2", "192.168.0.1")
    assert (value(item).ips, value(item).status.host_ip) == (("10.0.1.2",), "192.168.0.1")
    item = pods.ready(item, True)
    assert (value(item).is_ready, value(item).status.phase) == (True, "Running")
    assert not value(pods.ready(item, False)).is_ready
    assert value(pods.unaddressed(item)).ips == ()


@pytest.mark.rule("PD-20")
def test_pd_20_the_primary_address_is_the_first() -> None:
    item = pods.addressed(record(pod("a")), "10.244.1.5", "", ("10.244.1.5", "fd00::5"))
    assert (value(item).ip, value(item).ips) == ("10.244.1.5", ("10.244.1.5", "fd00::5"))


def test_what_is_unknown_to_the_model_survives_every_write() -> None:
    manifest = pod("a", "10.0.1.2", priorityClassName="high")
    manifest["status"]["qosClass"] = "Burstable"
    after = pods.terminating(pods.ready(record(manifest), False), 0, 5).manifest
    assert (after["spec"]["priorityClassName"], after["status"]["qosClass"]) == ("high", "Burstable")


@pytest.mark.rule("PD-10")
def test_pd_10_deletion_writes_when_the_grace_ends() -> None:
    after = pods.terminating(record(pod("a", terminationGracePeriodSeconds=60)), 5_000)
    assert value(after).is_terminating
    assert after.manifest["metadata"]["deletionTimestamp"] == "2000-01-01T00:01:05Z"
    assert after.manifest["metadata"]["deletionGracePeriodSeconds"] == 60


@pytest.mark.parametrize(("sleep", "grace", "expected_s"), [(None, 30, 1), (10, 30, 11), (None, 0, 0), (40, 30, 30)])
@pytest.mark.rule("PD-10")
def test_pd_10_a_pre_stop_sleep_comes_before_sigterm_and_grace_ends_all(
    calico: Profile, sleep: int | None, grace: int, expected_s: int
) -> None:
    manifest = pod("a", terminationGracePeriodSeconds=grace)
    if sleep is not None:
        manifest["spec"]["containers"][0]["lifecycle"] = {"preStop": {"sleep": {"seconds": sleep}}}
    ms, parts = pods.exit_delay_ms(record(manifest), calico)
    assert ms == expected_s * 1000
    assert [clock.name for clock in parts] == (["preStop-sleep"] if sleep else []) + ["sigterm-exit"]


@pytest.mark.parametrize(
    ("probe", "expected_ms"),
    [
        (None, 0),
        ({}, 0),
        ({"initialDelaySeconds": 7}, 7000),
        ({"initialDelaySeconds": 5, "successThreshold": 3, "periodSeconds": 2}, 9000),
    ],
)
def test_readiness_follows_the_probe(calico: Profile, probe: dict[str, int] | None, expected_ms: int) -> None:
    manifest = pod("a")
    if probe is not None:
        manifest["spec"]["containers"][0]["readinessProbe"] = probe
    assert pods.readiness_delay_ms(value(record(manifest)), calico) == expected_ms
