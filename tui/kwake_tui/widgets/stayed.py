"""Why a key changed nothing: what a widget tells, and its screen says."""

from __future__ import annotations

from textual.message import Message


class Stayed(Message):
    """A key came that changes nothing here."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason
