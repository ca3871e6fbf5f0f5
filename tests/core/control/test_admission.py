"""What the API server refuses, in its words."""

from __future__ import annotations

from typing import Any

import pytest

from kwake.cluster import record
from kwake.control.admission import violations
from kwake.objects.document import Manifest
from kwake.objects.field_path import dotted


def lines(manifest: Manifest, severity: str = "refused") -> list[str]:
    """`field: reason` of what an object breaks."""
    found = violations(record(manifest).value, manifest)
    return [f"{dotted(v.field)}: {v.reason}" for v in found if v.severity == severity]


def policy(**spec: Any) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "a"},
        "spec": {"podSelector": {}, **spec},
    }


def from_peer(**peer: Any) -> Manifest:
    return policy(ingress=[{"from": [peer]}])


def port(**port: Any) -> Manifest:
    return policy(egress=[{"ports": [port]}])


def pod(**container: Any) -> Manifest:
    containers = [{"name": "main", **container}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": containers}}


CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
PEER = "spec.ingress[0].from[0]"
PORT = "spec.egress[0].ports[0]"
RANGE = "must be between 1 and 65535, inclusive"
LABEL = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and"
    " end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is"
    " '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


def unlike(**labels: str) -> Manifest:
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": spec}


@pytest.mark.parametrize(
    ("manifest", "line"),
    [
        (from_peer(ipBlock={"cidr": "A"}), f'{PEER}.ipBlock.cidr: Invalid value: "A": {CIDR}'),
        (from_peer(ipBlock={}), f"{PEER}.ipBlock.cidr: Required value"),
        (
            from_peer(ipBlock={"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"]}),
            f'{PEER}.ipBlock.except[0]: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`',
        ),
        (
            from_peer(ipBlock={"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16"]}),
            f'{PEER}.ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`',
        ),
        (
            from_peer(ipBlock={"cidr": "10.0.0.0/8", "except": ["::/64"]}),
            f'{PEER}.ipBlock.except[0]: Invalid value: "::/64": must be a strict subset of `cidr`',
        ),
        (from_peer(), f"{PEER}: Required value: must specify a peer"),
        (
            from_peer(ipBlock={"cidr": "10.0.0.0/8"}, podSelector={}),
            f"{PEER}: Forbidden: may not specify both ipBlock and another peer",
        ),
        (port(endPort=9), f"{PORT}.endPort: Invalid value: 9: may not be specified when `port` is not specified"),
        (
            port(port="http", endPort=9),
            f"{PORT}.endPort: Invalid value: 9: may not be specified when `port` is non-numeric",
        ),
        (port(port=10, endPort=9), f"{PORT}.endPort: Invalid value: 9: must be greater than or equal to `port`"),
        (port(port=0), f"{PORT}.port: Invalid value: 0: {RANGE}"),
        (port(port=65535, endPort=65536), f"{PORT}.endPort: Invalid value: 65536: {RANGE}"),
        (port(port="a_b"), f'{PORT}.port: Invalid value: "a_b": must contain only alpha-numeric characters (a-z, 0-9),'
                           " and hyphens (-)"),
        (port(port="8080"), f'{PORT}.port: Invalid value: "8080": must contain at least one letter (a-z)'),
        (port(protocol="tcp"), f'{PORT}.protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"'),
        (
            policy(policyTypes=["Both"]),
            'spec.policyTypes[0]: Unsupported value: "Both": supported values: "Egress", "Ingress"',
        ),
        (
            policy(policyTypes=["Ingress", "Egress", "Ingress"]),
            'spec.policyTypes: Invalid value: ["Ingress","Egress","Ingress"]: may not specify more than two'
            " policyTypes",
        ),
        (
            policy(podSelector={"matchLabels": {"app": "$x"}}),
            f'spec.podSelector.matchLabels.app: Invalid value: "$x": {LABEL}',
        ),
        (
            policy(podSelector={"matchExpressions": [{"key": "a", "operator": "In"}]}),
            "spec.podSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or"
            " 'NotIn'",
        ),
        (
            policy(podSelector={"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]}),
            "spec.podSelector.matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists'"
            " or 'DoesNotExist'",
        ),
        (
            policy(podSelector={"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]}),
            'spec.podSelector.matchExpressions[0].operator: Invalid value: "Gt": not a valid selector operator',
        ),
        (
            {**policy(), "apiVersion": "v1"},
            'apiVersion: no matches for kind "NetworkPolicy" in version "v1"',
        ),
        (
            {**policy(), "apiVersion": "networking.k8s.io/v2"},
            'apiVersion: no matches for kind "NetworkPolicy" in version "networking.k8s.io/v2"',
        ),
        (
            {**policy(), "kind": "networkpolicy"},
            'kind: no matches for kind "networkpolicy" in version "networking.k8s.io/v1"',
        ),
        (
            {**policy(), "apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolcy"},
            'kind: no matches for kind "ClusterNetworkPolcy" in version "policy.networking.k8s.io/v1alpha2"',
        ),
        ({**pod(), "kind": "pod"}, 'kind: no matches for kind "pod" in version "v1"'),
        ({**pod(), "spec": {}}, "spec.containers: Required value"),
        (
            pod(ports=[{"containerPort": 70000}]),
            f"spec.containers[0].ports[0].containerPort: Invalid value: 70000: {RANGE}",
        ),
        (
            pod(ports=[{"name": "a", "containerPort": 1}, {"name": "a", "containerPort": 2}]),
            'spec.containers[0].ports[1].name: Duplicate value: "a"',
        ),
        (
            pod(ports=[{"containerPort": 1, "protocol": "ICMP"}]),
            'spec.containers[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
        ),
        (
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"type": "Cluster"}},
            'spec.type: Unsupported value: "Cluster": supported values: "ClusterIP", "ExternalName", "LoadBalancer",'
            ' "NodePort"',
        ),
        (
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 0}]}},
            f"spec.ports[0].port: Invalid value: 0: {RANGE}",
        ),
    ],
)  # fmt: skip
def test_the_api_server_says_why(manifest: Manifest, line: str) -> None:
    assert line in lines(manifest)


