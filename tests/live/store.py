"""What the fake API server holds: objects with resourceVersions, and the history that watches are served from."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

Manifest = dict[str, Any]


class Resource(NamedTuple):
    """A kind as the API serves it."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short: str = ""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def name(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural


class Change(NamedTuple):
    """One line of the history."""

    revision: int
    type: str
    resource: Resource
    namespace: str
    after: Manifest
    before: Manifest | None = None


BUILT_IN = (
    Resource("", "v1", "pods", "Pod", short="po"),
    Resource("", "v1", "services", "Service", short="svc"),
    Resource("", "v1", "endpoints", "Endpoints", short="ep"),
    Resource("", "v1", "nodes", "Node", False, "no"),
    Resource("", "v1", "namespaces", "Namespace", False, "ns"),
    Resource("", "v1", "configmaps", "ConfigMap", short="cm"),
    Resource("", "v1", "secrets", "Secret"),
    Resource("", "v1", "serviceaccounts", "ServiceAccount", short="sa"),
    Resource("", "v1", "replicationcontrollers", "ReplicationController", short="rc"),
    Resource("apps", "v1", "deployments", "Deployment", short="deploy"),
    Resource("apps", "v1", "replicasets", "ReplicaSet", short="rs"),
    Resource("apps", "v1", "statefulsets", "StatefulSet", short="sts"),
    Resource("apps", "v1", "daemonsets", "DaemonSet", short="ds"),
    Resource("apps", "v1", "controllerrevisions", "ControllerRevision"),
    Resource("batch", "v1", "jobs", "Job"),
    Resource("batch", "v1", "cronjobs", "CronJob", short="cj"),
    Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
    Resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", short="netpol"),
    Resource("networking.k8s.io", "v1", "ingresses", "Ingress", short="ing"),
    Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", short="pdb"),
)
"""What an API server has without custom resources, as far as kwake and these tests ask for it."""

CILIUM = Resource("cilium.io", "v2", "ciliumnetworkpolicies", "CiliumNetworkPolicy")


REMEMBERED = 5000
"""Changes that watches can go back to; a real server forgets after minutes."""


