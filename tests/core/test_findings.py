"""The lines of `kwake check`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import kwake
from kwake.cluster import Cluster, Record, record
from kwake.control.inference import infer
from kwake.errors import InvalidSnapshot
from kwake.findings import Finding, check, refusals
from kwake.objects.basis import Basis
from kwake.objects.document import Manifest
from kwake.objects.event import Clock
from kwake.objects.kinds import Unmodelled
from kwake.profiles.load import load_profile
from kwake.profiles.profile import Profile, Setting
from kwake.sources import read
from tests.core.manifests import bare_pod, deployment, namespace, node, pod_spec, service

SHOP = namespace("shop")
CALICO = load_profile("calico")


def findings(*manifests: Manifest, profile: Profile | None = None) -> tuple[Finding, ...]:
    records = [record(manifest) for manifest in manifests]
    return check(Cluster({item.key: item for item in records}), profile)


def lines(*manifests: Manifest, level: str = "warning", profile: Profile | None = None) -> list[str]:
    return [f"{f.subject}: {f.text}" for f in findings(*manifests, profile=profile) if f.level == level]


def running(name: str, ip: str = "10.0.0.1", **spec: Any) -> Manifest:
    manifest = bare_pod(name)
    manifest["spec"].update(spec)
    return {**manifest, "status": {"phase": "Running", **({"podIP": ip} if ip else {})}}


def policy(**selector: str) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "deny", "namespace": "shop"},
        "spec": {"podSelector": {"matchLabels": selector}},
    }


def test_two_pods_of_one_ip() -> None:
    assert lines(running("a"), running("b")) == ["10.0.0.1: is the address of shop/a and shop/b"]


@pytest.mark.rule("PD-14")
@pytest.mark.rule("SU-43")
def test_pd_14_a_finished_pod_holds_its_ip_no_more() -> None:
    done = running("b")
    done["status"]["phase"] = "Succeeded"
    assert lines(running("a"), done) == []


@pytest.mark.rule("PD-21")
def test_pd_21_host_network_pods_share_an_ip() -> None:
    assert lines(running("a", hostNetwork=True), running("b", hostNetwork=True)) == []


def test_hidden_addresses_are_unknown() -> None:
    [line] = lines(running("a", "***HIDDEN***"), running("b", "***HIDDEN***"), level="unknown")
    assert line.startswith("***HIDDEN***: hides the address of shop/a and shop/b")


def test_a_running_pod_without_an_ip() -> None:
    assert lines(running("a", "")) == ["Pod/shop/a: runs, but its status has no IP: no Service reaches it"]


def test_a_manifest_of_a_pod_needs_no_ip() -> None:
    assert lines(bare_pod("a")) == []


def test_a_service_that_selects_nothing_names_the_nearest_label() -> None:
    manifest = service("checkout")
    manifest["spec"]["selector"] = {"app": "check-out"}
    assert lines(manifest, bare_pod("checkout")) == [
        "Service/shop/checkout: selects 0 pods: app=check-out; nearest label app=checkout"
    ]


def test_a_policy_that_selects_nothing() -> None:
    found = lines(policy(app="x"), bare_pod("web"), profile=CALICO)
    assert found == ["NetworkPolicy/shop/deny: selects 0 pods: app=x"]


def test_a_policy_with_a_misspelt_key_names_the_nearest_label() -> None:
    assert lines(policy(ap="web"), bare_pod("web"), profile=CALICO) == [
        "NetworkPolicy/shop/deny: selects 0 pods: ap=web; nearest label app=web"
    ]


def test_a_policy_may_select_pods_that_a_workload_will_make() -> None:
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "a"}]}}},
    }
    assert lines(policy(app="web"), job, profile=CALICO) == []


def owned(manifest: Manifest, kind: str, group: str = "x.io/v1", uid: str = "1") -> Manifest:
    owner = {"apiVersion": group, "kind": kind, "name": "a", "uid": uid, "controller": True}
    return {**manifest, "metadata": {**manifest["metadata"], "ownerReferences": [owner]}}


def unselecting(name: str) -> Manifest:
    return {**service(name), "spec": {"ports": [{"port": 80}]}}


def test_an_owner_that_is_not_there() -> None:
    manifest = owned(unselecting("a"), "ReplicaSet", "apps/v1")
    assert lines(manifest) == ["ReplicaSet/shop/a: owns Service/shop/a, and is not in the snapshot"]


@pytest.mark.rule("PD-5")
def test_pd_5_an_owner_of_a_kind_that_is_not_modelled_is_nobodys_mistake() -> None:
    manifest = owned(unselecting("a"), "App")
    assert lines(manifest) == []
    assert lines(manifest, level="unknown") == [
        "App/shop/a: owns Service/shop/a, and is not in the snapshot: whether it would make them anew is unknown"
    ]


def test_an_owner_in_several_namespaces_is_of_none_and_told_once() -> None:
    [line] = lines(owned(SHOP, "App"), owned(unselecting("b"), "App"), level="unknown")
    assert line.startswith("App/a: owns Namespace/shop and 1 more, and is not in the snapshot")


def test_what_is_inferred_is_not_counted_as_kept() -> None:
    pod = owned(running("b"), "App")
    records = infer(Cluster({item.key: item for item in (record(SHOP), record(pod))}), CALICO)
    assert not [found for found in check(records) if found.level == "skipped"]


def test_many_owners_that_are_inferred_are_one_line_a_kind() -> None:
    pods = [owned(running(f"b{n}", ip=f"10.0.0.{n}"), f"App{n % 2}", uid=str(n)) for n in range(8)]
    for number, pod in enumerate(pods):
        pod["metadata"]["ownerReferences"][0]["name"] = f"a{number}"
    records = infer(Cluster({item.key: item for item in map(record, (SHOP, *pods))}), CALICO)
    found = [f"{f.subject}: {f.text}" for f in check(records) if f.level == "inferred" and f.subject.startswith("App")]
    assert found == [
        "App0/shop/a0: inferred from pod shop/b0 (and 3 more of kind App0)",
        "App1/shop/a1: inferred from pod shop/b1 (and 3 more of kind App1)",
    ]


def test_faults_that_a_dump_may_have_are_listed_and_many_of_a_kind_in_one_line() -> None:
    bad = [bare_pod(f"Pod{n}") for n in range(5)]
    for manifest in bad:
        manifest["metadata"]["ownerReferences"] = [{"kind": "", "name": "x", "apiVersion": "v1", "uid": "1"}]
    found = [line for line in lines(*bad) if "ownerReferences" in line]
    assert found == [
        'Pod/shop/Pod0: metadata.ownerReferences[0].kind: Invalid value: "": must not be empty (and 4 more of kind Pod)'
    ]


def test_a_fault_that_one_object_has_many_times_is_one_line() -> None:
    bad = running("a", ip="10.0.0.1")
    bad["spec"]["containers"] = [{"name": f"c{n}", "image": "i", "ports": [{"name": "p"}]} for n in range(5)]
    found = [line for line in lines(bad) if "containerPort" in line]
    assert found == ["Pod/shop/a: spec.containers[0].ports[0].containerPort: Required value (and 4 more places in it)"]


def test_a_fault_that_two_objects_have_many_times_counts_objects() -> None:
    ports = [{"name": "p"}, {"name": "q"}]
    bad = [running(name, ip=f"10.0.0.{at}") for at, name in enumerate("ab")]
    for manifest in bad:
        manifest["spec"]["containers"] = [{"name": "c", "image": "i", "ports": ports}]
    found = [line for line in lines(*bad) if "containerPort" in line]
    assert found == ["Pod/shop/a: spec.containers[0].ports[0].containerPort: Required value (and 1 more of kind Pod)"]


@pytest.mark.parametrize(
    ("api_version", "kind", "level"),
    [
        ("cilium.io/v2", "CiliumNetworkPolicy", "unknown"),
        ("crd.projectcalico.org/v1", "NetworkPolicy", "unknown"),
        ("projectcalico.org/v3", "GlobalNetworkPolicy", "unknown"),
        ("networking.k8s.aws/v1alpha1", "ClusterNetworkPolicy", "unknown"),
        ("security.istio.io/v1", "AuthorizationPolicy", "unknown"),
        ("example.com/v1", "Foo", "skipped"),
    ],
)
def test_kinds_that_are_not_read_are_counted(api_version: str, kind: str, level: str) -> None:
    spec: Manifest = {"endpointSelector": {}, "ingress": [{}]}
    objects = [{"apiVersion": api_version, "kind": kind, "metadata": {"name": n}, "spec": spec} for n in "ab"]
    [finding] = [f for f in findings(*objects) if f.subject.startswith(f"{kind}.")]
    assert finding.level == level
    assert finding.text.startswith("2 ")


def test_a_policy_that_was_left_out_is_unknown() -> None:
    read_as = record(policy())
    left_out = Record(read_as.document, Unmodelled(kind="NetworkPolicy", api_version="networking.k8s.io/v1"))
    [finding] = check(Cluster({left_out.key: left_out}))
    assert (finding.level, finding.text) == ("unknown", "1 left out: what they decide is unknown")


def test_that_ports_listen_is_one_assumption() -> None:
    told = bare_pod("b")
    told["metadata"]["annotations"] = {"kwake.dev/listens": "8080"}
    assert lines(SHOP, bare_pod("a"), bare_pod("c"), told, level="assumption") == [
        "Pod: declared container ports listen: 2 pods; others too unless kwake.dev/listens says which"
    ]


def test_namespaces_that_are_only_implied_have_no_labels() -> None:
    assert lines(SHOP, policy(), {**policy(), "metadata": {"name": "a", "namespace": "pay"}}, level="assumption") == [
        "Namespace: only implied by what is in them, so without labels of their own: pay"
    ]


def test_what_was_inferred_or_assumed_says_so() -> None:
    pod = record(bare_pod("a"))
    assert [(f.level, f.subject) for f in check(infer(Cluster({pod.key: pod}))) if "Node" in f.subject] == [
        ("assumption", "Node/node-a"),
        ("assumption", "Node/node-b"),
        ("assumption", "Node/node-c"),
    ]


def test_a_profile_lists_what_it_assumes() -> None:
    sure, unsure = Setting("x", Basis.SOURCED, "s"), Setting("y", Basis.UNKNOWN, "")
    profile = Profile("p", {"policy": sure, "lb": unsure}, {"sandbox": Clock("sandbox", 1, Basis.ASSUMED, "")})
    assert [f"{f.subject}: {f.text}" for f in findings(profile=profile)] == [
        "profile p: no source gives these, so they are assumed: lb, sandbox"
    ]


def test_findings_have_one_order_whatever_the_order_of_the_objects() -> None:
    objects = [SHOP, node("n", 1), running("a"), running("b"), service("x"), policy(app="x"), bare_pod("c")]
    assert findings(*objects) == findings(*reversed(objects))


def test_escape_codes_in_names_are_shown() -> None:
    assert "\x1b" not in str(Finding("warning", "Pod/\x1b[2J", "\x1b", "\x1b.yaml:1"))


def test_refusals_name_file_line_object_field_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: Bad_name\nspec:\n  podSelector: {}\n"
        "  ingress:\n  - from:\n    - ipBlock:\n        cidr: 10.0.0.0/99\n"
    )
    records = [Record(entry.document, entry.value) for entry in read(path).entries]
    assert [str(problem) for problem in refusals(records)] == [
        f"{path}:10: NetworkPolicy/default/Bad_name: spec.ingress[0].from[0].ipBlock.cidr: Invalid value:"
        ' "10.0.0.0/99": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'
    ]
    where = [f.where for f in check(Cluster({r.key: r for r in records})) if "RFC 1123" in f.text]
    assert where == [f"{path}:4"]


def test_a_misspelt_field_is_told_before_what_is_missing_without_it(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: web\nspec:\n  podSelector: {}\n"
        "  policyType: [Ingress]\n  ingress:\n  - from:\n    - podSelectr: {}\n"
    )
    at = "spec.ingress[0].from[0]"
    with pytest.raises(InvalidSnapshot) as caught:
        kwake.open(path)
    assert [*caught.value.problems] == [
        f'{path}:10: NetworkPolicy/default/web: {at}.podSelectr: unknown field "{at}.podSelectr";'
        " did you mean podSelector?",
        f"{path}:10: NetworkPolicy/default/web: {at}: Required value: must specify a peer",
    ]


def test_real_dumps_and_manifests_open_with_findings(truth: Path) -> None:
    sets = [*sorted((truth / "dumps").iterdir()), *sorted((truth / "real-manifests").iterdir())]
    names = ("onlineboutique", "onlineboutique_workloads", "minikube_resources", "acs-security-demos")
    sets += [truth / "manifests" / "tests" / name for name in names]
    empty = []
    for path in sets:
        snapshot = read(path, lenient=True)
        cluster = infer(Cluster({entry.key: Record(entry.document, entry.value) for entry in snapshot.entries}))
        if not snapshot.entries or refusals(cluster) or not check(cluster, found=snapshot.findings):
            empty.append(path.name)
        if path.parent.name == "dumps" and snapshot.problems:
            empty.append(f"{path.name}: {snapshot.problems[0]}")
    assert len(sets) >= 31
    assert empty == []


@pytest.mark.rule("EP-10")
def test_ep_10_a_port_name_that_no_selected_pod_has_is_listed_with_the_names_there_are() -> None:
    pods = [bare_pod("a", app="db"), bare_pod("b", app="db")]

    found = lines(SHOP, *pods, service("db", 5432, "postgres"))

    expected = "none of the 2 pods it selects has a TCP port named postgres; there is http"
    assert found == [f"Service/shop/db: {expected}"]


@pytest.mark.rule("PD-1")
def test_pd_1_two_containers_with_one_port_are_told_once_for_a_workload() -> None:
    spec = pod_spec(80, "web")
    spec["containers"].append({"name": "side", "image": "x", "ports": [{"containerPort": 80}]})
    world = kwake.open([node("node-a", 1), namespace("shop"), deployment("web", 2, spec=spec)])

    told = [finding.text for finding in world.findings if "port space" in finding.text]

    assert [text.partition(":")[0] for text in told] == ["containers main and side both declare 80/TCP"]


@pytest.mark.rule("PD-1")
def test_pd_1_one_port_of_two_protocols_is_no_conflict() -> None:
    spec = pod_spec(53, "dns")
    spec["containers"].append({"name": "side", "image": "x", "ports": [{"containerPort": 53, "protocol": "UDP"}]})
    world = kwake.open([node("node-a", 1), namespace("shop"), deployment("dns", spec=spec)])

    assert not [finding for finding in world.findings if "port space" in finding.text]


def test_what_is_inferred_of_many_objects_in_the_same_words_is_said_once() -> None:
    found = [finding for finding in findings_of_services(5) if "no EndpointSlice" in finding.text]

    assert [finding.text for finding in found] == [
        "inferred: the snapshot has no EndpointSlice for this Service (and 4 more of kind EndpointSlice)"
    ]


def findings_of_services(count: int) -> tuple[Finding, ...]:
    services = [service(f"s{n}") for n in range(count)]
    return kwake.open([namespace("shop"), running("web", "10.1.0.1"), *services]).findings


def test_under_a_cni_that_enforces_none_that_is_said_first() -> None:
    flannel = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "kube-flannel-ds", "namespace": "kube-flannel"},
        "spec": {"template": {"metadata": {"labels": {"app": "flannel"}}}},
    }

    (finding,) = (f for f in findings(flannel, policy(app="web"), bare_pod("web"), profile=CALICO) if "runs" in f.text)

    assert finding.level == "warning"
    assert finding.text.startswith("enforces no policies (NP-12), so the NetworkPolicy has no effect: runs, so policy")
    assert "--profile flannel" in finding.text


@pytest.mark.parametrize(("wanted", "near"), [("wbe", True), ("check-out", False), ("old-web", False), ("web1", False)])
def test_a_name_is_shown_beside_another_where_each_part_of_it_is_like(wanted: str, near: bool) -> None:
    (line,) = lines(policy(app=wanted), bare_pod("web"), bare_pod("new-api"), profile=CALICO)

    assert ("nearest label" in line) is near


def test_a_field_that_no_patch_mends_is_told_with_the_one_that_was_meant() -> None:
    manifest = {**policy(app="x"), "metadata": {"name": "a", "namspace": "shop"}}
    assert 'unknown field "metadata.namspace"; did you mean namespace?' in [
        finding.text for finding in findings(manifest)
    ]
