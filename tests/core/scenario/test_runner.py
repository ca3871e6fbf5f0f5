"""Running scenarios on the small sample cluster: when expectations look, what they say, how they end."""

from __future__ import annotations

from pathlib import Path

import pytest

import kwake
from kwake.errors import ScenarioError
from kwake.samples import sample_path
from kwake.scenario.load import load
from kwake.scenario.report import Case, Check, Report, Verdict
from kwake.scenario.runner import replay

HEAD = f"""\
kwake: 1
name: a story
snapshot: [{sample_path("small")}/cluster.yaml]
flows:
  pay: {{from: deploy/demo/web, to: svc/demo/checkout, port: 443, hold: true}}
  pay-new: {{from: deploy/demo/web, to: svc/demo/checkout, port: 443}}
  window: {{from: pod/demo/client, to: svc/demo/web, port: 80}}
"""
KILL = '{kill: "deploy/demo/checkout#0"}'
DENY = """{apply: {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: demo},
         spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}}}"""


def run(tmp_path: Path, text: str, profile: str = "calico", step: str | None = None) -> Case:
    file = tmp_path / "story.yaml"
    file.write_text(HEAD + text)
    (scenario,) = load(file)
    return replay(scenario, kwake.open(list(scenario.snapshot), profile, scenario.seed), ("kwake",), step)


def steps(*entries: str) -> str:
    return "steps:\n" + "".join(f"  - {entry}\n" for entry in entries)


def only_check(case: Case) -> Check:
    (check,) = [check for step in case.steps for check in step.checks]
    return check


def test_a_held_flow_is_open_from_the_start(tmp_path: Path) -> None:
    case = run(tmp_path, steps("expect: [{flow: pay, fate: open}]"))

    assert only_check(case).verdict is Verdict.MET


def test_a_held_flow_that_cannot_be_opened_is_named_with_its_line(tmp_path: Path) -> None:
    typo = "  held: {from: demo/clinet, to: svc/demo/web, hold: true}\n"

    with pytest.raises(
        ScenarioError, match=r"story.yaml:\d+: flows.held: demo/clinet: .*did you mean Pod/demo/client"
    ) as caught:
        run(tmp_path, typo + steps("expect: [{flow: pay, fate: open}]"))

    line = int(str(caught.value).partition("story.yaml:")[2].partition(":")[0])
    assert "held" in (tmp_path / "story.yaml").read_text().splitlines()[line - 1]


def test_without_a_time_an_expectation_looks_when_all_has_settled(tmp_path: Path) -> None:
    case = run(tmp_path, steps(f"{{do: {KILL}, expect: [{{flow: pay-new, outcome: delivered}}]}}"))

    check = only_check(case)
    assert check.verdict is Verdict.MET
    assert check.at_ms == case.steps[0].settled_ms > 0


def test_at_looks_once_at_that_time(tmp_path: Path) -> None:
    case = run(tmp_path, steps(f"{{do: {KILL}, expect: [{{flow: pay-new, outcome: refused, at: 2.5s}}]}}"))

    check = only_check(case)
    assert check.verdict is Verdict.MET
    assert check.at_ms == 2500


def test_within_fails_where_it_does_not_stay_true(tmp_path: Path) -> None:
    case = run(tmp_path, steps(f"{{do: {KILL}, expect: [{{flow: pay-new, outcome: delivered, within: 500ms}}]}}"))

    check = only_check(case)
    assert check.verdict is Verdict.FAILED, "delivered at 0.5 s, since the pod still runs, but refused at 2 s"
    assert check.at_ms == 2000


def test_within_holds_where_it_comes_true_in_time_and_stays(tmp_path: Path) -> None:
    case = run(tmp_path, steps(f"{{do: {KILL}, expect: [{{flow: pay-new, outcome: delivered, within: 4s}}]}}"))

    assert only_check(case).verdict is Verdict.MET


def test_an_answer_that_is_not_known_is_neither_met_nor_failed(tmp_path: Path) -> None:
    case = run(tmp_path, steps(f"{{do: {KILL}, expect: [{{flow: pay-new, outcome: refused, at: 1.5s}}]}}"))

    assert only_check(case).verdict is Verdict.UNKNOWN
    assert Report((case,)).exit_code == 4


