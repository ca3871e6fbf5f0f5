"""Paths to fields as text, the way the API server writes them."""

from __future__ import annotations

from kwake.objects.document import FieldPath, Manifest


def dotted(path: FieldPath) -> str:
    """`("spec", "ports", 0, "port")` as `spec.ports[0].port`; a key with dots in it as `metadata.labels[a.b/c]`."""
    text = ""
    for step in path:
        if isinstance(step, int) or "." in step or "/" in step:
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def value_at(manifest: Manifest, path: FieldPath) -> object:
    """What stands at a path; None where there is no such place."""
    value: object = manifest
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        else:
            value = value[step] if isinstance(value, list) and isinstance(step, int) and step < len(value) else None
    return value
