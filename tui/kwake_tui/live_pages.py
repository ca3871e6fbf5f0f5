"""What is told of a live cluster: while it is read, how it is followed, and what came of what was predicted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from textwrap import wrap

from kwake.errors import UsageError
from kwake.objects.kinds import NetworkPolicy, Pod, Service
from kwake_live.happened import Side, compared
from kwake_live.loading import Progress
from kwake_tui.desk import Desk
from kwake_tui.lines import BLANK, Line, Lines, Span, section
from kwake_tui.live import Live, drifted
from kwake_tui.names import count_actions
from kwake_tui.screens.reader import ReaderScreen

_STATES = {
    "waiting": ("○", "muted"),
    "reading": ("◐", "you"),
    "done": ("●", "ok"),
    "forbidden": ("▲", "warn"),
    "absent": ("○", "muted"),
}
_WRAPPED = 46
"""Cells of a row of what is said while a cluster is read."""

_MOST = 200
"""Objects that changed which are listed; of more it says how many."""


class Reading:
    """How far the reading of a cluster is; told by the threads that read, shown by the console."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self.end = stop
        self._kinds: dict[str, Progress] = {}
        self._pods: Counter[str] = Counter()
        self._ready: Counter[str] = Counter()
        self._services: Counter[str] = Counter()
        self._policies: Counter[str] = Counter()
        self._said = ""

    def say(self, words: str) -> None:
        """Note what is waited for or tried again."""
        self._said = words

    def tell(self, progress: Progress) -> None:
        """Note how far a kind is, and what came."""
        self._kinds[progress.name] = progress
        for entry in progress.page:
            namespace = entry.value.metadata.namespace
            match entry.value:
                case Pod() as pod:
                    self._pods[namespace] += 1
                    self._ready[namespace] += pod.is_ready
                case Service():
                    self._services[namespace] += 1
                case NetworkPolicy():
                    self._policies[namespace] += 1

    def lines(self) -> tuple[Lines, Lines]:
        """What is there so far, by namespace; and the kinds."""
        names = sorted({*self._pods, *self._services, *self._policies})
        there = tuple(
            Line((Span("ns ", "muted"), Span(name)), (Span(self._counts(name), "muted"),), shrink=1) for name in names
        )
        kinds = tuple(map(_kind_line, tuple(self._kinds.values())))
        waits = Line((Span("◐ waiting for the API server's first answer", "muted"),))
        said = (BLANK, *(Line((Span(row, "warn"),)) for row in wrap(self._said, _WRAPPED))) if self._said else ()
        return there, (*(kinds or (waits,)), *said)

    def _counts(self, namespace: str) -> str:
        counts = f"{self._ready[namespace]}/{self._pods[namespace]} ready"
        if self._services[namespace]:
            counts += f"  {self._services[namespace]} svc"
        return counts + (f"  {self._policies[namespace]} np" if self._policies[namespace] else "")


def _kind_line(progress: Progress) -> Line:
    glyph, role = _STATES[progress.state]
    words = {"waiting": "", "forbidden": "forbidden: what hangs on it is unknown", "absent": "not there"}
    count = f"{progress.read:,}" + (f" of {progress.of:,}" if progress.state == "reading" and progress.of else "")
    text = words.get(progress.state, count)
    return Line((Span(f"{glyph} ", role), Span(progress.name)), (Span(text, "muted" if role != "warn" else role),))


def live_of(desk: Desk) -> Live:
    """The live cluster. Raises UsageError where the session has none."""
    if desk.live is None:
        raise UsageError("this is no live cluster: kwake --context NAME opens one")
    return desk.live


