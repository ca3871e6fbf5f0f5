"""Ways to log in: tokens, client certificates, exec plugins, a pod's own account, proxies."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import kwake
import kwake_live
from kwake_live import opening, plugin
from kwake_live.errors import PluginError
from tests.live.certificates import Certificates, kubeconfig
from tests.live.conftest import use_kubeconfig
from tests.live.fake_api import FakeApi
from tests.live.sample import assert_same, small_cluster


class Login:
    """Writes kubeconfigs for the server of a test."""

    def __init__(self, api: FakeApi, ca: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._api, self._ca, self._folder, self._monkeypatch = api, ca, folder, monkeypatch

    def use(self, user: dict[str, Any], cluster: dict[str, Any] | None = None) -> None:
        path = kubeconfig(self._folder / "config", self._api.url, self._ca, user, cluster=cluster)
        use_kubeconfig(self._monkeypatch, path)

    def plugin(self, code: str, **more: Any) -> dict[str, Any]:
        """A user whose credentials a program prints."""
        script = self._folder / "plugin.py"
        script.write_text(code, encoding="utf-8")
        version = "client.authentication.k8s.io/v1"
        return {"exec": {"apiVersion": version, "command": sys.executable, "args": [str(script)], **more}}


@pytest.fixture
def login(prod: FakeApi, certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Login:
    return Login(prod, certificates.ca, tmp_path, monkeypatch)


def _credential(**status: str) -> str:
    value = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
    return f"print({json.dumps(value)!r})"


def test_a_client_certificate_logs_in(prod: FakeApi, login: Login, certificates: Certificates) -> None:
    certificate, key = certificates.client_files("anna")
    login.use({"client-certificate": str(certificate), "client-key": str(key)})

    assert_same(kwake_live.open("prod"), kwake.open(small_cluster()))
    assert {request.user for request in prod.log} == {"anna"}


def test_an_exec_plugin_logs_in_by_a_token(prod: FakeApi, login: Login) -> None:
    prod.tokens = {"from-plugin": "ben"}
    login.use(login.plugin(_credential(token="from-plugin")))

    kwake_live.open("prod")

    assert {request.user for request in prod.log} == {"ben"}


def test_an_exec_plugin_logs_in_by_a_certificate(prod: FakeApi, login: Login, certificates: Certificates) -> None:
    certificate, key = certificates.client_files("carla")
    status = {"clientCertificateData": certificate.read_text(), "clientKeyData": key.read_text()}
    login.use(login.plugin(_credential(**status)))

    kwake_live.open("prod")

    assert {request.user for request in prod.log} == {"carla"}


def test_a_token_of_a_plugin_that_expires_is_asked_for_again(prod: FakeApi, login: Login, tmp_path: Path) -> None:
    """Given a plugin whose tokens live shortly, when one has expired, then the plugin is run again, unasked."""
    counter = tmp_path / "count"
    code = (
        f"import json, pathlib\npath = pathlib.Path({str(counter)!r})\n"
        "count = int(path.read_text()) + 1 if path.exists() else 1\npath.write_text(str(count))\n"
        "status = {'token': f'token-{count}', 'expirationTimestamp': '2020-01-01T00:00:00Z'}\n"
        "print(json.dumps({'apiVersion': 'client.authentication.k8s.io/v1', 'kind': 'ExecCredential', "
        "'status': status}))\n"
    )
    prod.tokens = {f"token-{n}": f"user-{n}" for n in range(200)}
    login.use(login.plugin(code))

    kwake_live.open("prod")

    assert len({request.user for request in prod.log}) > 3


PLUGINS = {
    "fails": ("import sys; sys.exit('no session, run login')", r"ended with 1: no session, run login"),
    "asks": ("print(input('password: '))", r"exec plugin python\S*: ended with 1: .*EOF"),
    "asks the terminal": ("open('/dev/tty').readline()", r"exec plugin python\S*: ended with 1: .*/dev/tty"),
    "prints no JSON": ("print('hello')", "what it printed is no JSON"),
    "prints something else": ("print('{}')", "no ExecCredential with a status"),
    "gives nothing": (_credential(), "neither a token nor a certificate"),
    "hangs": ("import time; time.sleep(60)", "no answer within 0.5 s; run kubectl once to log in"),
}  # fmt: skip


@pytest.mark.parametrize("case", PLUGINS)
def test_a_plugin_that_gives_no_credentials_is_told(
    prod: FakeApi, login: Login, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """In its own words, without asking where nobody can answer, and without a request as nobody."""
    monkeypatch.setattr(plugin, "TIMEOUT_S", 0.5 if case == "hangs" else 30)
    code, words = PLUGINS[case]
    login.use(login.plugin(code))

    with pytest.raises(PluginError, match=words):
        kwake_live.open("prod")
    assert prod.log == []


def test_a_plugin_that_is_not_installed_is_told(login: Login) -> None:
    login.use({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "kwake-no-such-plugin"}})

    with pytest.raises(PluginError, match="kwake-no-such-plugin: there is no such command"):
        kwake_live.open("prod")


def test_a_plugin_of_another_version_is_told(login: Login) -> None:
    login.use(login.plugin(_credential(token="t"), apiVersion="client.authentication.k8s.io/v1beta1"))

    with pytest.raises(PluginError, match=r"it answers in .*/v1, the kubeconfig asks for .*/v1beta1"):
        kwake_live.open("prod")


def test_a_pod_reads_its_own_cluster(
    prod: FakeApi, certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its service account's token and CA, where there is no kubeconfig."""
    from kubernetes.config import incluster_config

    token = tmp_path / "sa-token"
    token.write_text("let-me-in", encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(prod.port))
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(certificates.ca))

    assert opening.connect().context == "in-cluster"
    assert_same(kwake_live.open("in-cluster"), kwake.open(small_cluster()))


def test_the_current_context_is_the_default(prod: FakeApi) -> None:
    assert opening.connect().context == "prod"


def test_a_proxy_of_the_kubeconfig_is_used(prod: FakeApi, login: Login) -> None:
    """Given `proxy-url`, when the cluster is read, then every connection goes through the proxy."""
    with _proxy() as (url, dialled):
        login.use({"token": "let-me-in"}, {"proxy-url": url})

        assert_same(kwake_live.open("prod"), kwake.open(small_cluster()))

    assert set(dialled) == {f"127.0.0.1:{prod.port}"}
    assert len(dialled) == prod.connections


def test_an_unchecked_certificate_is_a_finding(prod: FakeApi, login: Login, tmp_path: Path) -> None:
    login._ca = None  # type: ignore[assignment]  # none, as such kubeconfigs have none
    login.use({"token": "let-me-in"}, {"insecure-skip-tls-verify": True})

    with pytest.warns(Warning, match="Unverified HTTPS"):
        world = kwake_live.open("prod")

    assert any("nobody checks" in finding.text for finding in world.findings)


@contextlib.contextmanager
def _proxy() -> Iterator[tuple[str, list[str]]]:
    """A forward proxy that speaks CONNECT, and where it was asked to."""
    dialled: list[str] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        where = head.split()[1].decode()
        dialled.append(where)
        host, _, port = where.rpartition(":")
        with client, socket.create_connection((host, int(port))) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            ends = {client: server, server: client}
            while True:
                for ready in select.select(list(ends), [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    ends[ready].sendall(data)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    with listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", dialled
