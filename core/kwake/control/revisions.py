"""Revisions of a StatefulSet's or DaemonSet's template: which one a pod was made from, and what an earlier one said."""

from __future__ import annotations

from typing import Any

import msgspec

from kwake.cluster import Cluster, Record, record
from kwake.control.changes import Changes, edited
from kwake.control.made_pods import REVISION_LABEL, owner_reference, revision_name
from kwake.control.rollout import same_template
from kwake.draws import Draws
from kwake.objects.document import Manifest
from kwake.objects.key import Key
from kwake.objects.kinds import Pod


class Revision(msgspec.Struct, frozen=True):
    """The present template of a StatefulSet or DaemonSet."""

    name: str
    """What the label of its pods says."""
    kept: dict[Key, str]
    """Pods of the snapshot, with their uid there, while the template is as it was: they count as made from it, since
    the hashes of a real cluster cannot be computed again."""

    def has(self, pod: Pod) -> bool:
        """Whether a pod was made from it."""
        if pod.metadata.labels.get(REVISION_LABEL) == self.name:
            return True
        return self.kept.get(pod.key, "gone") in ("", pod.metadata.uid)


def present_revision(owner: Record, opened: Cluster | None) -> Revision:
    """The revision of the present template: named as on its pods of the snapshot, else by our hash."""
    if opened is None or not has_template_of_snapshot(owner, opened):
        return Revision(revision_name(owner), {})
    there = opened.controlled_by(owner.key, Pod)
    names = {pod.metadata.labels.get(REVISION_LABEL, "") for pod in there}
    name = names.pop() if len(names) == 1 and "" not in names else revision_name(owner)
    return Revision(name, {pod.key: pod.metadata.uid for pod in there})


def has_template_of_snapshot(owner: Record, opened: Cluster | None) -> bool:
    """Whether the template says what it said when the snapshot was opened."""
    before = opened.find(owner.key) if opened is not None else None
    if before is None or before is owner:
        return before is owner
    return same_template(_template(before), _template(owner))


def labelled(pod: Record, revision: str) -> Record:
    """A new pod with the name of its revision."""
    manifest = pod.manifest
    manifest["metadata"].setdefault("labels", {})[REVISION_LABEL] = revision
    return edited(pod, manifest)


# -- the earlier revision of a StatefulSet ------------------------------------------------------------------------


def noted(cluster: Cluster, old: Record, new: Record, opened: Cluster | None, draws: Draws) -> tuple[Changes, Draws]:
    """What the controller notes when a StatefulSet's template changes: a ControllerRevision of the earlier template,
    and in the status which revision pods below the partition go on with (`currentRevision`)."""
    if same_template(_template(old), _template(new)):
        return {}, draws
    changes: Changes = {}
    earlier = present_revision(old, opened).name
    status = new.manifest.get("status") or {}
    if not status.get("currentRevision"):
        manifest = new.manifest
        manifest["status"] = {**status, "currentRevision": earlier}
        changes[new.key] = edited(new, manifest)
    made, draws = _controller_revision(old, earlier, len(_revisions(cluster, old)) + 1, draws)
    if made.key not in cluster:
        changes[made.key] = made
    return changes, draws


def current_template(cluster: Cluster, owner: Record, opened: Cluster | None) -> Record | None:
    """The StatefulSet with the template of its `currentRevision`, which pods below the partition are made from; None
    where the snapshot does not hold that revision."""
    name = (owner.manifest.get("status") or {}).get("currentRevision")
    if not name or name in (present_revision(owner, opened).name, _update_revision(owner, opened)):
        return owner
    found = _revisions(cluster, owner).get(name)
    if found is None:
        return None
    template = ((found.get("data") or {}).get("spec") or {}).get("template")
    if not isinstance(template, dict):
        return None
    manifest = owner.manifest
    manifest["spec"]["template"] = {name: value for name, value in template.items() if name != "$patch"}
    return edited(owner, manifest)


def completed(owner: Record, opened: Cluster | None) -> Changes:
    """The status when every pod is of the present revision: it is the current one now."""
    status = owner.manifest.get("status") or {}
    revision = present_revision(owner, opened).name
    if not status.get("currentRevision") or status["currentRevision"] == revision:
        return {}
    if has_template_of_snapshot(owner, opened) and status["currentRevision"] == _update_revision(owner, opened):
        return {}
    manifest = owner.manifest
    manifest["status"] = {**status, "currentRevision": revision}
    return {owner.key: edited(owner, manifest)}


def _update_revision(owner: Record, opened: Cluster | None) -> str:
    """The name that a real controller gave the present template; empty once it has changed."""
    said = (owner.manifest.get("status") or {}).get("updateRevision")
    return str(said) if said and has_template_of_snapshot(owner, opened) else ""


def _revisions(cluster: Cluster, owner: Record) -> dict[str, Manifest]:
    """The ControllerRevisions of a workload, by name."""
    found = {}
    for item in cluster:
        if item.key.kind == "ControllerRevision" and item.key.namespace == owner.key.namespace:
            controller = item.value.controller
            if controller is not None and (controller.kind, controller.name) == (owner.key.kind, owner.key.name):
                found[item.key.name] = item.manifest
    return found


def _controller_revision(owner: Record, name: str, number: int, draws: Draws) -> tuple[Record, Draws]:
    key = Key("ControllerRevision", owner.key.namespace, name, "apps")
    uid, draws = draws.uid(str(key))
    data: dict[str, Any] = {"spec": {"template": {**_template(owner), "$patch": "replace"}}}
    manifest: Manifest = {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": name,
            "namespace": owner.key.namespace,
            "labels": {REVISION_LABEL: name},
            "ownerReferences": [owner_reference(owner)],
            "uid": uid,
        },
        "revision": number,
        "data": data,
    }
    return record(manifest, made=f"made by {owner.key.kind} {owner.key.name}"), draws


def _template(owner: Record) -> Manifest:
    template: Manifest = (owner.manifest.get("spec") or {}).get("template") or {}
    return template