def live_page(desk: Desk) -> None:
    """`:live`: how the cluster is followed, what may not be read, what changed underneath."""
    live = live_of(desk)
    loaded = live.feed.loaded
    rows: list[Line] = [
        _pair("context", loaded.context + (f", namespace {loaded.namespace}" if loaded.namespace else "")),
        _pair("version", loaded.version),
        _pair("certificate", "checked" if loaded.is_checked else "not checked: insecure-skip-tls-verify"),
    ]
    unread = [kind for kind in loaded.unread if not kind.read_in]
    if unread:
        rows += [BLANK, section("not read, so unknown")]
        rows += [Line((Span("▲ ", "warn"), Span(f"{kind.name}  "), Span(kind.decides, "muted"))) for kind in unread]
    broken = [link for link in live.feed.links if link.state != "following"]
    following = len(live.feed.links) - len(broken)
    rows += [BLANK, section("followed")]
    rows += [Line((Span("◐ ", "warn"), Span(f"{link.name}  "), Span(link.reason, "muted"))) for link in broken]
    rows.append(Line((Span("● ", "ok"), Span(f"{following} kinds, from the last change that was told"))))
    rows += [BLANK, section("changed under this session"), *_drift(desk, live)]
    desk.open(ReaderScreen("Live", loaded.context, tuple(rows)))


def _drift(desk: Desk, live: Live) -> list[Line]:
    now = live.now
    if now is None:
        return [Line((Span("nothing: the session is on the cluster as it is", "muted"),))]
    rows = []
    for item in live.stale(desk.session):
        words = "really happened" if item.happened else "stale"
        role = "moved" if item.happened else "warn"
        rows.append(Line((Span(f"▲ {words}  ", role), Span(f"{item.action}  "), Span(item.reason, "muted"))))
    changed = drifted(desk.session, now)
    rows += [Line((Span("~ ", "moved"), Span(f"{name}  "), Span(words, "muted"))) for name, words in changed[:_MOST]]
    if len(changed) > _MOST:
        rows.append(Line((Span(f"and {len(changed) - _MOST} more", "muted"),)))
    rows.append(Line((Span(":follow replays the actions on the cluster as it is", "you"),)))
    return rows


def follow(desk: Desk) -> None:
    """`:follow`: the what-if on the cluster as it is now; what is refused there is said."""
    replayed = live_of(desk).follow(desk)
    done = len(replayed.timeline.path) - 1
    said = f"{count_actions(done)} on the cluster as it is"
    if replayed.left_out:
        first = replayed.left_out[0]
        more = f", and {len(replayed.left_out) - 1} more" if len(replayed.left_out) > 1 else ""
        desk.say(f"{said}; left out: {first.action}: {first.reason}{more}")
    else:
        desk.say(said, "ok")


def seen_page(desk: Desk) -> None:
    """`:seen`: what was predicted of actions that really happened, beside what was seen."""
    live = live_of(desk)
    now = live.now
    done = [item for item in live.stale(desk.session) if item.happened]
    if now is None or not done:
        raise UsageError("none of the actions of this session has happened in the cluster yet")
    rows: list[Line] = []
    for item in done:
        rows += [section(str(item.action)), _heads()]
        rows += map(side_line, compared(desk.session.timeline, item, now, live.feed.moments))
        rows.append(BLANK)
    desk.open(ReaderScreen("Predicted and seen", f"{len(done)} of {len(desk.session.timeline.path) - 1}", tuple(rows)))


_WHAT, _SIDE = 34, 28


def _heads() -> Line:
    return Line((Span(f"  {'':<{_WHAT}}{'predicted':<{_SIDE}}seen", "muted"),))


def side_line(side: Side) -> Line:
    """One line of the comparison: a glyph and a word say whether the two agree."""
    glyph, role = {True: ("=", "muted"), False: ("≠", "warn"), None: (" ", "muted")}[side.agrees]
    spans = (
        Span(f"{glyph} ", role),
        Span(f"{side.what:<{_WHAT}}", "muted"),
        Span(f"{side.predicted:<{_SIDE - 1}} "),
        Span(side.seen, "text1" if side.agrees is not False else "warn"),
    )
    return Line(spans)


def _pair(label: str, value: str) -> Line:
    return Line((Span(f"{label:<13}", "muted"), Span(value)))
