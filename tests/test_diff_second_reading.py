"""`kwake diff` against the second reading of the policies: two clusters apart by some edits, every pair, many ports."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from kwake.policy.connections import PROTOCOLS
from kwake_tui.cli import main
from tests.core.policy.brute_force import End, Object, World, name_of
from tests.core.policy.random_clusters import OUTSIDE, PORTS, TEAMS, Maker
from tests.core.policy.test_brute_force import is_in
from tests.test_truth_evaluate import holds

IN_CI, AT_LENGTH, BATCH = 60, 2000, 20
ASKED = (1, *PORTS, 82, 481, 8100)
POLICIES = ("NetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy")


def edited(objects: list[Object], draw: Random) -> list[Object]:
    """One to three edits such as a pull request makes."""
    new = copy.deepcopy(objects)
    maker = Maker(draw.randrange(1 << 30))
    for number in range(draw.randint(1, 3)):
        pods = [o for o in new if o["kind"] == "Pod"]
        spaces = [o for o in new if o["kind"] == "Namespace"]
        policies = [o for o in new if o["kind"] in POLICIES]
        match draw.randint(0, 7):
            case 0:
                draw.choice(pods)["metadata"]["labels"] = maker.labels()
            case 1:
                draw.choice(spaces)["metadata"]["labels"] = {"team": draw.choice(TEAMS), **maker.labels()}
            case 2 if policies:
                new.remove(draw.choice(policies))
            case 3 if policies:
                chosen = draw.choice(policies)
                if chosen["kind"] == "NetworkPolicy":
                    chosen["spec"] = maker.network_policy(number)["spec"]
            case 4 if len(pods) > 1:
                new.remove(draw.choice(pods))
            case 5:
                new.append(_newcomer(maker, pods, number))
            case 6 if len(pods) > 1:
                draw.choice(pods)["metadata"]["name"] = f"renamed{number}"
            case _:
                new.append(maker.network_policy(90 + number))
    return new


def _newcomer(maker: Maker, pods: list[Object], number: int) -> Object:
    made = maker.pod("a", 40 + number)
    taken = {pod["status"]["podIP"] for pod in pods}
    if made["status"]["podIP"] in taken and not made["spec"]["hostNetwork"]:
        made["status"] = {"phase": "Running", "podIP": "10.1.0.77", "podIPs": [{"ip": "10.1.0.77"}]}
    return made


def disagreements(seed: int, folder: Path, capsys: pytest.CaptureFixture[str]) -> list[str] | None:
    """Where diff and the second reading part on two clusters; None for one that the API server would refuse."""
    draw = Random(seed)
    old = Maker(seed).cluster(admin=seed % 2 == 0)
    new = edited(old, draw)
    files = [folder / f"{side}.json" for side in ("old", "new")]
    for file, objects in zip(files, (old, new), strict=True):
        items = [{"apiVersion": "v1", "kind": "List", "items": objects}]
        file.write_text(json.dumps(items[0]), encoding="utf-8")
    code = main(["diff", *map(str, files), "-o", "json", "--set", "egress-to-own-node=judged"])
    told = capsys.readouterr()
    if code == 2:
        return None
    answer = json.loads(told.out)
    worlds = World(old), World(new)
    ends = sorted({_name(end) for world in worlds for end in _ends(world)})
    return [wrong for source in ends for target in ends for wrong in _pair(answer, worlds, source, target, seed)]


def _ends(world: World) -> list[End]:
    return [*world.ends(), *map(End, OUTSIDE)]


def _name(end: End) -> str:
    return end.ip if end.pod is None else "/".join(name_of(end.pod)) + "[Pod]"


def _pair(answer: Any, worlds: tuple[World, World], source: str, target: str, seed: int) -> list[str]:
    """What is wrong about one pair: what diff says of each port, and what the policies' text says."""
    found = [{_name(end): end for end in _ends(world)} for world in worlds]
    ends = [(one.get(source), one.get(target)) for one in found]
    if source == target or ("[" not in source and "[" not in target):
        return []
    rows = [row for word in ("lost", "gained", "changed") for row in answer[word] if _is(row, source, target)]
    if any(_is(row, source, target) for row in answer["unknown"]):
        return []
    if len(rows) > 1:
        return [f"seed {seed}: {source} → {target} stands in {len(rows)} rows"]
    wrong = []
    for protocol in PROTOCOLS:
        for port in ASKED:
            expected = [_allowed(world, pair, protocol, port) for world, pair in zip(worlds, ends, strict=True)]
            if None in expected:
                continue
            said = [holds(rows[0][word], protocol, port) for word in ("before", "after")] if rows else None
            if said != expected and (rows or expected[0] != expected[1]):
                wrong.append(
                    f"seed {seed}: {source} → {target} {protocol} {port}: expected {expected}, diff says {said}"
                )
    return wrong


def _is(row: Any, source: str, target: str) -> bool:
    return is_in(source, row["src"]) and is_in(target, row["dst"])


def _allowed(world: World, pair: tuple[End | None, End | None], protocol: str, port: int) -> bool | None:
    source, target = pair
    if source is None or target is None or (":" in source.ip) != (":" in target.ip):
        return False
    return world.allowed(source, target, protocol, port)


def _compared(first: int, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = [disagreements(seed, folder, capsys) for seed in range(first, first + BATCH)]

    assert [line for lines in found for line in lines or []] == []
    assert sum(lines is not None for lines in found) >= BATCH * 3 // 4


@pytest.mark.parametrize("first", range(0, IN_CI, BATCH))
def test_what_differs_is_what_a_second_reading_finds(
    first: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _compared(first, tmp_path, capsys)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(IN_CI, AT_LENGTH, BATCH))
def test_what_differs_is_what_a_second_reading_finds_at_length(
    first: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _compared(first, tmp_path, capsys)
