"""Paths to fields as text, the way the API server writes them."""

from __future__ import annotations

from kwake.objects.document import FieldPath


def dotted(path: FieldPath) -> str:
    """`("spec", "ports", 0, "port")` as `spec.ports[0].port`; a key with dots in it as `metadata.labels[a.b/c]`."""
    text = ""
    for step in path:
        if isinstance(step, int) or "." in step or "/" in step:
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text