class Store:
    """Objects by resource, and what changed since the oldest revision that is still remembered."""

    def __init__(self, resources: tuple[Resource, ...] = BUILT_IN) -> None:
        self.resources = resources
        self.changed = threading.Condition(threading.RLock())
        self.revision = 1000
        self.oldest = 1000
        """Watches from before this are answered 410."""
        self.history: list[Change] = []
        self._objects: dict[str, dict[tuple[str, str], Manifest]] = {r.name: {} for r in resources}
        self._rendered: dict[tuple[str, str, str], bytes] = {}

    def serve(self, resource: Resource) -> None:
        """One kind more, as when a CustomResourceDefinition is created."""
        self.resources = (*self.resources, resource)
        self._objects[resource.name] = {}

    def clear(self) -> None:
        """An empty cluster."""
        for objects in self._objects.values():
            objects.clear()
        self._rendered.clear()

    def has(self, manifest: Manifest) -> bool:
        """Whether its kind is served."""
        try:
            self.resource_of(manifest)
        except LookupError:
            return False
        return True

    def resource_of(self, manifest: Manifest) -> Resource:
        """The resource of an object. An old group is served as today's, as a real server converts."""
        group, _, version = manifest["apiVersion"].rpartition("/")
        if group == "extensions":
            group = "networking.k8s.io" if manifest["kind"] in ("Ingress", "NetworkPolicy") else "apps"
        for resource in self.resources:
            if (resource.group, resource.kind) == (group, manifest["kind"]):
                return resource
        raise LookupError(f"{group}/{version} {manifest['kind']}")

    def find(self, group: str, plural: str) -> Resource | None:
        return next((r for r in self.resources if (r.group, r.plural) == (group, plural)), None)

    def put(self, manifest: Manifest) -> Manifest:
        """Create or replace an object; it gets the next revision."""
        with self.changed:
            resource = self.resource_of(manifest)
            self.revision += 1
            item = copy.deepcopy(manifest)
            item["apiVersion"] = resource.api_version
            metadata = item.setdefault("metadata", {})
            if resource.namespaced:
                metadata.setdefault("namespace", "default")
            metadata["resourceVersion"] = str(self.revision)
            where = (metadata.get("namespace", "") if resource.namespaced else "", metadata["name"])
            before = self._objects[resource.name].get(where)
            self._objects[resource.name][where] = item
            self._rendered.pop((resource.name, *where), None)
            kind = "ADDED" if before is None else "MODIFIED"
            self.history.append(Change(self.revision, kind, resource, where[0], item, before))
            if len(self.history) > 2 * REMEMBERED:
                del self.history[:REMEMBERED]
                self.oldest = self.history[0].revision
            self.changed.notify_all()
            return item

    def delete(self, resource: Resource, namespace: str, name: str) -> Manifest | None:
        with self.changed:
            found = self._objects[resource.name].pop((namespace, name), None)
            if found is None:
                return None
            self._rendered.pop((resource.name, namespace, name), None)
            self.revision += 1
            gone = copy.deepcopy(found)
            gone["metadata"]["resourceVersion"] = str(self.revision)
            self.history.append(Change(self.revision, "DELETED", resource, namespace, gone, found))
            self.changed.notify_all()
            return gone

    def get(self, resource: Resource, namespace: str, name: str) -> Manifest | None:
        with self.changed:
            return self._objects[resource.name].get((namespace, name))

    def all(self, resource: Resource, namespace: str = "") -> list[Manifest]:
        """Objects by namespace and name, as etcd's keys sort."""
        with self.changed:
            found = self._objects[resource.name]
            return [found[where] for where in sorted(found) if namespace in ("", where[0])]

    def forget(self) -> None:
        """Compact: what happened until now is history that no watch can ask for any more."""
        with self.changed:
            self.revision += 1
            self.oldest = self.revision
            self.history.clear()
            self.changed.notify_all()

    def since(self, revision: int) -> list[Change]:
        """Changes after a revision, oldest first."""
        at = len(self.history)
        while at and self.history[at - 1].revision > revision:
            at -= 1
        return self.history[at:]

    def rendered(self, resource: Resource, item: Manifest) -> bytes:
        """An item of a list as the server writes it; the items of built-in kinds do not repeat their kind."""
        metadata = item["metadata"]
        where = (resource.name, metadata.get("namespace", "") if resource.namespaced else "", metadata["name"])
        if where not in self._rendered:
            bare = item if resource not in BUILT_IN else {k: v for k, v in item.items() if k not in _HEAD}
            self._rendered[where] = as_json(bare)
        return self._rendered[where]


_HEAD = ("kind", "apiVersion")


def as_json(value: Any) -> bytes:
    """Compact, and escaped for HTML, as Go does."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026").encode()


def selects(labels: dict[str, str], selector: str) -> bool:
    """Whether a labelSelector in its text form takes these labels."""
    return all(_requirement(labels, part.strip()) for part in _split(selector) if part.strip())


def _split(selector: str) -> Iterator[str]:
    depth, part = 0, ""
    for sign in selector:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and not depth:
            yield part
            part = ""
        else:
            part += sign
    yield part


def _requirement(labels: dict[str, str], text: str) -> bool:
    if " notin " in text or " in " in text:
        word = " notin " if " notin " in text else " in "
        name, _, values = text.partition(word)
        there = labels.get(name.strip()) in {v.strip() for v in values.strip(" ()").split(",")}
        return there is (word == " in ")
    if "!=" in text:
        name, _, value = text.partition("!=")
        return labels.get(name.strip()) != value.strip()
    if "=" in text:
        name, _, value = text.replace("==", "=").partition("=")
        return labels.get(name.strip()) == value.strip()
    return text[1:] not in labels if text.startswith("!") else text in labels


FIELDS = ("metadata.name", "metadata.namespace", "spec.nodeName", "status.phase")


def has_fields(item: Manifest, selector: str) -> bool:
    """Whether a fieldSelector takes an object. Raises LookupError for a field that the API does not select by."""
    for part in filter(None, selector.split(",")):
        wanted = "!=" not in part
        name, _, value = part.replace("!=", "=").replace("==", "=").partition("=")
        if name not in FIELDS:
            raise LookupError(f"field label not supported: {name}")
        found: Any = item
        for step in name.split("."):
            found = (found or {}).get(step)
        if ((found or "") == value) is not wanted:
            return False
    return True
