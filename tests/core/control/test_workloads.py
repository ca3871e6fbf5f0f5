"""What makes and replaces pods: the examples of PD-5, PD-6 and PD-7, and rolling updates."""

from __future__ import annotations

from typing import Any

import pytest

from kwake.cluster import Cluster, record
from kwake.control import pods
from kwake.control.rollout import same_template
from kwake.control.scheduling import place
from kwake.control.workloads import initial_pods, reconcile, replacement_rule
from kwake.draws import Draws
from kwake.objects.basis import Basis
from kwake.objects.document import Manifest
from kwake.objects.key import key
from kwake.objects.kinds import Deployment, Pod, ReplicaSet
from tests.core.control.objects import cluster_of, node, pod, workload

DRAWS = Draws(7)


class Controllers:
    """A cluster and its workload controllers, run until they have nothing left to do; pods start at once."""

    def __init__(self, *manifests: Manifest) -> None:
        self.cluster = cluster_of(node("n1"), node("n2"), *manifests)
        changes, self.draws = initial_pods(self.cluster, DRAWS)
        self.cluster = self.cluster.with_changes(changes)
        self.opened = self.cluster
        self.fewest_ready = 10_000
        self.start()

    def start(self) -> None:
        """Every pod without an address gets a node and one, and is ready."""
        for value in self.pods():
            if not value.ips:
                item = pods.scheduled(self.cluster.record(value.key), place(self.cluster, value).node or "n1")
                item = pods.ready(pods.addressed(item, f"10.0.0.{len(self.pods())}", ""), True)
                self.cluster = self.cluster.with_changes({value.key: item})

    def step(self) -> bool:
        """One round; whether anything was written. Pods to delete are gone at once."""
        changes, self.draws = reconcile(self.cluster, self.draws, self.opened)
        self.cluster = self.cluster.with_changes(changes)
        return bool(changes)

    def settle(self) -> Controllers:
        for _ in range(50):
            if not self.step():
                return self
            self.fewest_ready = min(self.fewest_ready, sum(p.is_ready for p in self.pods()))
            self.start()
        raise AssertionError("the controllers never come to rest")

    def apply(self, manifest: Manifest) -> None:
        made = record(manifest)
        self.cluster = self.cluster.with_changes({made.key: made})

    def change(self, kind: str, name: str, **spec: Any) -> None:
        manifest = self.cluster.record(key(kind, "shop", name)).manifest
        manifest["spec"] |= spec
        self.apply(manifest)

    def terminate(self, name: str) -> None:
        item = pods.terminating(self.cluster.record(key("Pod", "shop", name)), 0)
        self.cluster = self.cluster.with_changes({item.key: item})

    def remove(self, name: str) -> None:
        self.cluster = self.cluster.with_changes({key("Pod", "shop", name): None})

    def pods(self) -> tuple[Pod, ...]:
        return self.cluster.all(Pod)

    def names(self) -> list[str]:
        return [p.metadata.name for p in self.pods()]


def test_a_deployment_read_as_a_manifest_gets_a_replica_set_and_pods() -> None:
    made = Controllers(workload("Deployment", "web", replicas=3))
    (replica_set,) = made.cluster.all(ReplicaSet)
    assert made.cluster.record(replica_set.key).made == "made by Deployment web"
    assert len(made.pods()) == 3
    for value in made.pods():
        name = value.metadata.name
        assert name.startswith(f"{replica_set.metadata.name}-") and len(name.rpartition("-")[2]) == 5
        assert made.cluster.controller_of(value) == made.cluster.record(replica_set.key)
        assert replica_set.spec.selector.matches(value.metadata.labels)
        assert made.cluster.pods_of(key("Deployment", "shop", "web"))
    assert made.cluster.record(made.pods()[0].key).made == f"made by ReplicaSet {replica_set.metadata.name}"
    assert len({p.metadata.uid for p in made.pods()}) == 3
    assert not made.step(), "nothing is left to do"


def test_no_replicas_no_pods() -> None:
    assert not Controllers(workload("Deployment", "web", replicas=0)).pods()


def test_a_live_deployment_is_taken_as_it_is() -> None:
    live = {**workload("Deployment", "web", replicas=3), "status": {"replicas": 3}}
    made = Controllers(live)
    assert (made.pods(), made.step()) == ((), False)


def test_daemon_sets_have_a_pod_on_each_node_that_fits() -> None:
    taint = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}
    made = Controllers(workload("DaemonSet", "agent"), node("n3", taints=[taint]), node("n4", unschedulable=True))
    assert len(made.pods()) == 3, "n1, n2 and the cordoned n4"


def test_jobs_have_as_many_pods_as_they_run_at_once() -> None:
    job = workload("Job", "sums", parallelism=3, completions=2)
    job["apiVersion"] = "batch/v1"
    made = Controllers(job)
    assert len(made.pods()) == 2
    assert made.pods()[0].metadata.labels["job-name"] == "sums"
    job["spec"]["suspend"] = True
    assert not Controllers(job).pods()


