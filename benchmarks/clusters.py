"""Clusters of any size, always the same for a seed, in the shape of Kubernetes' own load test.

Of a namespace's pods half are in Deployments of 5, a quarter in Deployments of 30, a quarter in Deployments of 250,
thirty pods on a node, a Service for half of the Deployments and, where policies are wanted, a NetworkPolicy for each
(kubernetes/perf-tests, clusterloader2/testing/load/config.yaml at 0188c4d6a8ab). What those policies say there is too
plain to measure anything: here they are the recipes that people copy (ahmetb/kubernetes-network-policy-recipes): deny
all in a namespace, allow the namespace itself, allow a tier, another namespace, the outside world but for some ranges,
a named port, DNS. Namespaces hold about a hundred pods (not from a source). 1,000 pods come with about 130 policies and
100,000 pods with 13,000.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from kwake.sources import to_yaml

Manifest = dict[str, Any]

Shape = Literal["default", "policy-per-pod", "half-open", "few-labels"]
SHAPES: tuple[Shape, ...] = ("default", "policy-per-pod", "half-open", "few-labels")
"""As the load test has it; a policy more for each pod; half of the namespaces without policies; pods that carry nothing
but one of three tiers."""

SIZES = (5, 5, 30, 250)
"""Pods of a Deployment, by a quarter of all pods each."""

PODS_PER_NODE = 30
PODS_PER_NAMESPACE = 100
TIERS = ("front", "back", "data")
_SAFE = "bcdfghjklmnpqrstvwxz2456789"
"""What Kubernetes makes names of (`k8s:apimachinery/pkg/util/rand`)."""


def cluster(
    pods: int, seed: int = 1, *, shape: Shape = "default", dump: bool = False, full: bool = False
) -> list[Manifest]:
    """Nodes, namespaces, Deployments with this many pods between them, Services and policies.

    With `dump` there are the pods instead of the Deployments, whose ReplicaSets they name; with `full` these pods have
    all that an API server shows, about 4 KB each.
    """
    rng = random.Random(seed)
    nodes = [f"node-{number:04}" for number in range(max(-(-pods // PODS_PER_NODE), 3))]
    names = [f"team-{number:03}" for number in range(max(pods // PODS_PER_NAMESPACE, 2))]
    found = [_node(name, number) for number, name in enumerate(nodes)]
    found += [_namespace(name, number) for number, name in enumerate(names)]
    found += _name_servers(nodes[0])
    governed = names[::2] if shape == "half-open" else names
    for name in governed:
        found += _house_rules(name, rng)
    made = 0
    for number, replicas in enumerate(_sizes(pods)):
        namespace, app, tier = rng.choice(names), f"app-{number:05}", rng.choice(TIERS)
        labels = {"tier": tier} if shape == "few-labels" else {"app": app, "tier": tier}
        if dump:
            hash_ = _letters(rng, 10)
            for at in range(made, made + replicas):
                node = rng.randrange(len(nodes))
                pod = _pod(namespace, app, hash_, labels, at, node, rng)
                if full:
                    dress(pod, rng)
                if shape == "policy-per-pod":
                    pod["metadata"]["labels"]["instance"] = pod["metadata"]["name"]
                    found.append(_own_policy(namespace, pod["metadata"]["name"], rng))
                found.append(pod)
        else:
            found.append(_deployment(namespace, app, replicas, labels))
        if number % 2 == 0:
            found.append(_service(namespace, app, labels))
            if dump:
                _store(found[-1], number)
        if namespace in governed or shape != "half-open":
            found.append(_policy(namespace, app, labels, names, rng))
        made += replicas
    return found


def write(path: Path, manifests: list[Manifest]) -> None:
    """As one JSON List, laid out as kubectl does."""
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}, indent=4))


def write_folder(folder: Path, manifests: list[Manifest], form: Literal["yaml", "json"]) -> None:
    """A file for each namespace and one for what has none, as YAML or JSON."""
    files: dict[str, list[Manifest]] = {}
    for manifest in manifests:
        files.setdefault(manifest["metadata"].get("namespace", "cluster"), []).append(manifest)
    for name, held in files.items():
        if form == "json":
            write(folder / f"{name}.json", held)
        else:
            (folder / f"{name}.yaml").write_text("---\n".join(map(to_yaml, held)))


def _sizes(pods: int) -> Iterator[int]:
    """Replicas of one Deployment after the other, so that each size has its quarter of the pods."""
    given = [0] * len(SIZES)
    left = pods
    while left:
        fitting = [at for at, size in enumerate(SIZES) if size <= left] or [0]
        at = min(fitting, key=lambda at: (given[at] + SIZES[at], at))
        replicas = min(SIZES[at], left)
        given[at] += replicas
        left -= replicas
        yield replicas


def _letters(rng: random.Random, length: int) -> str:
    return "".join(rng.choices(_SAFE, k=length))


def _object(version: str, kind: str, namespace: str, name: str, **more: Any) -> Manifest:
    labels = more.pop("labels", {})
    metadata = {"name": name, "labels": labels} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": version, "kind": kind, "metadata": metadata} | more


def _host(number: int) -> str:
    return f"192.{168 + number // 62500}.{number // 250 % 250}.{number % 250 + 1}"


def _node(name: str, number: int) -> Manifest:
    address = {"type": "InternalIP", "address": _host(number)}
    cidr = f"10.{number // 256}.{number % 256}.0/24"
    return _object("v1", "Node", "", name, spec={"podCIDR": cidr}, status={"addresses": [address]})


def _namespace(name: str, number: int) -> Manifest:
    labels = {"kubernetes.io/metadata.name": name, "team": name, "stage": ("prod", "test")[number % 4 == 3]}
    return _object("v1", "Namespace", "", name, labels=labels)


def _containers(app: str) -> list[Manifest]:
    ports = [{"name": "http", "containerPort": 8080}, {"name": "metrics", "containerPort": 9090}]
    return [{"name": "main", "image": f"registry.example/{app}:1", "ports": ports}]


def _deployment(namespace: str, app: str, replicas: int, labels: dict[str, str]) -> Manifest:
    template = {"metadata": {"labels": {**labels, "run": app}}, "spec": {"containers": _containers(app)}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"run": app}}, "template": template}
    return _object("apps/v1", "Deployment", namespace, app, labels=labels, spec=spec)


def _pod(
    namespace: str, app: str, hash_: str, labels: dict[str, str], number: int, node: int, rng: random.Random
) -> Manifest:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{app}-{hash_}", "controller": True,
             "uid": f"{app}-{hash_}"}  # fmt: skip
    address = f"10.{100 + number // 62500}.{number // 250 % 250}.{number % 250 + 1}"
    spec = {"containers": _containers(app), "nodeName": f"node-{node:04}"}
    conditions = [{"type": kind, "status": "True"} for kind in ("Initialized", "Ready", "ContainersReady")]
    status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "hostIP": _host(node),
              "conditions": conditions}  # fmt: skip
    made = _object("v1", "Pod", namespace, f"{app}-{hash_}-{_letters(rng, 5)}", spec=spec, status=status,
                   labels={**labels, "run": app, "pod-template-hash": hash_})  # fmt: skip
    made["metadata"] |= {"uid": f"pod-{number}", "ownerReferences": [owner]}
    return made


def dress(pod: Manifest, rng: random.Random) -> None:
    """All that nobody asks about traffic: two containers with probes, resources and mounts, and their states."""
    name, moment = pod["metadata"]["name"], f"2026-03-01T08:{rng.randrange(60):02}:00Z"
    image = pod["spec"]["containers"][0]["image"]
    pod["metadata"] |= {
        "creationTimestamp": moment,
        "generateName": name[:-5],
        "resourceVersion": str(rng.randrange(10**7)),
        "annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "9090",
                        "cni.projectcalico.org/podIP": f"{pod['status']['podIP']}/32"},
    }  # fmt: skip
    ports = pod["spec"]["containers"][0]["ports"]
    pod["spec"] |= {
        "containers": [_full_container("main", image, ports), _full_container("sidecar", f"{image}-sidecar", [])],
        "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
        "serviceAccountName": "default", "securityContext": {}, "priority": 0, "enableServiceLinks": True,
        "terminationGracePeriodSeconds": 30,
        "tolerations": [{"effect": "NoExecute", "key": f"node.kubernetes.io/{state}", "operator": "Exists",
                         "tolerationSeconds": 300} for state in ("not-ready", "unreachable")],
        "volumes": [{"name": "kube-api-access", "projected": {"defaultMode": 420, "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}}]}}],
    }  # fmt: skip
    conditions = ("Initialized", "Ready", "ContainersReady", "PodScheduled")
    pod["status"] |= {
        "conditions": [{"type": kind, "status": "True", "lastProbeTime": None, "lastTransitionTime": moment}
                       for kind in conditions],
        "containerStatuses": [
            {"containerID": f"containerd://{rng.getrandbits(256):064x}", "image": container["image"],
             "imageID": f"registry.example/image@sha256:{rng.getrandbits(256):064x}", "lastState": {},
             "name": container["name"], "ready": True, "restartCount": 0, "started": True,
             "state": {"running": {"startedAt": moment}}} for container in pod["spec"]["containers"]],
        "qosClass": "Burstable", "startTime": moment,
    }  # fmt: skip


def _full_container(name: str, image: str, ports: list[Manifest]) -> Manifest:
    probe = {"failureThreshold": 3, "httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"},
             "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1}  # fmt: skip
    named = {"name": "POD_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}}
    return {
        "name": name, "image": image, "imagePullPolicy": "IfNotPresent", "ports": ports,
        "env": [named, {"name": "LOG_LEVEL", "value": "info"},
                {"name": "JAVA_OPTS", "value": "-Xmx512m -XX:+UseG1GC -Dfile.encoding=UTF-8"}],
        "resources": {"limits": {"cpu": "500m", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
        "livenessProbe": {**probe, "initialDelaySeconds": 15}, "readinessProbe": probe,
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
        "volumeMounts": [{"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": "kube-api-access",
                          "readOnly": True}],
    }  # fmt: skip


def _service(namespace: str, app: str, labels: dict[str, str]) -> Manifest:
    spec = {"selector": dict(labels), "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}
    return _object("v1", "Service", namespace, app, spec=spec)


def _name_servers(node: str) -> Iterator[Manifest]:
    """Where the policies' DNS rules lead: analyzers invent such a pod where they miss it."""
    yield _object("v1", "Namespace", "", "kube-system", labels={"kubernetes.io/metadata.name": "kube-system"})
    ports = [{"name": f"dns-{protocol.lower()}", "containerPort": 53, "protocol": protocol} for protocol in _DNS_OVER]
    spec = {
        "containers": [{"name": "coredns", "image": "registry.example/coredns:1", "ports": ports}],
        "nodeName": node,
    }
    status = {"phase": "Running", "podIP": "10.99.0.2", "podIPs": [{"ip": "10.99.0.2"}], "hostIP": _host(0),
              "conditions": [{"type": "Ready", "status": "True"}]}  # fmt: skip
    pod = _object("v1", "Pod", "kube-system", "coredns", spec=spec, status=status, labels={"k8s-app": "kube-dns"})
    pod["metadata"]["uid"] = "coredns"
    yield pod


