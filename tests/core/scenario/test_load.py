"""Reading scenarios: a closed format, every fault with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kwake.actions import (
    Apply,
    CloseConnection,
    Delete,
    DrainNode,
    EvictPod,
    FailReadiness,
    KillPod,
    OpenConnection,
    PassReadiness,
    Patch,
    RecreateSandbox,
    Relabel,
    ReplaceService,
    RestartContainer,
    RolloutRestart,
    Scale,
    SetServiceType,
    SilenceNode,
    WakeNode,
)
from kwake.errors import InvalidSnapshot, KwakeError, NothingToRun, ScenarioError, SnapshotUnreadable
from kwake.scenario.load import load, step_named
from kwake.scenario.scenario import FieldExpectation, FlowExpectation, Redo, Scenario, Undo, When

HEAD = """\
kwake: 1
name: a name
snapshot: [cluster.yaml]
flows:
  pay: {from: deploy/shop/web, to: svc/shop/checkout, port: 443, hold: true}
"""


def loaded(tmp_path: Path, text: str) -> Scenario:
    file = tmp_path / "scenario.yaml"
    file.write_text(text)
    (scenario,) = load(file)
    return scenario


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        loaded(tmp_path, text)
    return str(caught.value).removeprefix(f"{tmp_path}/")


def test_paths_are_relative_to_the_scenario(tmp_path: Path) -> None:
    scenario = loaded(tmp_path, "kwake: 1\nname: some\nsnapshot: [../a, b.yaml]\n")

    assert scenario.snapshot == (str(tmp_path.parent / "a"), str(tmp_path / "b.yaml"))
    assert (scenario.profiles, scenario.seed, scenario.steps) == (("calico",), 0, ())


def test_a_matrix_is_one_replay_for_each_profile(tmp_path: Path) -> None:
    scenario = loaded(tmp_path, "kwake: 1\nname: some\nsnapshot: a\nmatrix: {profile: [calico, cilium]}\n")

    assert scenario.profiles == ("calico", "cilium")


@pytest.mark.parametrize(
    ("spelt", "action"),
    [
        ("{kill: shop/a}", KillPod("shop/a")),
        ("{kill: shop/a, force: true}", KillPod("shop/a", force=True)),
        ("{kill: shop/a, grace: 5}", KillPod("shop/a", grace=5)),
        ("{restart-container: shop/a}", RestartContainer("shop/a")),
        ("{restart-container: shop/a, container: c}", RestartContainer("shop/a", "c")),
        ("{recreate-sandbox: shop/a}", RecreateSandbox("shop/a")),
        ("{silence-node: node/b, lost: true}", SilenceNode("node/b", lost=True)),
        ("{wake-node: node/b}", WakeNode("node/b")),
        ("{evict: shop/a}", EvictPod("shop/a")),
        ("{drain: node/b, force: true}", DrainNode("node/b", force=True)),
        ("{fail-readiness: shop/a}", FailReadiness("shop/a")),
        ("{pass-readiness: shop/a}", PassReadiness("shop/a")),
        ("{rollout-restart: deploy/shop/web}", RolloutRestart("deploy/shop/web")),
        ("{scale: deploy/shop/web, replicas: 0}", Scale("deploy/shop/web", 0)),
        ("{relabel: shop/a, labels: {app: x, old: null}}", Relabel("shop/a", {"app": "x", "old": None})),
        ("{patch: svc/shop/a, with: {spec: {type: NodePort}}}", Patch("svc/shop/a", {"spec": {"type": "NodePort"}})),
        ("{delete: svc/shop/a}", Delete("svc/shop/a")),
        ("{set-type: shop/a, type: NodePort}", SetServiceType("shop/a", "NodePort")),
        ("{set-type: a/b, type: ExternalName, external-name: x.org}", SetServiceType("a/b", "ExternalName", "x.org")),
        ("{replace-service: shop/a}", ReplaceService("shop/a")),
        ("{replace-service: shop/a, type: Headless}", ReplaceService("shop/a", "Headless")),
        ("{open: pay}", OpenConnection("pay", "deploy/shop/web", "svc/shop/checkout", 443)),
        ("{open: b, from: a/b, to: c/d, port: 53, protocol: UDP}", OpenConnection("b", "a/b", "c/d", 53, "UDP")),
        ("{close: pay}", CloseConnection("pay")),
    ],
)  # fmt: skip
def test_every_action_has_a_spelling(spelt: str, action: object, tmp_path: Path) -> None:
    scenario = loaded(tmp_path, f"{HEAD}steps:\n  - do: {spelt}\n")

    assert scenario.steps[0].do == (action,)


def test_undo_and_redo_count_actions(tmp_path: Path) -> None:
    scenario = loaded(tmp_path, f"{HEAD}steps:\n  - do: {{undo: 2}}\n  - do: {{redo: 1}}\n")

    assert [step.do for step in scenario.steps] == [Undo(2), Redo(1)]


def test_apply_takes_a_manifest_or_a_file_beside_the_scenario(tmp_path: Path) -> None:
    manifest = "{apiVersion: v1, kind: Namespace, metadata: {name: x}}"
    (tmp_path / "two.yaml").write_text(f"{manifest}\n---\n{manifest.replace('name: x', 'name: z')}\n")

    scenario = loaded(tmp_path, f"{HEAD}steps:\n  - do: {{apply: {manifest}}}\n  - do: {{apply: two.yaml}}\n")

    first, second = scenario.steps
    assert isinstance(first.do, tuple) and isinstance(second.do, tuple)
    names = [action.manifest["metadata"]["name"] for action in (*first.do, *second.do) if isinstance(action, Apply)]
    assert names == ["x", "x", "z"]


def test_expectations_know_their_line_and_time(tmp_path: Path) -> None:
    scenario = loaded(
        tmp_path,
        HEAD
        + """\
