"""Bad and hostile snapshots: each gets an error or a listed warning that names it, never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from kwake.sources import files
from kwake_tui.cli import main

Capture = pytest.CaptureFixture[str]

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: NAME, namespace: demo}
spec: {nodeName: node-1, containers: [{name: a, image: b}]}
"""
RUNNING = POD + 'status: {phase: Running, podIP: 10.0.0.7, conditions: [{type: Ready, status: "True"}]}\n'
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: bad, namespace: demo}
spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/33}}]}]}
"""
PORT = POD.replace("NAME", "a").replace("image: b", "image: b, ports: [{containerPort: 80}]")
MANY = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: demo}
spec: {replicas: 2000000000, selector: {matchLabels: {a: b}},
       template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: b}]}}}
"""
LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefg", "bcdefgh", strict=True)
)


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (LAUGHS, 2, "aliases"),
        ("kind: Pod\n\tmetadata: {}\n", 2, "bad.yaml:2"),
        ("kind: Pod\nkind: Pod\n", 2, "stands twice"),
        (b"\xffkind: Pod\n", 3, "not UTF-8"),
        (b"kind: P\0od\n", 2, "NUL"),
        ('{"kind": "List", "items": [{"kind": "Pod", "api', 2, "bad.yaml:1"),
        (POLICY, 2, "spec.ingress[0].from[0].ipBlock.cidr"),
        (POD.replace("NAME", "a") + "---\n" + POD.replace("NAME", "a").replace("image: b", "image: c"), 2, "already"),
        ("kind: Pod\napiVersion: v1\nmetadata: {name: [a]}\n", 2, "metadata.name"),
        ("just a text\n", 2, "bad.yaml"),
        (PORT.replace("80", "9" * 5000), 2, "bad.yaml:4: Pod/demo/a: spec.containers[0].ports[0].containerPort"),
        ('{"a":\n' + "9" * 5000 + "}", 2, "bad.yaml:1: apiVersion: apiVersion is missing"),
        ("a: " + "[" * 10_000, 2, "bad.yaml:1: more than 200 maps and lists inside each other"),
        ('{"a":' * 10_000, 2, "bad.yaml:1: too many maps and lists inside each other"),
        (
            POD.replace("namespace: demo", "namespace: demo, labels: {a: b, c: 1}"),
            2,
            "metadata.labels.c: expected a string",
        ),
        (MANY, 2, "bad.yaml:4: Deployment/demo/web: spec.replicas: Invalid value: 2000000000: kwake makes at most"),
    ],
    ids=[
        "laughs",
        "tab",
        "duplicate-key",
        "not-utf-8",
        "nul",
        "half-a-list",
        "cidr",
        "two-of-a-name",
        "type",
        "text",
        "huge-integer",
        "huge-json-integer",
        "deep-yaml",
        "deep-json",
        "label-that-is-no-text",
        "billions-of-pods",
    ],
)
def test_what_cannot_be_taken_in_is_refused_with_its_place(
    content: str | bytes, code: int, words: str, tmp_path: Path, capsys: Capture
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())

    assert main(["check", str(file)]) == code

    captured = capsys.readouterr()
    assert captured.out == ""
    assert words in captured.err
    assert "bad.yaml" in captured.err and "Traceback" not in captured.err


@pytest.mark.parametrize(
    ("content", "subject"),
    [
        ("apiVersion: example.com/v9\nkind: Gadget\nmetadata: {name: g, namespace: demo}\n", "Gadget"),
        (RUNNING.replace("NAME", "a") + "---\n" + RUNNING.replace("NAME", "b"), "10.0.0.7"),
        ("apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: demo}\nspec: {selector: {app: none}, "
         "ports: [{port: 80}]}\n", "Service/demo/s"),
        (POD.replace("NAME", "p").replace(
            "namespace: demo",
            "namespace: demo, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: gone, uid: u, "
            "controller: true}]"), "ReplicaSet/demo/gone"),
    ],
    ids=["unknown-kind", "two-pods-of-one-ip", "selects-nothing", "dangling-owner"],
)  # fmt: skip
def test_what_is_merely_odd_is_taken_in_and_listed(content: str, subject: str, tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "odd.yaml"
    file.write_text(content)

    assert main(["check", str(file), "-o", "json"]) == 0

    findings = json.loads(capsys.readouterr().out)["findings"]
    assert any(subject in finding["subject"] + finding["text"] for finding in findings), findings


def test_lenient_skips_what_is_refused_and_calls_it_unknown(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(POLICY)

    assert main(["check", str(file), "--lenient", "-o", "json"]) == 0

    findings = json.loads(capsys.readouterr().out)["findings"]
    assert any(f["level"] == "unknown" and "NetworkPolicy/demo/bad" in f["subject"] for f in findings)


def test_leniently_a_file_with_bad_syntax_makes_unknown_what_it_could_hold(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "pods.yaml").write_text("---\n".join(POD.replace("NAME", name) for name in ("a", "b")))
    (tmp_path / "zz.yaml").write_text("a:\n\tb: 1\n")
    dial = ["trace", str(tmp_path), "--from", "demo/a", "--to", "demo/b", "--port", "80"]

    assert main(dial) == 2
    assert "zz.yaml:2: bad YAML: a tab" in capsys.readouterr().err
    assert main([*dial, "--lenient"]) == 4
    capsys.readouterr()
    assert main(["check", str(tmp_path), "--lenient"]) == 0
    assert "left out, what it decides is unknown: bad YAML: a tab" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "zz.yaml"), "--lenient"]) == 2, "nothing else is there to answer about"


