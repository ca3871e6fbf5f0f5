"""A fake API server with a small cluster, and a kubeconfig for it."""

from __future__ import annotations

import errno
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.certificates import Certificates, kubeconfig, make_certificates
from tests.live.fake_api import FakeApi
from tests.live.sample import small_cluster

pytest.importorskip("kubernetes", reason="the official client is not installed: pip install -e '.[test]'")


class _ClosedWhenReset(ssl.SSLSocket):
    """A socket that closes itself when the server is gone before the handshake: Python 3.11 leaves it open there."""

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        try:
            return super().recv(buflen, flags)
        except OSError as error:
            if self._sslobj is None and error.errno not in (errno.ENOTCONN, errno.EINVAL):  # type: ignore[attr-defined]
                self.close()
            raise


@pytest.fixture(scope="session", autouse=True)
def sockets_close_when_reset() -> Iterator[None]:
    """Servers of these tests die in the middle of a handshake, too."""
    patch = pytest.MonkeyPatch()
    patch.setattr(ssl.SSLContext, "sslsocket_class", _ClosedWhenReset)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def api(certificates: Certificates) -> Iterator[FakeApi]:
    """A server that holds nothing yet."""
    with FakeApi(certificates.server_context()) as server:
        yield server


@pytest.fixture
def prod(api: FakeApi, certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    """The server with a small cluster in it, behind the context `prod` of the kubeconfig."""
    for manifest in small_cluster():
        api.store.put(manifest)
    use_kubeconfig(monkeypatch, kubeconfig(tmp_path / "config", api.url, certificates.ca, {"token": "let-me-in"}))
    return api


def use_kubeconfig(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", str(path))
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


Cancel = threading.Event


@pytest.fixture
def cancel() -> Iterator[Cancel]:
    """Ends what reads and follows, at the latest with the test."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def said() -> list[Any]:
    """What was narrated."""
    return []
