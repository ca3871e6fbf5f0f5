"""Ways to log in: tokens, client certificates, exec plugins, a pod's own account, proxies."""

from __future__ import annotations

import base64
import contextlib
import datetime
import json
import os
import select
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import kwake
import kwake_live
from kwake.objects.kinds import Pod
from kwake_live import opening, plugin, reading
from kwake_live.access import current_context
from kwake_live.errors import ContextError, PluginError, Unauthorized, Unreachable
from tests.live.certificates import Certificates, kubeconfig, make_certificates
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


# -- kubeconfigs as people have them ------------------------------------------------------------------------------


def _write(path: Path, **fields: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", **fields}), encoding="utf-8")
    return path


def test_paths_in_a_kubeconfig_are_relative_to_it(
    prod: FakeApi, certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a CA, a certificate and a key named beside the kubeconfig, when it is read from elsewhere, then they are
    found, as kubectl does."""
    certificate, key = certificates.client_files("anna")
    for source, name in ((certificates.ca, "ca.pem"), (certificate, "anna.pem"), (key, "anna.key")):
        (tmp_path / "kube").mkdir(exist_ok=True)
        (tmp_path / "kube" / name).write_bytes(source.read_bytes())
    user = {"client-certificate": "anna.pem", "client-key": "./anna.key"}
    config = kubeconfig(tmp_path / "kube" / "config", prod.url, None, user, cluster={"certificate-authority": "ca.pem"})
    use_kubeconfig(monkeypatch, config)
    monkeypatch.chdir(tmp_path)

    assert kwake_live.open("prod").cluster.all(Pod)
    assert {request.user for request in prod.log} == {"anna"}


def test_data_in_a_kubeconfig_stands_for_files(prod: FakeApi, login: Login, certificates: Certificates) -> None:
    def data(path: Path) -> str:
        return base64.b64encode(path.read_bytes()).decode()

    certificate, key = certificates.client_files("anna")
    user = {"client-certificate-data": data(certificate), "client-key-data": data(key)}
    login.use(user, cluster={"certificate-authority-data": data(certificates.ca)})

    assert kwake_live.open("prod").cluster.all(Pod)
    assert {request.user for request in prod.log} == {"anna"}


def test_several_kubeconfigs_are_one(
    prod: FakeApi, certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given clusters, users and contexts in files of their own, one of which is not there, when `KUBECONFIG` names
    them all, then they are merged, the first current context counts, and a name that is there twice is the first's."""
    cluster = {"server": prod.url, "certificate-authority": str(certificates.ca)}
    wrong = {"server": "https://127.0.0.1:1", "certificate-authority": str(certificates.ca)}
    files = [
        _write(tmp_path / "a", contexts=[{"name": "prod", "context": {"cluster": "c", "user": "u"}}],
               **{"current-context": "prod"}),
        tmp_path / "missing",
        _write(tmp_path / "b" / "clusters", clusters=[{"name": "c", "cluster": cluster}]),
        _write(tmp_path / "c", clusters=[{"name": "c", "cluster": wrong}],
               users=[{"name": "u", "user": {"token": "let-me-in"}}], **{"current-context": "nobody"}),
    ]  # fmt: skip
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, files)))

    assert current_context() == "prod"
    assert kwake_live.open("prod").cluster.all(Pod)


def test_without_a_current_context_one_has_to_be_named(
    prod: FakeApi, certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = kubeconfig(tmp_path / "config", prod.url, certificates.ca, {"token": "let-me-in"})
    text = path.read_text(encoding="utf-8").replace("current-context: prod\n", "")
    path.write_text(text, encoding="utf-8")
    use_kubeconfig(monkeypatch, path)

    with pytest.raises(ContextError, match="current-context"):
        kwake_live.open()
    assert kwake_live.open("prod").cluster.all(Pod)


def test_a_user_without_credentials_is_told(prod: FakeApi, login: Login) -> None:
    login.use({})

    with pytest.raises(Unauthorized, match="401: it does not take these credentials"):
        kwake_live.open("prod")


def test_another_name_of_the_server_is_the_one_that_is_checked(prod: FakeApi, login: Login) -> None:
    """`tls-server-name`: the certificate is for `localhost` also, and that is asked for."""
    login.use({"token": "let-me-in"}, cluster={"tls-server-name": "localhost"})

    assert kwake_live.open("prod").cluster.all(Pod)


@pytest.mark.parametrize(("days", "words"), [((-30, -1), "has expired"), ((1, 30), "is not valid yet")])
def test_a_certificate_of_another_time_is_told(
    certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: tuple[int, int], words: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    now = datetime.datetime.now(tz=datetime.UTC)
    since, until = (now + datetime.timedelta(days=day) for day in days)
    certificates.authority.issue_cert("127.0.0.1", not_before=since, not_after=until).configure_cert(context)
    with FakeApi(context) as server:
        use_kubeconfig(monkeypatch, kubeconfig(tmp_path / "c", server.url, certificates.ca, {"token": "let-me-in"}))

        with pytest.raises(Unreachable, match=words):
            kwake_live.open("prod")
        assert server.log == []


def test_a_bundle_of_authorities_is_taken(
    prod: FakeApi, certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    other = make_certificates(tmp_path / "other")
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(other.ca.read_bytes() + certificates.ca.read_bytes())
    use_kubeconfig(monkeypatch, kubeconfig(tmp_path / "c", prod.url, bundle, {"token": "let-me-in"}))

    assert kwake_live.open("prod").cluster.all(Pod)


def test_a_server_at_an_ipv6_address_is_read(
    certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard knows its own server by a bracketed address, too: what is not there is told, not refused."""
    use_kubeconfig(monkeypatch, kubeconfig(tmp_path / "c", "https://[::1]:1", certificates.ca, {"token": "let-me-in"}))
    monkeypatch.setattr(reading, "WAITS_S", (0.01,))

    with pytest.raises(Unreachable, match=r"https://\[::1\]:1: no connection"):
        kwake_live.open("prod")


def test_a_context_of_the_second_of_two_kubeconfigs_is_read(
    prod: FakeApi, certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = kubeconfig(tmp_path / "a", "https://127.0.0.1:1", certificates.ca, {"token": "x"}, context="staging")
    second = kubeconfig(tmp_path / "b", prod.url, certificates.ca, {"token": "let-me-in"}, context="second")
    for path, name in ((first, "one"), (second, "two")):
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
        value["clusters"][0]["name"] = value["users"][0]["name"] = name
        value["contexts"] = [{**value["contexts"][0], "context": {"cluster": name, "user": name}}]
        path.write_text(yaml.safe_dump(value), encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", f"{first}{os.pathsep}{second}")

    assert kwake_live.open("second").cluster.all(Pod)
