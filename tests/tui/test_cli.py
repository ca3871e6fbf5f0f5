"""The command line end to end: what goes to standard output, what to standard error, and how it ends."""

from __future__ import annotations

import io
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kwake.samples import sample_path
from kwake_tui import cli
from kwake_tui.cli import main

Capture = pytest.CaptureFixture[str]

SMALL = str(sample_path("small"))
SHOP = str(sample_path("shop"))
DENIED = ["trace", SMALL, "--from", "pod/demo/client", "--to", "svc/demo/checkout", "--port", "443"]
PAID = ["trace", SMALL, "--from", "deploy/demo/web", "--to", "svc/demo/checkout"]


def out(capsys: Capture, *arguments: str, code: int = 0) -> str:
    ended = main(list(arguments))
    captured = capsys.readouterr()
    assert ended == code, captured.err
    return captured.out


def form(capsys: Capture, *arguments: str, code: int = 0) -> Any:
    return json.loads(out(capsys, *arguments, "-o", "json", code=code))


# -- the console's twin -------------------------------------------------------------------------------------------


def test_without_a_terminal_the_console_is_text_on_the_sample_shop(capsys: Capture) -> None:
    shown = out(capsys)

    assert shown.startswith("kwake  shop  ")
    for word in ("deploy checkout", "shop/web", "LoadBalancer", "payments/default-deny", "assumption"):
        assert word in shown


def test_the_clusters_json_names_pods_with_address_and_node(capsys: Capture) -> None:
    shown = form(capsys, SMALL)

    assert (shown["version"], shown["profile"]) == (1, "calico")
    assert {pod["node"] for pod in shown["pods"]} <= {"node-1", "node-2"}
    assert all(pod["ips"] and pod["ready"] for pod in shown["pods"])
    assert [service["name"] for service in shown["services"]] == ["checkout", "web"]


def test_a_snapshot_may_come_from_standard_input(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    data = Path(SMALL, "cluster.yaml").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    shown = form(capsys, "-", "--profile", "calico", "--profile", "cilium")

    assert [(one["profile"], len(one["pods"])) for one in shown] == [("calico", 4), ("cilium", 4)]


def test_the_same_seed_gives_the_same_bytes_and_another_other_names(capsys: Capture) -> None:
    first, again, other = (out(capsys, SMALL, "--seed", seed) for seed in ("7", "7", "8"))

    assert first == again != other


# -- trace --------------------------------------------------------------------------------------------------------


def test_trace_puts_the_verdict_first_and_the_deciding_line_under_it(capsys: Capture) -> None:
    assert main(DENIED) == 0

    captured = capsys.readouterr()
    verdict, because, by, *hops = captured.out.splitlines()
    assert verdict.startswith("∅ dropped  pod/demo/client → svc/demo/checkout:443")
    assert because.startswith("because ")
    assert "NetworkPolicy/demo/checkout-from-web" in by and "cluster.yaml:" in by
    assert any("admits app=web" in line for line in hops), "what nearly matched"
    assert "8443" in captured.err, "the port that policies see is narration"


def test_the_line_that_trace_names_is_in_the_policy(capsys: Capture) -> None:
    (decider,) = form(capsys, *DENIED)["decided_by"]

    assert decider["object"] == "NetworkPolicy/demo/checkout-from-web"
    lines = Path(decider["file"]).read_text().splitlines()
    document = "\n".join(lines[: decider["line"]]).rpartition("---")[2]
    assert "kind: NetworkPolicy" in document and "checkout-from-web" in document


def test_trace_json_has_its_stable_keys(capsys: Capture) -> None:
    path = form(capsys, *PAID)

    assert list(path) == ["version", "outcome", "basis", "decided_by", "egress", "ingress", "hops", "branches"]
    assert (path["version"], path["outcome"]) == (1, "delivered")
    assert list(path["hops"][0]) == ["kind", "at", "text", "object", "basis", "near_misses"]
    assert list(path["branches"][0]) == [
        "source", "pod", "ip", "port", "share", "outcome", "basis", "decided_by", "egress", "ingress", "hops",
        "entries",
    ]  # fmt: skip


def test_the_shares_of_all_branches_add_up_to_1(capsys: Capture) -> None:
    path = form(capsys, "trace", SHOP, "--from", "deploy/shop/web", "--to", "svc/shop/checkout")

    assert [round(branch["share"], 3) for branch in path["branches"]] == [0.333] * 3


def test_the_port_and_the_protocol_may_stand_with_the_target(capsys: Capture) -> None:
    asked = ("trace", SHOP, "--from", "deploy/shop/web")
    apart = out(capsys, *asked, "--to", "svc/shop/checkout", "--port", "443")
    assert apart.startswith("✓ delivered")
    assert out(capsys, *asked, "--to", "svc/shop/checkout:443") == apart
    assert out(capsys, *asked, "--to", "svc/shop/checkout:443", "--port", "443") == apart
    dns = out(capsys, *asked, "--to", "svc/kube-system/kube-dns:53/udp")
    assert dns == out(capsys, *asked, "--to", "svc/kube-system/kube-dns", "--port", "53", "--protocol", "UDP")
    for more in (["--port", "80"], ["--protocol", "UDP"]):
        assert main([*asked, "--to", "svc/shop/checkout:443/TCP", *more]) == 2
        assert "kwake: two p" in capsys.readouterr().err


def test_a_misspelt_service_does_not_resolve_and_the_nearest_is_told(capsys: Capture) -> None:
    for target in ("svc/demo/chekout", "chekout.demo", "chekout:443"):
        assert main(["trace", SMALL, "--from", "demo/client", "--to", target, "--port", "443"]) == 0
        captured = capsys.readouterr()
        assert captured.out.startswith("◇ unresolved")
        assert f"kwake: note: {target.removesuffix(':443')}: did you mean svc/demo/checkout?" in captured.err


def test_a_name_alone_dials_where_it_is_one_things_and_is_a_dns_name_as_the_target(
    capsys: Capture, tmp_path: Path
) -> None:
    whole = out(capsys, "trace", SMALL, "--from", "Deployment/demo/web", "--to", "svc/demo/checkout")
    assert out(capsys, "trace", SMALL, "--from", "web", "--to", "svc/demo/checkout") == whole
    first = ("--from", "web#0", "--to", "checkout")
    assert out(capsys, "trace", SMALL, *first).startswith("✓ delivered  Deployment/demo/web#0 → checkout")

    two = tmp_path / "two.yaml"
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: demo}\nspec: {containers: [{name: c}]}\n"
    two.write_text("---\n".join(pod.replace("demo", name) for name in ("one", "two")))
    assert main(["trace", str(two), "--from", "a", "--to", "internet"]) == 2
    assert "a: did you mean Pod/one/a or Pod/two/a? name who dials as" in capsys.readouterr().err


