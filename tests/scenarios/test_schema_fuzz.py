"""The schema and the reader take the same: a scenario with everything in it, one or two of its values replaced."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from kwake.errors import KwakeError
from kwake.scenario.load import load
from tests.scenarios.test_schema import _judged

IN_CI, AT_LENGTH = 100, 4850
Place = tuple[str | int, ...]

FULL: dict[str, Any] = {
    "kwake": 1, "name": "a", "snapshot": ["x.yaml", {"path": "y", "sha256": "0" * 64}],
    "matrix": {"profile": ["calico", "cilium"], "seed": [1, 2]}, "set": {"clock.sandbox": "3s"},
    "lenient": True, "unknown": "warn", "xfail": "l",
    "flows": {"pay": {"from": "a/b", "to": "c/d", "port": 443, "protocol": "TCP", "via": "dns", "hold": True},
              "q": {"from": "internet", "to": "c/d", "port": "http"}},
    "always": [{"flow": "pay", "outcome": "delivered", "decided_by": "x", "basis": "sourced", "backend": "a/b",
                "share": "1/2", "under": "calico", "xfail": "l"},
               {"flow": "pay", "fate": "open"}, {"flow": "q", "available": "99.9%", "outage": "3s"}],
    "steps": [
        {"id": "one", "expect": [
            {"flow": "pay", "outcome": "dropped", "within": "2s", "for": "1m", "under": ["calico"]},
            {"object": "svc/a/b", "field": "spec.ports[0].port", "value": 3, "at": "1s"},
            {"resolves": "n", "from": "a/b", "to": ["x", "y"]}, {"env": "V", "from": "a/b", "value": None},
            {"rejected": "w", "xfail": "z"}]},
        {"id": "two", "after": "1.5s", "do": {"kill": "a/b", "force": True, "grace": 3}, "expect": [
            {"changed": {"since": "one", "only": ["pay"], "max": 2}},
            {"flow": "pay", "available": "50%", "outage": "1ms", "since": "one"},
            {"flow": "pay", "share": ">= 1/3"}]},
        *({"do": do} for do in (
            {"restart-container": "a/b", "container": "c"}, {"evict": "a/b"}, {"drain": "n", "force": True},
            {"fail-readiness": "a"}, {"pass-readiness": "a"}, {"recreate-sandbox": "a"},
            {"scale": "a", "replicas": 0}, {"rollout-restart": "a"}, {"relabel": "a", "labels": {"x": None, "y": ""}},
            {"apply": {"kind": "Pod"}}, {"patch": "a", "with": {"spec": {}}}, {"delete": "a"},
            {"set-type": "a", "type": "ExternalName", "external-name": "x"},
            {"replace-service": "a", "type": "NodePort"}, {"silence-node": "n", "lost": True}, {"wake-node": "n"},
            {"open": "z", "from": "a/b", "to": "c", "port": 1, "protocol": "UDP", "via": "env"}, {"open": "pay"},
            {"close": "pay"}, {"undo": 1}, {"redo": 1})),
    ],
}  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 65535, 65536, 1.0, 1.5, "", "x", "10s", "10", "1h", "0s", "1.2345s",
    "9999999999s", "1/0", "0/1", "101%", "100%", "100.1%", "099%", "50 %", ">=50%", ">=  50%", "> 50%", "<= 1/4",
    "pay", "one", "calico", "nothing", [], ["pay"], {}, {"x": 1}, [None], "TCP", "tcp", "delivered", "migrated",
    "0" * 64, "é", " ",
)  # fmt: skip
KEYS = ("bogus", "force", "from", "to", "within", "at", "for", "share", "fate", "max", "type", "profile", "seed")
ONLY_READ = re.compile(
    r"there is no flow|there is no step|no such|two steps|each once|nothing stands alone|expected a path|profile"
    r"|not a duration|there is no object|the key \w+ is missing beside apply|is no file"
)
"""What a schema cannot say: whether something of that name is there."""


def changed(seed: int) -> dict[str, Any]:
    """The full scenario with a key or value gone, replaced, added or moved, once or twice."""
    draw = Random(seed)
    scenario = copy.deepcopy(FULL)
    for _ in range(draw.choice((1, 1, 1, 2))):
        places = [place for place in _places(scenario) if place and place != ("snapshot",)]
        place = draw.choice(places)
        parent = _at(scenario, place[:-1])
        match draw.randint(0, 3):
            case 0:
                del parent[place[-1]]
            case 1 | 2:
                parent[place[-1]] = copy.deepcopy(draw.choice(VALUES))
            case _:
                inside = _at(scenario, place)
                if isinstance(inside, dict):
                    inside[draw.choice(KEYS)] = copy.deepcopy(draw.choice(VALUES))
                elif isinstance(inside, list):
                    inside.append(copy.deepcopy(draw.choice(VALUES)))
    return scenario


def _places(value: Any, place: Place = ()) -> Iterator[Place]:
    yield place
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, child in inside:
        yield from _places(child, (*place, step))


def _at(value: Any, place: Place) -> Any:
    for step in place:
        value = value[step]
    return value


def _compare(seeds: range, folder: Path) -> None:
    files = {seed: folder / f"{seed}.json" for seed in seeds}
    read = {}
    for seed, file in files.items():
        file.write_text(json.dumps(changed(seed)), encoding="utf-8")
        try:
            load(file)
        except KwakeError as error:
            read[seed] = str(error)
    refused = {int(Path(error["filename"]).stem) for error in _judged(*files.values())["errors"]}

    only_by_kwake = {s: said for s, said in read.items() if s not in refused and not ONLY_READ.search(said)}
    assert only_by_kwake == {}
    assert refused - read.keys() == set(), "the schema refuses what kwake takes"
    assert len(seeds) // 4 < len(refused) < len(seeds)


def test_the_schema_takes_and_refuses_what_kwake_does(tmp_path: Path) -> None:
    _compare(range(IN_CI), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(IN_CI, AT_LENGTH, 475))
def test_the_schema_takes_and_refuses_what_kwake_does_at_length(first: int, tmp_path: Path) -> None:
    _compare(range(first, first + 475), tmp_path)
