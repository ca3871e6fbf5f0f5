"""From a document to its typed value."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import msgspec

from kwake.errors import KwakeError
from kwake.objects.document import Document, FieldPath, Manifest
from kwake.objects.key import CLUSTER_SCOPED, CLUSTER_SCOPED_IN_ANY_GROUP, GROUP_OF_KIND, group_of
from kwake.objects.kinds import MODELLED, AdminPolicy, KubeObject, Unmodelled
from kwake.objects.nulls import without_nulls


class DecodeError(KwakeError):
    """A field of the wrong type, or an object without a kind or name: what the API server could not unmarshal."""

    def __init__(self, message: str, path: FieldPath = ()) -> None:
        self.path = path
        self.message = message
        super().__init__(message)


_WORDS = {"str": "a string", "bool": "a boolean", "int": "an integer", "float": "a number", "array": "an array",
          "object": "an object", "null": "null"}  # fmt: skip
_EXPECTED = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")


def _in_words(message: str) -> str:
    """msgspec's sentence about a type in the API's words."""
    matched = _EXPECTED.fullmatch(message)
    if matched is None:
        return message
    wanted, found = matched[1].split(" | "), matched[2]
    *others, last = [_WORDS.get(name, name) for name in wanted if name != "null"] or ["null"]
    expected = f"{', '.join(others)} or {last}" if others else last
    hint = "; quote it" if set(wanted) <= {"str", "null"} and found in ("int", "float", "bool") else ""
    return f"expected {expected}, found {_WORDS.get(found, found)}{hint}"


def type_words(value: object) -> str:
    """What a plain value is, in the API's words: `a string`, `an array`."""
    return "null" if value is None else _WORDS.get(_JSON_TYPES.get(type(value), ""), type(value).__name__)


_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


def _path(message: str) -> tuple[str, FieldPath]:
    """msgspec's "… - at `$.spec.ports[0]`" as words and a path."""
    words, _, where = message.partition(" - at `")
    steps = _STEP.findall(where.rstrip("`").replace("$", "", 1))
    return words, tuple(int(index) if index.isdigit() else name or index for name, index in steps)


def decode(document: Document, manifest: Manifest | None = None) -> KubeObject:
    """The typed value of a document; `Unmodelled` for kinds that kwake does not read.

    Raises DecodeError with the path of the field at fault. The namespace of a namespaced object that names none
    is `default`. Whoever has the document's manifest at hand saves reading it again.
    """
    value = _directly(document) if manifest is None else _converted(manifest)
    if value is None:
        value = _with_care(document)
    if isinstance(value, AdminPolicy):
        value = value.pruned()
    metadata = value.metadata
    if not metadata.name:
        raise DecodeError("name is missing" + (" (generateName alone names nothing)" if metadata.generate_name else ""),
                          ("metadata", "name"))  # fmt: skip
    namespace = "" if _is_cluster_scoped(value) else metadata.namespace or "default"
    if namespace != metadata.namespace:
        value = msgspec.structs.replace(value, metadata=msgspec.structs.replace(metadata, namespace=namespace))
    return value


class _Head(msgspec.Struct, rename="camel"):
    """What says how to read the rest."""

    api_version: str
    kind: str


def _type_of(api_version: str, kind: str) -> type[KubeObject]:
    known = MODELLED.get(kind)
    return known if known is not None and group_of(api_version, kind) == GROUP_OF_KIND[kind] else Unmodelled


def _directly(document: Document) -> KubeObject | None:
    """The value of a sound document, straight from its bytes (five times faster); None where that fails.

    A null in a field that kwake does not model does no harm, and in an optional one it reads as absent anyway.
    """
    try:
        head = msgspec.json.decode(document.raw, type=_Head)
        if head.api_version and head.kind:
            return msgspec.json.decode(document.raw, type=_type_of(head.api_version, head.kind))
    except (msgspec.ValidationError, RecursionError):
        pass  # the careful way says what is wrong, and where
    return None


def _converted(manifest: Manifest) -> KubeObject | None:
    """The same from a manifest."""
    api_version, kind = manifest.get("apiVersion"), manifest.get("kind")
    if isinstance(api_version, str) and isinstance(kind, str) and api_version and kind:
        with suppress(msgspec.ValidationError, RecursionError):
            return msgspec.convert(manifest, _type_of(api_version, kind))
    return None


def _with_care(document: Document) -> KubeObject:
    """The value of a document with nulls in the way, or the error in it."""
    manifest = document.manifest
    if not isinstance(manifest, dict):
        raise DecodeError(f"expected an object, found {type_words(manifest)}")
    for field in ("apiVersion", "kind"):
        if not isinstance(manifest.get(field), str) or not manifest[field]:
            raise DecodeError(f"{field} is missing or not a string", (field,))
    kind = _type_of(manifest["apiVersion"], manifest["kind"])
    manifest = without_nulls(manifest, kind)
    try:
        value: KubeObject = msgspec.convert(manifest, kind)
    except msgspec.ValidationError as error:
        words, path = _path(str(error))
        raise DecodeError(_in_words(words), _with_key(path, manifest, words)) from None
    return value


_JSON_TYPES = {str: "str", bool: "bool", int: "int", float: "float", list: "array", dict: "object"}


def _with_key(path: FieldPath, manifest: Any, words: str) -> FieldPath:
    """The path with the key that msgspec writes as `[...]`: the first whose value is what was not expected."""
    if "..." not in path:
        return path
    at = path.index("...")
    value = manifest
    for step in path[:at]:
        value = value[step]
    got = words.rpartition("got `")[2].rstrip("`")
    key = next((name for name, child in value.items() if _JSON_TYPES.get(type(child)) == got), "...")
    return (*path[:at], key, *path[at + 1 :])


def _is_cluster_scoped(value: KubeObject) -> bool:
    """Whether its kind has no namespace; a Node of another group (longhorn.io) is not a Kubernetes Node."""
    if value.kind not in CLUSTER_SCOPED:
        return False
    if value.kind in CLUSTER_SCOPED_IN_ANY_GROUP:
        return True
    group = GROUP_OF_KIND.get(value.kind)
    return group is None or group_of(value.api_version, value.kind) == group
