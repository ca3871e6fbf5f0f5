"""The console on a live cluster: the baseline follows, the what-if stays on top."""

from __future__ import annotations

import asyncio
import copy
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from kwake.actions import Apply, KillPod, OpenConnection, Patch, Scale
from kwake.objects.kinds import Pod
from kwake.profiles import load_profile
from kwake_live import watching
from kwake_live.following import Follower
from kwake_live.opening import connect, read_cluster, world_of
from kwake_live.reading import Reader
from kwake_tui import live as live_module
from kwake_tui.app import Begun, KwakeApp
from kwake_tui.cli import main
from kwake_tui.live import Live
from kwake_tui.live_pages import Reading
from kwake_tui.opened import Opened
from kwake_tui.recording import Recorder
from kwake_tui.saving import export, kubectl, save, scenario_files
from kwake_tui.session import Session
from tests.live.conftest import Cancel
from tests.live.fake_api import FakeApi, Fault
from tests.live.store import Manifest, Resource
from tests.tui.player import Player

Story = Callable[[Player], Awaitable[None]]


def play(cancel: Cancel, story: Story) -> None:
    """Run the console on the live cluster of the kubeconfig, headless, and play a story on it."""

    async def run() -> None:
        access = connect("prod")
        loaded = read_cluster(access, "", print)
        profile = load_profile("calico", {})
        follower = Follower(Reader(access, print, cancel), loaded)
        session = Session.start(world_of(loaded.snapshot, profile, 0), "prod", "cilium", Opened(live="prod"))
        follower.start()
        app = KwakeApp(Begun(session, live=Live(follower, profile, 0, cancel.set)))
        app.animation_level = "none"
        async with app.run_test(size=(120, 36)) as pilot:
            await pilot.pause()
            await story(Player(app, pilot))

    asyncio.run(run())


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "LOOK_S", 0.05)
    monkeypatch.setattr(watching, "BACK_OFF_S", (0.02, 0.05, 0.1))


def resource(api: FakeApi, group: str, plural: str) -> Resource:
    found = api.store.find(group, plural)
    assert found is not None
    return found


def pods_of(api: FakeApi, app: str) -> list[Manifest]:
    pods = api.store.all(resource(api, "", "pods"), "shop")
    return [pod for pod in pods if pod["metadata"]["labels"].get("app") == app]


