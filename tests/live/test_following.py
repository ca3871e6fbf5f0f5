"""A cluster that is followed is always what a fresh look at it would give, whatever breaks meanwhile."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest

from kwake_live import watching
from kwake_live.following import Follower
from kwake_live.opening import connect, read_cluster
from kwake_live.reading import Reader
from tests.live.conftest import Cancel
from tests.live.fake_api import FakeApi, Fault, until
from tests.live.store import Manifest, Resource


@pytest.fixture
def follower(prod: FakeApi, cancel: Cancel, monkeypatch: pytest.MonkeyPatch) -> Iterator[Follower]:
    """The small cluster, read and followed."""
    monkeypatch.setattr(watching, "BACK_OFF_S", (0.02, 0.05, 0.1))
    access = connect("prod")
    found = Follower(Reader(access, print, cancel), read_cluster(access, "", print))
    found.start()
    until(lambda: len(found.links) > 15)
    yield found
    cancel.set()


def pods_of(api: FakeApi) -> Resource:
    resource = api.store.find("", "pods")
    assert resource is not None
    return resource


def a_pod(api: FakeApi) -> Manifest:
    return copy.deepcopy(api.store.all(pods_of(api), "shop")[0])


def same(follower: Follower, api: FakeApi) -> bool:
    """Whether it holds what the server holds."""
    ours = {str(e.key): e.document.manifest["metadata"]["resourceVersion"] for e in follower.snapshot().entries}
    kinds = {path.readable.name for path, _ in follower.loaded.positions}
    theirs = {}
    for resource in api.store.resources:
        for item in api.store.all(resource) if resource.name in kinds else ():
            metadata = item["metadata"]
            name = "/".join(filter(None, (resource.kind, metadata.get("namespace"), metadata["name"])))
            theirs[name] = metadata["resourceVersion"]
    return ours == theirs


def change(api: FakeApi, label: str) -> None:
    pod = a_pod(api)
    pod["metadata"].setdefault("labels", {})["changed"] = label
    api.store.put(pod)


def test_what_changes_is_followed(prod: FakeApi, follower: Follower) -> None:
    """Given a cluster that is followed, when objects come, change and go, then it holds what the server holds."""
    pod = a_pod(prod)
    new = copy.deepcopy(pod)
    new["metadata"]["name"] = "new"

    prod.store.put(new)
    change(prod, "once")
    until(lambda: same(follower, prod))
    prod.store.delete(pods_of(prod), "shop", "new")
    until(lambda: same(follower, prod))

    changes = follower.changes()
    assert {key.name for key in changes.keys} == {"new", pod["metadata"]["name"]}
    assert changes.count == 3
    assert follower.changes().keys == frozenset()


def test_a_watch_that_the_server_ends_goes_on_where_it_ended(
    prod: FakeApi, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "TIMEOUT_S", 1)
    watches = len([r for r in prod.log if "watch" in r.query])

    for n in range(30):
        change(prod, str(n))
        prod.cut_connections()
        until(lambda: same(follower, prod))

    assert len([r for r in prod.log if "watch" in r.query]) > watches
    assert follower.changes().count == 30
    assert [r for r in prod.log if r.path.endswith("/pods") and "watch" not in r.query][1:] == [], "no second list"


def test_bookmarks_carry_a_quiet_kind_over_a_forgotten_past(prod: FakeApi, follower: Follower) -> None:
    """Given bookmarks, when older history is forgotten, then a kind that was quiet needs no new list."""
    change(prod, "a")
    until(lambda: same(follower, prod))
    at = prod.store.revision
    until(lambda: _bookmarked(follower, "services", at))
    with prod.store.changed:
        prod.store.oldest = at
        prod.store.history.clear()
    lists = len([r for r in prod.log if r.path.endswith("/services") and "watch" not in r.query])

    prod.cut_connections()
    change(prod, "b")
    until(lambda: same(follower, prod))

    assert len([r for r in prod.log if r.path.endswith("/services") and "watch" not in r.query]) == lists


def _bookmarked(follower: Follower, name: str, revision: int) -> bool:
    watch = next(w for w in follower._watches if w._path.readable.name == name)
    return int(watch._version) >= revision


def test_a_forgotten_past_is_listed_anew(prod: FakeApi, follower: Follower) -> None:
    """410: what came, changed and went while nobody watched is found by a new list."""
    prod.stop()
    gone = a_pod(prod)
    prod.store.delete(pods_of(prod), "shop", gone["metadata"]["name"])
    change(prod, "meanwhile")
    prod.store.forget()
    follower.changes()
    prod.start()

    until(lambda: same(follower, prod))

    changed = {key.name for key in follower.changes().keys}
    assert gone["metadata"]["name"] in changed
    assert len(changed) == 2, "what is as before has not changed"


def test_a_past_that_is_forgotten_in_the_middle_of_a_watch(prod: FakeApi, follower: Follower) -> None:
    """410 as a line of the stream, not as an answer."""
    prod.store.forget()
    change(prod, "after")

    until(lambda: same(follower, prod))


def test_a_server_that_dies_and_comes_back_loses_nothing(prod: FakeApi, follower: Follower) -> None:
    prod.stop()
    until(lambda: any(link.state == "reconnecting" and link.name == "pods" for link in follower.links))
    reason = next(link.reason for link in follower.links if link.name == "pods")
    for n in range(10):
        change(prod, str(n))
    prod.start()

    until(lambda: same(follower, prod))

    assert "again in" in reason
    until(lambda: all(link.state == "following" for link in follower.links))


FAULTS = {
    "429": Fault("pods?resourceVersion", 429),
    "500": Fault("pods?resourceVersion", 500),
    "410": Fault("pods?resourceVersion", 410),
    "403": Fault("pods?resourceVersion", 403),
    "401": Fault("pods?resourceVersion", 401),
    "slow": Fault("pods?resourceVersion", wait_s=0.3),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_watch_that_fails_to_begin_is_begun_again(prod: FakeApi, follower: Follower, fault: str) -> None:
    prod.faults.append(FAULTS[fault])
    prod.cut_connections()
    change(prod, "meanwhile")

    until(lambda: same(follower, prod) and not prod.faults)


def test_a_token_that_expires_is_told_and_taken_up_again(prod: FakeApi, follower: Follower) -> None:
    """Given credentials that are refused for a while, when they are taken again, then nothing is missing."""
    tokens, prod.tokens = prod.tokens, {}
    prod.cut_connections()
    change(prod, "meanwhile")
    until(lambda: any("401" in link.reason for link in follower.links))
    prod.tokens = tokens

    until(lambda: same(follower, prod))


def test_times_of_pods_are_remembered(prod: FakeApi, follower: Follower) -> None:
    """When a pod became something else; a change of its labels is none."""
    change(prod, "seen")
    until(lambda: same(follower, prod))
    pod = a_pod(prod)
    pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    prod.store.put(pod)
    until(lambda: same(follower, prod))

    first, second = follower.moments
    assert (first.type, first.ready, second.ready) == ("MODIFIED", True, False)
    assert 0 < first.at_s < second.at_s < 60
    change(prod, "again")
    until(lambda: same(follower, prod))
    assert len(follower.moments) == 2