def _store(service: Manifest, number: int) -> None:
    """What an API server adds to a Service that it takes."""
    address = f"10.96.{number // 250}.{number % 250 + 1}"
    service["metadata"]["uid"] = f"service-{number}"
    service["spec"] |= {"type": "ClusterIP", "clusterIP": address, "clusterIPs": [address],
                        "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"}  # fmt: skip
    service["spec"]["ports"][0]["protocol"] = "TCP"


# -- policies -----------------------------------------------------------------------------------------------------

_DNS_OVER = ("UDP", "TCP")
_DNS = {"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}],
        "ports": [{"port": 53, "protocol": protocol} for protocol in _DNS_OVER]}  # fmt: skip
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")


def _network_policy(namespace: str, name: str, **spec: Any) -> Manifest:
    return _object("networking.k8s.io/v1", "NetworkPolicy", namespace, name, spec=spec)


def _house_rules(namespace: str, rng: random.Random) -> Iterator[Manifest]:
    """Two for each namespace: nothing gets in, and either the namespace itself may, or only DNS gets out."""
    yield _network_policy(namespace, "default-deny", podSelector={}, policyTypes=["Ingress"])
    if rng.random() < 0.7:
        yield _network_policy(namespace, "allow-own", podSelector={}, ingress=[{"from": [{"podSelector": {}}]}])
    else:
        out = [_DNS, {"to": [{"podSelector": {}}]}]
        yield _network_policy(namespace, "egress-own", podSelector={}, policyTypes=["Egress"], egress=out)


