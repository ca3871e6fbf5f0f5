"""How `expect` and `always` are spelt."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection

from kwake.dataplane.connection import Fate
from kwake.dataplane.path import Outcome
from kwake.errors import ProfileError
from kwake.objects.basis import Basis
from kwake.objects.document import FieldPath
from kwake.profiles import load_profile
from kwake.scenario.reading import Value
from kwake.scenario.scenario import (
    ChangedExpectation,
    Expectation,
    FieldExpectation,
    FlowExpectation,
    RejectedExpectation,
    When,
)

OUTCOMES = tuple(outcome.value for outcome in Outcome)
FATES = (*(fate.value for fate in Fate), "migrated")
"""The last is read off the history of a connection: it lives on at another backend (UDP)."""

_FLOW = ("flow", "outcome", "fate", "decided_by", "basis", "backend")
_WHEN = ("within", "at")
_INDEX = re.compile(r"[0-9]{1,6}")
_STEP = re.compile(r"([^.\[\]]+)|\[([^\]]*)\]")


def expectation_of(value: Value, flows: Collection[str], steps_before: Collection[str]) -> Expectation:
    """One entry of `expect`. Raises ScenarioError."""
    entries = value.entries()
    if "flow" in entries:
        return flow_expectation_of(value, flows)
    if "object" in entries or "field" in entries:
        return _field(value)
    if "rejected" in entries:
        fields = value.fields("rejected", "under", required=("rejected",))
        return RejectedExpectation(line=value.line, words=fields["rejected"].text(), under=_under(fields))
    if "changed" in entries:
        return _changed(value, flows, steps_before)
    value.fields(*_FLOW, *_WHEN, "under", "object", "field", "value", "rejected", "changed")
    return value.fail("expected one of flow, object with field, rejected, changed")


def flow_expectation_of(value: Value, flows: Collection[str], *, always: bool = False) -> FlowExpectation:
    """What a flow must do; in `always` without `within` and `at`, for it holds at every moment."""
    fields = value.fields(*_FLOW, *(() if always else _WHEN), "under", required=("flow",))
    if len(set(fields) - {"flow", "under", *_WHEN}) == 0:
        value.fail("says nothing about the flow; add outcome, fate, decided_by, basis or backend")
    return FlowExpectation(
        line=value.line,
        when=_when(value, fields),
        under=_under(fields),
        flow=_named(fields["flow"], flows),
        outcome=fields["outcome"].one_of(*OUTCOMES) if "outcome" in fields else None,
        fate=fields["fate"].one_of(*FATES) if "fate" in fields else None,
        decided_by=fields["decided_by"].text() if "decided_by" in fields else None,
        basis=fields["basis"].one_of(*(basis.value for basis in Basis)) if "basis" in fields else None,
        backend=fields["backend"].text() if "backend" in fields else None,
    )


def _field(value: Value) -> FieldExpectation:
    fields = value.fields("object", "field", "value", *_WHEN, "under", required=("object", "field"))
    if "value" not in fields:
        value.fail("the key value is missing; null means that the field is absent")
    return FieldExpectation(
        line=value.line,
        when=_when(value, fields),
        under=_under(fields),
        object=fields["object"].text(),
        field=_path(fields["field"]),
        value=fields["value"].raw,
    )


def _changed(value: Value, flows: Collection[str], steps_before: Collection[str]) -> ChangedExpectation:
    fields = value.fields("changed", "under")
    inner = fields["changed"].fields("since", "only", required=("since", "only"))
    since = inner["since"].text()
    if since not in steps_before:
        inner["since"].fail(f"there is no step {since} before this one")
    only = tuple(_named(item, flows) for item in inner["only"].items())
    return ChangedExpectation(line=value.line, under=_under(fields), since=since, only=only)


def _when(value: Value, fields: dict[str, Value]) -> When:
    if "within" in fields and "at" in fields:
        value.fail("within and at exclude each other")
    within = fields["within"].duration_ms() if "within" in fields else None
    return When(within, fields["at"].duration_ms() if "at" in fields else None)


def _under(fields: dict[str, Value]) -> tuple[str, ...]:
    """Names of profiles; one that there is not would never be under test, and nobody would notice."""
    names = fields["under"].texts() if "under" in fields else ()
    for name in names:
        try:
            load_profile(name)
        except ProfileError as error:
            fields["under"].fail(str(error))
    return names


def _named(value: Value, flows: Collection[str]) -> str:
    name = value.text()
    if name not in flows:
        near = difflib.get_close_matches(name, flows, n=1)
        value.fail(f"there is no flow {name}" + (f"; did you mean {near[0]}?" if near else ""))
    return name


def _path(value: Value) -> FieldPath:
    """`spec.ports[0].nodePort`, `metadata.labels[example.com/tier]` as a path."""
    text = value.text()
    if _STEP.sub("", text).strip("."):
        value.fail("expected a path such as spec.ports[0].nodePort")
    steps = _STEP.findall(text)
    return tuple(int(index) if _INDEX.fullmatch(index) else index or name for name, index in steps)
