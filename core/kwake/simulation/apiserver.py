"""The API server's part of an action: create, update, delete, by its own rules or Rejected."""

from __future__ import annotations

from typing import Any

from kwake.cluster import Cluster, Record, record
from kwake.control.admission import violations
from kwake.control.balancer import CLEANUP_FINALIZER
from kwake.control.changes import Changes
from kwake.control.revisions import noted
from kwake.control.services import admit
from kwake.errors import Rejected
from kwake.objects.decode import DecodeError, decode
from kwake.objects.document import Document, FieldPath, Manifest, Origin, document
from kwake.objects.key import Key
from kwake.objects.kinds import EndpointSlice, KubeObject, Node, Pod, Service, StatefulSet
from kwake.objects.time import timestamp
from kwake.simulation.draft import Draft
from kwake.simulation.ending import terminate
from kwake.simulation.node_steps import is_out_of_service
from kwake.simulation.tasks import CollectOrphans, SyncEndpoints

_KEPT_METADATA = (
    "uid",
    "creationTimestamp",
    "resourceVersion",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generateName",
)
_WITH_STATUS = ("Pod", "Service", "Deployment", "ReplicaSet", "ReplicationController", "StatefulSet", "DaemonSet",
                "Job", "CronJob", "Node", "Namespace", "Ingress", "PodDisruptionBudget")  # fmt: skip
_MUTABLE_POD_SPEC = ("activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations")


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7386: what `kubectl patch --type merge` does. The target is not changed."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def field_name(path: FieldPath) -> str:
    """A path as Kubernetes writes it: `spec.ports[0].port`."""
    words = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return words.removeprefix(".")


def create(draft: Draft, manifest: Manifest, origin: Origin | None) -> Record:
    """The record that a create, or a PUT where the object exists, would store. Raises Rejected."""
    value = _decoded(manifest)
    old = draft.cluster.find(value.key)
    namespace = value.metadata.namespace
    if namespace and namespace not in draft.cluster.namespaces and namespace != "default":
        raise Rejected(str(value.key), f'namespaces "{namespace}" not found', code=404)
    return _stored(draft, manifest, old, "create" if old is None else "put", origin)


def is_same(old: Record, made: Record) -> bool:
    """Whether a request changes nothing: the API server writes no object that is as it was, and nobody notices.

    An object that is only implied is not known so well.
    """
    before, after = old.manifest, made.manifest
    if made.key.namespace:
        before["metadata"].setdefault("namespace", made.key.namespace)
    return not old.made and before == after


def update(draft: Draft, old: Record, patch: dict[str, Any], *, how: str) -> None:
    """Patch an object and put it back. Raises Rejected."""
    manifest: Manifest = merge_patch(old.manifest, patch)
    stored = _stored(draft, manifest, old, how, old.origin)
    if stored.key != old.key:
        raise Rejected(str(old.key), "the name, namespace and kind of an object may not change", field="metadata.name")
    store(draft, stored)


def store(draft: Draft, stored: Record) -> None:
    """Put a record into the cluster, and let those who act on such objects notice."""
    old = draft.cluster.find(stored.key)
    changes: Changes = {stored.key: stored}
    if old is not None and isinstance(stored.value, StatefulSet):
        revisions, draft.draws = noted(draft.cluster, old, stored, draft.opened, draft.draws)
        changes |= revisions
    draft.change(changes)
    _notice_slice(draft, stored.value)
    if isinstance(stored.value, Node) and is_out_of_service(stored.value):
        draft.schedule_once(CollectOrphans(stored.key.name), draft.profile.clock("pod-gc-loop"))


def _notice_slice(draft: Draft, value: KubeObject) -> None:
    """The EndpointSlice controller puts right what somebody else wrote or deleted."""
    if isinstance(value, EndpointSlice):
        draft.programmed[f"endpoints/{value.metadata.namespace}"] = Cluster()  # all of them are to be looked at
        draft.schedule_once(SyncEndpoints(value.metadata.namespace), draft.profile.clock("endpointslice-sync"))


def _decoded(manifest: Manifest) -> KubeObject:
    try:
        return decode(document(manifest))
    except DecodeError as error:
        metadata = manifest.get("metadata")
        own = metadata if isinstance(metadata, dict) else {}
        words = [manifest.get("kind") or "object", own.get("namespace"), own.get("name") or "?"]
        subject = "/".join(str(word) for word in words if word)
        raise Rejected(subject, error.message, field=field_name(error.path), code=400) from None


def _stored(draft: Draft, manifest: Manifest, old: Record | None, how: str, origin: Origin | None) -> Record:
    value = _decoded(manifest)
    refused = violations(value, manifest)
    if refused:
        first = refused[0]
        raise Rejected(str(value.key), first.reason, field=field_name(first.field))
    manifest = {**manifest, "metadata": _metadata(draft, manifest, value, old)}
    if value.kind in _WITH_STATUS and (old is not None or not isinstance(value, Node)):
        # The status is another resource: what a request says of it counts only where a kubelet registers its Node.
        manifest.pop("status", None)
        if old is not None and "status" in old.manifest:
            manifest["status"] = old.manifest["status"]
    if isinstance(value, Service):
        manifest, draft.draws = admit(draft.cluster, manifest, old, how, draft.profile, draft.draws)
    elif isinstance(value, Pod):
        _pod_rules(manifest, value, old)
    return record(manifest, origin)


