"""What leaves a command: data on standard output, narration on standard error, reports in files."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterable, Sequence

    from kwake.world import World

T = TypeVar("T")


def print_data(lines: Iterable[str]) -> None:
    """Data. Names in it are shown, never obeyed."""
    from kwake.objects.printable import printable

    sys.stdout.writelines(f"{printable(line)}\n" for line in lines)


def narrate(text: str) -> None:
    """Narration, on standard error. Names in it are shown, never obeyed."""
    from kwake.objects.printable import printable

    sys.stderr.writelines(f"{printable(line)}\n" for line in text.splitlines())


def narrate_live(text: str) -> None:
    """What happens while a live cluster is read."""
    narrate(f"kwake: {text}")


def show(
    arguments: Namespace,
    worlds: Sequence[World],
    answers: Sequence[T],
    text: Callable[[T], list[str]],
    form: Callable[[T], dict[str, Any]],
) -> None:
    """One answer for each world; of several, each under the name of its profile."""
    from kwake_tui.text.columns import json_text

    several = len(worlds) > 1
    if arguments.output == "json":
        forms = [form(answer) for answer in answers]
        named = [{"profile": world.profile.name, **one} for world, one in zip(worlds, forms, strict=True)]
        print_data(json_text(named if several else forms[0]).split("\n"))
        return
    for at, (world, answer) in enumerate(zip(worlds, answers, strict=True)):
        if several:
            print_data([*([""] if at else []), f"profile {world.profile.name}"])
        print_data(text(answer))


def tell_findings(world: World) -> None:
    """One line about what the answer rests on."""
    if world.findings:
        from kwake_tui.text.findings import count_line

        narrate(f"kwake: {count_line(world.findings)}; kwake check lists them")


def write_report(option: str, path: str, text: str) -> None:
    """The report's file, written beside and renamed: a crash leaves the old one or the new."""
    from pathlib import Path

    from kwake.errors import UsageError

    target = Path(path)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(target)
    except OSError as error:
        raise UsageError(f"{option} {path}: {error.strerror}") from None
    finally:
        beside.unlink(missing_ok=True)


def version_line() -> str:
    """The name and version, as installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"kwake {version('kwake')}"
    except PackageNotFoundError:
        return "kwake, not installed"
