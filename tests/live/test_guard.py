"""Nothing but plain reads leaves the process: looked at on the wire, whatever the code above the guard does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

import kwake_live
from kwake.objects.kinds import Pod
from kwake_live.errors import LiveError, WriteRefused
from kwake_live.guard import is_read
from kwake_live.kinds import READABLE
from kwake_live.listing import Path
from kwake_live.opening import connect
from tests.live.certificates import Certificates
from tests.live.fake_api import FakeApi, Fault

kubernetes = pytest.importorskip("kubernetes")

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": []}}


def _typed(client: Any) -> Any:
    return kubernetes.client.CoreV1Api(client)


def _exec(client: Any) -> object:
    from kubernetes.stream import stream

    return stream(_typed(client).connect_get_namespaced_pod_exec, "p", "shop", command=["id"], stdout=True)


def _attach(client: Any) -> object:
    from kubernetes.stream import stream

    return stream(_typed(client).connect_get_namespaced_pod_attach, "p", "shop", stdout=True)


def _port_forward(client: Any) -> object:
    from kubernetes.stream import portforward

    return portforward(_typed(client).connect_get_namespaced_pod_portforward, "p", "shop", ports="80")


def _raw(method: str, path: str, **options: Any) -> Callable[[Any], object]:
    def send(client: Any) -> object:
        return client.rest_client.pool_manager.request(method, client.configuration.host + path, **options)

    return send


def _urlopen(client: Any) -> object:
    return client.rest_client.pool_manager.urlopen("DELETE", client.configuration.host + "/api/v1/namespaces/shop")


WRITES: dict[str, Callable[[Any], object]] = {
    "create": lambda client: _typed(client).create_namespaced_pod("shop", POD),
    "replace": lambda client: _typed(client).replace_namespaced_pod("p", "shop", POD),
    "patch": lambda client: _typed(client).patch_namespaced_pod("p", "shop", POD),
    "delete": lambda client: _typed(client).delete_namespaced_pod("p", "shop"),
    "delete all": lambda client: _typed(client).delete_collection_namespaced_pod("shop"),
    "evict": lambda client: _typed(client).create_namespaced_pod_eviction("p", "shop", {}),
    "bind": lambda client: _typed(client).create_namespaced_binding("shop", {"target": {"name": "n"}}),
    "token": lambda client: _typed(client).create_namespaced_service_account_token("sa", "shop", {}),
    "exec": _exec,
    "exec as a plain GET": lambda client: _typed(client).connect_get_namespaced_pod_exec("p", "shop", command=["id"]),
    "attach": _attach,
    "port-forward": _port_forward,
    "proxy to a pod": lambda client: _typed(client).connect_get_namespaced_pod_proxy("p", "shop"),
    "proxy to a service": lambda client: _typed(client).connect_get_namespaced_service_proxy("s", "shop"),
    "proxy to a node": lambda client: _typed(client).connect_get_node_proxy("n"),
    "logs": lambda client: _typed(client).read_namespaced_pod_log("p", "shop"),
    "secrets": lambda client: _typed(client).list_secret_for_all_namespaces(),
    "one secret": lambda client: _typed(client).read_namespaced_secret("s", "shop"),
    "raw POST": _raw("POST", "/api/v1/namespaces/shop/pods", body=json.dumps(POD)),
    "raw PUT": _raw("PUT", "/api/v1/namespaces/shop/pods/p", body="{}"),
    "raw PATCH": _raw("PATCH", "/api/v1/namespaces/shop/pods/p", body="{}"),
    "raw DELETE": _raw("DELETE", "/api/v1/namespaces/shop/pods/p"),
    "raw OPTIONS": _raw("OPTIONS", "/api/v1/pods"),
    "lower case": _raw("delete", "/api/v1/namespaces/shop/pods/p"),
    "urlopen": _urlopen,
    "a GET with a body": _raw("GET", "/api/v1/pods", body=b"{}"),
    "an upgrade": _raw("GET", "/api/v1/pods", headers={"Upgrade": "websocket"}),
    "dots in the path": _raw("GET", "/api/v1/namespaces/shop/pods/../pods/p/exec"),
    "an escaped slash": _raw("GET", "/api/v1/namespaces/shop/pods/p%2Fexec"),
    "two slashes": _raw("GET", "/api/v1//pods"),
}


def _past_the_guard(client: Any) -> object:
    """The pool below the guard, which is nobody's business."""
    pool = client.rest_client.pool_manager._pool
    return pool.request("DELETE", client.configuration.host + "/api/v1/namespaces/shop/pods/p")


def _one_connection_pool(client: Any) -> object:
    pool = client.rest_client.pool_manager._pool.connection_from_url(client.configuration.host)
    return pool.urlopen("DELETE", "/api/v1/namespaces/shop/pods/p")


