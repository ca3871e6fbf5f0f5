"""The Path pane: where the traffic goes."""

from __future__ import annotations

import msgspec

from kwake.dataplane.path import Flow, Outcome
from kwake.errors import KwakeError
from kwake.objects.key import GROUP_OF_KIND
from kwake_tui.glyphs import OUTCOMES
from kwake_tui.keys import keymap_of
from kwake_tui.lines import Line, Span
from kwake_tui.names import flow_title, is_policy, parts
from kwake_tui.panes.key_line import with_keys
from kwake_tui.panes.path_rows import ROOMY, Known, path_lines, wrapped
from kwake_tui.panes.record import record_lines
from kwake_tui.session import Session, path_in
from kwake_tui.widgets.line_list import LineList

FLASH_S = 0.3
"""Seconds for which a verdict that changed stands reversed, where the terminal is to show motion at all."""

EMPTY = "no path yet: put the cursor on a pod and press {trace}"


class PathPane(LineList):
    """The answer to the flow that is looked at."""

    def __init__(self) -> None:
        super().__init__(id="path", classes="pane")
        self._answered: tuple[Flow | None, Outcome | None] = (None, None)
        self._flashes = False
        self._verdict = ""
        self._decided = ""
        self.is_kept_by_policy = False
        """Whether the path does not arrive, and a policy decided so."""

    @property
    def subject(self) -> str:
        """The object that the row under the cursor tells of: a policy, at the verdict what decided; else empty."""
        return self._decided if self.target == "verdict" else self.target.partition(" ")[0]

    def show_session(self, session: Session) -> None:
        """Answer the session's flow where it is."""
        flow, self._verdict, self._decided, self.is_kept_by_policy = session.shown_flow, "", "", False
        if flow is None:
            self.entitle("Path")
            empty = with_keys(EMPTY, keymap_of(self.app))
            self.show(lambda width: (empty,))
            return
        self.entitle("Path", flow_title(flow))
        try:
            path = path_in(session.world, flow)
        except KwakeError as error:
            head, words = Line((Span("? unknown", "doubt", bold=True),)), str(error)
            self.show(lambda width: (head, *wrapped(("  ", "muted"), words, width)))
            return
        before = session.before
        try:
            previous = path_in(before, flow) if before else None
        except KwakeError:
            previous = None  # An end of the flow has only just come to be: nothing to compare with.
        outage = session.outage(flow)
        known = Known(session.world.cluster, before.cluster if before else None, previous, session.world.events, outage)
        opened = [c for c in session.world.connections.values() if flow in (c.flow, session.followed(c.flow))]

        turned = self._answered != (session.flow, path.outcome)
        self._flash_if_turned(session.flow, path.outcome)
        mark = OUTCOMES[path.outcome]
        self._verdict = f"{mark.glyph} {mark.word}"
        objects = (decider.object for decider in path.decided_by)
        self._decided = next((name for name in objects if parts(name)[0] in GROUP_OF_KIND), "")
        self.is_kept_by_policy = path.outcome is not Outcome.DELIVERED and is_policy(self._decided)

        def rows(width: int) -> tuple[Line, ...]:
            lines = path_lines(path, known, width, self.size.height)
            if self._flashes:
                lines = (_reversed(lines[0]), *lines[1:])
            for connection in opened if width >= ROOMY else ():
                lines += record_lines(connection, session.world, width)
            return lines

        # An answer that turned is what one waits for: a cursor that stood on a hop does not keep it out of sight.
        self.show(rows, "verdict" if turned else None)

    def _tell_place(self) -> None:
        """The verdict goes along in the frame where its row is scrolled out of sight."""
        self.note = self._verdict if int(self.scroll_offset.y) > 0 else ""
        super()._tell_place()

    def _flash_if_turned(self, flow: Flow | None, outcome: Outcome) -> None:
        """The verdict's word is reversed for a moment where the same flow ends otherwise than just now."""
        asked, was = self._answered
        self._answered = (flow, outcome)
        if asked == flow and was not in (None, outcome) and self.app.animation_level != "none":
            self._flashes = True
            self.set_timer(FLASH_S, self._calm)

    def _calm(self) -> None:
        self._flashes = False
        self.redraw()


def _reversed(line: Line) -> Line:
    """The verdict as a chip."""
    return msgspec.structs.replace(line, left=(msgspec.structs.replace(line.left[0], chip=True), *line.left[1:]))