def test_what_was_left_out_is_not_called_a_kind_that_there_is_not(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(MANY)

    assert main(["check", str(file), "--lenient"]) == 0

    shown = capsys.readouterr().out
    assert "left out, what it decides is unknown: spec.replicas" in shown and "no matches for kind" not in shown


def test_a_broken_link_in_a_folder_is_not_passed_over_as_it_may_be_a_policy(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "pod.yaml").write_text(POD.replace("NAME", "a"))
    (tmp_path / "policy.yaml").symlink_to(tmp_path / "gone.yaml")

    assert main(["check", str(tmp_path)]) == 3

    assert "policy.yaml: there is no such file" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "reach", ""])
def test_a_folder_without_an_object_ends_with_3_and_never_passes_as_a_cluster(
    tmp_path: Path, capsys: Capture, command: str
) -> None:
    (tmp_path / "policies.txt").write_text(POD)

    assert main([*command.split(), str(tmp_path)]) == 3

    out, err = capsys.readouterr()
    assert out == ""
    assert f"{tmp_path} holds no Kubernetes object" in err


def test_a_pipe_that_nobody_writes_to_is_refused_and_not_waited_for(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "WRITER_MS", 100)
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)

    assert main(["check", str(pipe)]) == 3

    assert "pipe.yaml: a pipe that nothing writes to" in capsys.readouterr().err


def test_a_pipe_is_read_to_its_end_however_slowly_it_is_written(tmp_path: Path, capsys: Capture) -> None:
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    words = " ".join(f"echo {line!r}; sleep 0.2;" for line in RUNNING.replace("NAME", "a").splitlines())

    with subprocess.Popen(["bash", "-c", f"{{ sleep 0.2; {words} }} > {pipe}"]):
        code = main([str(pipe), "-o", "json"])

    assert code == 0
    assert [pod["name"] for pod in json.loads(capsys.readouterr().out)["pods"]] == ["a"]


def test_a_folder_with_helm_templates_in_it_says_which_it_left_out(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "pod.yaml").write_text(POD.replace("NAME", "a"))
    (tmp_path / "chart.yaml").write_text("kind: Pod\nmetadata:\n  name: {{ .Release.Name }}\n{{- if .x }}\n")

    code = main(["check", str(tmp_path)])

    captured = capsys.readouterr()
    assert code in (0, 2)
    assert "chart.yaml" in captured.out + captured.err


def test_escape_codes_in_names_are_shown_and_not_obeyed(tmp_path: Path, capsys: Capture) -> None:
    hostile = RUNNING.replace("NAME", '"a\\e[31m\\x9b2J\\u202eb"')
    file = tmp_path / "hostile.yaml"
    file.write_text(hostile)

    for output in ("text", "json"):
        for arguments in ([str(file)], ["check", str(file)], ["reach", str(file), "--by", "pod"]):
            main([*arguments, "-o", output])
    file.write_text(hostile.replace("kind: Pod", "kind: [x]"))
    main(["check", str(file)])

    captured = capsys.readouterr()
    said = captured.out + captured.err
    assert said
    assert not set(said) & {"\x1b", "\x9b", "\u202e"}


def test_wide_names_do_not_break_columns(tmp_path: Path, capsys: Capture) -> None:
    from rich.cells import cell_len

    file = tmp_path / "wide.yaml"
    names = ("a", "漢字漢字", "e\u0301toile")
    pods = [RUNNING.replace("NAME", name).replace("10.0.0.7", f"10.0.0.{at}") for at, name in enumerate(names, 1)]
    file.write_text("---\n".join(pods))

    assert main([str(file), "-o", "text"]) == 0

    rows = [line for line in capsys.readouterr().out.splitlines() if "10.0.0." in line]
    assert len(rows) == 3
    assert len({cell_len(row[: row.index("10.0.0.")]) for row in rows}) == 1
