"""Whom a selector may have meant that selects nobody."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kwake.control.nearest_label import selects_nothing
from kwake.linting.shapes import Shapes
from kwake.objects.document import FieldPath
from kwake.objects.json_patch import Change, Fix, add
from kwake.objects.key import Key
from kwake.objects.kinds import MODELLED, ReplicationController, Workload
from kwake.objects.selector import LabelSelector
from kwake.objects.slips import respelt, slips
from kwake.policy.change import OF_ONE_POD


class Nobody(msgspec.Struct, frozen=True):
    """Why a selector selects no pod."""

    text: str
    fixes: tuple[Change, ...] = ()


def nobody(among: Shapes, of: Key, labels: FieldPath, selector: LabelSelector) -> Nobody:
    """What is wrong with a selector of an object, whose labels stand at a path: a slip of the pen, labels that a
    workload has and its pods have not, or another namespace (github.com/projectcalico/calico/issues/1683)."""
    there = [shape.labels for shape in among.shapes.get(of.namespace, ())]
    text = selects_nothing(selector, there)
    slip = next(slips(selector, there), None)
    if slip is not None:
        return Nobody(text, (Fix(of, respelt(labels, slip)),))
    for workload in _labelled(among, of.namespace, selector):
        own = workload.spec.template.metadata.labels
        template: FieldPath = ("spec", "template", "metadata", "labels")
        missing = [add((*template, k), v) for k, v in selector.match_labels.items() if own.get(k) != v]
        named = f"{workload.kind} {workload.metadata.name}"
        why = f"{named} carries that itself, and its pods do not: they have the labels of spec.template"
        return Nobody(f"{text}; {why}", (Fix(workload.key, tuple(missing)),))
    elsewhere = sorted(name for name in among.shapes if name != of.namespace and among.matching(name, selector))
    if elsewhere and not selector.is_empty:
        spaces = ", ".join(elsewhere[:3]) + (f" and {len(elsewhere) - 3} more" if len(elsewhere) > 3 else "")
        return Nobody(f"{text}; there are some in namespace {spaces}, and it means pods of {of.namespace} alone")
    return Nobody(text)


def _labelled(among: Shapes, namespace: str, selector: LabelSelector) -> Iterator[Workload | ReplicationController]:
    """Workloads that a selector would select, were they pods, and whose pods may be given what they lack of it."""
    if not selector.match_labels or selector.match_expressions or OF_ONE_POD & selector.match_labels.keys():
        return
    for kind in MODELLED.values():
        if not issubclass(kind, Workload | ReplicationController):
            continue
        for workload in among.cluster.all(kind, namespace):
            template = workload.spec.template.metadata.labels
            clash = any(key in template and template[key] != value for key, value in selector.match_labels.items())
            if template and not clash and workload.controller is None and selector.matches(workload.metadata.labels):
                yield workload
