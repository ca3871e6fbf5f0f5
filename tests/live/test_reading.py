"""A live cluster gives the same world as its manifests do from a file."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

import kwake
import kwake_live
from kwake import sources as kwake_sources
from kwake.objects.key import Key
from kwake.world import World
from kwake_live import listing
from kwake_live.kinds import CONFIG_MAPS
from tests.live.fake_api import FakeApi
from tests.live.sample import assert_same, small_cluster
from tests.live.store import CILIUM


def test_a_live_cluster_is_the_same_world_as_its_manifests(prod: FakeApi) -> None:
    """Given a cluster behind a kubeconfig, when it is opened, then it is the world that its manifests give."""
    live = kwake_live.open("prod")

    assert_same(live, kwake.open(small_cluster()))
    assert [r.method for r in prod.log if r.method != "GET"] == []


def test_the_answers_are_the_same_too(prod: FakeApi) -> None:
    live, file = kwake_live.open("prod"), kwake.open(small_cluster())

    asked = ("deploy/shop/web", "svc/shop/checkout", 443)

    assert live.trace(*asked).outcome is file.trace(*asked).outcome
    assert live.reach().pairs == file.reach().pairs


def test_pages_are_put_together(prod: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given lists of more than a page, when they are read, then nothing is missing and each page was asked for."""
    monkeypatch.setattr(listing, "LIMIT", 2)

    live = kwake_live.open("prod")

    assert_same(live, kwake.open(small_cluster()))
    assert sum("continue" in request.query for request in prod.log) > 10


def test_notes_of_who_set_which_field_are_left_out(prod: FakeApi) -> None:
    """`managedFields` are a third of an object, and kubectl does not show them."""
    pod = next(m for m in small_cluster() if m["kind"] == "Pod")
    pod["metadata"]["managedFields"] = [{"manager": "kubelet"}]
    prod.store.put(pod)

    live = kwake_live.open("prod")

    name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
    assert "managedFields" not in live.cluster.get(f"pod/{name}").manifest["metadata"]


def test_a_kind_of_the_cni_is_read_where_the_server_has_it(prod: FakeApi) -> None:
    """Given custom resources of a CNI, when the cluster is opened, then what they select is unknown, not delivered."""
    prod.store.serve(CILIUM)
    prod.store.put({
        "apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "l7", "namespace": "shop"},
        "spec": {"endpointSelector": {}, "ingress": [{"fromEndpoints": [{}]}]},
    })  # fmt: skip

    path = kwake_live.open("prod").trace("deploy/shop/web", "svc/shop/checkout", 443)

    assert path.outcome is kwake.Outcome.UNKNOWN
    assert "CiliumNetworkPolicy/shop/l7" in path.branches[0].reason


def test_a_dump_served_gives_the_same_world_as_its_file(truth: Path, prod: FakeApi) -> None:
    """One of the smaller real clusters; all of them are served by the slow test below."""
    _serve_and_compare(prod, truth / "dumps" / "kamaji-1.25-tenant.json")


@pytest.mark.slow
def test_every_dump_served_gives_the_same_world_as_its_file(truth: Path, prod: FakeApi) -> None:
    dumps = sorted(p for p in (truth / "dumps").iterdir() if p.suffix in (".json", ".yaml"))
    assert len(dumps) == 18

    for dump in dumps:
        _serve_and_compare(prod, dump)


def _serve_and_compare(api: FakeApi, dump: Path) -> None:
    """The world of the file, but for what kwake does not read of a live cluster: other ConfigMaps, other groups."""
    api.store.clear()
    for entry in kwake_sources.read(str(dump)).entries:
        if api.store.has(entry.document.manifest):
            api.store.put(entry.document.manifest)
    file = kwake.open(str(dump))
    skipped = [r.key for r in file.cluster if not r.made and not (api.store.has(r.manifest) and _is_read(r.key))]
    assert all(file.cluster.record(key).key.kind in ("ConfigMap", "Node") for key in skipped), "too much is left out"

    live = kwake_live.open("prod")

    assert_same(
        live, World(msgspec.structs.replace(file._state, cluster=file.cluster.with_changes(dict.fromkeys(skipped))))
    )


def _is_read(key: Key) -> bool:
    return key.kind != "ConfigMap" or (key.namespace, key.name) in CONFIG_MAPS