def test_unknown_may_be_what_is_expected(tmp_path: Path) -> None:
    case = run(tmp_path, steps(f"{{do: {KILL}, expect: [{{flow: pay-new, outcome: unknown, at: 1.5s}}]}}"))

    assert only_check(case).verdict is Verdict.MET


def test_after_begins_that_long_after_the_action_before(tmp_path: Path) -> None:
    case = run(tmp_path, steps(f"do: {KILL}", "{after: 500ms, do: {scale: deploy/demo/web, replicas: 1}}"))

    assert [step.time_ms for step in case.steps] == [0, 500]


def test_without_after_a_step_begins_when_all_has_settled(tmp_path: Path) -> None:
    case = run(tmp_path, steps(f"do: {KILL}", "do: {scale: deploy/demo/web, replicas: 1}"))

    assert case.steps[1].time_ms == case.steps[0].settled_ms


def test_undo_gives_back_clock_and_connections(tmp_path: Path) -> None:
    case = run(
        tmp_path,
        steps(
            f"{{do: {KILL}, expect: [{{flow: pay, fate: closed}}]}}",
            "{do: {undo: 1}, expect: [{flow: pay, fate: open}]}",
            "{do: {redo: 1}, expect: [{flow: pay, fate: closed}]}",
        ),
    )

    assert case.verdict is Verdict.MET
    assert case.steps[1].time_ms == 0


def test_always_names_the_first_moment_at_which_it_does_not_hold(tmp_path: Path) -> None:
    case = run(tmp_path, "always: [{flow: pay-new, outcome: delivered}]\n" + steps(f"{{id: kill, do: {KILL}}}"))

    (check,) = case.always
    assert check.verdict is Verdict.FAILED
    assert check.at_ms == 2000
    assert check.actual == "refused after step kill"


def test_always_holds_through_undone_futures_too(tmp_path: Path) -> None:
    case = run(tmp_path, "always: [{flow: window, outcome: delivered}]\n" + steps(f"do: {KILL}", "do: {undo: 1}"))

    assert [check.verdict for check in case.always] == [Verdict.MET]


def test_always_does_not_look_beyond_the_next_action(tmp_path: Path) -> None:
    always = "always: [{flow: pay-new, outcome: delivered}]\n"

    case = run(tmp_path, always + steps(f"do: {KILL}", "{after: 500ms, do: {undo: 1}}"))

    assert [check.verdict for check in case.always] == [Verdict.MET]


def test_a_refusal_that_is_expected_meets_its_words(tmp_path: Path) -> None:
    headless = "do: {set-type: svc/demo/web, type: Headless}"

    case = run(tmp_path, steps(f"{{{headless}, expect: [{{rejected: may not change once set}}]}}"))
    other = run(tmp_path, steps(f"{{{headless}, expect: [{{rejected: the moon is full}}]}}"))

    assert only_check(case).verdict is Verdict.MET
    assert only_check(other).verdict is Verdict.FAILED


def test_a_refusal_that_nobody_expects_fails_the_step(tmp_path: Path) -> None:
    case = run(tmp_path, steps("do: {set-type: svc/demo/web, type: Headless}"))

    check = only_check(case)
    assert check.verdict is Verdict.FAILED
    assert "may not change once set" in check.actual


def test_an_expected_refusal_that_does_not_come_fails(tmp_path: Path) -> None:
    text = "{do: {set-type: svc/demo/web, type: NodePort}, expect: [{rejected: may not}]}"

    check = only_check(run(tmp_path, steps(text)))

    assert (check.verdict, check.actual) == (Verdict.FAILED, "accepted")


def test_an_action_on_what_is_not_there_fails_the_step_with_the_nearest_name(tmp_path: Path) -> None:
    check = only_check(run(tmp_path, steps("do: {kill: demo/clint}")))

    assert check.verdict is Verdict.FAILED
    assert "demo/client" in check.actual


