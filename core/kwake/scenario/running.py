"""Scenarios run, each under every profile with every seed, from their files to a report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache

import msgspec

from kwake.errors import KwakeError
from kwake.opening import open_world
from kwake.scenario.pinned import confirm, layer_sha256
from kwake.scenario.report import Case, NotRun
from kwake.scenario.runner import replay
from kwake.scenario.scenario import Scenario
from kwake.world import World

Overrides = tuple[tuple[str, str], ...]

_WORLDS = 16
"""Worlds that are kept for other scenarios that begin alike: they never change."""


class Choice(msgspec.Struct, frozen=True):
    """What is chosen for a run in place of what its scenarios say, or on top of it."""

    profiles: tuple[str, ...] = ()
    """Empty: each scenario's own."""
    seed: int | None = None
    overrides: Mapping[str, str] = {}
    lenient: bool = False
    step: str | None = None
    """Look at this step only."""


AS_WRITTEN = Choice()
"""Everything as the scenarios say."""


def run(
    scenarios: Iterable[Scenario], choice: Choice = AS_WRITTEN, stdin: Callable[[], bytes] | None = None
) -> Iterator[Case]:
    """The replays in their order, each in a world of its own. Raises what opening a snapshot raises."""
    replayed = _replaying(choice, stdin)
    return (replayed(scenario, profile, seed) for scenario, profile, seed in axes(scenarios, choice))


def run_each(
    scenarios: Iterable[Scenario], choice: Choice = AS_WRITTEN, stdin: Callable[[], bytes] | None = None
) -> Iterator[Case | NotRun]:
    """As `run`, and what cannot be run does not keep the others from it."""
    replayed = _replaying(choice, stdin)
    for scenario, profile, seed in axes(scenarios, choice):
        try:
            yield replayed(scenario, profile, seed)
        except KwakeError as error:
            yield NotRun(
                scenario.file, str(error), error.exit_code, scenario.name, profile, seed, scenario.line
            )  # fmt: skip


def _replaying(choice: Choice, stdin: Callable[[], bytes] | None) -> Callable[[Scenario, str, int], Case]:
    """What replays a scenario under a profile with a seed; scenarios that begin alike share their first world."""
    digest = cache(layer_sha256)

    @lru_cache(_WORLDS)
    def opened(snapshot: tuple[str, ...], profile: str, seed: int, overrides: Overrides, lenient: bool) -> World:
        return open_world(
            list(snapshot), profile, seed, overrides=dict(overrides), lenient=lenient, layered=True, stdin=stdin
        )

    def replayed(scenario: Scenario, profile: str, seed: int) -> Case:
        confirm(scenario, stdin)
        overrides = tuple({**scenario.overrides, **choice.overrides}.items())
        world = opened(scenario.snapshot, profile, seed, overrides, choice.lenient or scenario.lenient)
        case = replay(scenario, world, command(scenario, profile, seed, choice), choice.step)
        return msgspec.structs.replace(case, snapshot={path: digest(path, stdin) for path in scenario.snapshot})

    return replayed


def axes(scenarios: Iterable[Scenario], choice: Choice) -> Iterator[tuple[Scenario, str, int]]:
    """Every scenario under every profile with every seed."""
    for scenario in scenarios:
        seeds: Sequence[int] = scenario.seeds if choice.seed is None else (choice.seed,)
        for profile in choice.profiles or scenario.profiles:
            for seed in seeds:
                yield scenario, profile, seed


def command(scenario: Scenario, profile: str, seed: int, choice: Choice) -> tuple[str, ...]:
    """The command that runs one of them again, word by word."""
    words = ["kwake", "replay", scenario.file, "--profile", profile]
    words += ["--seed", str(seed)] if choice.seed is not None or len(scenario.seeds) > 1 else []
    words += [word for name, value in choice.overrides.items() for word in ("--set", f"{name}={value}")]
    return (*words, *(["--lenient"] if choice.lenient else []))
