"""A certificate authority for one run of the tests, and a kubeconfig that trusts it."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

trustme = pytest.importorskip("trustme", reason="the fake API server needs certificates: pip install -e '.[test]'")


class Certificates(NamedTuple):
    """Files of one authority."""

    folder: Path
    authority: Any

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    def server_context(self) -> ssl.SSLContext:
        """For a server on 127.0.0.1 that knows client certificates of the same authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
        self.authority.configure_trust(context)
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def client_files(self, user: str) -> tuple[Path, Path]:
        """A client certificate whose common name is the user, and its key."""
        issued = self.authority.issue_cert(f"{user}@example.com", common_name=user)
        certificate, key = self.folder / f"{user}.pem", self.folder / f"{user}.key"
        certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        key.write_bytes(issued.private_key_pem.bytes())
        return certificate, key


def make_certificates(folder: Path) -> Certificates:
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    return Certificates(folder, authority)


def kubeconfig(
    path: Path,
    server: str,
    ca: Path | None,
    user: dict[str, Any],
    context: str = "prod",
    cluster: dict[str, Any] | None = None,
) -> Path:
    """Write a kubeconfig of one context; beside it stands a second one, `other`."""
    found: dict[str, Any] = {"server": server, **(cluster or {})}
    if ca is not None:
        found["certificate-authority"] = str(ca)
    value = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "clusters": [{"name": "c", "cluster": found}],
        "users": [{"name": "u", "user": user}],
        "contexts": [
            {"name": context, "context": {"cluster": "c", "user": "u"}},
            {"name": "other", "context": {"cluster": "c", "user": "u"}},
        ],
    }
    path.write_text(yaml.safe_dump(value), encoding="utf-8")
    return path