def _policy(namespace: str, app: str, labels: dict[str, str], names: list[str], rng: random.Random) -> Manifest:
    """One for a Deployment: who may reach it, for some where it may go."""
    key = next(iter(labels))
    selector = {"matchLabels": {key: labels[key]}}
    rules: list[Manifest] = [_rule(names, rng) for _ in range(rng.choice((1, 1, 2)))]
    spec: Manifest = {"podSelector": selector, "policyTypes": ["Ingress"], "ingress": rules}
    if rng.random() < 0.2:
        spec["policyTypes"].append("Egress")
        spec["egress"] = [_DNS, {"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": list(_PRIVATE)}}]}]
    return _network_policy(namespace, app, **spec)


_PORTS: tuple[Manifest, ...] = (
    {"port": 8080},
    {"port": 8080},
    {"port": "http"},
    {"port": 9090},
    {"port": 8000, "endPort": 8999},
)


def _rule(names: list[str], rng: random.Random) -> Manifest:
    """One of the recipes."""
    peer = rng.choice(("tier", "tier", "tier", "team", "team and tier", "stage", "outside"))
    team = {"namespaceSelector": {"matchLabels": {"team": rng.choice(names)}}}
    tier = {"podSelector": {"matchLabels": {"tier": rng.choice(TIERS)}}}
    peers: dict[str, Manifest] = {
        "tier": tier,
        "team": team,
        "team and tier": {**team, **tier},
        "stage": {"namespaceSelector": {"matchExpressions": [{"key": "stage", "operator": "In", "values": ["prod"]}]}},
        "outside": {"ipBlock": {"cidr": f"203.0.113.{rng.randrange(0, 256, 16)}/28"}},
    }
    return {"from": [peers[peer]], "ports": [dict(rng.choice(_PORTS))]}


def _own_policy(namespace: str, pod: str, rng: random.Random) -> Manifest:
    """One for a single pod."""
    selector = {"matchLabels": {"instance": pod}}
    tier = {"podSelector": {"matchLabels": {"tier": rng.choice(TIERS)}}}
    rule = {"from": [tier], "ports": [{"port": 8080}]}
    return _network_policy(namespace, f"only-{pod}", podSelector=selector, ingress=[rule])