@pytest.mark.parametrize(
    "manifest",
    [
        policy(),
        policy(ingress=[{}], egress=[], policyTypes=["Ingress", "Egress"]),
        from_peer(podSelector={}, namespaceSelector={"matchLabels": {"a.b/c": ""}}),
        from_peer(ipBlock={"cidr": "10.1.2.3/8", "except": ["10.2.3.4/16", "010.003.0.0/16"]}),
        from_peer(ipBlock={"cidr": "2001:db8::/32", "except": ["2001:db8:1::/48"]}),
        port(port=1, endPort=1, protocol="SCTP"),
        port(port="web-1"),
        port(protocol="UDP"),
        policy(podSelector={"matchExpressions": [{"key": "a", "operator": "NotIn", "values": [""]}]}),
        {**policy(), "apiVersion": "extensions/v1beta1"},
        {**policy(), "apiVersion": "crd.projectcalico.org/v1"},
        {**policy(), "apiVersion": "networking.k8s.io/v1beta1", "kind": "IngressClass"},
        {**policy(), "apiVersion": "example.com/v1", "kind": "pod"},
        pod(ports=[{"name": "a", "containerPort": 1}]),
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "system:a"}},
    ],
)
def test_what_is_good_is_taken(manifest: Manifest) -> None:
    assert lines(manifest) == []
    assert lines(manifest, "reported") == []


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ({**pod(), "metadata": {"name": "A_b"}}, "metadata.name: Invalid value: \"A_b\": a lowercase RFC 1123"),
        ({**pod(), "metadata": {"name": "a" * 254}}, "must be no more than 253 characters"),
        ({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "1a"}}, "a DNS-1035 label must consist of"),
        ({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a.b"}}, "must not contain dots"),
        ({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a..b"}}, "a lowercase RFC 1123 label must"),
        (
            {**pod(), "metadata": {"name": "a", "ownerReferences": [{"name": "b"}]}},
            'metadata.ownerReferences[0].kind: Invalid value: "": must not be empty',
        ),
        (from_peer(ipBlock={"cidr": "***HIDDEN***/32"}), CIDR),
        (policy(ingres=[]), 'spec.ingres: unknown field "spec.ingres"'),
        ({**policy(), "egress": []}, 'egress: unknown field "egress"'),
        (
            {**policy(), "metadata": {"name": "a", "namspace": "b"}},
            'metadata.namspace: unknown field "metadata.namspace"',
        ),
        (
            from_peer(podSelector={"matchlabels": {"a": "b"}}),
            'unknown field "spec.ingress[0].from[0].podSelector.matchlabels"',
        ),
        (port(endport=9, port=1), 'unknown field "spec.egress[0].ports[0].endport"'),
        (pod(ports=[{"name": "a"}]), "spec.containers[0].ports[0].containerPort: Required value"),
        (unlike(app="bar"), 'spec.template.metadata.labels: Invalid value: {"app":"bar"}: `selector` does not match'),
    ],
)  # fmt: skip
def test_what_dumps_hold_is_only_reported(manifest: Manifest, words: str) -> None:
    assert lines(manifest) == []
    assert any(words in line for line in lines(manifest, "reported"))


def test_labels_are_checked_in_metadata_too() -> None:
    manifest = pod()
    manifest["metadata"]["labels"] = {"a/b/c": "x", "app": "-"}
    assert [line.split(":")[0] for line in lines(manifest)] == ["metadata.labels[a/b/c]", "metadata.labels.app"]


OWNER = {"apiVersion": "v1", "kind": "Node", "name": "a", "uid": "1"}
KEY = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"


@pytest.mark.parametrize(
    ("metadata", "start"),
    [
        ({"generateName": "AB-"}, 'generateName: Invalid value: "AB-": a lowercase RFC 1123 subdomain must consist of'),
        ({"generateName": "a_"}, 'generateName: Invalid value: "a_": a lowercase RFC 1123 subdomain must consist of'),
        ({"finalizers": ["a b"]}, f'finalizers[0]: Invalid value: "a b": name part {KEY}'),
        ({"annotations": {"a b": "x"}}, f'annotations.a b: Invalid value: "a b": name part {KEY}'),
        ({"annotations": {"a": "x" * 256 * 1024}}, "annotations: Too long: may not be more than 262144 bytes"),
        ({"annotations": {"a": "\u00e9" * 128 * 1024}}, "annotations: Too long: may not be more than 262144 bytes"),
        (
            {"ownerReferences": [{**OWNER, "apiVersion": "apps/"}]},
            'ownerReferences[0].apiVersion: Invalid value: "apps/": version must not be empty',
        ),
        ({"ownerReferences": [{**OWNER, "uid": ""}]}, 'ownerReferences[0].uid: Invalid value: "": must not be empty'),
        (
            {"ownerReferences": [{**OWNER, "kind": "Event"}]},
            "ownerReferences[0]: Invalid value: /v1, Kind=Event is disallowed from being an owner",
        ),
        (
            {"ownerReferences": [{**OWNER, "controller": True}, {**OWNER, "name": "b", "controller": True}]},
            'ownerReferences: Only one reference can have Controller set to true. Found "true" in references for'
            " Node/a and Node/b",
        ),
    ],
)
def test_metadata_of_a_dump_is_reported(metadata: dict[str, Any], start: str) -> None:
    manifest = {**policy(), "metadata": {"name": "a", **metadata}}
    assert lines(manifest) == []
    (told,) = lines(manifest, "reported")
    assert told.startswith(f"metadata.{start}")


@pytest.mark.parametrize(
    "metadata",
    [
        {"name": ".".join(["a" * 63] * 3 + ["a" * 61])},
        {"generateName": "a-"},
        {"generateName": "a--"},
        {"annotations": {"Example.COM/A_b": "x" * (256 * 1024 - 15)}},
        {"finalizers": ["foregroundDeletion", "example.com/a"]},
        {"ownerReferences": [{**OWNER, "controller": True}, {**OWNER, "name": "b"}]},
        {"ownerReferences": [{**OWNER, "apiVersion": "events.k8s.io/v1", "kind": "Event"}]},
        {"labels": {"a" * 63: "v" * 63, "example.com/a": ""}},
        {"uid": "1", "resourceVersion": "2", "generation": 3, "creationTimestamp": None, "managedFields": []},
    ],
)
def test_metadata_up_to_its_borders_is_taken(metadata: dict[str, Any]) -> None:
    manifest = {**policy(), "metadata": {"name": "a", **metadata}}
    assert lines(manifest) == []
    assert lines(manifest, "reported") == []


@pytest.mark.parametrize(
    ("key", "complaints"),
    [
        ("", ["name part must be non-empty", f"name part {KEY}"]),
        ("a/", ["name part must be non-empty", f"name part {KEY}"]),
        ("/a", ["prefix part must be non-empty"]),
        ("k" * 64, ["name part must be no more than 63 characters"]),
        ("a/b/c", [f"a valid label key {KEY}"]),
        ("A/b", ["prefix part a lowercase RFC 1123 subdomain must consist of"]),
        (".".join(["a" * 63] * 4) + "/b", ["prefix part must be no more than 253 characters"]),
        ("-a", [f"name part {KEY}"]),
    ],
)
def test_a_key_of_a_label_is_a_qualified_name(key: str, complaints: list[str]) -> None:
    told = lines(policy(podSelector={"matchLabels": {key: "x"}}))
    assert len(told) == len(complaints)
    for line, complaint in zip(told, complaints, strict=True):
        assert f'Invalid value: "{key}": {complaint}' in line


def test_a_template_is_checked_like_a_pod() -> None:
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}}}
    manifest = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": spec}
    assert lines(manifest) == ["spec.template.spec.containers: Required value"]
