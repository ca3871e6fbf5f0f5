"""How `expect` and `always` are spelt."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection

from kwake.errors import ProfileError
from kwake.objects.document import FieldPath
from kwake.profiles import load_profile
from kwake.scenario.format import (
    EXPECT,
    ONE_OF,
    AlwaysAvailableForm,
    AlwaysForm,
    AvailabilityForm,
    BasisWord,
    ChangedExpectationForm,
    ChangedForm,
    EnvForm,
    FateWord,
    FieldExpectationForm,
    FlowExpectationForm,
    Form,
    OutcomeWord,
    RejectedForm,
    ResolvesForm,
    keys_of,
    words_of,
)
from kwake.scenario.reading import Value
from kwake.scenario.scenario import (
    AvailabilityExpectation,
    ChangedExpectation,
    EnvExpectation,
    Expectation,
    FieldExpectation,
    FlowExpectation,
    RejectedExpectation,
    ResolvesExpectation,
    When,
)

OUTCOMES = words_of(OutcomeWord)
FATES = words_of(FateWord)
"""The last is read off the history of a connection: it lives on at another backend (UDP)."""

_INDEX = re.compile(r"[0-9]{1,6}")
_STEP = re.compile(r"([^.\[\]]+)|\[([^\]]*)\]")


def expectation_of(value: Value, flows: Collection[str], steps_before: Collection[str], step: str) -> Expectation:
    """One entry of `expect` of a step. Raises ScenarioError."""
    entries = value.entries()
    if "flow" in entries:
        over_time = {"available", "outage", "since"} & entries.keys()
        return (
            _availability(value, flows, (*steps_before, step))
            if over_time
            else _flow(value, flows, FlowExpectationForm)
        )
    if "resolves" in entries:
        return _resolves(value)
    if "env" in entries:
        return _env(value)
    if "object" in entries or "field" in entries:
        return _field(value)
    if "rejected" in entries:
        fields = value.form(RejectedForm)
        words = fields["rejected"].text()
        return RejectedExpectation(line=value.line, words=words, under=_under(fields), xfail=_xfail(fields))
    if "changed" in entries:
        return _changed(value, flows, steps_before)
    value.fields(*dict.fromkeys(key for form in EXPECT for key in keys_of(form)))
    return value.fail("expected one of flow, object with field, resolves, env, rejected, changed")


def always_of(value: Value, flows: Collection[str]) -> FlowExpectation | AvailabilityExpectation:
    """One entry of `always`, without a time, for it holds at every moment. Raises ScenarioError."""
    if {"available", "outage"} & value.entries().keys():
        return _availability(value, flows, (), AlwaysAvailableForm)
    return _flow(value, flows, AlwaysForm)


def _flow(value: Value, flows: Collection[str], form: Form) -> FlowExpectation:
    """What a flow must do."""
    fields = value.form(form)
    _add_one_of(value, fields, form, "says nothing about the flow; add")
    return FlowExpectation(
        line=value.line,
        when=_when(fields),
        under=_under(fields),
        xfail=_xfail(fields),
        flow=_named(fields["flow"], flows),
        outcome=fields["outcome"].one_of(*OUTCOMES) if "outcome" in fields else None,
        fate=fields["fate"].one_of(*FATES) if "fate" in fields else None,
        decided_by=fields["decided_by"].text() if "decided_by" in fields else None,
        basis=fields["basis"].one_of(*words_of(BasisWord)) if "basis" in fields else None,
        backend=fields["backend"].text() if "backend" in fields else None,
        share=fields["share"].part() if "share" in fields else None,
    )


def _availability(
    value: Value, flows: Collection[str], steps_before: Collection[str], form: Form = AvailabilityForm
) -> AvailabilityExpectation:
    fields = value.form(form)
    _add_one_of(value, fields, form, "says nothing about the time since then; add")
    return AvailabilityExpectation(
        line=value.line,
        under=_under(fields),
        xfail=_xfail(fields),
        flow=_named(fields["flow"], flows),
        available=fields["available"].fraction() if "available" in fields else None,
        outage_ms=fields["outage"].duration_ms() if "outage" in fields else None,
        since=_step_before(fields["since"], steps_before) if "since" in fields else None,
    )


def _field(value: Value) -> FieldExpectation:
    if "value" not in value.entries():
        value.fail("the key value is missing; null means that the field is absent")
    fields = value.form(FieldExpectationForm)
    return FieldExpectation(
        line=value.line,
        when=_when(fields),
        under=_under(fields),
        xfail=_xfail(fields),
        object=fields["object"].text(),
        field=_path(fields["field"]),
        value=fields["value"].raw,
    )


def _resolves(value: Value) -> ResolvesExpectation:
    fields = value.form(ResolvesForm)
    to = fields["to"].texts()
    if not to:
        fields["to"].fail("expected what the name resolves to, or the word nothing")
    if "nothing" in to and len(to) > 1:
        fields["to"].fail("nothing stands alone")
    return ResolvesExpectation(
        line=value.line,
        when=_when(fields),
        under=_under(fields),
        xfail=_xfail(fields),
        name=fields["resolves"].text(),
        source=fields["from"].text(),
        to=() if to == ("nothing",) else to,
    )


def _env(value: Value) -> EnvExpectation:
    if "value" not in value.entries():
        value.fail("the key value is missing; null means that there is no such variable")
    fields = value.form(EnvForm)
    return EnvExpectation(
        line=value.line,
        when=_when(fields),
        under=_under(fields),
        xfail=_xfail(fields),
        name=fields["env"].text(),
        source=fields["from"].text(),
        value=None if fields["value"].raw is None else fields["value"].text(),
    )


def _changed(value: Value, flows: Collection[str], steps_before: Collection[str]) -> ChangedExpectation:
    fields = value.form(ChangedExpectationForm)
    inner = fields["changed"].form(ChangedForm)
    _add_one_of(fields["changed"], inner, ChangedForm, "says nothing; add")
    only = tuple(_named(item, flows) for item in inner["only"].items()) if "only" in inner else None
    most = inner["max"].integer() if "max" in inner else None
    since = _step_before(inner["since"], steps_before)
    return ChangedExpectation(
        line=value.line, under=_under(fields), xfail=_xfail(fields), since=since, only=only, max=most
    )


def _step_before(value: Value, steps_before: Collection[str]) -> str:
    since = value.text()
    if since not in steps_before:
        near = difflib.get_close_matches(since, steps_before, n=1)
        value.fail(f"there is no step {since} before this one" + (f"; did you mean {near[0]}?" if near else ""))
    return since


def _add_one_of(value: Value, fields: dict[str, Value], form: Form, words: str) -> None:
    """One of some keys must be there."""
    *others, last = ONE_OF[form]
    if not {*others, last} & fields.keys():
        value.fail(f"{words} {', '.join(others)} or {last}")


def _when(fields: dict[str, Value]) -> When:
    times = {name: fields[name].duration_ms() for name in ("within", "at", "for") if name in fields}
    return When(times.get("within"), times.get("at"), times.get("for"))


def _xfail(fields: dict[str, Value]) -> str:
    return fields["xfail"].text() if "xfail" in fields else ""


def _under(fields: dict[str, Value]) -> tuple[str, ...]:
    """Names of profiles; one that there is not would never be under test, and nobody would notice."""
    names = fields["under"].texts() if "under" in fields else ()
    if "under" in fields and not names:
        fields["under"].fail("expected at least one profile")
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
