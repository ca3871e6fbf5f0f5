"""Whom a selector may have meant that selects nobody."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kwake.control.nearest_label import selects_nothing
from kwake.linting.shapes import WORKLOADS, Shapes
from kwake.objects.document import FieldPath
from kwake.objects.json_patch import Change, Fix, add
from kwake.objects.key import Key
from kwake.objects.selector import LabelSelector
from kwake.objects.slips import prefixed, respelt, slips
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
    slip = next(slips(selector, there), None) or prefixed(selector, there)
    if slip is not None:
        hint = "" if "nearest label" in text else f"; nearest label {slip}"
        return Nobody(f"{text}{hint}", (Fix(of, respelt(labels, slip)),))
    for why, fix in labelled(among, of.namespace, selector):
        return Nobody(f"{text}; {why}", (fix,))
    elsewhere = sorted(name for name in among.shapes if name != of.namespace and among.matching(name, selector))
    if elsewhere and not selector.is_empty:
        spaces = ", ".join(elsewhere[:3]) + (f" and {len(elsewhere) - 3} more" if len(elsewhere) > 3 else "")
        return Nobody(f"{text}; there are some in namespace {spaces}, and it means pods of {of.namespace} alone")
    return Nobody(text)


def labelled(among: Shapes, namespace: str, selector: LabelSelector) -> Iterator[tuple[str, Fix]]:
    """Workloads that a selector would select, were they pods, and the fix that gives their pods what they lack of it
    (github.com/eftechcombr/glpi/pull/173)."""
    if not selector.match_labels or selector.match_expressions or OF_ONE_POD & selector.match_labels.keys():
        return
    template: FieldPath = ("spec", "template", "metadata", "labels")
    for kind in WORKLOADS:
        for workload in among.cluster.all(kind, namespace):
            own = workload.spec.template.metadata.labels
            clash = any(key in own and own[key] != value for key, value in selector.match_labels.items())
            if clash or workload.controller is not None or not selector.matches(workload.metadata.labels):
                continue
            missing = [add((*template, k), v) for k, v in selector.match_labels.items() if own.get(k) != v]
            if not own:  # a Job's pods need none of their own
                written = among.cluster.record(workload.key).manifest["spec"]["template"]
                held = "metadata" in written
                labels = selector.match_labels
                missing = [add(template, labels) if held else add(template[:-1], {"labels": labels})]
            named = f"{workload.kind} {workload.metadata.name}"
            why = f"{named} carries that itself, and its pods do not: they have the labels of spec.template"
            yield why, Fix(workload.key, tuple(missing))
