"""What was looked at, one view after the other, as `[` and `]` go back and on."""

from __future__ import annotations

import msgspec

from kwake.dataplane.path import Flow


class View(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    flow: Flow | None
    namespace: str
    target: str
    """What the cursor of the cluster stood on."""


class Trail(msgspec.Struct, frozen=True):
    """All views so far and which of them is shown."""

    views: tuple[View, ...]
    at: int = 0

    @property
    def view(self) -> View:
        """The one that is shown."""
        return self.views[self.at]

    def to(self, view: View) -> Trail:
        """Look at something else: what one had gone back from is forgotten. The cursor alone makes no new view."""
        here = self.view
        if (here.flow, here.namespace) == (view.flow, view.namespace):
            return Trail((*self.views[: self.at], view, *self.views[self.at + 1 :]), self.at)
        return Trail((*self.views[: self.at + 1], view), self.at + 1)

    def moved(self, step: int) -> Trail:
        """Back or on, as far as there are views."""
        return Trail(self.views, max(0, min(self.at + step, len(self.views) - 1)))
