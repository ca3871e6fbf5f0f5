"""Services as users ask the API server for them: created, patched, put."""

from __future__ import annotations

from typing import Any

from kwake.cluster import Cluster, record
from kwake.control.services import admit
from kwake.draws import Draws
from kwake.objects.document import Manifest
from kwake.objects.key import key
from kwake.profiles.profile import Profile
from tests.core.control.objects import the_service

DRAWS = Draws(7)
WEB = key("Service", "shop", "web")


def fresh(name: str = "web", **spec: Any) -> Manifest:
    """A manifest as a user writes it."""
    body = {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80}], **spec}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "shop", "uid": "s1"},
        "spec": {field: value for field, value in body.items() if value is not None},
    }


def created(profile: Profile, *manifests: Manifest) -> Cluster:
    """The cluster after these creates."""
    cluster, draws = Cluster(), DRAWS
    for manifest in manifests:
        stored, draws = admit(cluster, manifest, None, "create", profile, draws)
        made = record(stored)
        cluster = cluster.with_changes({made.key: made})
    return cluster


def merged(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    whole = {**(target if isinstance(target, dict) else {})}
    whole |= {name: merged(whole.get(name), value) for name, value in patch.items()}
    return {name: value for name, value in whole.items() if value is not None}


def patched(profile: Profile, cluster: Cluster, patch: dict[str, Any], name: str = "web") -> Cluster:
    old = cluster.record(key("Service", "shop", name))
    stored, _ = admit(cluster, merged(old.manifest, patch), old, "patch", profile, Draws(8))
    return cluster.with_changes({old.key: record(stored)})


def put(profile: Profile, cluster: Cluster, manifest: Manifest) -> Cluster:
    old = cluster.record(record(manifest).key)
    stored, _ = admit(cluster, {**manifest, "status": old.manifest.get("status")}, old, "put", profile, Draws(8))
    return cluster.with_changes({old.key: record(stored)})


def spec_of(cluster: Cluster, name: str = "web") -> dict[str, Any]:
    spec: dict[str, Any] = cluster.record(key("Service", "shop", name)).manifest["spec"]
    return spec


def node_ports(cluster: Cluster, name: str = "web") -> list[int]:
    return [port.node_port for port in the_service(cluster, name).spec.ports]
