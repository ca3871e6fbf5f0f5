"""Namespaces that a selector may have meant that means none."""

from __future__ import annotations

import msgspec

from kwake.cluster import NAME_LABEL
from kwake.linting.scene import Scene
from kwake.objects.document import FieldPath
from kwake.objects.json_patch import Operation, add, remove, replace
from kwake.objects.selector import LabelSelector
from kwake.objects.slips import respelt, slips

Meant = tuple[str, tuple[Operation, ...]]
"""The end of a sentence about a selector, and what mends it."""


def meant_namespace(scene: Scene, selector: LabelSelector, labels: FieldPath) -> Meant | None:
    """Why no namespace has what a selector asks for, and the operations on its labels, which stand at a path, that mend
    it: a namespace by another label than the one that holds its name, or a slip. None where some namespace has it."""
    known = [name for name in scene.cluster.namespaces if name not in scene.policies.seeing.undescribed]
    there = {name: scene.cluster.namespaces[name] for name in known}
    if any(selector.matches(of) for of in there.values()):
        return None  # a namespace without pods, so far
    for key, value in selector.match_labels.items():
        if value in there and key not in there[value] and key != NAME_LABEL:
            mended = {NAME_LABEL: value, **{k: v for k, v in selector.match_labels.items() if k != key}}
            if LabelSelector(mended, selector.match_expressions).matches(there[value]):
                fix = remove((*labels, key)), add((*labels, NAME_LABEL), value)
                return f": namespace {value} has no label {key}", fix
    for at, asked in enumerate(selector.match_expressions):
        keyless = [value for value in asked.values if value in there and asked.key not in there[value]]
        if asked.operator == "In" and keyless and asked.key != NAME_LABEL:
            named = msgspec.structs.replace(asked, key=NAME_LABEL)
            listed = (*selector.match_expressions[:at], named, *selector.match_expressions[at + 1 :])
            if any(LabelSelector(selector.match_labels, listed).matches(there[value]) for value in keyless):
                path = (*labels[:-1], "matchExpressions", at, "key")
                return f": namespace {keyless[0]} has no label {asked.key}", (replace(path, NAME_LABEL),)
    slip = next(slips(selector, there.values()), None)
    if slip is not None:
        return f", and no namespace is so; nearest label {slip}", respelt(labels, slip)
    return None
