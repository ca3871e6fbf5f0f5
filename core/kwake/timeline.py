"""The tree of worlds: undo, redo, branch, go to a moment."""

from __future__ import annotations

import msgspec

from kwake.actions import Action
from kwake.errors import UsageError
from kwake.world import World


class Entry(msgspec.Struct, frozen=True, eq=False):
    """One moment of the tree: the world right after an action and, later, when it had settled."""

    action: Action | None
    """None for the beginning."""
    world: World
    parent: int | None
    """The entry before, by number; None for the beginning, of which there is a later one where time went by."""

    @property
    def title(self) -> str:
        """The action in words, `load` for the beginning."""
        return "load" if self.action is None else str(self.action)


class Timeline(msgspec.Struct, frozen=True, eq=False):
    """All moments so far and where we are. Immutable, as worlds are: undoing gives another timeline."""

    entries: tuple[Entry, ...]
    current: int
    redo_path: tuple[int, ...] = ()
    """Entries that were undone, the next to redo last."""

    @classmethod
    def start(cls, world: World) -> Timeline:
        """A timeline that begins here."""
        return cls((Entry(None, world, None),), 0)

    @property
    def world(self) -> World:
        """The world where we are."""
        return self.entries[self.current].world

    @property
    def path(self) -> tuple[int, ...]:
        """The entries from the beginning to here, by number."""
        steps = []
        at: int | None = self.current
        while at is not None:
            steps.append(at)
            at = self.entries[at].parent
        return tuple(reversed(steps))

    def taken_ms(self, number: int) -> int:
        """When the action of an entry was taken; of the beginning 0, of one at a later time that time."""
        entry = self.entries[number]
        if entry.parent is not None:
            return self.entries[entry.parent].world.now_ms
        return entry.world.now_ms if number else 0

    def do(self, action: Action, *, settle: bool = False) -> Timeline:
        """Carry out an action here; what had been undone stays in the tree as another branch."""
        world = self.world.do(action)
        if settle:
            world = world.settle()
        entry = Entry(action, world, self.current)
        return Timeline((*self.entries, entry), len(self.entries))

    def moved(self, world: World) -> Timeline:
        """The same moment of the tree with time gone by (`advance`, `settle`).

        Where something was done at it, that keeps the moment that it was done at: the later one is a branch of its own.
        """
        if world is self.world:
            return self
        here = msgspec.structs.replace(self.entries[self.current], world=world)
        if self.children(self.current):
            return Timeline((*self.entries, here), len(self.entries), self.redo_path)
        entries = (*self.entries[: self.current], here, *self.entries[self.current + 1 :])
        return Timeline(entries, self.current, self.redo_path)

    def forked(self, world: World) -> Timeline:
        """A branch of its own for an earlier moment of the last action: the next action is taken in the middle of it.

        Raises UsageError at the beginning, which no action led to.
        """
        here = self.entries[self.current]
        if here.parent is None:
            raise UsageError("no action led to the beginning")
        entry = Entry(here.action, world, here.parent)
        return Timeline((*self.entries, entry), len(self.entries))

    def undo(self, times: int = 1) -> Timeline:
        """Go back before the last actions: clock, connections and all. Raises UsageError at the beginning."""
        timeline = self
        for _ in range(times):
            parent = timeline.entries[timeline.current].parent
            if parent is None:
                raise UsageError("nothing to undo: this is the beginning")
            timeline = Timeline(timeline.entries, parent, (*timeline.redo_path, timeline.current))
        return timeline

    def redo(self, times: int = 1) -> Timeline:
        """Go forward again. Raises UsageError where nothing was undone."""
        timeline = self
        for _ in range(times):
            if not timeline.redo_path:
                raise UsageError("nothing to redo")
            timeline = Timeline(timeline.entries, timeline.redo_path[-1], timeline.redo_path[:-1])
        return timeline

    def go_to(self, entry: int) -> Timeline:
        """Go to any moment of the tree, by number; redo leads on to what was done last after it.

        Raises UsageError where there is no such moment.
        """
        if not 0 <= entry < len(self.entries):
            raise UsageError(f"there is no moment {entry}: they are 0 to {len(self.entries) - 1}")
        ahead: list[int] = []
        at = entry
        while after := self.children(at):
            at = after[-1]
            ahead.append(at)
        return Timeline(self.entries, entry, tuple(reversed(ahead)))

    def children(self, entry: int) -> tuple[int, ...]:
        """The entries right after one, the latest last."""
        return tuple(number for number, item in enumerate(self.entries) if item.parent == entry)
