"""What holds whatever is done: a state machine of random actions and waits on small worlds."""

from __future__ import annotations

from collections import Counter
from functools import cache
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

import kwake
from kwake.errors import KwakeError
from kwake.objects.kinds import MANAGED_BY_LABEL, Pod, Service
from kwake.world import World
from tests.core.manifests import Manifest, bare_pod, deployment, node, service, shop
from tests.core.test_world_laws import ACTIONS, Make

CONTROLLER = "endpointslice-controller.k8s.io"


def _of_kind(kind: str, name: str) -> Manifest:
    made = deployment(name)
    made["kind"] = kind
    if kind == "DaemonSet":
        del made["spec"]["replicas"]
    return made


@cache
def start(profile: str) -> World:
    """Three nodes with few addresses each, so that they are used again soon, and one workload of each kind."""
    nodes = [{**node(f"node-{name}", n), "spec": {"podCIDR": f"10.244.{n}.0/28"}} for n, name in enumerate("abc")]
    probed = bare_pod("healthy")
    probed["spec"]["containers"][0]["readinessProbe"] = {"periodSeconds": 2}
    job = deployment("sums")
    job |= {"apiVersion": "batch/v1", "kind": "Job"}
    job["spec"] = {"template": {**job["spec"]["template"]}, "backoffLimit": 2}
    job["spec"]["template"]["spec"] = {**job["spec"]["template"]["spec"], "restartPolicy": "Never"}
    more = [_of_kind("StatefulSet", "db"), _of_kind("DaemonSet", "agent"), service("db"), service("agent"), probed, job]
    return kwake.open([*nodes, *shop(*more)[3:]], profile, seed=11)


_SELECTORS = ({"app": "web"}, {"app": "db"}, {"app": "none"}, {"app": "web", "x": "y"})

EXTRA: dict[str, Make] = {
    "pass-healthy": lambda world, n: kwake.PassReadiness("shop/healthy"),
    "selector": lambda world, n: kwake.Patch("svc/shop/web", {"spec": {"selector": _SELECTORS[n % 4]}}),
    "publish": lambda world, n: kwake.Patch("svc/shop/db", {"spec": {"publishNotReadyAddresses": n % 2 == 0}}),
    "node-port": lambda world, n: kwake.Patch(
        ("svc/shop/web", "svc/shop/db")[n % 2],
        {"spec": {"type": "NodePort", "ports": [{"name": "main", "port": 80, "nodePort": 30000 + n % 5}]}},
    ),
    "local": lambda world, n: kwake.Patch(
        "svc/shop/web",
        {"spec": {"type": "LoadBalancer", "externalTrafficPolicy": ("Local", "Cluster")[n % 2]}},
    ),
    "service": lambda world, n: kwake.Apply(service(f"extra-{n % 3}", clusterIP=f"10.96.0.{40 + n % 4}")),
    "delete-service": lambda world, n: kwake.Delete(f"svc/shop/extra-{n % 3}"),
    "sts": lambda world, n: kwake.Scale("sts/shop/db", n % 4),
    "sts-rollout": lambda world, n: kwake.RolloutRestart("sts/shop/db"),
    "ds-rollout": lambda world, n: kwake.RolloutRestart("ds/shop/agent"),
    "delete-node": lambda world, n: kwake.Delete(f"node/node-{'abc'[n % 3]}"),
    "add-node": lambda world, n: kwake.Apply(
        {**node(f"node-{'abc'[n % 3]}", n % 3), "spec": {"podCIDR": f"10.244.{n % 3}.0/28"}}
    ),
    "cordon": lambda world, n: kwake.Patch(f"node/node-{'abc'[n % 3]}", {"spec": {"unschedulable": n % 2 == 0}}),
}
TABLE: dict[str, Make] = {**ACTIONS, **EXTRA}


def expected_endpoints(world: World, found: Service) -> set[tuple[str, bool, bool, bool]]:
    """By EP-1 to EP-4, written down once more: address, ready, serving, terminating."""
    wanted = found.spec.selector.items()
    result = set()
    for pod in world.cluster.all(Pod):
        if pod.metadata.namespace != found.metadata.namespace or not wanted <= pod.metadata.labels.items():
            continue
        ready = any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions)
        going = pod.metadata.deletion_timestamp is not None
        homeless = world.cluster.node(pod.spec.node_name) is None and not found.spec.publish_not_ready_addresses
        if pod.status.phase in ("Succeeded", "Failed") or not pod.status.pod_ip or homeless:
            continue
        result.add((pod.status.pod_ip, found.spec.publish_not_ready_addresses or (ready and not going), ready, going))
    return result


