"""What goes wrong between kwake and an API server: a clear line each, nothing lost, no long silence."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest

import kwake
import kwake_live
from kwake.errors import KwakeError
from kwake_live import listing, opening, reading
from kwake_live.errors import Cancelled, Refused, Unauthorized, Unreachable
from kwake_tui.cli import main
from tests.live.certificates import Certificates, kubeconfig, make_certificates
from tests.live.conftest import use_kubeconfig
from tests.live.fake_api import FakeApi, Fault
from tests.live.sample import assert_same, small_cluster


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same number of tries, in less time."""
    monkeypatch.setattr(reading, "WAITS_S", (0.01, 0.02, 0.04, 0.08, 0.1, 0.1))


PASSING = {
    "429": Fault("/pods", 429, (("Retry-After", "1"),)),
    "500": Fault("/services", 500),
    "503": Fault("/apis", 503),
    "half a page": Fault("/networkpolicies", cut=0.5),
    "half a head": Fault("/endpointslices", cut=0.01),
    "a slow first byte": Fault("/pods", wait_s=0.4),
}


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_tried_again_and_said(prod: FakeApi, said: list[str], fault: str) -> None:
    """Given a failure that is over soon, when the cluster is read, then nothing is missing, and it was said."""
    prod.faults.append(PASSING[fault])

    live = kwake_live.open("prod", say=said.append)

    assert_same(live, kwake.open(small_cluster()))
    assert prod.faults == []
    assert any("again in" in line for line in said) or fault == "a slow first byte"


def test_a_server_that_stays_broken_is_told_with_its_own_words(prod: FakeApi) -> None:
    prod.faults += [Fault("/pods", 500)] * 20

    with pytest.raises(Refused, match="pods: the API server answered 500: etcdserver: request timed out"):
        kwake_live.open("prod")


