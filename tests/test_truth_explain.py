"""What netpol-analyzer says of each side of a pair, against `kwake trace -o json`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import kwake
from kwake.objects.kinds import Pod
from kwake.policy.workloads import workload_name
from kwake_tui.text.path import path_json

CASES = 40
THEIRS = {"host-network-pods": "selected", "ipblock-matches-pods": "no"}

RULE = re.compile(r"(\w+) '(.+?)' (allows|denies|passes) connections by (\w+) rules? (.+)")
SELECTS = re.compile(r"NetworkPolicy '(.+?)' selects")


@pytest.mark.parametrize("number", range(CASES))
def test_each_side_is_decided_as_netpol_analyzer_says(number: int, truth: Path) -> None:
    cases = json.loads((truth / "explain.json").read_text())
    assert len(cases) == CASES
    case = cases[number]
    files = [truth / "manifests" / manifest for manifest in case["manifests"]]
    world = kwake.open(files, overrides=THEIRS)
    ends: dict[str, str] = {}
    for pod in world.cluster.all(Pod):
        ends.setdefault(workload_name(world.cluster, pod), f"pod/{pod.metadata.namespace}/{pod.metadata.name}")
    answer = cache(lambda *asked: path_json(world.trace(*asked)))

    wrong = []
    for pair in case["pairs"]:
        if "{" in pair["src"] + pair["dst"]:
            continue  # an ingress controller's view
        for said in pair["verdicts"]:
            for source in addresses(pair["src"], ends):
                for target in addresses(pair["dst"], ends):
                    for protocol, port in samples(said["connections"]):
                        told = answer(source, target, port, protocol)
                        wrong += [
                            (source, target, protocol, port, side, said[side], told[side])
                            for side in ("egress", "ingress")
                            if side in said and not same(told[side], said[side])
                        ]
    assert wrong == []


def addresses(name: str, ends: dict[str, str]) -> Iterator[str]:
    """A pod of a workload, or the borders of a list of ranges."""
    if "[" in name:
        yield ends[name]
        return
    for part in name.split(","):
        yield from sorted(set(part.strip().split("-")))


def samples(connections: str) -> Iterator[tuple[str, int]]:
    """The borders of every range: `TCP:[80,443-445], UDP`."""
    for protocol, ranges in re.findall(r"(TCP|UDP|SCTP)(?::\[([\d,-]+)\])?", connections):
        for part in (ranges or "1-65535").split(","):
            for port in sorted(set(part.split("-"))):
                yield protocol, int(port)


def same(told: dict[str, Any], said: dict[str, Any]) -> bool:
    """Whether the side ends alike, by the same policies and rules."""
    if told["verdict"] != said["verdict"].lower():
        return False
    rules: set[tuple[str, str]] = set()
    isolating: set[str] = set()
    for reason in said["reasons"]:
        if found := RULE.match(reason):
            kind, name, _, direction, named = found.groups()
            words = named.split(",") if kind == "NetworkPolicy" else [named]
            rules |= {(f"{kind}/{name}", f"{direction.lower()} {word.strip()}") for word in words}
        elif found := SELECTS.match(reason):
            isolating.add(f"NetworkPolicy/{found[1]}")
    deciders = [*told["decided_by"], *told["passed_by"]]
    ours = {(decider["object"], rule_of(decider["rule"])) for decider in deciders}
    denied_in_v1 = told["verdict"] == "denied" and isolating
    return rules <= ours and (not denied_in_v1 or isolating == {d["object"] for d in told["decided_by"]})


def rule_of(words: str) -> str:
    """`ingress rule 1 (named) denies` as netpol-analyzer names it: `ingress #1` or `ingress named`."""
    found = re.match(r"(\w+) rule (\d+)(?: \((.+)\))?", words)
    if found is None:
        return words
    direction, number, name = found.groups()
    return f"{direction} {name or '#' + number}"