@pytest.mark.rule("PD-6")
def test_pd_6_stateful_pods_have_names_that_stay() -> None:
    made = Controllers(workload("StatefulSet", "db", replicas=2, serviceName="db"))
    assert made.names() == ["db-0", "db-1"]
    assert [(p.spec.hostname, p.spec.subdomain) for p in made.pods()] == [("db-0", "db"), ("db-1", "db")]


@pytest.mark.rule("PD-5")
def test_pd_5_a_deployments_pod_is_replaced_as_soon_as_it_is_terminating() -> None:
    made = Controllers(workload("Deployment", "web"))
    (old,) = made.pods()
    made.terminate(old.metadata.name)
    made.settle()
    (new,) = (p for p in made.pods() if p.metadata.name != old.metadata.name)
    assert made.cluster.pod("shop", old.metadata.name) is not None, "both run"
    assert new.metadata.uid != old.metadata.uid


@pytest.mark.rule("PD-5")
def test_pd_5_a_stateful_pod_is_made_again_only_when_the_old_one_is_gone() -> None:
    made = Controllers(workload("StatefulSet", "db", replicas=2))
    uid = made.pods()[0].metadata.uid
    made.terminate("db-0")
    assert not made.step()
    made.remove("db-0")
    made.settle()
    assert made.names() == ["db-0", "db-1"]
    assert made.pods()[0].metadata.uid != uid


@pytest.mark.rule("PD-5")
def test_pd_5_a_daemon_pod_comes_back_on_its_node_when_the_old_one_is_gone() -> None:
    made = Controllers(workload("DaemonSet", "agent"))
    first = made.names()[0]
    made.terminate(first)
    assert not made.step()
    made.remove(first)
    assert made.step()
    assert len(made.pods()) == 2 and first not in made.names()


@pytest.mark.rule("PD-5")
def test_pd_5_nothing_replaces_a_bare_pod() -> None:
    made = Controllers(pod("alone", "10.0.0.1"))
    rule = replacement_rule(made.cluster, made.pods()[0])
    assert (rule.when, rule.modelled) == ("never", True)
    made.remove("alone")
    assert not made.step()


@pytest.mark.parametrize(
    ("kind", "when", "same_name", "same_node"),
    [
        ("ReplicaSet", "at once", False, False),
        ("ReplicationController", "at once", False, False),
        ("StatefulSet", "when gone", True, False),
        ("DaemonSet", "when gone", False, True),
    ],
)
@pytest.mark.rule("PD-5")
def test_pd_5_the_table(kind: str, when: str, same_name: bool, same_node: bool) -> None:
    owner = workload(kind, "web", uid="w1")
    if kind == "ReplicationController":
        owner["apiVersion"] = "v1"
        owner["spec"]["selector"] = {"app": "web"}
    cluster = cluster_of(owner, pod("web-x", owner=owner))
    rule = replacement_rule(cluster, cluster.all(Pod)[0])
    assert (rule.when, rule.same_name, rule.same_node, rule.modelled) == (when, same_name, same_node, True)


@pytest.mark.parametrize(
    "owner",
    [
        {"apiVersion": "example.com/v1", "kind": "Database", "metadata": {"name": "x"}},
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "x"}},
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "absent"}},
    ],
)
@pytest.mark.rule("PD-5")
def test_pd_5_what_other_owners_do_is_unknown_and_says_why(owner: Manifest) -> None:
    cluster = cluster_of(pod("a", owner=owner))
    rule = replacement_rule(cluster, cluster.all(Pod)[0])
    assert not rule.modelled
    assert rule.reason


@pytest.mark.rule("PD-7", holds="inferred")
def test_pd_7_a_relabelled_pod_is_orphaned_and_replaced() -> None:
    made = Controllers(workload("Deployment", "web"))
    (old,) = made.pods()
    manifest = made.cluster.record(old.key).manifest
    manifest["metadata"]["labels"]["app"] = "debug"
    made.apply(manifest)
    made.settle()
    orphan = made.cluster.pod("shop", old.metadata.name)
    assert orphan is not None
    assert (orphan.ip, orphan.metadata.owner_references, orphan.metadata.uid) == (old.ip, (), old.metadata.uid)
    assert len(made.pods()) == 2


@pytest.mark.rule("PD-7", holds="inferred")
def test_pd_7_a_pod_that_matches_and_that_nobody_owns_is_adopted() -> None:
    made = Controllers(workload("ReplicaSet", "web", replicas=2))
    made.remove(made.names()[0])
    made.apply(pod("stray", "10.0.0.77"))
    made.settle()
    assert len(made.pods()) == 2
    stray = made.cluster.pod("shop", "stray")
    assert stray is not None and stray.metadata.owner_references[0].name == "web"


def test_scaling_up_and_down() -> None:
    made = Controllers(workload("Deployment", "web"))
    made.change("Deployment", "web", replicas=4)
    assert len(made.settle().pods()) == 4
    unready = made.pods()[2]
    made.cluster = made.cluster.with_changes({unready.key: pods.ready(made.cluster.record(unready.key), False)})
    made.change("Deployment", "web", replicas=3)
    made.settle()
    assert len(made.pods()) == 3 and unready.metadata.name not in made.names(), "not ready goes first"


