"""How far one is in the lessons, and what the lesson's pane shows of it."""

from __future__ import annotations

from typing import Literal

import msgspec

from kwake.world import World
from kwake_tui.keys import AS_IT_COMES, Keymap
from kwake_tui.lessons import LESSONS, Lesson, Seen, asked, confirmed, prepare, taught
from kwake_tui.lines import BLANK, Line, Span, wrap
from kwake_tui.session import Session

Stage = Literal["predict", "do", "told", "end"]

LETTERS = "abcd"
"""The keys of the choices, in their order."""

NEXT = "next"
"""The target of the row that leads on."""


class Teaching(msgspec.Struct, frozen=True, eq=False):
    """A moment in the lessons."""

    world: World
    """The sample as it was opened."""
    second: World | None
    number: int = 0
    stage: Stage = "predict"
    chosen: int = 0
    right: int = 0
    """How many predictions the model confirmed so far."""

    @property
    def lesson(self) -> Lesson:
        """The one that is taught."""
        return LESSONS[self.number]

    @property
    def seen(self) -> Seen:
        """What its action comes to."""
        return taught(self.lesson, self.world, self.second)

    def session(self) -> Session:
        """A session of the console at the beginning of the lesson."""
        second = None if self.second is None else self.second.profile.name
        session = Session.start(self.world, "lesson", second)
        for action in self.lesson.prepared:
            session = session.do(action)
        return msgspec.structs.replace(session.looking_at(self.lesson.flow), follows=False)

    def predicted(self, choice: int) -> Teaching:
        """A choice was made: now it is done."""
        return msgspec.structs.replace(self, stage="do", chosen=choice)

    def is_done_in(self, world: World) -> bool:
        """Whether a world is what the lesson's action makes, however that was done."""
        return world.cluster == prepare(self.lesson, self.world).do(self.lesson.action).settle().cluster

    def told(self) -> Teaching:
        """It was done."""
        right = self.chosen in confirmed(self.lesson, self.seen)
        return msgspec.structs.replace(self, stage="told", right=self.right + right)

    def on(self) -> Teaching:
        """To the next lesson, or the end."""
        if self.number + 1 == len(LESSONS):
            return msgspec.structs.replace(self, stage="end")
        return msgspec.structs.replace(self, number=self.number + 1, stage="predict", chosen=0)


def title(teaching: Teaching) -> str:
    """What stands over the lesson."""
    return f"Lesson {teaching.number + 1} of {len(LESSONS)}  {teaching.lesson.title}"


def text_lines(teaching: Teaching, width: int) -> tuple[Line, ...]:
    """What is told, above the choices."""
    lesson = teaching.lesson
    match teaching.stage:
        case "predict":
            return (*_rows(lesson.setup, width), BLANK, *_rows(asked(lesson, teaching.world), width, bold=True))
        case "do":
            mine = lesson.choices[teaching.chosen].words
            return (*_rows(lesson.setup, width), BLANK, *_rows(f"you predict: {mine}", width))
        case "told":
            return (*_verdict(teaching, width), *_evidence(teaching, width))
        case "end":
            words = f"{teaching.right} of {len(LESSONS)} predictions were what the model says"
            more = "All of it was asked of the model as you went: ? lists the keys to ask it about your own cluster."
            return (*_rows(words, width, bold=True), BLANK, *_rows(more, width))


def choice_lines(teaching: Teaching, keymap: Keymap = AS_IT_COMES) -> tuple[Line, ...]:
    """What can be chosen."""
    lesson = teaching.lesson
    match teaching.stage:
        case "predict":
            return tuple(
                Line((Span(f"{letter}  ", "you", bold=True), Span(choice.words)), target=str(number))
                for number, (letter, choice) in enumerate(zip(LETTERS, lesson.choices, strict=False))
            )
        case "do":
            how = (Span("do it  ", bold=True), Span(str(lesson.action), "muted"))
            return (Line(how, (Span(f"or by hand: {keymap.spelt(lesson.how)}", "muted"),), target=NEXT, shrink=1),)
        case "told":
            last = teaching.number + 1 == len(LESSONS)
            words = "to the end" if last else f"next: {LESSONS[teaching.number + 1].title}"
            return (Line((Span(words, bold=True),), target=NEXT),)
        case "end":
            return (Line((Span("back to the console", bold=True),), target=NEXT),)


def _verdict(teaching: Teaching, width: int) -> list[Line]:
    lesson, right = teaching.lesson, confirmed(teaching.lesson, teaching.seen)
    mine = lesson.choices[teaching.chosen].words
    if teaching.chosen in right:
        return _rows(mine, width, head=("✓ as you predicted: ", "ok"), bold=True)
    says = " or ".join(lesson.choices[number].words for number in right) or "none of these"
    return [
        *_rows(says, width, head=("the model says: ", "you"), bold=True),
        *_rows(mine, width, head=("× you predicted: ", "bad")),
    ]


def _evidence(teaching: Teaching, width: int) -> list[Line]:
    rows = [BLANK]
    for fact in teaching.lesson.facts(teaching.seen):
        rows += _rows(fact, width, head=("· ", "faint"))
    for rule in teaching.lesson.rules:
        told = _rows(rule.words, width, head=(f"{rule.id:<6}", "faint"), role="muted")
        source = Span(rule.source, "faint")
        fits = sum(span.cells for span in told[-1].left) + source.cells + 2 <= width
        if fits:
            told[-1] = Line(told[-1].left, (source,))
        rows += told if fits else [*told, Line((Span(" " * 6), source), shrink=1)]
    return rows


def _rows(
    text: str, width: int, *, head: tuple[str, str] = ("", ""), bold: bool = False, role: str = "text1"
) -> list[Line]:
    """A sentence in as many rows as it needs, the later ones under its beginning."""
    words, colour = head
    rows = []
    for row in wrap(text, max(width - len(words), 10)):
        start = Span(words, colour or "text1", bold=bool(colour) and colour != "faint")
        rows.append(Line((start, Span(row, role, bold=bold))))
        words = " " * len(words)
    return rows
