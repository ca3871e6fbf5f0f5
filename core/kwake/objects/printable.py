"""Names and texts from a cluster as they may be shown: control characters are seen, never obeyed."""

from __future__ import annotations

import re

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0 (ESC among them), DEL, C1
    "\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"  # invisible ones, and those that turn the direction
    "\ud800-\udfff]"  # halves of a surrogate pair: no terminal can print them
)


def printable(text: str) -> str:
    """The text with every control, direction and invisible character as `\\x1b` or `\\u202e`."""
    return text if text.isprintable() else _UNSAFE.sub(_escape, text)  # most are, and that is found out faster


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
