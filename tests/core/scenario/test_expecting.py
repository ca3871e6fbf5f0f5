"""What a scenario can expect besides outcome and fate: lookups, variables, shares, time, refusals to come."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from kwake.errors import ScenarioError, SnapshotUnreadable
from kwake.samples import sample_path
from kwake.scenario.begin import begin
from kwake.scenario.load import load
from kwake.scenario.pinned import layer_sha256
from kwake.scenario.report import Report, Verdict
from kwake.scenario.runner import replay
from tests.core.scenario.test_runner import KILL, only_check, run, steps

HASH = '"deploy/demo/web#0"'
MET, FAILED, UNKNOWN, XFAILED = Verdict.MET, Verdict.FAILED, Verdict.UNKNOWN, Verdict.XFAILED


@pytest.mark.parametrize(
    ("expectation", "verdict"),
    [
        ("{resolves: checkout, from: deploy/demo/web, to: svc/demo/checkout}", MET),
        ("{resolves: checkout.demo, from: pod/demo/client, to: svc/demo/checkout}", MET),
        ("{resolves: checkout, from: deploy/demo/web, to: svc/demo/web}", FAILED),
        ("{resolves: checkout, from: deploy/demo/web, to: [svc/demo/checkout, svc/demo/web]}", FAILED),
        ("{resolves: checkout, from: deploy/demo/web, to: nothing}", FAILED),
        ("{resolves: checkot, from: deploy/demo/web, to: nothing}", MET),
        ("{resolves: checkot, from: deploy/demo/web, to: svc/demo/checkout}", FAILED),
        ("{resolves: example.com, from: deploy/demo/web, to: example.com}", MET),
        ('{env: CHECKOUT_SERVICE_PORT, from: deploy/demo/web, value: "443"}', MET),
        ('{env: CHECKOUT_SERVICE_PORT, from: deploy/demo/web, value: "80"}', FAILED),
        ("{env: CHECKOUT_SERVICE_PORT, from: deploy/demo/web, value: null}", FAILED),
        ("{env: CHECKOT_SERVICE_PORT, from: deploy/demo/web, value: null}", MET),
        (f"{{flow: window, backend: {HASH}, share: 1/2}}", MET),
        (f'{{flow: window, backend: {HASH}, share: ">= 50%"}}', MET),
        (f'{{flow: window, backend: {HASH}, share: "<= 49.9%"}}', FAILED),
        ("{flow: window, share: 100%}", MET),
        ("{flow: window, outcome: dropped, share: 0%}", MET),
        ("{flow: window, outcome: dropped, share: 1/1}", FAILED),
    ],
)
def test_what_is_there_meets_it_and_nothing_else(expectation: str, verdict: Verdict, tmp_path: Path) -> None:
    assert only_check(run(tmp_path, steps(f"expect: [{expectation}]"))).verdict is verdict


def test_a_lookup_that_fails_names_the_nearest_service_and_a_variable_the_nearest_one(tmp_path: Path) -> None:
    lookup = "{resolves: checkot, from: deploy/demo/web, to: svc/demo/checkout}"
    variable = '{env: CHECKOUT_SERVICE_PROT, from: deploy/demo/web, value: "443"}'

    case = run(tmp_path, steps(f"expect: [{lookup}, {variable}]"))

    (first, second) = case.steps[0].checks
    assert "nearest Service: demo/checkout" in first.why
    assert "nearest variable: CHECKOUT_SERVICE_PORT=443" in second.why


def test_a_variable_is_that_of_the_container_s_start(tmp_path: Path) -> None:
    apply = "{patch: svc/demo/checkout, with: {spec: {ports: [{name: https, port: 444, targetPort: https}]}}}"
    stale = '{env: CHECKOUT_SERVICE_PORT, from: pod/demo/client, value: "443"}'
    fresh = '{env: CHECKOUT_SERVICE_PORT, from: pod/demo/client, value: "444"}'

    case = run(tmp_path, steps(f"{{do: {apply}, expect: [{stale}]}}",
                               f"{{do: {{restart-container: demo/client}}, expect: [{fresh}]}}"))  # fmt: skip

    assert [check.verdict for step in case.steps for check in step.checks] == [MET, MET]


@pytest.mark.parametrize(
    ("lasting", "verdict", "at_ms"),
    [
        ("for: 900ms", MET, 900),
        ("for: 3s", FAILED, 2000),
        ("within: 3.1s, for: 10s", MET, 13_100),
        ("at: 500ms, for: 400ms", MET, 900),
        ("within: 500ms, for: 1s", UNKNOWN, 1000),
    ],
)
def test_for_must_be_true_that_long(lasting: str, verdict: Verdict, at_ms: int, tmp_path: Path) -> None:
    case = run(tmp_path, steps(f"{{do: {KILL}, expect: [{{flow: pay-new, outcome: delivered, {lasting}}}]}}"))

    check = only_check(case)
    assert (check.verdict, check.at_ms) == (verdict, at_ms)


@pytest.mark.parametrize(
    ("wanted", "verdict"),
    [
        # delivered from 0 to 1 s, unknown to 2 s, refused to 3.1 s: 10/31 arrive for sure, 20/31 at best
        ("available: 32%", MET),
        ("available: 33%", UNKNOWN),
        ("available: 65%", FAILED),
        ("outage: 2.1s", MET),
        ("outage: 2s", UNKNOWN),
        ("outage: 1s", FAILED),
        ("available: 32%, outage: 1s", FAILED),
        ("available: 32%, outage: 2.1s, since: kill", MET),
        ("available: 48%, since: before", MET),
        ("available: 49%, since: before", UNKNOWN),
    ],
)
def test_availability_counts_the_time_and_what_is_not_known_of_it(
    wanted: str, verdict: Verdict, tmp_path: Path
) -> None:
    waiting = "" if "before" not in wanted else "{id: before}"
    entries = [
        *([waiting] if waiting else []),
        f"{{id: kill, after: 1s, do: {KILL}, expect: [{{flow: pay-new, {wanted}}}]}}",
    ]
    if not waiting:
        entries[-1] = entries[-1].replace("after: 1s, ", "")

    assert only_check(run(tmp_path, steps(*entries))).verdict is verdict


def test_availability_under_always_is_of_the_whole_replay(tmp_path: Path) -> None:
    always = "always: [{flow: pay-new, outage: 2.1s}, {flow: pay-new, outage: 1s}, {flow: window, available: 100%}]\n"

    case = run(tmp_path, always + steps(f"{{do: {KILL}}}"))

    assert [check.verdict for check in case.always] == [MET, FAILED, MET]


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ("{only: [pay]}", MET),
        ("{only: [pay, window]}", FAILED),
        ("{only: [window]}", FAILED),
        ("{max: 1}", MET),
        ("{max: 0}", FAILED),
        ("{only: [pay, window], max: 1}", MET),
        ("{only: [window], max: 1}", FAILED),
    ],
)
def test_changed_takes_exactly_these_or_at_most_so_many(changed: str, verdict: Verdict, tmp_path: Path) -> None:
    wanted = changed.replace("{", "{since: before, ")
    case = run(tmp_path, steps("{id: before}", f"{{do: {KILL}, expect: [{{changed: {wanted}}}]}}"))

    check = only_check(case)
    assert check.verdict is verdict
    assert bool(check.why) is (verdict is FAILED)


@pytest.mark.parametrize(("word", "code"), [("fail", 4), ("warn", 0), ("allow", 0)])
def test_unknown_says_what_an_answer_that_is_not_known_comes_to(word: str, code: int, tmp_path: Path) -> None:
    text = steps(f"{{do: {KILL}, expect: [{{flow: pay-new, outcome: refused, at: 1.5s}}]}}")

    case = run(tmp_path, f"unknown: {word}\n" + text)

    assert only_check(case).verdict is UNKNOWN, "it stays what it is"
    assert Report((case,)).exit_code == code


def test_unknown_allow_forgives_no_failure(tmp_path: Path) -> None:
    case = run(tmp_path, "unknown: allow\n" + steps("expect: [{flow: window, outcome: dropped}]"))

    assert Report((case,)).exit_code == 1


@pytest.mark.parametrize(("outcome", "verdict", "code"), [("dropped", XFAILED, 0), ("delivered", FAILED, 1)])
def test_xfail_of_an_expectation_is_strict(outcome: str, verdict: Verdict, code: int, tmp_path: Path) -> None:
    case = run(tmp_path, steps(f"expect: [{{flow: window, outcome: {outcome}, xfail: https://example.org/1}}]"))

    assert only_check(case).verdict is verdict
    assert Report((case,)).exit_code == code


@pytest.mark.parametrize(("outcome", "verdict"), [("dropped", XFAILED), ("delivered", FAILED)])
def test_xfail_of_a_scenario_is_strict(outcome: str, verdict: Verdict, tmp_path: Path) -> None:
    case = run(tmp_path, f"xfail: later\n{steps(f'expect: [{{flow: window, outcome: {outcome}}}]')}")

    assert case.verdict is verdict


def test_a_matrix_is_of_profiles_and_seeds(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("kwake: 1\nname: a\nsnapshot: x\nmatrix: {profile: [calico, cilium], seed: [3, 4]}\n")

    (scenario,) = load(file)

    assert (scenario.profiles, scenario.seeds) == (("calico", "cilium"), (3, 4))


@pytest.mark.parametrize(
    ("matrix", "said"),
    [
        ("{seed: [1, 1]}", "expected at least one, and each once"),
        ("{}", "expected profile, seed or both"),
        ("{seed: [1]}\nseed: 2", "seed and the seeds of matrix exclude each other"),
    ],
)
def test_a_matrix_that_says_nothing_or_too_much_is_an_error(matrix: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(f"kwake: 1\nname: a\nsnapshot: x\nmatrix: {matrix}\n")

    with pytest.raises(ScenarioError, match=said):
        load(file)


def pinned(folder: Path, what: str, digest: str) -> Path:
    file = folder / "s.yaml"
    file.write_text(
        f"kwake: 1\nname: a\nsnapshot: [{{path: {what}, sha256: {digest}}}]\n"
        "flows: {window: {from: pod/demo/client, to: svc/demo/web}}\n"
        "steps: [{expect: [{flow: window, outcome: delivered}]}]\n"
    )
    return file


def test_a_snapshot_that_is_what_was_pinned_is_taken_and_another_one_is_not(tmp_path: Path) -> None:
    cluster = tmp_path / "cluster.yaml"
    cluster.write_bytes((sample_path("small") / "cluster.yaml").read_bytes())
    digest = hashlib.sha256(cluster.read_bytes()).hexdigest()
    (scenario,) = load(pinned(tmp_path, "cluster.yaml", digest))
    assert replay(scenario, begin(scenario)).verdict is MET

    cluster.write_bytes(cluster.read_bytes() + b"\n")

    with pytest.raises(SnapshotUnreadable, match=f"not what was pinned: expected sha256 {digest}, found ") as caught:
        begin(scenario)
    assert caught.value.exit_code == 3


def test_a_folder_is_pinned_without_the_scenarios_in_it_but_with_every_name(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    folder.mkdir()
    (folder / "cluster.yaml").write_bytes((sample_path("small") / "cluster.yaml").read_bytes())
    digest = layer_sha256(str(folder))
    (scenario,) = load(pinned(folder, ".", digest))
    assert replay(scenario, begin(scenario)).verdict is MET

    (folder / "cluster.yaml").rename(folder / "other.yaml")

    assert layer_sha256(str(folder)) != digest