def test_stateful_sets_scale_down_from_the_highest_ordinal() -> None:
    made = Controllers(workload("StatefulSet", "db", replicas=3))
    made.change("StatefulSet", "db", replicas=1)
    made.step()
    assert made.names() == ["db-0", "db-1"], "one at a time"
    assert made.settle().names() == ["db-0"]


def test_a_gap_of_the_snapshot_stays() -> None:
    owner = {**workload("ReplicaSet", "web", replicas=3, uid="r1"), "status": {"replicas": 1}}
    made = Controllers(owner, pod("web-a", "10.0.0.1", owner=owner))
    assert not made.step()
    made.terminate("web-a")
    made.settle()
    assert len(made.pods()) == 2, "the killed one is replaced, the other two are still missing"


# -- rolling updates ----------------------------------------------------------------------------------------------


def new_template(image: str) -> Manifest:
    return {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "a", "image": image}]}}


def active_sets(cluster: Cluster) -> list[int]:
    return sorted(rs.spec.replicas for rs in cluster.all(ReplicaSet))


def test_a_new_template_rolls_out_without_going_below_what_may_be_unavailable() -> None:
    made = Controllers(workload("Deployment", "web", replicas=4))
    old = set(made.names())
    made.change("Deployment", "web", template=new_template("v2"))
    made.settle()
    assert active_sets(made.cluster) == [0, 4]
    assert old.isdisjoint(made.names())
    assert made.fewest_ready >= 3, "25% of 4 may be unavailable"


def test_no_unavailable_means_one_new_pod_at_a_time() -> None:
    rolling = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    made = Controllers(workload("Deployment", "web", replicas=2, strategy=rolling))
    made.change("Deployment", "web", template=new_template("v2"))
    made.settle()
    assert made.fewest_ready == 2


def test_recreate_has_no_pods_in_between() -> None:
    made = Controllers(workload("Deployment", "web", replicas=2, strategy={"type": "Recreate"}))
    made.change("Deployment", "web", template=new_template("v2"))
    made.settle()
    assert (made.fewest_ready, len(made.pods())) == (0, 2)


def test_rolling_back_takes_up_the_old_replica_set() -> None:
    made = Controllers(workload("Deployment", "web", replicas=2))
    (first,) = made.cluster.all(ReplicaSet)
    template = made.cluster.record(key("Deployment", "shop", "web")).manifest["spec"]["template"]
    made.change("Deployment", "web", template=new_template("v2"))
    made.settle()
    made.change("Deployment", "web", template=template)
    made.settle()
    assert len(made.cluster.all(ReplicaSet)) == 2
    again = made.cluster.value(ReplicaSet, "shop", first.metadata.name)
    assert again is not None and again.spec.replicas == 2


def test_a_paused_deployment_rolls_nothing() -> None:
    made = Controllers(workload("Deployment", "web"))
    made.change("Deployment", "web", paused=True, template=new_template("v2"))
    assert not made.step()


def test_defaults_that_the_server_fills_in_are_no_new_template() -> None:
    stored = new_template("v1")
    stored["metadata"]["labels"]["pod-template-hash"] = "abc"
    stored["metadata"]["creationTimestamp"] = None
    stored["spec"] |= {"restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "securityContext": {}}
    stored["spec"]["containers"][0] |= {"imagePullPolicy": "IfNotPresent", "resources": {}}
    assert same_template(new_template("v1"), stored)
    assert not same_template(new_template("v2"), stored)
    stored["spec"]["hostNetwork"] = True
    assert not same_template(new_template("v1"), stored)


def test_an_applied_deployment_gets_its_pods() -> None:
    made = Controllers()
    manifest = workload("Deployment", "web", replicas=2, uid="d1")
    made.apply(manifest)
    assert len(made.settle().pods()) == 2
    assert isinstance(made.cluster.record(key("Deployment", "shop", "web")).value, Deployment)


def test_the_same_seed_gives_the_same_names() -> None:
    one, other = (Controllers(workload("Deployment", "web", replicas=3)) for _ in range(2))
    assert one.cluster.canonical == other.cluster.canonical


def test_where_the_basis_is_not_known_it_says_so() -> None:
    cluster = cluster_of(pod("a", owner={"apiVersion": "x/v1", "kind": "Thing", "metadata": {"name": "t"}}))
    assert replacement_rule(cluster, cluster.all(Pod)[0]).basis is Basis.UNKNOWN


def test_pd_7_a_template_that_its_selector_does_not_mean_makes_its_pods_once() -> None:
    """The API server refuses such a Deployment; examples hold it, and pods would be made and orphaned without end."""
    controllers = Controllers(workload("Deployment", "web", replicas=2, selector={"matchLabels": {"app": "other"}}))
    for _ in range(3):
        changes, controllers.draws = reconcile(controllers.cluster, controllers.draws, controllers.opened)
        controllers.cluster = controllers.cluster.with_changes(changes)
        controllers.start()
    assert len(controllers.pods()) == 2
