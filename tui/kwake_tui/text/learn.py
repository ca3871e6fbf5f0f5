"""The lessons as text: question, answers, what the model says, and the rules behind it."""

from __future__ import annotations

from typing import Any

from kwake.world import World
from kwake_tui.keys import AS_IT_COMES
from kwake_tui.lessons import LESSONS, asked, confirmed, taught


def learn_lines(world: World, second: World) -> list[str]:
    """All lessons; the answers that the model confirms are marked."""
    lines: list[str] = []
    for number, lesson in enumerate(LESSONS, 1):
        seen = taught(lesson, world, second)
        right = confirmed(lesson, seen)
        lines += [f"{number}  {lesson.title}", "", f"   {lesson.setup}", f"   {asked(lesson, world)}", ""]
        lines += [f"   {'✓' if at in right else ' '} {choice.words}" for at, choice in enumerate(lesson.choices)]
        lines += ["", *(f"   · {fact}" for fact in lesson.facts(seen))]
        lines += [f"   {rule.id:<6}{rule.words}  ({rule.source})" for rule in lesson.rules]
        lines += [f"   try it: {AS_IT_COMES.spelt(lesson.how)}", ""]
    return lines[:-1]


def learn_json(world: World, second: World) -> dict[str, Any]:
    """The same as plain values."""
    lessons = []
    for lesson in LESSONS:
        seen = taught(lesson, world, second)
        right = confirmed(lesson, seen)
        lessons.append(
            {
                "name": lesson.name,
                "title": lesson.title,
                "setup": lesson.setup,
                "question": asked(lesson, world),
                "choices": [
                    {"words": choice.words, "confirmed": at in right} for at, choice in enumerate(lesson.choices)
                ],
                "facts": lesson.facts(seen),
                "rules": [{"id": rule.id, "words": rule.words, "source": rule.source} for rule in lesson.rules],
            }
        )
    return {"version": 1, "profile": world.profile.name, "lessons": lessons}