def _metadata(draft: Draft, manifest: Manifest, value: KubeObject, old: Record | None) -> dict[str, Any]:
    """Metadata as stored: what the server owns is kept from the old object, or made for a new one."""
    metadata = dict(manifest.get("metadata") or {})
    if value.metadata.namespace:
        metadata["namespace"] = value.metadata.namespace
    if old is None:
        for name in ("uid", "resourceVersion", "creationTimestamp", "deletionTimestamp"):
            metadata.pop(name, None)
        metadata["uid"], draft.draws = draft.draws.uid(str(value.key))
        return metadata
    kept = old.manifest.get("metadata") or {}
    asked = metadata.get("uid")
    if asked and kept.get("uid") and asked != kept["uid"]:
        words = f"Precondition failed: UID in precondition: {asked}, UID in object meta: {kept['uid']}"
        raise Rejected(str(value.key), words, code=409)
    for name in _KEPT_METADATA:
        metadata.pop(name, None)
        if name in kept:
            metadata[name] = kept[name]
    return metadata


def _pod_rules(manifest: Manifest, value: Pod, old: Record | None) -> None:
    """A new pod has no status; of a pod that exists only a few fields may change."""
    if old is None:
        manifest.pop("status", None)
        return
    before, after = _comparable(old.manifest.get("spec") or {}), _comparable(manifest.get("spec") or {})
    if before != after:
        raise Rejected(
            str(value.key),
            "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
            "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to"
            " existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was"
            " previously negative)",
            field="spec",
        )


def _comparable(spec: dict[str, Any]) -> dict[str, Any]:
    """A pod's spec without what may change."""
    rest = {name: value for name, value in spec.items() if name not in _MUTABLE_POD_SPEC}
    for name in ("containers", "initContainers"):
        rest[name] = [{k: v for k, v in c.items() if k != "image"} for c in spec.get(name) or []]
    return rest


def delete_object(draft: Draft, key: Key, *, at_once: bool = False) -> None:
    """Delete an object and what it owns (background garbage collection); pods go gracefully.

    A Service with a cloud load balancer stays until that is gone (SV-17), unless `at_once`.
    """
    item = draft.cluster.record(key)
    value = item.value
    if isinstance(value, Service):
        if value.metadata.deletion_timestamp and not at_once:
            return
        if _has_balancer(draft, value) and not at_once:
            draft.change({key: marked_deleted(item, draft.now_ms)})
            draft.tell(
                "service-terminating",
                key,
                f"{key.name} stays until its load balancer is gone",
                "apiserver",
                rule="SV-17",
            )
            return
        slices = [s.key for s in draft.cluster.slices_by_service.get(key, ()) if _owned(s, value)]
        draft.change({key: None, **dict.fromkeys(slices)})
        return
    draft.change({key: None})
    _notice_slice(draft, value)
    if isinstance(value, Node):
        draft.schedule_once(CollectOrphans(key.name), draft.profile.clock("pod-gc"))
    if key.kind == "Namespace":
        for other in sorted(r.key for r in draft.cluster if r.key.namespace == key.name):
            if other in draft.cluster:
                _delete_or_terminate(draft, other)
        return
    for other in sorted(r.key for r in draft.cluster if _owned(r.value, value)):
        if other in draft.cluster:
            _delete_or_terminate(draft, other)


def _has_balancer(draft: Draft, service: Service) -> bool:
    """Whether a service controller holds it back until the cloud's load balancer is gone (SV-17)."""
    if service.spec.type != "LoadBalancer" or service.spec.load_balancer_class:
        return False
    return CLEANUP_FINALIZER in service.metadata.finalizers or draft.profile["lb"] != "none"


def _delete_or_terminate(draft: Draft, key: Key) -> None:
    if key.kind == "Pod" and key.group == "":
        terminate(draft, key, actor="garbage collector")
    else:
        delete_object(draft, key)


def _owned(item: KubeObject, owner: KubeObject) -> bool:
    """By uid; by kind and name where a dump leaves uids out."""
    uid, name = owner.metadata.uid, (owner.kind, owner.metadata.name)
    near = owner.metadata.namespace in ("", item.metadata.namespace)
    return any(
        reference.uid == uid if uid and reference.uid else near and (reference.kind, reference.name) == name
        for reference in item.metadata.owner_references
    )


def marked_deleted(item: Record, now_ms: int) -> Record:
    """The object with a deletionTimestamp and the load balancer's finalizer."""
    manifest = item.manifest
    metadata = manifest["metadata"]
    metadata["deletionTimestamp"] = timestamp(now_ms)
    finalizers = metadata.setdefault("finalizers", [])
    if CLEANUP_FINALIZER not in finalizers:
        finalizers.append(CLEANUP_FINALIZER)
    doc = Document(document(manifest).raw, item.origin)
    return Record(doc, decode(doc), item.made)