def really_kill(api: FakeApi, pod: Manifest, ip: str = "10.244.2.77", node: str = "node-b") -> str:
    """What a cluster does when somebody deletes a pod of a ReplicaSet; the name of its successor."""
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    dying = copy.deepcopy(pod)
    dying["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:30Z"
    api.store.put(dying)
    new: dict[str, Any] = copy.deepcopy(pod)
    new["metadata"] |= {"name": f"{name[:-5]}zzzzz", "uid": "new-uid"}
    new["spec"]["nodeName"] = node
    new["status"] |= {"podIP": ip, "podIPs": [{"ip": ip}]}
    for item in api.store.all(resource(api, "discovery.k8s.io", "endpointslices"), namespace):
        if any(e["addresses"] == [pod["status"]["podIP"]] for e in item["endpoints"]):
            changed = copy.deepcopy(item)
            for endpoint in changed["endpoints"]:
                if endpoint["addresses"] == [pod["status"]["podIP"]]:
                    endpoint["addresses"] = [ip]
                    endpoint["targetRef"] |= {"name": new["metadata"]["name"], "uid": "new-uid"}
            api.store.put(changed)
    api.store.delete(resource(api, "", "pods"), namespace, name)
    api.store.put(new)
    return str(new["metadata"]["name"])


def test_the_baseline_follows_while_nothing_was_done(prod: FakeApi, cancel: Cancel) -> None:
    """Given a console that nothing was done in, when a pod is replaced, then the tree shows its successor."""

    async def story(player: Player) -> None:
        flow_before = player.session.flow
        name = really_kill(prod, pods_of(prod, "checkout")[0])

        await player.until(lambda: player.session.world.cluster.pod("shop", name) is not None)

        assert len(player.session.timeline.entries) == 1
        assert player.session.flow == flow_before
        await player.until(lambda: any("zzzzz" in row for row in player.rows("#cluster")))
        assert any("● live" in row for row in player.rows("#status"))

    play(cancel, story)


def test_a_what_if_stays_and_its_stale_actions_are_said(prod: FakeApi, cancel: Cancel) -> None:
    """Given actions, when the cluster changes under them, then they stay, the stale ones are said, and follow replays
    the others on the cluster as it is."""

    async def story(player: Player) -> None:
        gone = pods_of(prod, "cart")[0]
        assert player.desk.attempt(Scale("deploy/shop/web", 4))
        assert player.desk.attempt(KillPod(f"shop/{gone['metadata']['name']}"))
        scaled = player.session.world.cluster
        prod.store.delete(resource(prod, "", "pods"), "shop", gone["metadata"]["name"])
        other = copy.deepcopy(pods_of(prod, "search")[0])
        other["metadata"]["labels"]["track"] = "canary"
        prod.store.put(other)

        await player.until(lambda: any("▲ 1 stale" in row for row in player.rows("#status")))
        assert player.session.world.cluster == scaled, "the what-if is as it was"
        assert any("stale: kill" in row and "it really happened" in row for row in player.rows("#keys"))

        await player.press("colon")
        await player.type("follow")
        await player.press("enter")
        await player.until(lambda: len(player.session.timeline.path) == 2)

        assert any("left out" in row for row in player.rows("#keys"))
        cluster = player.session.world.cluster
        assert len([p for p in cluster.all(Pod, "shop") if p.metadata.labels["app"] == "web"]) == 4
        assert any(p.metadata.labels.get("track") == "canary" for p in cluster.all(Pod, "shop"))
        assert any("● live" in row for row in player.rows("#status"))

    play(cancel, story)


def test_what_changes_elsewhere_makes_nothing_stale(prod: FakeApi, cancel: Cancel) -> None:
    async def story(player: Player) -> None:
        assert player.desk.attempt(Scale("deploy/shop/web", 4))
        other = copy.deepcopy(pods_of(prod, "search")[0])
        other["metadata"]["labels"]["track"] = "canary"
        prod.store.put(other)

        await player.until(lambda: any("◐ moved on" in row for row in player.rows("#status")))
        await player.press("colon")
        await player.type("live")
        await player.press("enter")
        await player.until(lambda: any("changed: labels" in row for row in player.rows("#page")))

    play(cancel, story)


def test_predicted_and_seen_stand_side_by_side(prod: FakeApi, cancel: Cancel) -> None:
    """Given a simulated kill, when somebody really kills that pod, then prediction and reality are compared."""

    async def story(player: Player) -> None:
        pod = pods_of(prod, "checkout")[0]
        assert player.desk.attempt(KillPod(f"shop/{pod['metadata']['name']}"))
        really_kill(prod, pod)

        await player.until(lambda: any("it really happened" in row for row in player.rows("#keys")))
        await player.press("colon")
        await player.type("seen")
        await player.press("enter")
        await player.until(lambda: any("predicted" in row for row in player.rows("#page")))

        assert "10.244.2.77" in player.row("#page", "IP ")
        assert "≠" in player.row("#page", "IP ")
        assert "node-b" in player.row("#page", "node ")
        assert "zzzzz" in player.row("#page", "successor")
        assert "1.0 s" in player.row("#page", "gone after")
        assert "10.244.2.77" in player.row("#page", "endpoints of checkout")
        assert "=" in player.row("#page", "endpoints of checkout")[:2]

    play(cancel, story)


def test_a_broken_connection_is_said_and_taken_up_again(prod: FakeApi, cancel: Cancel) -> None:
    async def story(player: Player) -> None:
        await player.until(lambda: any("● live" in row for row in player.rows("#status")))
        prod.stop()
        await player.until(lambda: any("◐ reconnecting" in row for row in player.rows("#status")))
        name = really_kill(prod, pods_of(prod, "checkout")[0])
        threading.Timer(0.1, prod.start).start()

        await player.until(lambda: player.session.world.cluster.pod("shop", name) is not None)
        await player.until(lambda: any("● live" in row for row in player.rows("#status")))

    play(cancel, story)


@pytest.mark.parametrize("command", ["live", "follow", "seen"])
def test_without_a_live_cluster_the_commands_say_so(command: str) -> None:
    from tests.tui.player import play as play_on, shop

    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type(command)
        await player.press("enter")
        await player.until(lambda: any("no live cluster" in row for row in player.rows("#keys")))

    play_on(shop(), story)


def test_what_is_saved_of_a_live_session_holds_no_secret(prod: FakeApi, cancel: Cancel, tmp_path: Path) -> None:
    """Given a variable with a secret, when the session is saved, then neither the scenario nor its snapshot has it,
    nor what is kept for the case of a crash."""
    pod = copy.deepcopy(pods_of(prod, "cart")[0])
    pod["spec"]["containers"][0]["env"] = [{"name": "PASSWORD", "value": "s3cr3t"}]
    prod.store.put(pod)

    async def story(player: Player) -> None:
        assert player.desk.attempt(Scale("deploy/shop/web", 4))
        files = scenario_files(player.session, tmp_path / "mine.yaml")
        assert len(files) == 2
        assert not any(b"s3cr3t" in data for data in files.values())
        assert any(b"PASSWORD" in data for data in files.values())
        recorder = Recorder(tmp_path / "state")
        assert recorder.keep(player.session) == ""
        kept = [path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file()]
        assert any(b"PASSWORD" in data for data in kept)
        assert not any(b"s3cr3t" in data for data in kept)
        recorder.end()

    play(cancel, story)


def _secretive(name: str, word: str) -> Manifest:
    """A Deployment with secrets where people put them."""
    container = {"name": "app", "image": "app:1", "command": ["app", f"--password={word}"],
                 "env": [{"name": "PASSWORD", "value": word}]}  # fmt: skip
    labels = {"app": name}
    template = {
        "metadata": {"labels": labels, "annotations": {"vault/token": word}},
        "spec": {"containers": [container]},
    }
    return {
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop", "uid": f"uid-{name}",
                     "annotations": {"kubectl.kubernetes.io/last-applied-configuration": word}},
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template},
        "status": {"replicas": 0},
    }  # fmt: skip


