"""The Cluster pane: a tree over the cluster, with folding."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from textual.binding import Binding, BindingType

from kwake.cluster import Cluster
from kwake_tui.lines import Span
from kwake_tui.panes.tree import TreeState, foldable, folded_at_start, open_at_start, tree
from kwake_tui.widgets.line_list import LineList, content


class ClusterPane(LineList):
    """What is in the cluster."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "fold(1)", show=False),
        Binding("right,l", "fold(0)", show=False),
    ]

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(id="cluster", classes="pane")
        self._cluster = cluster
        self._state = TreeState(folded_at_start(cluster))
        self._remake(open_at_start(cluster))
        self.border_title = content((Span("Cluster"),))

    def show_cluster(self, cluster: Cluster, before: Cluster | None, edited: str, target: str | None = None) -> None:
        """Show another moment; what changed since `before` is marked."""
        self._cluster = cluster
        self._state = TreeState(self._state.folded, before, edited)
        self._remake(target)

    def _remake(self, target: str | None = None) -> None:
        self.show(lambda width: tree(self._cluster, self._state), target)

    def action_fold(self, fold: int) -> None:
        """Fold or unfold the row; on a row that has nothing under it, fold the one that it stands under."""
        target = self.target
        if not foldable(target) or (fold and target in self._state.folded):
            if fold:
                self._to_parent()
            return
        folded = self._state.folded
        self._state = msgspec.structs.replace(self._state, folded=folded | {target} if fold else folded - {target})
        self._remake()

    def _to_parent(self) -> None:
        index = next((i for i, line in enumerate(self.lines) if line.target == self.target), 0)
        depth = _depth(self.lines[index].left)
        for above in range(index - 1, -1, -1):
            if _depth(self.lines[above].left) < depth:
                self.move_to(above)
                return

    def action_choose(self) -> None:
        """Enter and space fold and unfold; on anything else they choose it."""
        if foldable(self.target):
            self.action_fold(int(self.target not in self._state.folded))
        else:
            super().action_choose()


def _depth(spans: tuple[Span, ...]) -> int:
    text = "".join(span.text for span in spans)
    return len(text) - len(text.lstrip(" "))