def test_a_target_that_is_near_no_service_may_mean_a_workload(capsys: Capture, tmp_path: Path) -> None:
    batch = tmp_path / "batch.yaml"
    batch.write_text(
        Path(SHOP, "shop.yaml").read_text() + "---\napiVersion: apps/v1\nkind: Deployment\n"
        "metadata: {name: worker, namespace: shop}\nspec: {selector: {matchLabels: {app: worker}},"
        " template: {metadata: {labels: {app: worker}}, spec: {containers: [{name: c, image: i}]}}}\n"
    )
    assert main(["trace", str(batch), "--from", "deploy/shop/web", "--to", "workr"]) == 0
    assert "kwake: note: workr: did you mean deploy/shop/worker?" in capsys.readouterr().err


def test_a_node_named_alone_is_told_how_it_dials_and_can(capsys: Capture) -> None:
    dials = ["--to", "svc/demo/checkout", "--port", "443"]
    assert main(["trace", SMALL, "--from", "node-1", *dials]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("◇ unresolved")
    assert "by its address: --via ip" in captured.err

    assert out(capsys, "trace", SMALL, "--from", "Node/node-1", *dials, "--via", "ip").startswith("✓ delivered")


def test_several_profiles_compare(capsys: Capture) -> None:
    listed = form(capsys, *DENIED, "--profile", "calico", "--profile", "flannel")

    assert [(one["profile"], one["outcome"]) for one in listed] == [("calico", "dropped"), ("flannel", "delivered")]
    text = out(capsys, *DENIED, "--profile", "calico", "--profile", "flannel")
    assert "profile calico\n∅ dropped" in text and "profile flannel\n✓ delivered" in text


def test_a_field_of_the_profile_may_be_set(capsys: Capture) -> None:
    text = out(capsys, *PAID, "--set", "proxy=nftables")

    assert text.startswith("✓ delivered")


def test_an_unknown_outcome_ends_with_4(capsys: Capture) -> None:
    away = ["trace", SMALL, "--from", "pod/demo/client", "--to", "198.51.100.9", "--port", "443", "--via", "ip"]

    text = out(capsys, *away, code=4)

    assert text.startswith("? unknown")


def test_branches_that_end_alike_are_one_row_each_with_their_share(capsys: Capture) -> None:
    text = out(capsys, "trace", SHOP, "--from", "deploy/shop/web", "--to", "svc/shop/checkout")

    rows = [line for line in text.splitlines() if line.startswith("✓ delivered  1 of 3")]
    assert len(rows) == 3
    assert len({row.index("Pod/shop/checkout") for row in rows}) == 1, "aligned"


def test_why_all_branches_end_so_stands_right_under_the_verdict(capsys: Capture) -> None:
    text = out(capsys, "trace", SHOP, "--from", "deploy/ops/statsd", "--to", "svc/shop/checkout", "--port", "443")

    head, because, by, *others = text.splitlines()
    assert head.startswith("∅ dropped ") and because.startswith("because   dropped by ") and by.startswith("by  ")
    assert sum(row.startswith("∅ dropped  1 of 3") for row in others) == 3
    assert not any(row.lstrip().startswith("because") for row in others)


def test_a_pod_on_the_hosts_network_is_reached_by_one_route(capsys: Capture) -> None:
    trace = ["trace", SHOP, "--from", "deploy/ops/prometheus", "--to", "ds/ops/node-agent", "--port", "9100"]

    for branch in form(capsys, *trace, "-o", "json")["branches"]:
        assert [hop["kind"] for hop in branch["hops"]] == ["client", "egress", "route", "ingress", "socket"]
    text = out(capsys, *trace)
    assert text.count("node-c → node-a") == 1
    assert "and 2 alike, but for address and node" in text


# -- reach, check -------------------------------------------------------------------------------------------------


def test_reach_lists_pairs_that_may_talk(capsys: Capture) -> None:
    pairs = {(p["src"], p["dst"]): p["connections"] for p in form(capsys, "reach", SMALL)["pairs"]}

    assert pairs["demo/web[Deployment]", "demo/checkout[Deployment]"] == "TCP 8443"
    assert ("demo/client[Pod]", "demo/checkout[Deployment]") not in pairs
    assert "demo/web[Deployment]       →  demo/checkout[Deployment]  TCP 8443" in out(capsys, "reach", SMALL)


def test_reach_by_pod_names_pods(capsys: Capture) -> None:
    names = {pair["src"] for pair in form(capsys, "reach", SMALL, "--by", "pod")["pairs"]}

    assert any(name.startswith("demo/web-") and name.endswith("[Pod]") for name in names)


def test_check_lists_everything_and_ends_with_0(capsys: Capture) -> None:
    shown = form(capsys, "check", SHOP)

    assert shown["version"] == 1 and shown["objects"] > 30
    assert "assumption" in {finding["level"] for finding in shown["findings"]}
    assert "assumption" in out(capsys, "check", SHOP)


# -- replay -------------------------------------------------------------------------------------------------------


STORY = f"""\
kwake: 1
name: a story
snapshot: [{SMALL}/cluster.yaml]
flows:
  pay: {{from: deploy/demo/web, to: svc/demo/checkout, port: 443}}
steps:
  - id: look
    expect:
      - {{flow: pay, outcome: dropped}}
"""


def story(tmp_path: Path, text: str = STORY) -> str:
    file = tmp_path / "story.yaml"
    file.write_text(text)
    return str(file)


def test_a_failed_replay_says_what_where_and_how_to_run_the_step_again(tmp_path: Path, capsys: Capture) -> None:
    file = story(tmp_path)

    text = out(capsys, "replay", file, "--seed", "7", code=1)

    assert f"× flow pay  {file}:9" in text
    assert "expected  dropped" in text and "actual    delivered" in text
    again = next(line for line in text.splitlines() if "again " in line)
    assert again.split()[1:] == ["kwake", "replay", file, "--profile", "calico", "--seed", "7", "--step", "look"]
    assert main(again.split()[2:]) == 1


def test_the_command_for_a_step_works_whatever_the_step_is_called(tmp_path: Path, capsys: Capture) -> None:
    for name in ("-x", "it's; $(odd)"):
        file = story(tmp_path, STORY.replace("id: look", f"id: {json.dumps(name)}"))

        text = out(capsys, "replay", file, code=1)

        again = next(line for line in text.splitlines() if "again " in line).partition("kwake ")[2]
        assert "0 of 1 expectations met" in out(capsys, *shlex.split(again), code=1)


def test_a_failed_replay_marks_the_first_hop_that_is_otherwise_than_before(tmp_path: Path, capsys: Capture) -> None:
    deny = """
    do:
      apply:
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: deny, namespace: demo}
        spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]}
    expect:
      - {flow: pay, outcome: delivered}
"""
    file = story(tmp_path, STORY.partition("    expect:")[0].rstrip() + deny)

    text = out(capsys, "replay", file, code=1)

    marked = [line.split() for line in text.splitlines() if line.lstrip().startswith("▸")]
    assert [words[1] for words in marked] == ["dns"], text
    before = next(line for line in text.splitlines() if line.split()[:1] == ["before"])
    assert before.split()[1:3] == ["dns", "checkout.demo.svc"]


def test_what_always_holds_and_does_not_is_shown_with_its_moment(tmp_path: Path, capsys: Capture) -> None:
    text = STORY.replace("steps:", "always: [{flow: pay, outcome: dropped}]\nsteps:")

    shown = out(capsys, "replay", story(tmp_path, text), code=1)

    assert "expected  dropped at every moment" in shown
    assert "actual    delivered at the start, at 0:00.0" in shown


def test_later_snapshots_of_a_scenario_override_earlier_ones(tmp_path: Path, capsys: Capture) -> None:
    other = Path(SMALL, "cluster.yaml").read_text().replace("matchLabels: {app: web}}}]", "matchLabels: {app: x}}}]")
    (tmp_path / "other.yaml").write_text(other.rpartition("---")[2])
    text = STORY.replace("cluster.yaml]", "cluster.yaml, other.yaml]")

    assert "1 of 1 expectations met" in out(capsys, "replay", story(tmp_path, text))


def test_a_replay_that_only_unknown_answers_stop_ends_with_4(tmp_path: Path, capsys: Capture) -> None:
    text = STORY.replace("svc/demo/checkout, port: 443", '"198.51.100.9", port: 443, via: ip')

    assert "1 unknown" in out(capsys, "replay", story(tmp_path, text), code=4)


def test_profile_on_the_command_line_replaces_the_scenarios(tmp_path: Path, capsys: Capture) -> None:
    text = STORY.replace("steps:", "matrix: {profile: [calico, cilium]}\nsteps:")

    cases = form(capsys, "replay", story(tmp_path, text), "--profile", "flannel", code=1)["scenarios"]

    assert [case["profile"] for case in cases] == ["flannel"]


def test_the_json_report_is_written_beside_the_text(tmp_path: Path, capsys: Capture) -> None:
    report = tmp_path / "report.json"

    text = out(capsys, "replay", story(tmp_path), "--json", str(report), code=1)

    assert text.startswith("× a story")
    assert json.loads(report.read_text())["verdict"] == "failed"
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["report.json", "story.yaml"]


def test_a_folder_without_a_scenario_ends_with_5(tmp_path: Path, capsys: Capture) -> None:
    out(capsys, "replay", str(tmp_path), code=5)


def test_a_replay_that_expects_nothing_ends_with_5(tmp_path: Path, capsys: Capture) -> None:
    text = STORY.replace("outcome: dropped", "outcome: dropped, under: cilium")

    assert "0 of 0 expectations met" in out(capsys, "replay", story(tmp_path, text), code=5)


def test_a_step_that_there_is_not_ends_with_2(tmp_path: Path, capsys: Capture) -> None:
    assert main(["replay", story(tmp_path), "--step", "lok"]) == 2
    assert "did you mean look?" in capsys.readouterr().err


# -- how it ends --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["check", "nowhere.yaml"], 3, "nowhere.yaml: there is no such file"),
        (["tarce", SMALL, "--from", "a/b"], 2, "did you mean kwake trace?"),
        (["trace", SMALL], 2, "the following arguments are required: --from, --to"),
        (["--porfile", "calico"], 2, "--porfile: there is no such option; did you mean --profile?"),
        (["trace", SMALL, "--prot", "TCP", "--from", "a", "--to", "b"], 2, "did you mean --protocol?"),
        (["trace", SMALL, "--form=a", "--to", "b"], 2, "--form: there is no such option; did you mean --from?"),
        (["reach", SMALL, "-profile", "calico"], 2, "-profile: there is no such option; did you mean --profile?"),
        (["replay", SMALL, "--flip"], 2, "--flip: there is no such option; kwake trace has it"),
        (["trace", SMALL, "--from", "a", "--to", "b", "--protocol", "tpc"], 2, "did you mean TCP?"),
        (["--profile", "calico", "check", SMALL], 2, "check: a command comes first, as in kwake check"),
        (["check", SMALL, "--profile", "calcio"], 2, "calico"),
        (["check", SMALL, "--set", "proxy"], 2, "write FIELD=VALUE"),
        (["check", SMALL, "--set", "proxxy=ipvs"], 2, "proxy"),
        (["trace", SMALL, "--from", "demo/clint", "--to", "svc/demo/web"], 2, "demo/client"),
        (["trace", SMALL, "--from", "deploy/web", "--to", "svc/demo/web"], 2, "did you mean Deployment/demo/web"),
        (["trace", SMALL, "--from", "demo/web", "--to", "svc/demo/web"], 2, "did you mean Deployment/demo/web"),
        (["trace", SMALL, "--from", "demo/client", "--to", "svc/demo/web", "--port", "99999"], 2, "1 to 65535"),
        (["trace", SMALL, "--from", "demo/client", "--to", "svc/demo/web", "--port", "9" * 5000], 2, "1 to 65535"),
        (["trace", SMALL, "--from", "demo/client", "--to", "svc/demo/web", "--port", "²"], 2, "no TCP port ²; it has"),
        (["trace", SMALL, "--from", "demo/client", "--to", "svc/demo/web", "--port", ""], 2, "--port: an empty name"),
        (["trace", SMALL, "--from", "", "--to", "svc/demo/web"], 2, "--from: an empty name"),
        (["trace", SMALL, "--from", "deploy/demo/web#" + "9" * 5000, "--to", "svc/demo/web"], 2, "after # stands"),
        (["check", "x" * 5000], 3, "File name too long"),
        (["check", ""], 3, "an empty name"),
        (["check", SMALL, "--set", f"clock.policy-sync={'9' * 400}h"], 2, "not a duration"),
        (["check", "-", "-"], 2, "only once"),
        (["replay", SMALL, "--seed", "x"], 2, "invalid int value"),
    ],
)
def test_a_mistake_is_named_in_one_line_without_a_traceback(
    arguments: list[str], code: int, words: str, capsys: Capture
) -> None:
    assert main(arguments) == code

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("kwake: ") and words in captured.err
    assert "Traceback" not in captured.err


