"""`kwake trace --flip`: what would turn an outcome."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

import kwake
from kwake.flips import path_flips
from kwake.objects.json_patch import Fix
from kwake_tui.cli import main
from tests.tui.test_cli import DENIED, PAID, SMALL, Capture, form, out


def test_a_drop_is_followed_by_what_would_let_it_through(capsys: Capture) -> None:
    shown = out(capsys, *DENIED, "--flip")

    turned = shown.partition("what would turn it\n")[2].splitlines()
    assert turned[0] == "  1  add demo/client to the peers of checkout-from-web ingress rule 1: it passes"
    assert turned[1].startswith("     kubectl patch -n demo networkpolicy/checkout-from-web --type json -p ")
    assert turned[2] == "     nothing else opens or closes"


def test_json_has_each_edit_with_its_patch_and_its_other_effects(capsys: Capture) -> None:
    first, *_ = form(capsys, *DENIED, "--flip")["flips"]

    assert (first["verdict"], first["basis"], first["also"]) == ("allowed", "sourced", [])
    (change,) = first["changes"]
    assert change["object"] == "NetworkPolicy/demo/checkout-from-web"
    assert json.loads(shlex.split(change["kubectl"])[-1]) == change["patch"]


def test_what_arrives_can_be_stopped(capsys: Capture) -> None:
    first, *_ = form(capsys, *PAID, "--flip")["flips"]

    assert first["verdict"] == "denied"
    assert first["text"] == "take the rule that admits it out of checkout-from-web (ingress)"


def test_without_the_option_nothing_is_tried(capsys: Capture) -> None:
    assert "flips" not in form(capsys, *DENIED)


@pytest.mark.parametrize("at", range(3))
def test_an_edit_that_is_offered_really_turns_the_trace(at: int) -> None:
    world = kwake.open(SMALL)
    asked = ("pod/demo/client", "svc/demo/checkout", 443)
    flip = path_flips(world, world.trace(*asked))[at]

    for change in flip.changes:
        old = world.cluster.record(change.key).manifest if isinstance(change, Fix) else {}
        manifest = change.of(old) if isinstance(change, Fix) else change.manifest
        world = world.do(kwake.Apply(manifest)).settle()

    assert world.trace(*asked).outcome is kwake.Outcome.DELIVERED


DNS_CUT_OFF = """\
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, labels: {app: db}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: v1
kind: Pod
metadata: {name: coredns, namespace: kube-system, labels: {k8s-app: kube-dns}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system, labels: {k8s-app: kube-dns}}
spec: {clusterIP: 10.96.0.10, selector: {k8s-app: kube-dns}, ports: [{port: 53, protocol: UDP}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]
"""


def test_a_lookup_that_is_dropped_is_let_through(capsys: Capture, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(DNS_CUT_OFF)

    first, *_ = form(capsys, "trace", str(file), "--from", "po/default/web", "--to", "svc/default/db", "--flip")[
        "flips"
    ]

    (change,) = first["changes"]
    assert change["object"] == "NetworkPolicy/default/web"
    assert change["patch"][0]["value"]["ports"] == [{"port": 53, "protocol": "UDP"}]


DB_CLOSED = """---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db}
spec: {podSelector: {matchLabels: {app: db}}}
"""


def test_where_the_lookup_and_the_dial_are_dropped_both_are_let_through(capsys: Capture, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(DNS_CUT_OFF + DB_CLOSED)

    found = form(capsys, "trace", str(file), "--from", "po/default/web", "--to", "svc/default/db", "--flip")["flips"]

    first = found[0]
    assert first["text"].startswith("add a rule to web: egress to kube-system/coredns on UDP 53; and ")
    assert [change["object"] for change in first["changes"][:-1]] == ["NetworkPolicy/default/web"]
    assert (first["verdict"], first["also"]) == ("allowed", [])


def test_a_lookup_that_is_dropped_wherever_dns_is_is_let_through_to_where_it_would_be(
    capsys: Capture, tmp_path: Path
) -> None:
    file = tmp_path / "a.yaml"
    kept = [doc for doc in DNS_CUT_OFF.split("---\n") if "kube-system" not in doc]
    file.write_text("---\n".join(kept))

    first, *_ = form(capsys, "trace", str(file), "--from", "po/default/web", "--to", "svc/default/db", "--flip")[
        "flips"
    ]

    assert first["text"] == "add a rule to web: egress to kube-system/kube-dns on UDP 53"


def test_where_no_policy_decides_no_edit_is_offered(capsys: Capture, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("""\
apiVersion: v1
kind: Pod
metadata: {name: a}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Pod
metadata: {name: b, annotations: {kwake.dev/listens: "81"}}
spec: {containers: [{name: c, image: i}]}
""")
    assert main(["trace", str(file), "--from", "po/default/a", "--to", "po/default/b", "--port", "80", "--flip"]) == 0
    assert "no edit of policies or labels turns this" in capsys.readouterr().out