def test_no_way_out_of_a_live_session_carries_a_secret(
    prod: FakeApi, cancel: Cancel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a Deployment full of secrets that was edited, and other edits, when all is exported, saved, told as
    kubectl commands and kept for the case of a crash, then no file has one, and what has none is there."""
    secret = "s3cr3t-word"
    prod.store.put(_secretive("planted", secret))
    monkeypatch.chdir(tmp_path)

    async def story(player: Player) -> None:
        desk = player.desk
        found = player.session.world.cluster.record(player.session.world.cluster.resolve("deploy/shop/planted"))
        edited = copy.deepcopy(found.manifest)
        edited["spec"]["template"]["spec"]["containers"][0]["image"] = "app:2"
        policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                  "metadata": {"name": "mine", "namespace": "shop"}, "spec": {"podSelector": {}}}  # fmt: skip
        token = {"spec": {"template": {"metadata": {"annotations": {"vault/token": secret + "2"}}}}}
        for action in (
            OpenConnection("pay", "deploy/shop/web", "svc/shop/checkout", 443),
            Apply(edited),
            Apply(policy),
            Patch("deploy/shop/planted", token),
            Scale("deploy/shop/planted", 1),
        ):
            assert desk.attempt(action)
        export(desk, ["all.yaml"])
        export(desk, ["folder"])
        export(desk, ["changed.yaml", "changed"])
        kubectl(desk, ["commands.txt"])
        save(desk, ["mine.kwake.yaml"])
        recorder = Recorder(tmp_path / "state")
        assert recorder.keep(player.session) == ""
        player.app.save_screenshot(str(tmp_path / "picture.svg"))
        files = {
            path: path.read_text("utf-8") for path in tmp_path.rglob("*") if path.is_file() and path.name != "config"
        }
        recorder.end()
        assert len(files) > 9
        assert [str(path) for path, text in files.items() if secret in text] == []
        assert "PASSWORD" in files[tmp_path / "all.yaml"], "the Deployment is there, without its secrets"
        assert "planted" not in files[tmp_path / "changed.yaml"]
        assert "name: mine" in files[tmp_path / "changed.yaml"]
        assert "kubectl scale -n shop deployment/planted --replicas=1" in files[tmp_path / "commands.txt"]
        assert files[tmp_path / "commands.txt"].count("left out, it holds values that may be secret") == 2

    play(cancel, story)

    assert main(["replay", str(tmp_path / "mine.kwake.yaml")]) == 0, "the scenario runs on its cleaned snapshot"


@pytest.mark.parametrize("command", ["trace", "reach", "check", "diff", "what-if", "describe", "capture"])
def test_what_a_command_prints_of_a_live_cluster_holds_no_secret(
    prod: FakeApi, capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
) -> None:
    """`yaml` alone shows an object whole, as kubectl does."""
    prod.store.put(_secretive("planted", "s3cr3t-word"))
    (tmp_path / "old.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n", encoding="utf-8")
    words = {
        "trace": ["--from", "deploy/shop/web", "--to", "svc/shop/checkout", "--port", "443"],
        "reach": [], "check": [], "diff": [str(tmp_path / "old.yaml")],
        "what-if": ["--do", "scale deploy/shop/planted 1"],
        "describe": ["deploy/shop/planted"],
        "capture": ["--to", "-"],
    }  # fmt: skip
    form = [] if command == "capture" else ["-o", "json"]

    code = main([command, *words[command], "--context", "prod", *form])

    told = capsys.readouterr()
    assert code in (0, 1), told.err
    assert told.out
    assert "s3cr3t-word" not in told.out + told.err


def test_leaving_while_the_cluster_is_read_ends_at_once(prod: FakeApi, cancel: Cancel) -> None:
    """Given an API server that does not answer, when ctrl+c is pressed, then the console ends, and reading too."""
    prod.faults.append(Fault("/pods", wait_s=8))
    reading = Reading(cancel.set)
    ended = threading.Event()

    def begin() -> Begun:
        try:
            read_cluster(connect("prod"), "", reading.say, reading.tell, cancel)
        finally:
            ended.set()
        raise AssertionError("it was to be stopped")

    async def run() -> int | None:
        app = KwakeApp(begin, "prod", progress=reading)
        app.animation_level = "none"
        async with app.run_test(size=(120, 36)) as pilot:
            while not any("pods" in "".join(s.text for s in line.left) for line in reading.lines()[1]):
                await pilot.pause()
            await pilot.press("ctrl+c")
        return app.return_code

    began = time.monotonic()
    assert asyncio.run(run()) == 130
    assert ended.is_set()
    assert time.monotonic() - began < 5
