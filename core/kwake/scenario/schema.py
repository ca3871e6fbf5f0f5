"""The JSON Schema of the scenario format, made from the types that the reader uses; editors complete by it."""

from __future__ import annotations

from typing import Any

import msgspec

from kwake.scenario.format import ALWAYS, DO, EXCLUDING, EXPECT, ONE_OF, Form, OpenForm, ScenarioForm

Schema = dict[str, Any]

DIALECT = "http://json-schema.org/draft-07/schema#"
"""The one that all editors understand."""


def scenario_schema() -> Schema:
    """The whole schema, keys in a fixed order."""
    forms = (ScenarioForm, *DO, *EXPECT, *ALWAYS)
    _, found = msgspec.json.schema_components(forms, ref_template="#/definitions/{name}")
    definitions = {name: _plain(form) for name, form in sorted(found.items())}
    constrained: tuple[Form, ...] = (*EXPECT, *ALWAYS, *ONE_OF)
    for form in constrained:
        _constrain(definitions[form.__name__], form)
    _together(definitions[OpenForm.__name__], "from", "to")
    step = definitions["StepForm"]["properties"]
    step["do"] = {**_words(step["do"]), "oneOf": _refs(DO)}
    step["expect"]["items"] = {"anyOf": _refs(EXPECT)}
    root = definitions.pop(ScenarioForm.__name__)
    root["properties"]["always"]["items"] = {"anyOf": _refs(ALWAYS)}
    root["allOf"] = [
        {"not": {"required": [axis, "matrix"], "properties": {"matrix": {"required": [axis]}}}}
        for axis in ("profile", "seed")
    ]
    return {"$schema": DIALECT, "title": "kwake scenario", **root, "definitions": definitions}


def schema_text() -> str:
    """The schema as it is shipped."""
    return msgspec.json.format(msgspec.json.encode(scenario_schema()), indent=2).decode() + "\n"


def _plain(schema: Any) -> Any:
    """Without titles that repeat a class's name, and without empty defaults."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    is_object = schema.get("type") == "object" and isinstance(schema.get("title"), str)
    kept = {key: value for key, value in schema.items() if not (is_object and key == "title")}
    if kept.get("default") in ({}, []):
        del kept["default"]
    return {key: _plain(value) for key, value in kept.items()}


def _constrain(schema: Schema, form: Form) -> None:
    """Keys of which one must be there, and keys that exclude each other."""
    if form in ONE_OF:
        schema["anyOf"] = [{"required": [key]} for key in ONE_OF[form]]
    if form in EXCLUDING:
        schema["allOf"] = [{"not": {"required": list(pair)}} for pair in EXCLUDING[form]]


def _together(schema: Schema, one: str, other: str) -> None:
    schema["dependencies"] = {one: [other], other: [one]}


def _words(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key == "description"}


def _refs(forms: tuple[Form, ...]) -> list[Schema]:
    return [{"$ref": f"#/definitions/{form.__name__}"} for form in forms]
