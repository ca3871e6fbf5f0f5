"""The timeline: where we are among the moments."""

from __future__ import annotations

from msgspec.structs import replace

from kwake.timeline import Timeline
from kwake_tui.keys import keymap_of
from kwake_tui.panes.rail import Moment, rail, short_rail
from kwake_tui.session import Session, action_title
from kwake_tui.widgets.line_bar import LineBar


class TimelineBar(LineBar):
    """Two rows: the rail and its labels; where there is one, the rail and where we are."""

    def show_session(self, session: Session, *, has_keys: bool = True) -> None:
        """The moments from the beginning to here, and those that were undone; where keys go along them, those."""
        moments = moments_of(session.timeline, session.scripted)
        if session.moment is not None:
            within = f"{session.moment + 1} of {len(session.moments)}"
            now_ms = session.world.now_ms
            moments = tuple(replace(m, now_ms=now_ms, within=within) if m.state == "here" else m for m in moments)
        keymap = keymap_of(self.app)
        self.show(
            lambda width: (
                rail(moments, width)
                if self.size.height > 1
                else (short_rail(moments, width, keymap if has_keys else None),)
            )
        )


def moments_of(timeline: Timeline, scripted: int = 0) -> tuple[Moment, ...]:
    """The stops of the rail; of a scenario's own, which are the entries to `scripted`, none was undone."""
    stops = [*timeline.path, *reversed(timeline.redo_path)]
    moments = []
    for stop in stops:
        ahead = "to come" if stop <= scripted else "undone"
        state = "here" if stop == timeline.current else "done" if stop in timeline.path else ahead
        moments.append(Moment(action_title(timeline.entries[stop].action), timeline.taken_ms(stop), state))
    return tuple(moments)
