"""The Cluster pane: a tree over the cluster, with folding."""

from __future__ import annotations

import msgspec

from kwake.cluster import Cluster
from kwake.objects.key import key
from kwake.policy.tiers import TIER_KINDS
from kwake_tui.filtering import Filter, Labels
from kwake_tui.lines import Line, Span
from kwake_tui.names import parts
from kwake_tui.panes.tree import Made, TreeState, foldable, folded_at_start, open_at_start, tree
from kwake_tui.widgets.line_list import LineList, Model


class ClusterPane(LineList):
    """What is in the cluster."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(id="cluster", classes="pane")
        self._cluster = cluster
        self._made: Made = {}
        self._state = TreeState(folded_at_start(cluster))
        self._remake(open_at_start(cluster))

    def show_cluster(self, cluster: Cluster, before: Cluster | None, edited: str, target: str | None = None) -> None:
        """Show another moment; what changed since `before` is marked."""
        self._cluster = cluster
        self._state = TreeState(self._state.folded, before, edited, self._state.namespace)
        alive = frozenset(target for target in self.marked if cluster.find(key(*parts(target))))
        self.marked = alive
        self._remake(target)

    @property
    def marked_in_order(self) -> tuple[str, ...]:
        """What is marked, in the order of the rows; what is folded or filtered away at the end."""
        if not self.marked:
            return ()  # asked at each key, of however many rows
        seen = [line.target for line in self.lines if line.target in self.marked]
        return (*seen, *sorted(self.marked - set(seen)))

    @property
    def namespace(self) -> str:
        """The only namespace that is shown; empty: all."""
        return self._state.namespace

    def choose_namespace(self, namespace: str) -> None:
        """Show one namespace, unfolded, or all with an empty name."""
        folded = self._state.folded - {f"Namespace/{namespace}"}
        self._state = msgspec.structs.replace(self._state, namespace=namespace, folded=folded)
        self._remake(f"Namespace/{namespace}" if namespace else None)

    def reveal(self, target: str) -> bool:
        """Put the cursor on an object, unfolding what it stands under; whether there is a row for it."""
        if self.filter is not None:
            self.keep(None)
        kind, namespace, name = parts(target)
        if self._state.namespace not in ("", name if kind == "Namespace" else namespace):
            self._state = msgspec.structs.replace(self._state, namespace="")
        owners = [str(record.key) for record in self._cluster.owners(self._cluster.get(target).value)]
        group = {"Service": f"group:{namespace}/svc", "NetworkPolicy": f"group:{namespace}/np", "Node": "group:nodes"}
        group |= dict.fromkeys((kind.KIND for kind in TIER_KINDS), "group:tiers")
        above = {f"Namespace/{namespace}", *owners, group.get(kind, "")}
        self._state = msgspec.structs.replace(self._state, folded=self._state.folded - above)
        self._remake(target)
        return self.target == target

    def labels_of(self, target: str) -> Labels | None:
        """The object's own labels."""
        found = self._cluster.find(key(*parts(target))) if "/" in target and ":" not in target else None
        return found.value.metadata.labels if found else None

    def _remake(self, target: str | None = None) -> None:
        self.show(self._rows, target)

    def move_to(self, index: int) -> None:
        """Put the cursor on a row; the title says where that is."""
        super().move_to(index)
        self._tell_way()

    def show(self, model: Model, target: str | None = None) -> None:
        """Show other rows; the title says where the cursor is."""
        super().show(model, target)
        self._tell_way()

    def keep(self, wanted: Filter | None) -> None:
        """Show only what a filter keeps; the title says where the cursor is."""
        super().keep(wanted)
        self._tell_way()

    def on_resize(self) -> None:
        """As much of the way as there is room for."""
        super().on_resize()
        self._tell_way()

    def _tell_way(self) -> None:
        """Breadcrumbs: `Cluster  shop › web › k9q`; where that is too long its end."""
        kind, namespace, name = parts(self.target)
        if self.target.startswith("group:"):
            way: tuple[str, ...] = tuple(self.target.removeprefix("group:").split("/"))
        elif not kind:
            way = ()
        elif kind == "Pod":
            found = self._cluster.find(key(kind, namespace, name))
            owners = [*self._cluster.owners(found.value)][-1:] if found else []
            owner = owners[0].key.name if owners else ""
            way = (namespace, owner, name.removeprefix(f"{owner}-").rpartition("-")[2] if owner else name)
        else:
            way = (namespace, name)
        way = tuple(step for step in way if step)
        while len(way) > 1 and len(" › ".join(way)) > self.size.width - len("Cluster") - _TITLE:
            way = way[1:]
        steps = " › ".join(way)
        self.entitle("Cluster", steps)

    def _rows(self, width: int) -> tuple[Line, ...]:
        """While a filter is on, what is folded is searched too."""
        del width
        folded = frozenset[str]() if self.filter is not None else self._state.folded
        return tree(self._cluster, msgspec.structs.replace(self._state, folded=folded), self._made)

    def action_mark(self) -> None:
        """Mark the object under the cursor for the next action, or no more, and go on to the next row."""
        target = self.target
        if not target.startswith(("group:", "gone:")) and target:
            self.mark(self.marked ^ {target})
        self.action_move(1)

    def action_fold(self, fold: int) -> None:
        """Fold or unfold the row; on a row that has nothing under it, fold the one that it stands under."""
        target = self.target
        if self.filter is not None or not foldable(target) or (fold and target in self._state.folded):
            if fold:
                self._to_parent()
            else:
                self.stay("nothing is folded while a filter is on" if self.filter else "nothing stands under this row")
            return
        if not fold and target not in self._state.folded:
            self.stay("this row is unfolded already")
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
        self.stay(
            "this row stands under no other, and is folded" if foldable(self.target) else "no row is above this one"
        )

    def action_choose(self) -> None:
        """Enter folds and unfolds; on anything else it chooses it."""
        if foldable(self.target):
            self.action_fold(int(self.target not in self._state.folded))
        else:
            super().action_choose()


_TITLE = 6
"""Cells of a title beside its words: gaps and corners."""


def _depth(spans: tuple[Span, ...]) -> int:
    text = "".join(span.text for span in spans)
    return len(text) - len(text.lstrip(" "))
