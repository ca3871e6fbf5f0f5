"""A capture is the same world as the cluster, and holds no secret of it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import kwake
import kwake_live
from kwake.objects.kinds import Deployment, EndpointSlice, NetworkPolicy, Node, Pod, Service
from kwake_tui.cli import main
from tests.live.fake_api import FakeApi
from tests.live.store import CILIUM, Manifest


def _captured(prod: FakeApi, target: Path, *words: str) -> str:
    assert main(["capture", "--context", "prod", "--to", str(target), *words]) == 0
    return target.read_text(encoding="utf-8")


def _answers(world: kwake.World) -> dict[str, Any]:
    """What decides, and what comes of it: everything but the words that a capture leaves out."""
    values: dict[str, object] = {str(s.key): (s.endpoints, s.ports) for s in world.cluster.all(EndpointSlice)}
    for kind in (Pod, Service, NetworkPolicy, Node, Deployment):
        values |= {str(value.key): getattr(value, "spec", None) for value in world.cluster.all(kind)}
    statuses = {str(pod.key): (pod.status, pod.metadata.labels, pod.metadata.uid) for pod in world.cluster.all(Pod)}
    services = [f"svc/{s.metadata.namespace}/{s.metadata.name}" for s in world.cluster.all(Service)]
    paths = {name: _traced(world, name) for name in services}
    found = sorted(str(finding) for finding in world.findings)
    return {"values": values, "statuses": statuses, "paths": paths, "reach": world.reach().pairs, "findings": found}


def _traced(world: kwake.World, service: str) -> object:
    try:
        path = world.trace("deploy/shop/web", service)
    except kwake.KwakeError as error:
        return str(error)
    return path.outcome, path.basis, [(b.pod, b.ip, b.port, b.outcome, b.reason) for b in path.branches]


@pytest.mark.parametrize("name", ["prod.yaml", "prod.json"])
def test_loading_a_capture_gives_the_same_world_as_the_cluster(prod: FakeApi, tmp_path: Path, name: str) -> None:
    _captured(prod, tmp_path / name)

    again, live = kwake.open(str(tmp_path / name)), kwake_live.open("prod")

    assert sorted(str(r.key) for r in again.cluster) == sorted(str(r.key) for r in live.cluster)
    for part, answer in _answers(live).items():
        there = _answers(again)[part]
        assert there == answer, part


def test_a_capture_carries_what_could_not_be_read(prod: FakeApi, tmp_path: Path) -> None:
    """Given forbidden policies, when the capture is opened elsewhere, then dials are still unknown."""
    prod.forbidden = {"networkpolicies.networking.k8s.io"}
    _captured(prod, tmp_path / "prod.yaml")

    path = kwake.open(str(tmp_path / "prod.yaml")).trace("deploy/shop/web", "svc/shop/checkout", 443)

    assert path.outcome is kwake.Outcome.UNKNOWN


def test_a_capture_is_plain_manifests(prod: FakeApi, tmp_path: Path) -> None:
    prod.forbidden = {"nodes"}

    text = _captured(prod, tmp_path / "prod.yaml")

    kinds = {document["kind"] for document in yaml.safe_load_all(text)}
    assert "Pod" in kinds
    assert kinds <= {resource.kind for resource in prod.store.resources}


SECRETS = [f"s3cr3t-{n:02d}-{'x' * 8}" for n in range(80)]


def _plant(api: FakeApi) -> list[str]:
    """Put a secret wherever people put them; answers those that were put."""
    left, planted = iter(SECRETS), []

    def secret() -> str:
        word = next(left)
        planted.append(word)
        return word

    def encoded() -> str:
        word = base64.b64encode(secret().encode()).decode()
        planted.append(word)
        return word

    container = {
        "name": "app", "image": "app:1", "command": ["app", f"--password={secret()}"], "args": [f"--key={secret()}"],
        "env": [{"name": "PASSWORD", "value": secret()},
                {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "db", "key": secret()}}}],
        "ports": [{"containerPort": 8080}],
        "livenessProbe": {"httpGet": {"port": 8080, "httpHeaders": [{"name": "Authorization", "value": secret()}]}},
        "readinessProbe": {"exec": {"command": ["check", secret()]}},
        "lifecycle": {"preStop": {"exec": {"command": ["stop", secret()]}},
                      "postStart": {"httpGet": {"port": 1, "httpHeaders": [{"name": "X", "value": secret()}]}}},
    }  # fmt: skip
    spec: Manifest = {
        "containers": [container],
        "initContainers": [{"name": "init", "env": [{"name": "T", "value": secret()}], "args": [secret()]}],
        "volumes": [{"name": "v", "secret": {"secretName": secret()}},
                    {"name": "c", "csi": {"volumeAttributes": {"k": secret()}}}],
        "imagePullSecrets": [{"name": secret()}],
    }  # fmt: skip
    labels = {"app": "planted"}

    def metadata(name: str) -> Manifest:
        applied = json.dumps({"spec": {"env": secret()}})
        return {
            "name": name, "namespace": "shop", "labels": labels,
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": applied, "vault/token": secret()},
            "managedFields": [{"manager": secret()}],
        }  # fmt: skip

    template = {"metadata": {"labels": labels, "annotations": {"token": secret()}}, "spec": spec}
    status = {"phase": "Running", "podIP": "10.244.9.9", "podIPs": [{"ip": "10.244.9.9"}],
              "conditions": [{"type": "Ready", "status": "False", "message": secret()}],
              "containerStatuses": [{"name": "app", "lastState": {"terminated": {"message": secret()}}}]}  # fmt: skip
    selector = {"selector": {"matchLabels": labels}}
    objects: list[Manifest] = [
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata("db"), "data": {"password": encoded()}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata("app"), "data": {"config": secret()}},
        {"apiVersion": "v1", "kind": "ConfigMap",
         "metadata": {"name": "kube-proxy", "namespace": "kube-system", "annotations": {"x": secret()}},
         "data": {"config.conf": f"kind: KubeProxyConfiguration\nmode: ipvs\nclientConnection: {{t: {secret()}}}\n"
                                 f"# {secret()}\n",
                  "kubeconfig.conf": f"users:\n- token: {secret()}\n"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cilium-config", "namespace": "kube-system"},
         "data": {"kube-proxy-replacement": "true", "etcd-password": secret()}, "binaryData": {"ca": encoded()}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata("planted"), "spec": {**spec, "nodeName": "node-1"},
         "status": status},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata("planted"),
         "spec": {"replicas": 1, **selector, "template": template}},
        {"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": metadata("rev"), "revision": 1,
         "data": {"spec": {"template": template}}},
        {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata("cron"),
         "spec": {"schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": template}}}},
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata("planted"),
         "spec": {"ports": [{"port": 80}], "selector": labels, "clusterIP": "10.96.7.7", "clusterIPs": ["10.96.7.7"]}},
        {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata("planted"), "spec": {}},
        {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": metadata("l7"),
         "spec": {"endpointSelector": {"matchLabels": labels}, "ingress": [{"toPorts": [{
             "ports": [{"port": "80"}], "rules": {"http": [{"method": "GET", "headers": [f"X-Token: {secret()}"]}]},
             "terminatingTLS": {"secret": {"name": secret()}}}]}]}},
    ]  # fmt: skip
    api.store.serve(CILIUM)
    for manifest in objects:
        api.store.put(manifest)
    return planted


@pytest.mark.parametrize("name", ["prod.yaml", "prod.json"])
def test_a_capture_of_a_cluster_full_of_secrets_holds_none(prod: FakeApi, tmp_path: Path, name: str) -> None:
    """Given secrets wherever people put them, when the cluster is captured, then the file holds not one of them."""
    planted = _plant(prod)
    assert len(planted) > 35
    assert len(set(planted)) == len(planted)

    text = _captured(prod, tmp_path / name)

    assert [word for word in planted if word in text] == []
    assert "let-me-in" not in text
    assert "PASSWORD" in text, "the name of a variable is kept"
    assert "mode: ipvs" in text, "how kube-proxy forwards is kept"
    assert [request.path for request in prod.log if "secrets" in request.path] == []


def test_the_secrets_are_really_there(prod: FakeApi) -> None:
    """Else the search above would prove nothing."""
    planted = _plant(prod)
    held = json.dumps([prod.store.all(resource) for resource in prod.store.resources])

    assert [word for word in planted if word not in held and base64.b64encode(word.encode()).decode() not in held] == []


def test_a_capture_says_what_it_left_out(prod: FakeApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _plant(prod)

    text = _captured(prod, tmp_path / "prod.yaml")

    told = capsys.readouterr()
    assert told.out == ""
    for words in ("Secrets", "values of environment variables: ", "commands and arguments: ", "data of ConfigMaps: "):
        assert words in told.err
        assert words in text.partition("apiVersion")[0]


def test_a_file_is_not_overwritten_unasked(prod: FakeApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "mine.yaml"
    target.write_text("mine", encoding="utf-8")

    code = main(["capture", "--context", "prod", "--to", str(target)])

    assert code == 2
    assert target.read_text(encoding="utf-8") == "mine"
    assert "not overwritten" in capsys.readouterr().err
    assert prod.log == [], "it is said before the cluster is read"
    assert main(["capture", "--context", "prod", "--to", str(target), "--overwrite"]) == 0


def test_a_capture_on_standard_output_is_data_alone(prod: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["capture", "--context", "prod", "--to", "-"]) == 0

    assert len(list(yaml.safe_load_all(capsys.readouterr().out))) > 20


def test_the_profile_is_the_clusters_own_and_the_captures_too(
    prod: FakeApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given a cluster whose CNI judges by no policy and whose kube-proxy is ipvs, when it is opened without a
    profile, then it is answered so, as its objects say; the capture keeps that much, and says under which options."""
    prod.store.put({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kube-proxy", "namespace": "kube-system"},
        "data": {"config.conf": "kind: KubeProxyConfiguration\nmode: ipvs\nclientConnection: {qps: 5}\n"},
    })  # fmt: skip
    pod = {"containers": [{"name": "kube-flannel", "image": "flannel:1"}]}
    prod.store.put({
        "apiVersion": "apps/v1", "kind": "DaemonSet",
        "metadata": {"name": "kube-flannel-ds", "namespace": "kube-flannel"},
        "spec": {"selector": {"matchLabels": {"app": "flannel"}},
                 "template": {"metadata": {"labels": {"app": "flannel"}}, "spec": pod}},
        "status": {"desiredNumberScheduled": 0},
    })  # fmt: skip
    said: list[str] = []

    live = kwake_live.open("prod", say=said.append)

    assert (live.profile.name, live.profile["policy"], live.profile["proxy"]) == ("flannel+ipvs", "none", "ipvs")
    assert any("profile flannel+ipvs, as DaemonSet/kube-flannel/kube-flannel-ds runs" in line for line in said)
    assert kwake_live.open("prod", profile="cilium").profile.name == "cilium", "the user goes before"
    text = _captured(prod, tmp_path / "prod.yaml")
    options = "--profile flannel+ipvs --set local-detection=none"
    assert f"# set up as {options} has it" in text
    assert options in capsys.readouterr().err
    again = kwake.open(str(tmp_path / "prod.yaml"), "flannel+ipvs", overrides={"local-detection": "none"})
    for part in ("paths", "reach"):
        assert _answers(again)[part] == _answers(live)[part], part


def test_a_cluster_that_does_not_tell_is_answered_by_the_default_and_that_is_said(prod: FakeApi) -> None:
    said: list[str] = []

    assert kwake_live.open("prod", say=said.append).profile.name == "calico"
    assert any("profile calico is assumed" in line for line in said)
