"""A replay's report in each of its forms: JUnit as CI systems read it, Markdown, a journal that is run again."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from kwake.samples import sample_path
from kwake_tui.cli import main

Capture = pytest.CaptureFixture[str]
STORY = """\
kwake: 1
name: a story | with "signs" & <marks> \\u202e
snapshot: [cluster.yaml]
flows:
  window: {from: pod/demo/client, to: svc/demo/web, port: 80}
  pay: {from: pod/demo/client, to: svc/demo/checkout, port: 443}
always:
  - {flow: window, outcome: delivered}
steps:
  - id: look
    expect:
      - {flow: pay, outcome: dropped}
      - {flow: pay, outcome: delivered}
      - {flow: pay, outcome: delivered, xfail: https://example.org/1}
  - id: kill
    do: {kill: "deploy/demo/web#0"}
    expect:
      - {flow: window, outcome: refused, at: 1.5s}
"""
SCHEMA = {
    "testsuites": ({"name", "tests", "failures", "errors", "time"}, set(), {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "file", "id", "package", "timestamp", "hostname"},
        {"name", "tests", "failures", "errors"},
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set[str](), set[str](), {"property"}),
    "property": ({"name", "value"}, {"name", "value"}, set[str]()),
    "testcase": ({"name", "time", "classname", "group"}, {"name"}, {"skipped", "error", "failure", "system-out"}),
    "failure": ({"type", "message"}, set[str](), set[str]()),
    "skipped": ({"type", "message"}, set[str](), set[str]()),
}
"""What junit-10.xsd of Jenkins' xunit plugin allows: attributes, those that must be there, elements inside."""


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "cluster.yaml").write_bytes((sample_path("small") / "cluster.yaml").read_bytes())
    (tmp_path / "story.yaml").write_text(STORY.replace("\\u202e", "\u202e"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return "story.yaml"


def test_junit_is_as_ci_systems_read_it(story: str, tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "report.xml"

    assert main(["replay", story, "--junit", str(file), "--profile", "calico", "--profile", "flannel"]) == 1

    root = ET.parse(file).getroot()
    for element in root.iter():
        allowed, needed, inside = SCHEMA[element.tag]
        assert set(element.attrib) <= allowed, element.tag
        assert needed <= set(element.attrib), element.tag
        assert {child.tag for child in element} <= inside, element.tag
    for suite in root:
        cases = suite.findall("testcase")
        assert suite.get("tests") == str(len(cases)) == "5"
        assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
        assert suite.get("skipped") == str(len(suite.findall("testcase/skipped")))
    calico = root[0]
    assert "a story | with" in str(calico.get("name"))
    failures = calico.findall("testcase/failure")
    assert failures[0].get("message") == "expected delivered, actual dropped"
    assert "story.yaml:13" in str(failures[0].text)
    assert "kwake replay story.yaml --profile calico --step look" in str(failures[0].text)
    assert [skip.get("message") for skip in calico.iter("skipped")] == ["not met, as told: https://example.org/1"]


@pytest.mark.parametrize(("link", "failing"), [("", 0), ("xfail: later\n", 1)])
def test_junit_fails_a_scenario_that_holds_although_it_is_told_not_to(link: str, failing: int, story: str) -> None:
    Path("met.yaml").write_text(
        "kwake: 1\nname: met\nsnapshot: cluster.yaml\n"
        + link
        + "flows: {w: {from: pod/demo/client, to: svc/demo/web}}\n"
        "steps: [{expect: [{flow: w, outcome: delivered}]}]\n"
    )

    assert main(["replay", "met.yaml", "--junit", "met.xml"]) == failing
    suite = ET.parse("met.xml").getroot()[0]
    assert suite.get("failures") == str(failing) == str(len(list(suite.iter("failure"))))


def test_markdown_tells_each_replay_and_folds_what_was_not_met(story: str, capsys: Capture) -> None:
    assert main(["replay", story, "--md", "report.md"]) == 1
    assert main(["replay", story, "-o", "md"]) == 1

    text = Path("report.md").read_text("utf-8")
    assert "| × | a story \\| with" in text
    assert "\\<marks\\>" in text
    assert "<details>" in text
    assert "  expected  delivered\n  actual    dropped, at 0:00.0\n" in text
    assert text in capsys.readouterr().out


def test_an_event_is_as_sure_as_the_clocks_that_its_time_rests_on(story: str, capsys: Capture) -> None:
    Path("open.yaml").write_text(
        "kwake: 1\nname: open\nsnapshot: cluster.yaml\n"
        "flows: {held: {from: deploy/demo/web, to: svc/demo/checkout, port: 443}}\nsteps:\n  - {do: {open: held}}\n"
        '  - {do: {kill: "deploy/demo/checkout#0"}, expect: [{flow: held, fate: closed}]}\n'
    )

    assert main(["replay", "open.yaml"]) == 0
    shown = capsys.readouterr().out
    assert main(["replay", "open.yaml", "-o", "json"]) == 0
    (scenario,) = json.loads(capsys.readouterr().out)["scenarios"]

    (closed,) = [event for event in scenario["steps"][1]["events"] if event["kind"] == "connection-closed"]
    assert closed["clocks"] == [{"name": "sigterm-exit", "ms": 1000, "basis": "assumed"}]
    assert closed["basis"] == "assumed"
    assert f"{closed['text']} (assumed)\n" in shown


def test_a_journal_run_again_is_the_same(story: str, capsys: Capture) -> None:
    main(["replay", story, "--journal", "run.json", "--seed", "5", "--set", "clock.sandbox=3s"])
    capsys.readouterr()

    assert main(["replay", "run.json"]) == 0

    assert "1 of 1 replays are the same" in capsys.readouterr().out
    kept = json.loads(Path("run.json").read_text("utf-8"))
    (one,) = kept["replays"]
    assert (kept["journal"], one["seed"], one["profile"], one["set"]) == (1, 5, "calico", {"clock.sandbox": "3s"})
    assert len(one["sha256"]) == 64
    assert list(one["snapshot"]) == ["cluster.yaml"]


def test_a_journal_says_what_is_otherwise_and_where(story: str, capsys: Capture) -> None:
    main(["replay", story, "--journal", "run.json"])
    capsys.readouterr()
    cluster = Path("cluster.yaml")
    cluster.write_text(cluster.read_text("utf-8").replace("app: web", "app: wbe"), encoding="utf-8")

    assert main(["replay", "run.json"]) == 1

    said = capsys.readouterr().out
    assert "cluster.yaml: the snapshot has another content: sha256 was " in said
    assert "steps[kill]." in said
    assert "0 of 1 replays are the same" in said


def test_a_journal_whose_scenario_is_gone_says_so(story: str, capsys: Capture) -> None:
    main(["replay", story, "--journal", "run.json"])
    Path(story).write_text(Path(story).read_text("utf-8").replace("a story", "another"), encoding="utf-8")

    assert main(["replay", "run.json"]) == 1
    assert "there is no scenario a story" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"journal": 2, "kwake": "1", "replays": []}', "expected a journal of version 1, found 2"),
        ('{"journal": 1}', "no journal of kwake: "),
        ('{"journal": 1, "kwake": "0", "replays": []}', "a journal without replays"),
    ],
)
def test_a_broken_journal_is_named(text: str, said: str, tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "run.json"
    file.write_text(text)

    assert main(["replay", str(file)]) in (2, 5)
    assert f"{file}: {said}" in capsys.readouterr().err


def test_a_path_is_drawn_with_its_outcome_in_words(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "path.svg"
    small = str(sample_path("small"))

    main(
        ["trace", small, "--from", "pod/demo/client", "--to", "svc/demo/checkout", "--port", "443", "--svg", str(file)]
    )

    root = ET.parse(file).getroot()
    words = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "∅ dropped" in words
    assert any("NetworkPolicy/demo/checkout-from-web" in str(text) and "cluster.yaml:" in str(text) for text in words)
    title = root.find("{http://www.w3.org/2000/svg}title")
    assert title is not None
    assert title.text == "pod/demo/client → svc/demo/checkout:443: dropped"