def _another_host(client: Any) -> object:
    other = client.configuration.host.replace("127.0.0.1", "localhost")
    return client.rest_client.pool_manager._pool.request("GET", other + "/api/v1/pods")


def _of_its_type(client: Any) -> object:
    return _typed(type(client)(client.configuration)).delete_namespaced_pod("p", "shop")


def _subclassed(client: Any) -> object:
    class Mine(type(client)):  # type: ignore[misc]  # whatever the code above does
        pass

    return _typed(Mine(client.configuration)).delete_namespaced_pod("p", "shop")


def _new_pool(client: Any) -> object:
    import urllib3

    client.rest_client.pool_manager = urllib3.PoolManager()
    return client.rest_client.pool_manager.request("DELETE", client.configuration.host + "/api/v1/namespaces/shop")


def _new_transport(client: Any) -> object:
    client.rest_client = kubernetes.client.rest.RESTClientObject(client.configuration)
    return _typed(client).delete_namespaced_pod("p", "shop")


OVERRIDE = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
WRITES |= {
    "the pool below": _past_the_guard,
    "one pool of connections": _one_connection_pool,
    "another host below": _another_host,
    "another client of its type": _of_its_type,
    "a client of a subclass": _subclassed,
    "a pool in place of its own": _new_pool,
    "a transport in place of its own": _new_transport,
    "a watch of exec": _raw("GET", "/api/v1/namespaces/shop/pods/p/exec?watch=1&command=id"),
    "exec in the query of a list": _raw("GET", "/api/v1/namespaces/shop/pods/p/exec?"),
    "a websocket": _raw("GET", "/api/v1/pods", headers={"Sec-WebSocket-Key": "x"}),
    **{name: _raw("GET", "/api/v1/namespaces/shop/pods/p", headers={name: "DELETE"}) for name in OVERRIDE},
}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(
    prod: FakeApi, certificates: Certificates, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a server that sends the reader elsewhere, when a list is read, then nobody else is dialled, with the token
    least of all, and it is told."""
    with FakeApi(certificates.server_context()) as other:
        for to in (other.url, prod.url):
            prod.log.clear()
            prod.faults[:] = [Fault("/pods", status, (("Location", f"{to}/api/v1/namespaces/shop/pods/p/exec"),))]

            with pytest.raises(LiveError, match=str(status)):
                kwake_live.open("prod")

            assert other.connections == 0
            assert [request.path for request in prod.log if "exec" in request.path] == []


def test_the_proxy_of_the_environment_is_not_asked(
    prod: FakeApi, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`NO_PROXY` holds, as for kubectl: a server on this machine is dialled itself."""
    with FakeApi(None) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")

        assert kwake_live.open("prod").cluster.all(Pod)
        assert proxy.connections == 0


@pytest.mark.parametrize("write", WRITES)
def test_a_write_is_stopped_before_it_leaves(prod: FakeApi, write: str) -> None:
    """Given the client that kwake reads with, when code asks it for more than a read, then no byte is sent."""
    client = connect("prod").client

    with pytest.raises(WriteRefused):
        WRITES[write](client)

    assert prod.log == []
    assert prod.connections == 0


def test_the_client_still_reads(prod: FakeApi) -> None:
    """The guard is under a client that works: else the test above would prove nothing."""
    pods = _typed(connect("prod").client).list_namespaced_pod("shop")

    assert pods.items
    assert [request.method for request in prod.log] == ["GET"]


def test_another_server_is_not_dialled(prod: FakeApi) -> None:
    """A URL that is not under the kubeconfig's server, as a redirect or a forged continue could make it."""
    client = connect("prod").client

    for url in ("https://127.0.0.1:1/api/v1/pods", client.configuration.host + "0/api/v1/pods", "http://example.com/"):
        with pytest.raises(WriteRefused):
            client.rest_client.pool_manager.request("GET", url)

    assert prod.connections == 0


def test_everything_that_kwake_reads_is_a_plain_read() -> None:
    for readable in READABLE:
        path = Path(readable, readable.versions[0], "shop")
        assert is_read(path.url), path.url


NO_READS = """
/api/v1/namespaces/shop/pods/p/exec /api/v1/namespaces/shop/pods/p/log /api/v1/namespaces/shop/pods/p/attach
/api/v1/namespaces/shop/pods/p/portforward /api/v1/namespaces/shop/pods/p/ephemeralcontainers
/api/v1/proxy/nodes/n /api/v1/watch/pods /api/v1/nodes/n/proxy /api/v1/nodes/n/proxy/run
/api/v1/namespaces/shop/services/s/proxy/x /api/v1/secrets /api/v1/namespaces/shop/secrets/s
/api/v1/namespaces/shop/secrets /apis/apps/v1/namespaces/shop/deployments/web/scale
/logs /metrics /debug/pprof /
"""


@pytest.mark.parametrize("path", NO_READS.split())
def test_it_is_no_plain_read(path: str) -> None:
    assert not is_read(path)