def listed_endpoints(world: World, found: Service) -> set[tuple[str, bool, bool, bool]]:
    return {
        (address, e.ready, e.serving, e.terminating)
        for item in world.cluster.slices_by_service.get(found.key, ())
        if item.metadata.labels.get(MANAGED_BY_LABEL) == CONTROLLER
        for e in item.endpoints
        for address in e.addresses
    }


def check_addresses(world: World) -> None:
    """No two live pods have one address, and each is of its node's range."""
    live = [pod for pod in world.cluster.all(Pod) if pod.ip and not pod.is_terminal and not pod.spec.host_network]
    shared = {ip: count for ip, count in Counter(pod.ip for pod in live).items() if count > 1}
    assert not shared, f"shared by live pods: {shared}"
    assert all(ip_address(pod.ip).packed[:2] == bytes((10, 244)) for pod in live)


def check_owners_of_ports(world: World) -> None:
    """A ClusterIP and a node port belong to one Service."""
    services = world.cluster.all(Service)
    ips = Counter(ip for found in services for ip in found.cluster_ips)
    ports = Counter(number for found in services for number in _numbers(found))
    assert not [ip for ip, count in ips.items() if count > 1]
    assert not [port for port, count in ports.items() if count > 1]


def _numbers(found: Service) -> set[int]:
    """A number serves one Service, whatever the protocol; within it several of its ports (SV-15)."""
    return {*(port.node_port for port in found.spec.ports), found.spec.health_check_node_port} - {0}


def check_endpoints(world: World) -> None:
    """What a settled world's slices say is what selectors and conditions say."""
    for found in world.cluster.all(Service):
        if found.spec.selector and found.spec.type != "ExternalName":
            assert listed_endpoints(world, found) == expected_endpoints(world, found), str(found.key)


class Worlds(RuleBasedStateMachine):
    """One world after the other; all that went before is kept, to see that it stays as it was."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.ancestors: list[tuple[World, bytes]] = []
        self.count = 0

    @initialize(profile=st.sampled_from(["calico", "flannel", "aws-vpc-cni"]))
    def open(self, profile: str) -> None:
        self.world = start(profile)
        self._remember()

    @rule(name=st.sampled_from(sorted(TABLE)), number=st.integers(0, 40))
    def act(self, name: str, number: int) -> None:
        action = TABLE[name](self.world, number)
        before = self.world.to_bytes()
        try:
            self.world = self.world.do(action)
        except KwakeError:
            assert self.world.to_bytes() == before, f"{action} was refused and left something behind"
        self._look()

    @rule(seconds=st.sampled_from([0.3, 1.5, 12.0, 70.0, None]))
    def wait(self, seconds: float | None) -> None:
        self.world = self.world.settle() if seconds is None else self.world.advance(seconds)
        self._look()
        if self.world.is_settled:
            check_endpoints(self.world)

    def teardown(self) -> None:
        if not self.ancestors:
            return
        check_endpoints(self.world.settle())
        for ancestor, had in self.ancestors:
            assert ancestor.to_bytes() == had, "an ancestor has changed"

    def _look(self) -> None:
        self.count += 1
        check_addresses(self.world)
        check_owners_of_ports(self.world)
        if self.count % 10 == 0:
            self._remember()

    def _remember(self) -> None:
        self.ancestors.append((self.world, self.world.to_bytes()))


def run(runs: int, steps: int) -> None:
    quiet: list[Any] = list(HealthCheck)
    chosen = settings(max_examples=runs, stateful_step_count=steps, deadline=None, suppress_health_check=quiet)
    run_state_machine_as_test(Worlds, settings=chosen)


def test_what_holds_whatever_is_done() -> None:
    run(200, 50)


@pytest.mark.slow
def test_what_holds_in_two_thousand_runs() -> None:
    run(2000, 50)
