"""The same questions to a real kube-apiserver, where KUBEBUILDER_ASSETS names a folder with it, etcd and kubectl.

Those are the binaries of envtest (`setup-envtest use`). Nothing else runs: no controllers, no kubelets, so the objects
are written with all that these would have added.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import kwake
import kwake_live
from kwake.objects.kinds import Pod, Service
from kwake_live import listing
from kwake_live.errors import Unauthorized, WriteRefused
from kwake_live.following import Follower
from kwake_live.opening import connect, read_cluster
from kwake_live.reading import Reader
from kwake_live.rights import roles
from tests.live.certificates import kubeconfig
from tests.live.conftest import Cancel, use_kubeconfig
from tests.live.fake_api import until
from tests.live.store import Manifest

ASSETS = Path(os.environ.get("KUBEBUILDER_ASSETS") or "/nowhere")

pytestmark = pytest.mark.skipif(
    not (ASSETS / "kube-apiserver").exists(), reason="KUBEBUILDER_ASSETS names no folder with a kube-apiserver"
)

TOKENS = "all,admin,1,system:masters\nfew,reader,2\n"
OBJECTS: list[Manifest] = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"team": "pay"}}},
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
     "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}},
    {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "deny", "namespace": "shop"},
     "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}},
    *({"apiVersion": "v1", "kind": "Pod",
       "metadata": {"name": f"web-{n}", "namespace": "shop", "labels": {"app": "web"}},
       "spec": {"automountServiceAccountToken": False, "containers": [{"name": "c", "image": "i"}]}} for n in range(7)),
    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "shop"},
     "stringData": {"password": "s3cr3t"}},
]  # fmt: skip


def _port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A kube-apiserver with its etcd: its URL and the CA of its certificate."""
    folder = tmp_path_factory.mktemp("apiserver")
    etcd, peer, secure = _port(), _port(), _port()
    (folder / "tokens.csv").write_text(TOKENS, encoding="utf-8")
    key = folder / "sa.key"
    subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
    urls = [f"--listen-client-urls=http://127.0.0.1:{etcd}", f"--advertise-client-urls=http://127.0.0.1:{etcd}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}", f"--data-dir={folder / 'etcd'}"]  # fmt: skip
    flags = [
        f"--etcd-servers=http://127.0.0.1:{etcd}", f"--secure-port={secure}", "--bind-address=127.0.0.1",
        f"--cert-dir={folder / 'certs'}", f"--token-auth-file={folder / 'tokens.csv'}", "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}", "--disable-admission-plugins=ServiceAccount",
        "--service-cluster-ip-range=10.96.0.0/16",
    ]  # fmt: skip
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen([str(ASSETS / "etcd"), *urls], stdout=log, stderr=log) as store,
        subprocess.Popen([str(ASSETS / "kube-apiserver"), *flags], stdout=log, stderr=log) as api,
    ):
        try:
            ca = folder / "certs" / "apiserver.crt"  # signs itself
            until(lambda: ca.exists() and _answers(secure), 60)
            yield f"https://127.0.0.1:{secure}", ca
        finally:
            api.terminate()
            store.terminate()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    time.sleep(2)  # it listens before it has its roles
    return True


@pytest.fixture
def prod(server: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kubeconfig for it, and objects in it."""
    config = kubeconfig(tmp_path / "config", server[0], server[1], {"token": "all"})
    use_kubeconfig(monkeypatch, config)
    _kubectl("apply", "-f", "-", given={"apiVersion": "v1", "kind": "List", "items": OBJECTS})
    return config


def _kubectl(*words: str, given: Manifest | None = None) -> str:
    command = ASSETS / "kubectl" if (ASSETS / "kubectl").exists() else Path("kubectl")
    data = json.dumps(given) if given is not None else None
    done = subprocess.run([str(command), *words], input=data, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_reads_what_kubectl_gets(prod: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "LIMIT", 3)
    dump = json.loads(_kubectl("get", "ns,pods,svc,netpol,endpointslices,endpoints", "-A", "-o", "json"))

    live, file = kwake_live.open("prod"), kwake.open(dump["items"])

    assert {str(r.key) for r in live.cluster} >= {str(r.key) for r in file.cluster}
    assert len(live.cluster.all(Pod, "shop")) == 7
    assert live.cluster.all(Service, "shop")[0].spec.cluster_ip.startswith("10.96.")


def test_it_follows_what_kubectl_does(prod: Path, cancel: Cancel) -> None:
    access = connect("prod")
    follower = Follower(Reader(access, print, cancel), read_cluster(access, "", print))
    follower.start()

    _kubectl("delete", "pod", "web-6", "-n", "shop", "--wait=false", "--force")
    until(lambda: not any(e.key.name == "web-6" for e in follower.snapshot().entries))
    _kubectl("label", "pod", "web-5", "-n", "shop", "track=canary", "--overwrite")
    until(lambda: any(e.value.metadata.labels.get("track") == "canary" for e in follower.snapshot().entries))


def test_the_printed_rights_are_enough_and_a_write_is_refused(
    prod: Path, server: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for role in roles():
        kind, home = role["kind"], role["metadata"].get("namespace")
        binding = {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": f"{kind}Binding",
            "metadata": {"name": "reader", **({"namespace": home} if home else {})},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role["metadata"]["name"]},
            "subjects": [{"kind": "User", "name": "reader", "apiGroup": "rbac.authorization.k8s.io"}],
        }  # fmt: skip
        if home and home != "kube-system":
            continue
        _kubectl("apply", "-f", "-", given={"apiVersion": "v1", "kind": "List", "items": [role, binding]})
    use_kubeconfig(monkeypatch, kubeconfig(tmp_path / "few", server[0], server[1], {"token": "few"}))

    world = kwake_live.open("prod")

    assert len(world.cluster.all(Pod, "shop")) >= 5
    unread = [finding.subject for finding in world.findings if finding.text.startswith("not read")]
    assert [subject for subject in unread if subject != "ConfigMap"] == []
    client = connect("prod").client
    with pytest.raises(WriteRefused):
        client.rest_client.pool_manager.request("DELETE", f"{server[0]}/api/v1/namespaces/shop/pods/web-0")


def test_a_token_that_it_does_not_know_is_told(
    prod: Path, server: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = base64.b64encode(b"wrong").decode()
    use_kubeconfig(monkeypatch, kubeconfig(tmp_path / "wrong", server[0], server[1], {"token": wrong}))

    with pytest.raises(Unauthorized):
        kwake_live.open("prod")
