"""A scenario that cannot be run: it is told in every form of the report, and the others are run all the same."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from kwake.samples import sample_path
from kwake_tui.cli import main
from tests.scenarios.test_exit_codes import HEAD, MET

Capture = pytest.CaptureFixture[str]

FAILED = HEAD + "steps: [{expect: [{flow: window, outcome: dropped}]}]\n"
BAD = MET.replace("outcome", "outcom")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "cluster.yaml").write_bytes((sample_path("small") / "cluster.yaml").read_bytes())
    stories = tmp_path / "stories"
    stories.mkdir()
    monkeypatch.chdir(tmp_path)
    for name, text in (("a", BAD), ("c", MET), ("d", MET.replace("cluster.yaml", "gone.yaml"))):
        (stories / f"{name}.yaml").write_text(text.replace("snapshot: [", "snapshot: [../"), encoding="utf-8")
    (stories / "b.yaml").write_bytes(b"kwake: 1\nname: \xff\n")
    return stories


def test_the_others_are_run_and_each_is_told_with_its_place(folder: Path, capsys: Capture) -> None:
    assert main(["replay", "stories"]) == 2

    said = capsys.readouterr()
    for told in ("stories/a.yaml:7: steps[0].expect[0].outcom: there is no such key; did you mean outcome?",
                 "stories/b.yaml:2: not UTF-8", "gone.yaml: there is no such file or folder"):  # fmt: skip
        assert told in said.out
        assert f"kwake: {told}" in said.err
    assert "✓ a story  calico · seed 0  stories/c.yaml" in said.out
    assert "1 of 1 expectations met, 3 not run" in said.out


def test_the_exit_code_is_that_of_the_worst_file(folder: Path) -> None:
    (folder / "a.yaml").unlink()
    assert main(["replay", "stories"]) == 3, "not readable, and what can be run is met"

    (folder / "e.yaml").write_text(FAILED.replace("[cluster", "[../cluster"), encoding="utf-8")
    assert main(["replay", "stories"]) == 3, "not all was run: that comes before a failure"

    (folder / "b.yaml").unlink()
    (folder / "d.yaml").unlink()
    assert main(["replay", "stories"]) == 1


def test_several_files_are_run_although_one_of_them_is_not_there(folder: Path, capsys: Capture) -> None:
    assert main(["replay", "nowhere.yaml", "stories/c.yaml"]) == 3

    said = capsys.readouterr()
    assert "nowhere.yaml: there is no such file or folder" in said.err
    assert "✓ a story" in said.out


def test_json_lists_them(folder: Path, capsys: Capture) -> None:
    main(["replay", "stories", "-o", "json"])

    report = json.loads(capsys.readouterr().out)
    assert report["verdict"] == "failed"
    assert [one["file"] for one in report["scenarios"]] == ["stories/c.yaml"]
    told = [(one["file"], one["name"], one["exit_code"]) for one in report["not_run"]]
    assert told == [("stories/a.yaml", None, 2), ("stories/b.yaml", None, 3), ("stories/d.yaml", "a story", 3)]


def test_junit_counts_them_as_errors_and_markdown_names_them(folder: Path) -> None:
    main(["replay", "stories", "--junit", "out.xml", "--md", "out.md"])

    root = ET.parse("out.xml").getroot()
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("4", "0", "3")
    assert [str(error.text).partition(":")[0] for error in root.iter("error")] == [
        "stories/a.yaml", "stories/b.yaml", "gone.yaml"]  # fmt: skip
    text = Path("out.md").read_text("utf-8")
    assert "1 of 1 expectations met, 3 not run" in text
    assert "stories/a.yaml:7: steps[0].expect[0].outcom" in text


def test_of_a_file_of_several_scenarios_the_good_ones_are_run(folder: Path, capsys: Capture) -> None:
    both = f"{BAD}---\n{MET}".replace("[cluster", "[../cluster")
    (folder / "both.yaml").write_text(both, encoding="utf-8")

    assert main(["replay", "stories/both.yaml"]) == 2
    assert "1 of 1 expectations met, 1 not run" in capsys.readouterr().out


def test_a_manifest_in_the_folder_that_cannot_be_read_is_no_scenario(folder: Path) -> None:
    for story in ("a", "b", "d"):
        (folder / f"{story}.yaml").unlink()
    (folder / "manifest.yaml").write_bytes(b"kind: Pod\nname: \xff\n")

    assert main(["replay", "stories"]) == 0


def test_a_scenario_of_a_sample_is_named_so_that_it_can_be_typed_again(capsys: Capture) -> None:
    assert main(["replay", "sample:shop/kill", "--profile", "flannel"]) == 1

    said = capsys.readouterr().out
    assert "  sample:shop/kill:" in said
    assert "again     kwake replay sample:shop/kill --profile flannel --step " in said
    assert "/sample_clusters/" not in said


def test_a_sample_is_a_snapshot_of_every_command(capsys: Capture) -> None:
    code = main(["trace", "sample:small", "--from", "pod/demo/client", "--to", "svc/demo/checkout"])

    assert code == 0
    assert "  sample:small/cluster.yaml:77" in capsys.readouterr().out
    assert main(["sample:small/kill", "-o", "text"]) == 0, "a scenario is told as its replay"
    assert "7 of 7 expectations met" in capsys.readouterr().out
    assert main(["replay", "sample:small/kil"]) == 2
    assert "did you mean sample:small/kill?" in capsys.readouterr().err
