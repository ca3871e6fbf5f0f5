"""An expectation that is not met says what to change, where the answer alone does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.scenario.test_runner import only_check, run, steps


@pytest.mark.parametrize(
    ("expectation", "said"),
    [
        ("{flow: window, decided_by: np/demo/checkout-from-web}", "nothing decides: no policy that is enforced"),
        ("{flow: window, decided_by: np/demo/checkout-form-web}", "did you mean NetworkPolicy/demo/checkout-from-web"),
        (
            "{flow: window, backend: deploy/demo/checkout}",
            "Service/demo/web selects app=web, and no pod of",
        ),
        ('{flow: window, backend: "deploy/demo/web#0"}', "expect a share at this backend"),
        ("{flow: window, basis: sourced}", "else expect basis: assumed, or leave basis out"),
        ("{flow: window, basis: sourced}", 'the annotation kwake.dev/listens: "8080" on the pod says so'),
    ],
)
def test_it_says_what_to_change(expectation: str, said: str, tmp_path: Path) -> None:
    check = only_check(run(tmp_path, steps(f"expect: [{expectation}]")))

    assert any(said in line for line in check.why), check.why


def test_nothing_to_leave_out_is_said_where_the_outcome_is_otherwise(tmp_path: Path) -> None:
    wanted = "{flow: window, outcome: dropped, decided_by: np/demo/checkout-from-web}"

    check = only_check(run(tmp_path, steps(f"expect: [{wanted}]")))

    assert not any("leave decided_by out" in line for line in check.why)
