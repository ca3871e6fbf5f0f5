"""Clusters for policy tests, from a few words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kwake.cluster import Cluster, record
from kwake.objects.document import Manifest
from kwake.objects.kinds import Pod
from kwake.policy.ends import PolicyEnd, Verdict
from kwake.policy.policy_set import compile_policies
from kwake.profiles.load import load_profile


def pod(name: str, *, ip: str = "", node: str = "", host_network: bool = False,
        ports: Iterable[Manifest] = (), **labels: str) -> Manifest:  # fmt: skip
    """A running pod; `name` is `namespace/name`."""
    namespace, _, short = name.rpartition("/")
    container = {"name": "main", "image": "image", "ports": list(ports)}
    spec = {"containers": [container], "nodeName": node, "hostNetwork": host_network}
    metadata = {"name": short, "namespace": namespace or "default", "labels": labels, "uid": f"uid-{name}"}
    status = {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}]} if ip else {"phase": "Running"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


def policy(name: str, spec: Mapping[str, Any]) -> Manifest:
    """A NetworkPolicy; `name` is `namespace/name`."""
    namespace, _, short = name.rpartition("/")
    metadata = {"name": short, "namespace": namespace or "default"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": dict(spec)}


def namespace(name: str, **labels: str) -> Manifest:
    """A Namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def cluster(*manifests: Manifest) -> Cluster:
    """A cluster of these objects."""
    records = [record(manifest) for manifest in manifests]
    return Cluster({r.key: r for r in records})


def end(of: Cluster, name: str) -> PolicyEnd:
    """A pod (`namespace/name`) or an address as an end."""
    if "/" not in name:
        return PolicyEnd(None, name)
    found = of.pod(*name.split("/"))
    assert isinstance(found, Pod), name
    return PolicyEnd(found, found.ip, found.spec.node_name)


def ask(of: Cluster, source: str, destination: str, port: int = 80, protocol: str = "TCP", *,
        profile: str = "calico", **overrides: str) -> Verdict:  # fmt: skip
    """The verdict of a connection. Overrides are fields of the profile, with underscores."""
    chosen = load_profile(profile, {field.replace("_", "-"): value for field, value in overrides.items()})
    return compile_policies(of, chosen).verdict(end(of, source), end(of, destination), protocol, port)