def test_changed_names_exactly_the_flows_that_stand_otherwise(tmp_path: Path) -> None:
    expect = "[{changed: {since: a, only: [pay]}}, {changed: {since: a, only: [pay, window]}}]"

    case = run(tmp_path, steps("id: a", f"{{do: {KILL}, expect: {expect}}}"))

    met, failed = case.steps[1].checks
    assert (met.verdict, failed.verdict) == (Verdict.MET, Verdict.FAILED)
    assert failed.actual == "pay open → closed"


def test_a_field_is_read_by_its_path_and_null_is_absent(tmp_path: Path) -> None:
    expect = """[{object: svc/demo/web, field: "spec.ports[0].port", value: 80},
      {object: svc/demo/web, field: "spec.ports[7].port", value: null},
      {object: svc/demo/web, field: spec.type, value: NodePort}]"""

    case = run(tmp_path, steps(f"expect: {expect}"))

    assert [check.verdict for check in case.steps[0].checks] == [Verdict.MET, Verdict.MET, Verdict.FAILED]


@pytest.mark.parametrize(
    ("expectation", "verdict"),
    [
        ("outcome: delivered, decided_by: np/demo/checkout-from-web", Verdict.MET),
        ("outcome: delivered, decided_by: NetworkPolicy/demo/checkout-from-web", Verdict.MET),
        ("outcome: delivered, decided_by: np/demo/other", Verdict.FAILED),
        ("outcome: delivered, decided_by: svc/demo/checkout-from-web", Verdict.FAILED),
        ("outcome: delivered, basis: assumed", Verdict.MET),
        ("outcome: delivered, basis: sourced", Verdict.FAILED),
        ("outcome: delivered, backend: deploy/demo/checkout", Verdict.MET),
        ("outcome: delivered, backend: deploy/demo/web", Verdict.FAILED),
        ("outcome: dropped", Verdict.FAILED),
    ],
)
def test_details_of_a_dial(expectation: str, verdict: Verdict, tmp_path: Path) -> None:
    case = run(tmp_path, steps(f"expect: [{{flow: pay-new, {expectation}}}]"))

    assert only_check(case).verdict is verdict


def test_a_failed_check_says_why_with_the_rule_and_its_line(tmp_path: Path) -> None:
    case = run(tmp_path, steps(f"{{do: {DENY}, expect: [{{flow: window, outcome: delivered}}]}}"))

    check = only_check(case)
    assert check.verdict is Verdict.FAILED
    assert any("NetworkPolicy/demo/deny" in line and "story.yaml:10" in line for line in check.why)
    assert check.path is not None and check.before is not None


def test_a_failed_check_names_the_policy_that_selects_no_pod_and_the_label_it_nearly_meant(tmp_path: Path) -> None:
    typo = "{patch: netpol/demo/checkout-from-web, with: {spec: {podSelector: {matchLabels: {app: check-out}}}}}"

    case = run(tmp_path, steps(f"{{do: {typo}, expect: [{{flow: pay-new, outcome: dropped}}]}}"))

    (why,) = [line for line in only_check(case).why if "selects 0 pods" in line]
    assert why.startswith(
        "NetworkPolicy/demo/checkout-from-web: selects 0 pods: app=check-out; nearest label app=checkout"
    )
    assert "cluster.yaml:" in why


def test_under_limits_an_expectation_to_profiles(tmp_path: Path) -> None:
    text = steps("expect: [{flow: pay, fate: closed, under: cilium}]")

    assert run(tmp_path, text, "calico").steps[0].checks == ()
    assert only_check(run(tmp_path, text, "cilium")).verdict is Verdict.FAILED
    assert only_check(run(tmp_path, text, "cilium+metallb-l2")).verdict is Verdict.FAILED


def test_only_one_step_may_be_looked_at_after_the_others_ran(tmp_path: Path) -> None:
    text = steps(f"{{id: kill, do: {KILL}}}", "{id: look, expect: [{flow: pay, fate: closed}]}")

    case = run(tmp_path, "always: [{flow: pay-new, outcome: delivered}]\n" + text, step="look")

    assert [step.id for step in case.steps] == ["look"]
    assert case.verdict is Verdict.MET


def test_a_step_shows_the_window_of_each_flow_it_disturbs_once(tmp_path: Path) -> None:
    case = run(tmp_path, steps(f"do: {KILL}"))

    assert [window.flow for window in case.steps[0].windows] == ["pay-new"]
