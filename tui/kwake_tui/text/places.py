"""Where what decided is written, as text."""

from __future__ import annotations

from collections.abc import Iterable

from kwake.dataplane.path import Decider


def places_text(deciders: Iterable[Decider], reason: str = "") -> str:
    """`policies.yaml:12, web.yaml:3`; marked as those of now beside a reason that tells of before."""
    places = ", ".join(dict.fromkeys(decider.place for decider in deciders if decider.place))
    return f"now {places}" if places and "before: " in reason else places