steps:
  - id: one
    after: 1.5s
    expect:
      - {flow: pay, outcome: dropped, decided_by: np/shop/deny, within: 2s}
      - {flow: pay, fate: open, at: 500ms, under: cilium}
      - {object: svc/shop/checkout, field: "spec.ports[0].nodePort", value: null}
""",
    )

    (step,) = scenario.steps
    assert step.after_ms == 1500
    assert step.expect == (
        FlowExpectation(line=10, flow="pay", outcome="dropped", decided_by="np/shop/deny", when=When(within_ms=2000)),
        FlowExpectation(line=11, flow="pay", fate="open", when=When(at_ms=500), under=("cilium",)),
        FieldExpectation(line=12, object="svc/shop/checkout", field=("spec", "ports", 0, "nodePort"), value=None),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stepps: []", "scenario.yaml:6: stepps: there is no such key; did you mean steps?"),
        ("steps:\n  - {expects: []}", "scenario.yaml:7: steps[0].expects: there is no such key; did you mean expect?"),
        ("steps:\n  - do: {kil: shop/a}", "expected one action, found kil; did you mean kill?"),
        ("steps:\n  - do: {kill: a/b, delete: c/d}", "expected one action, found kill and delete"),
        ("steps:\n  - do: {kill: a/b, forse: true}", "forse: there is no such key; did you mean force?"),
        ("steps:\n  - do: {scale: deploy/a/b}", "the key replicas is missing beside scale"),
        ("steps:\n  - do: {undo: 0}", "expected a whole number from 1 on, found 0"),
        ("steps:\n  - after: 10", "expected a duration with its unit, as 10s, 500ms or 2m, found 10"),
        ("steps:\n  - expect: [{flow: pai, outcome: open}]", "there is no flow pai; did you mean pay?"),
        ("steps:\n  - expect: [{flow: pay, outcome: deliverd}]", "did you mean delivered?"),
        ("steps:\n  - expect: [{flow: pay}]", "says nothing about the flow"),
        ("steps:\n  - expect: [{flow: pay, fate: open, within: 1s, at: 1s}]", "within and at exclude each other"),
        ("steps:\n  - expect: [{object: a/b, field: spec.type}]", "the key value is missing"),
        ("steps:\n  - expect: [{changed: {since: start, only: []}}]", "there is no step start before this one"),
        ("steps:\n  - expect: [{resolves: 10.0.0.1}]", "steps[0].expect[0]: the key from is missing"),
        ("steps: [{id: a}, {id: a}]", "two steps are called a"),
        ("always: [{flow: pay, outcome: delivered, within: 2s}]", "within: there is no such key"),
        ("profile: calico\nmatrix: {profile: [cilium]}", "profile and matrix exclude each other"),
        ("seed: -1", "expected a whole number from 0 on, found -1"),
    ],
)
def test_a_fault_is_named_with_file_and_line(text: str, message: str, tmp_path: Path) -> None:
    said = refusal(tmp_path, HEAD + text + "\n")

    assert message in said
    assert said.startswith("scenario.yaml:")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("profile: calcio\n", "scenario.yaml:6: profile: calcio: no such profile; did you mean calico?"),
        ("matrix: {profile: [calico, cilum]}\n", "scenario.yaml:6: matrix.profile[1]: cilum: no such profile"),
        ("always: [{flow: pay, fate: open, under: flanel}]\n", "scenario.yaml:6: always[0].under: flanel: no such"),
        ("steps: [{after: ٣s}]\n", "scenario.yaml:6: steps[0].after: expected a duration with its unit"),
        (f"steps: [{{after: {'9' * 30}h}}]\n", "scenario.yaml:6: steps[0].after: expected a duration with its unit"),
    ],
)
def test_a_misspelt_profile_or_endless_duration_is_not_passed_over(text: str, message: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, HEAD + text).startswith(message)


def test_an_index_of_thousands_of_digits_is_a_key_that_is_not_there(tmp_path: Path) -> None:
    field = f"spec.ports[{'9' * 5000}].port"

    scenario = loaded(tmp_path, HEAD + f"steps: [{{expect: [{{object: svc/a/b, field: '{field}', value: null}}]}}]\n")

    (expectation,) = scenario.steps[0].expect
    assert isinstance(expectation, FieldExpectation)
    assert expectation.field == ("spec", "ports", "9" * 5000, "port")


def test_a_file_to_apply_that_is_not_there_is_named_with_the_line_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(
        SnapshotUnreadable, match=r"scenario.yaml:6: steps\[0\].do.apply: .*gone.yaml: there is no such"
    ):
        loaded(tmp_path, HEAD + "steps: [{do: {apply: gone.yaml}}]\n")


def test_a_version_that_is_not_known_is_refused(tmp_path: Path) -> None:
    for version in ("2", "true"):
        found = version.capitalize()
        assert f"expected version 1, found {found}" in refusal(tmp_path, HEAD.replace("kwake: 1", f"kwake: {version}"))
        assert f"expected version 1, found {found}" in refusal(tmp_path, f"kwake: {version}\nof: the future\n")


def test_a_folder_is_read_to_the_bottom_and_holds_other_files_too(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "s.yaml").write_text(HEAD)
    (tmp_path / "cluster.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n")

    assert [scenario.name for scenario in load(tmp_path)] == ["a name"]


def test_a_folder_without_a_scenario_is_nothing_to_run(tmp_path: Path) -> None:
    with pytest.raises(NothingToRun):
        load(tmp_path)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"\xff\x00", SnapshotUnreadable),
        (b"kwake: 1\nname: [\n", InvalidSnapshot),
        (b"kwake: 1\nkwake: 1\n", InvalidSnapshot),
        (b"apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n", ScenarioError),
    ],
)
def test_what_is_no_scenario_is_said_to_be_none(text: bytes, error: type[KwakeError], tmp_path: Path) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_bytes(text)

    with pytest.raises(error, match=r"scenario\.yaml:\d"):
        load(file)


def test_a_step_is_found_by_its_id(tmp_path: Path) -> None:
    scenario = loaded(tmp_path, f"{HEAD}steps: [{{id: deny}}, {{}}]\n")

    assert step_named(scenario, "deny").id == "deny"
    assert [step.id for step in scenario.steps] == ["deny", "2"]
    with pytest.raises(ScenarioError, match="did you mean deny"):
        step_named(scenario, "denny")
