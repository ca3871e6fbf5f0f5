"""Lint, format, types and the import contracts: part of the one test command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

CHECKS = {
    "ruff-lint": ["ruff", "check", "."],
    "ruff-format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy", "--strict"],
    "import-contracts": ["importlinter.cli"],
}


@pytest.mark.parametrize("check", CHECKS)
def test_the_code_passes(check: str, tmp_path: Path) -> None:
    module, *arguments = CHECKS[check]
    if check == "import-contracts":
        command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as main; main()"]
    else:
        command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _modules_after(code: str) -> set[str]:
    """What is loaded in a fresh interpreter after this code."""
    program = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


FORBIDDEN_IN_CORE = {"kwake_tui", "kwake_live", "textual", "rich", "kubernetes", "socket", "subprocess"}


def test_the_core_loads_no_terminal_and_no_network() -> None:
    code = (
        "import kwake, kwake.samples\n"
        "world = kwake.open(str(kwake.samples.sample_path('small')))\n"
        "world.reach(); kwake.Timeline.start(world)\n"
        "import kwake.scenario.runner"
    )

    loaded = _modules_after(code)

    assert "kwake.world" in loaded, "the probe opened no world"
    assert not FORBIDDEN_IN_CORE & loaded
    assert "kwake.rules" not in loaded, "the texts of rules are read before anybody asks for one"


def test_help_loads_neither_textual_nor_the_model() -> None:
    code = (
        "import contextlib, io\n"
        "from kwake_tui.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    main(['--help'])"
    )

    loaded = _modules_after(code)

    assert "kwake_tui.cli" in loaded
    assert not {"textual", "rich", "kubernetes", "msgspec", "yaml"} & loaded
