"""How a user names a thing: `Kind/namespace/name`, in any case, with kubectl's short names."""

from __future__ import annotations

import re

import msgspec

from kwake.errors import ReferenceNotFound
from kwake.objects.key import CLUSTER_SCOPED, GROUP_OF_KIND, KINDS_OF_CNP, SHORT_NAMES, Key


class ObjectReference(msgspec.Struct, frozen=True):
    """What a reference says. `kind` is None where two bare parts `namespace/name` leave it to the action.

    `index` is the `#0` of `deploy/shop/web#0`: one of its pods by order of name.
    """

    kind: str | None
    namespace: str
    name: str
    index: int | None = None


_KINDS = {**{kind.lower(): kind for kind in (*GROUP_OF_KIND, *CLUSTER_SCOPED)}, **SHORT_NAMES}


def kind_named(word: str) -> str | None:
    """The kind that a word means, as kubectl reads it, or None."""
    return _KINDS.get(word.lower())


def parse_reference(text: str) -> ObjectReference:
    """Read a reference to an object. Raises ReferenceNotFound when it cannot be one.

    Two parts that begin with a cluster-scoped kind mean that object; other two parts are `namespace/name`.
    """
    body, hash_mark, number = text.partition("#")
    if not text:
        raise ReferenceNotFound("an empty name; write Kind/namespace/name")
    if hash_mark and not re.fullmatch(r"[0-9]{1,6}", number):
        raise ReferenceNotFound(f"{text}: after # stands a number, as in deploy/shop/web#0")
    index = int(number) if hash_mark else None
    parts = body.split("/")
    if not all(parts):
        raise ReferenceNotFound(f"{text}: an empty part; write Kind/namespace/name")
    if len(parts) == 3:
        named = KINDS_OF_CNP[1] if parts[0].lower() == "cnp" else kind_named(parts[0])
        kind = named or (parts[0] if parts[0][:1].isupper() else None)
        if kind is None:
            raise ReferenceNotFound(f"{text}: {parts[0]} is no kind that kwake knows")
        return ObjectReference(kind, parts[1], parts[2], index)
    if len(parts) == 2:
        kind = kind_named(parts[0])
        if kind in CLUSTER_SCOPED:
            return ObjectReference(kind, "", parts[1], index)
        return ObjectReference(None, parts[0], parts[1], index)
    raise ReferenceNotFound(f"{text}: write Kind/namespace/name, or namespace/name")


def ambiguity(text: str) -> str:
    """What to add where nothing has a name that may be of two kinds; empty for others."""
    whole, inside = KINDS_OF_CNP
    return f"; cnp/NAME is a {whole}, cnp/NAMESPACE/NAME a {inside}" if text.lower().startswith("cnp/") else ""


def spelled(text: str, default_kind: str = "Pod") -> str:
    """A reference as keys are written, `Deployment/shop/web#0`, however the user wrote it. `namespace/name` means
    `default_kind`; what names no object stays as it is.
    """
    try:
        parsed = parse_reference(text)
    except ReferenceNotFound:
        return text
    index = "" if parsed.index is None else f"#{parsed.index}"
    return f"{Key(parsed.kind or default_kind, parsed.namespace, parsed.name)}{index}"