def test_a_list_that_expires_half_way_is_begun_again(prod: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """410 on a later page: the list begins again, and holds nothing twice."""
    monkeypatch.setattr(listing, "LIMIT", 3)
    prod.faults.append(Fault("continue=", 410))

    assert_same(kwake_live.open("prod"), kwake.open(small_cluster()))


def test_a_server_that_dies_and_comes_back_loses_nothing(prod: FakeApi, said: list[str]) -> None:
    """Given a server that is away while lists are read, when it is back, then the reading goes on."""

    def die() -> None:
        threading.Thread(target=prod.stop).start()
        threading.Timer(0.15, prod.start).start()

    prod.faults.append(Fault("/pods", wait_s=0.1, does=die))

    live = kwake_live.open("prod", say=said.append)

    assert_same(live, kwake.open(small_cluster()))
    assert any("again in" in line for line in said)


def test_a_server_that_is_not_there_is_told(prod: FakeApi) -> None:
    prod.stop()

    with pytest.raises(Unreachable, match=r"prod: https://127.0.0.1:\d+: no connection: .*refused"):
        kwake_live.open("prod")


def test_a_name_that_is_nowhere_is_told(
    certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = "https://kwake-test.invalid:6443"
    use_kubeconfig(monkeypatch, kubeconfig(tmp_path / "config", where, certificates.ca, {"token": "x"}))

    with pytest.raises(Unreachable, match="cannot be resolved"):
        kwake_live.open("prod")


def test_a_token_that_nobody_knows_is_told(prod: FakeApi) -> None:
    prod.tokens.clear()

    with pytest.raises(Unauthorized, match="401: it does not take these credentials"):
        kwake_live.open("prod")


def test_a_token_that_expires_half_way_is_read_again(
    prod: FakeApi, certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    """Given a token file that is renewed by somebody, when the old token is refused, then the new one is used."""
    token = tmp_path / "token"
    token.write_text("old", encoding="utf-8")
    prod.tokens = {"new": "reader"}
    use_kubeconfig(monkeypatch, kubeconfig(tmp_path / "c", prod.url, certificates.ca, {"tokenFile": str(token)}))
    access = opening.connect("prod")
    token.write_text("new", encoding="utf-8")

    loaded = opening.read_cluster(access, "", said.append)

    assert len(loaded.entries) == len(small_cluster())
    assert sum("401" in line for line in said) == 1


def test_a_certificate_of_another_authority_is_told(
    prod: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS is checked: a server whose certificate another authority signed is not talked to."""
    other = make_certificates(tmp_path)
    use_kubeconfig(monkeypatch, kubeconfig(tmp_path / "config", prod.url, other.ca, {"token": "let-me-in"}))

    with pytest.raises(Unreachable, match="not signed by the CA that the kubeconfig names"):
        kwake_live.open("prod")
    assert prod.log == [], "the token was sent to nobody"


def test_a_certificate_for_another_name_is_told(
    prod: FakeApi, certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = kubeconfig(tmp_path / "c", prod.url, certificates.ca, {"token": "let-me-in"},
                        cluster={"tls-server-name": "prod.example.com"})  # fmt: skip
    use_kubeconfig(monkeypatch, config)

    with pytest.raises(Unreachable, match="its certificate is for another"):
        kwake_live.open("prod")


def test_a_server_that_speaks_no_tls_is_told(
    certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeApi(None) as plain:
        url = plain.url.replace("http:", "https:")
        use_kubeconfig(monkeypatch, kubeconfig(tmp_path / "c", url, certificates.ca, {"token": "let-me-in"}))

        with pytest.raises(Unreachable, match="does not speak TLS"):
            kwake_live.open("prod")


def test_what_answers_and_is_no_api_server_is_told(prod: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    prod.faults.append(Fault("/version", 404))

    with pytest.raises(Refused, match="404"):
        kwake_live.open("prod")


def test_an_answer_that_never_comes_is_told(prod: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SILENCE_S", 0.1)
    prod.faults += [Fault("/pods", wait_s=0.3)] * 9

    with pytest.raises(Unreachable, match=r"pods: nothing for 0.1 s"):
        kwake_live.open("prod")


def test_reading_is_never_silent_for_long(prod: FakeApi, monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    """While one answer waits, it is said every few seconds what has been read and what is waited for."""
    assert opening.NARRATE_S <= 10
    monkeypatch.setattr(opening, "NARRATE_S", 0.1)
    prod.faults.append(Fault("/pods", wait_s=0.5))

    kwake_live.open("prod", say=said.append)

    assert sum("kinds read, reading" in line and "pods 0" in line for line in said) >= 2


def test_what_is_narrated_is_right_beside_a_progress_that_somebody_else_shows(
    prod: FakeApi, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    """Given a console that shows each kind itself, when a list is slow, then it is not said that nothing came yet."""
    monkeypatch.setattr(opening, "NARRATE_S", 0.1)
    prod.faults.append(Fault("/pods", wait_s=0.5))
    shown: list[str] = []

    opening.read_cluster(opening.connect("prod"), "", said.append, lambda progress: shown.append(progress.name))

    assert "pods" in shown
    assert any("reading pods 0" in line for line in said)


def test_reading_can_be_cancelled(prod: FakeApi) -> None:
    """Given a list that does not come, when the user goes away, then reading ends at once."""
    prod.faults.append(Fault("/pods", wait_s=3))
    cancel = threading.Event()
    threading.Timer(0.2, cancel.set).start()
    began = time.monotonic()

    with pytest.raises(Cancelled):
        kwake_live.open("prod", cancel=cancel)

    assert time.monotonic() - began < 2


# -- what the user wrote ----------------------------------------------------------------------------------------


def _said(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(words) == 3
    told = capsys.readouterr()
    assert told.out == ""
    assert "Traceback" not in told.err
    return told.err


def test_an_unknown_context_is_told_with_the_nearest(prod: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    assert "prd: there is no such context in" in (told := _said(["check", "--context", "prd"], capsys))
    assert "did you mean prod?" in told
    assert "there is other, prod" in _said(["check", "--context", "zzzz"], capsys)


BAD_CONFIGS = {
    "not there": (None, "there is no such file"),
    "empty": (b"", "no such context"),
    "no YAML": (b"a: [", "no kubeconfig"),
    "another kind": (b"kind: Pod\napiVersion: v1\n", "no such context"),
    "a list": (b"- a\n", "no kubeconfig"),
    "bytes": (b"\xff\xfe\x00", "no kubeconfig"),
    "no cluster": (
        b"contexts: [{name: prod, context: {cluster: c, user: u}}]\ncurrent-context: prod\nclusters: []\nusers: []\n",
        "context prod",
    ),
    "no server": (
        b"contexts: [{name: prod, context: {cluster: c, user: u}}]\ncurrent-context: prod\n"
        b"clusters: [{name: c, cluster: {}}]\nusers: [{name: u, user: {}}]\n",
        "context prod",
    ),
    "no CA": (
        b"contexts: [{name: prod, context: {cluster: c, user: u}}]\ncurrent-context: prod\n"
        b"clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1', certificate-authority: /nowhere/ca.pem}}]\n"
        b"users: [{name: u, user: {token: t}}]\n",
        "/nowhere/ca.pem",
    ),
}


@pytest.mark.parametrize("case", BAD_CONFIGS)
def test_a_kubeconfig_that_cannot_be_used_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    data, words = BAD_CONFIGS[case]
    path = tmp_path / "config"
    if data is not None:
        path.write_bytes(data)
    use_kubeconfig(monkeypatch, path)

    told = _said(["check", "--context", "prod"], capsys)

    assert words in told
    assert len(told.splitlines()) == 1


def test_a_kubeconfig_that_may_not_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_kubeconfig(monkeypatch, tmp_path)  # a folder: also for root, whom no mode stops

    assert "Is a directory" in _said(["check", "--context", "prod"], capsys)


def test_the_client_is_missing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(__import__("sys").modules, "kubernetes", None)

    assert "pip install kubernetes" in _said(["check", "--context", "prod"], capsys)


def test_every_failure_is_an_error_of_ours() -> None:
    for kind in (Cancelled, Refused, Unauthorized, Unreachable):
        assert issubclass(kind, KwakeError)
    assert socket is not None
