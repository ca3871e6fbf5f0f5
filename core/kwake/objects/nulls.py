"""What a null means to the API server.

As a field it is absent. Go reads one that is an item of a list, or the value of a key, as the empty value of its type
(`encoding/json`), so `matchLabels: {app: null}` asks for an empty label. A custom resource is not read into types: such
a value is dropped with its key, and an item that is null is refused
(`k8s:apiextensions-apiserver/pkg/apiserver/schema/defaulting/prunenulls.go`).
"""

from __future__ import annotations

from typing import Any, get_args, get_origin

from kwake.objects.admin_policy import AdminSpec
from kwake.objects.base import fields_of

_EMPTY: dict[Any, Any] = {str: "", int: 0, bool: False}
"""Of the types that items and values of keys have; of all others it is an object without fields."""


def without_nulls(value: Any, kind: Any, *, is_custom: bool = False) -> Any:
    """A value of a manifest as the API server reads it into a type; what the type does not have stays as it is."""
    is_custom = is_custom or kind is AdminSpec
    fields = fields_of(kind)
    if isinstance(value, dict) and fields is not None:
        known = {name: child for name, child in value.items() if child is not None}
        return {name: without_nulls(child, fields.get(name), is_custom=is_custom) for name, child in known.items()}
    item = _item_of(kind, type(value))
    if item is None:
        return value
    if isinstance(value, dict):
        return {name: _filled(child, item) for name, child in value.items() if not is_custom or child is not None}
    return [without_nulls(child if is_custom else _filled(child, item), item, is_custom=is_custom) for child in value]


def _filled(value: Any, kind: Any) -> Any:
    return _EMPTY.get(kind, {}) if value is None else value


def _item_of(kind: Any, found: type) -> Any:
    """The type of the items of a list, or of the values of a map, that a type or one of a union has; else None. What
    may be anything has no empty value."""
    if found is list:
        items = [get_args(k)[0] for k in (kind, *get_args(kind)) if get_origin(k) is tuple]
    elif found is dict:
        items = [get_args(k)[1] for k in (kind, *get_args(kind)) if get_origin(k) is dict]
    else:
        items = []
    return next((item for item in items if item is not Any), None)
