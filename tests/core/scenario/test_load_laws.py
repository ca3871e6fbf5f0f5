"""Whatever stands in a scenario, reading it gives a scenario or an error that names the place."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings, strategies as st

from kwake.errors import InvalidSnapshot, ScenarioError, SnapshotUnreadable
from kwake.scenario.load import load

WORDS = st.sampled_from(
    [
        "pay",
        "deploy/shop/web",
        "10s",
        "calico",
        "delivered",
        "open",
        "TCP",
        "dns",
        "spec.type",
        "NodePort",
        "",
        "\x1b[1m",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers(-2, 70_000) | WORDS
KEYS = st.sampled_from(
    ["flow", "outcome", "fate", "decided_by", "backend", "within", "at", "under", "object", "field", "value",
     "rejected", "changed", "since", "only", "kill", "force", "scale", "replicas", "apply", "patch", "with",
     "set-type", "type", "open", "close", "undo", "redo", "relabel", "labels", "from", "to", "port", "protocol",
     "via", "hold", "id", "after", "do", "expect", "profile", "name", "kind", "metadata"]
)  # fmt: skip
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
FLOWS = st.just({"pay": {"from": "a/b", "to": "c/d"}}) | VALUES
STEP = st.dictionaries(st.sampled_from(["id", "after", "do", "expect"]), VALUES, max_size=4)
SCENARIO = st.fixed_dictionaries(
    {"kwake": st.just(1), "name": st.just("a name"), "snapshot": st.just("a.yaml") | VALUES},
    optional={
        "flows": FLOWS,
        "always": VALUES,
        "steps": st.lists(STEP, max_size=3) | VALUES,
        "seed": VALUES,
        "profile": VALUES,
        "matrix": VALUES,
    },
)


@settings(max_examples=300, deadline=None)
@given(SCENARIO)
def test_it_is_read_or_refused_with_its_place(scenario: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "story.yaml")
        file.write_text(json.dumps(scenario))
        try:
            (read,) = load(file)
        except ScenarioError as error:
            assert str(error).startswith(f"{file}:1: ")
            assert "\x1b" not in str(error)
        except (SnapshotUnreadable, InvalidSnapshot) as error:
            assert "apply" in json.dumps(scenario), error
        else:
            assert read.name == "a name"
            assert read.snapshot
