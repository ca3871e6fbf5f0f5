"""Changes of an object as JSON Patch (RFC 6902), the form of `kubectl patch --type json`."""

from __future__ import annotations

import copy
import shlex
from typing import Any

import msgspec

from kwake.errors import UsageError
from kwake.objects.document import FieldPath, Manifest
from kwake.objects.key import GROUP_OF_KIND, Key, group_of


class Operation(msgspec.Struct, frozen=True, order=True):
    """One step: `add`, `replace`, `remove` or `test`. Make it with `add`, `replace`, `remove` and `taken_out`."""

    op: str
    path: str
    """A JSON pointer; `-` as its last step is the end of a list."""
    value: bytes = b"null"
    """JSON."""

    @property
    def form(self) -> dict[str, Any]:
        """As it stands in a patch."""
        bare = {"op": self.op, "path": self.path}
        return bare if self.op == "remove" else {**bare, "value": msgspec.json.decode(self.value)}


class Fix(msgspec.Struct, frozen=True, order=True):
    """A change of one object."""

    key: Key
    operations: tuple[Operation, ...]

    def of(self, manifest: Manifest) -> Manifest:
        """The object after it. Raises UsageError where the object is not as the patch expects."""
        return patched(manifest, self.operations)

    @property
    def patch(self) -> list[dict[str, Any]]:
        """The patch itself."""
        return [operation.form for operation in self.operations]

    @property
    def kubectl(self) -> str:
        """The command that makes the change."""
        key = self.key
        group = f".{key.group}" if key.group and key.kind not in GROUP_OF_KIND else ""
        home = ["-n", key.namespace] if key.namespace else []
        text = msgspec.json.encode(self.patch).decode()
        return shlex.join(
            ["kubectl", "patch", *home, f"{key.kind.lower()}{group}/{key.name}", "--type", "json", "-p", text]
        )


class New(msgspec.Struct, frozen=True, order=True):
    """An object that is to be made."""

    raw: bytes
    """Its manifest as JSON."""

    @property
    def manifest(self) -> Manifest:
        """A fresh dict."""
        manifest: Manifest = msgspec.json.decode(self.raw)
        return manifest

    @property
    def key(self) -> Key:
        """What it will be called."""
        made = self.manifest
        metadata = made["metadata"]
        group = group_of(made["apiVersion"], made["kind"])
        return Key(made["kind"], metadata.get("namespace", ""), metadata["name"], group)

    @property
    def kubectl(self) -> str:
        """The command that makes it."""
        return f"echo {shlex.quote(self.raw.decode())} | kubectl apply -f -"


Change = Fix | New
"""What mends something, or turns an answer."""


def add(path: FieldPath, value: object) -> Operation:
    """Put a value in; into a list before the item at this place, at its end for `-`."""
    return Operation("add", pointer(path), msgspec.json.encode(value))


def replace(path: FieldPath, value: object) -> Operation:
    """Put another value in place of one."""
    return Operation("replace", pointer(path), msgspec.json.encode(value))


def remove(path: FieldPath) -> Operation:
    """Take a value out."""
    return Operation("remove", pointer(path))


def taken_out(path: FieldPath, item: object) -> tuple[Operation, Operation]:
    """Take an item out of a list, if it still stands there: after another patch its place may be another one's."""
    name = item.get("name") if isinstance(item, dict) else None
    where, held = ((*path, "name"), name) if name else (path, item)
    return Operation("test", pointer(where), msgspec.json.encode(held)), remove(path)


def pointer(path: FieldPath) -> str:
    """A path as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def patched(manifest: Manifest, operations: tuple[Operation, ...]) -> Manifest:
    """The manifest after these steps; the one that is given stays as it is. Raises UsageError."""
    whole: Any = copy.deepcopy(manifest)
    for operation in operations:
        *way, last = (step.replace("~1", "/").replace("~0", "~") for step in operation.path.split("/")[1:])
        try:
            at: Any = whole
            for step in way:
                at = at[int(step)] if isinstance(at, list) else at[step]
            _done(at, last, operation)
        except (KeyError, IndexError, ValueError, TypeError):
            has = "has another value there" if operation.op == "test" else "has no such place"
            raise UsageError(f"{operation.op} {operation.path}: the object {has}") from None
    result: Manifest = whole
    return result


def _done(at: Any, last: str, operation: Operation) -> None:
    value = msgspec.json.decode(operation.value)
    if operation.op == "test":
        if (at[int(last)] if isinstance(at, list) else at[last]) != value:
            raise ValueError(value)
        return
    if isinstance(at, list):
        place = len(at) if last == "-" else int(last)
        if not 0 <= place <= len(at) - (operation.op != "add"):
            raise IndexError(place)
        match operation.op:
            case "add":
                at.insert(place, value)
            case "replace":
                at[place] = value
            case _:
                del at[place]
        return
    if operation.op != "add" and last not in at:
        raise KeyError(last)
    if operation.op == "remove":
        del at[last]
    else:
        at[last] = value
