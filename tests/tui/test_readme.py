"""Every command of the README does what the README shows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from kwake_tui.cli import main

ROOT = Path(__file__).resolve().parent.parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```console\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_there_are_commands() -> None:
    assert len(BLOCKS) >= 8


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0].removeprefix("$ kwake "))
def test_a_command_prints_what_the_readme_shows(
    block: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command, *shown = block.splitlines()
    monkeypatch.chdir(ROOT)

    code = main(shlex.split(command.removeprefix("$ kwake")))

    captured = capsys.readouterr()
    assert code == 0, captured.err
    assert shows(shown, captured.out.splitlines())


def shows(shown: list[str], printed: list[str]) -> bool:
    """Whether a block is what was printed, line by line, but for any number of lines in the place of each `…`."""
    if not shown:
        return not printed
    first, *others = shown
    if first == "…":
        return any(shows(others, printed[left_out:]) for left_out in range(1, len(printed) + 1))
    return bool(printed) and first == printed[0] and shows(others, printed[1:])


def test_the_python_of_the_readme_runs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(ROOT)

    exec(compile(code, "README.md", "exec"), {})

    assert capsys.readouterr().out == "Fate.OPEN Outcome.DELIVERED\n"


def test_the_scenario_of_the_readme_is_met_and_fails_as_the_readme_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (text,) = re.findall(r"^```yaml\n(kwake: 1\n.*?)^```$", README, re.MULTILINE | re.DOTALL)
    file = tmp_path / "first.yaml"
    file.write_text(text, encoding="utf-8")
    assert main(["replay", str(file)]) == 0
    assert "2 of 2 expectations met" in capsys.readouterr().out

    file.write_text(text.replace("outcome: delivered}]", "outcome: dropped}]"), encoding="utf-8")

    assert main(["replay", str(file)]) == 1
    assert "expected  dropped" in capsys.readouterr().out


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#:]+)\)", README))
def test_what_the_readme_links_to_is_there(target: str) -> None:
    assert (ROOT / target).is_file()