def test_a_fault_of_ours_ends_with_70_and_all_that_a_report_needs(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fall_over(words: list[str]) -> int:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(cli, "_run", fall_over)

    assert main(["check", "a b"]) == 70

    said = capsys.readouterr().err
    for words in ("kwake check 'a b'", "Python 3", "ZeroDivisionError: a fault", "test_cli.py"):
        assert words in said


def test_an_interrupt_ends_with_130_and_says_nothing(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(words: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_run", interrupt)

    assert main([]) == 130
    assert capsys.readouterr().err == ""


def test_help_lists_the_commands_there_are_and_imports_no_model() -> None:
    code = "import sys; from kwake_tui.cli import main; main(['--help']); print(*sorted(sys.modules), file=sys.stderr)"

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert all(f"  {command} " in ended.stdout for command in ("trace", "reach", "replay", "check"))
    loaded = set(ended.stderr.split())
    assert not loaded & {"kwake.world", "msgspec", "yaml", "textual", "rich", "importlib.metadata"}


def test_the_version_is_the_packages(capsys: Capture) -> None:
    assert out(capsys, "--version") == "kwake 0.1.0\n"


def test_a_reader_that_leaves_early_hears_nothing() -> None:
    command = f"{sys.executable} -m kwake_tui check {SHOP} | true; echo ${{PIPESTATUS[0]}}"

    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)

    assert ended.stderr == ""
    assert ended.stdout.strip() in ("0", "141")


def test_an_output_that_is_not_utf_8_gets_escapes() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}

    ended = subprocess.run(
        [sys.executable, "-m", "kwake_tui", *DENIED], env=environment, capture_output=True, check=True
    )

    assert ended.stdout.startswith(b"\\u2205 dropped")


def test_where_branches_share_no_hop_no_row_is_left_for_them(capsys: Capture) -> None:
    told = out(capsys, "trace", SHOP, "--from", "deploy/shop/checkout", "--to", "svc/shop/checkout")

    assert told.count("∅ dropped  1 of 9") == 6
    assert "\n\n\n" not in told
