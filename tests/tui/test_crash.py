"""A real console on a real terminal, killed: nothing that was done is lost."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kwake.samples import sample_path
from kwake_tui.journal import restored
from kwake_tui.recording import crashed

fcntl = pytest.importorskip("fcntl", reason="no such terminals here")
pty = pytest.importorskip("pty", reason="no pseudo terminals here")
termios = pytest.importorskip("termios", reason="no such terminals here")

WAIT_S = 30.0


def _own_terminal() -> None:
    """In the new process: what it prints to is the terminal that its keys come from."""
    fcntl.ioctl(1, termios.TIOCSCTTY, 0)


class Terminal:
    """A console in a process of its own, on a pseudo terminal."""

    def __init__(self, folder: Path, *arguments: str, piped: bytes = b"") -> None:
        self._master, slave = pty.openpty()
        environment = {
            **os.environ,
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "TERM": "xterm-256color",
            "TEXTUAL_ANIMATIONS": "none",
            "COLUMNS": "120",
            "LINES": "36",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kwake_tui", *arguments],
            stdin=subprocess.PIPE if piped else slave, stdout=slave, stderr=slave, env=environment,
            start_new_session=True, preexec_fn=_own_terminal,
        )  # fmt: skip
        os.close(slave)
        if self.process.stdin is not None:
            self.process.stdin.write(piped)
            self.process.stdin.close()
        self._seen = b""

    def until(self, words: str) -> None:
        """Read until these words have come, or fail."""
        deadline = time.monotonic() + WAIT_S
        while words.encode() not in self._seen:
            left = deadline - time.monotonic()
            ready = select.select([self._master], [], [], max(left, 0))[0]
            assert ready, f"{words!r} did not come; the last that came: {self._seen[-2000:]!r}"
            try:
                self._seen += os.read(self._master, 1 << 16)
            except OSError:  # the process has gone
                pytest.fail(f"{words!r} did not come before the end: {self._seen[-2000:]!r}")
        self._seen = b""

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def command(self, text: str, answer: str) -> None:
        self.type(f":{text}\r")
        self.until(answer)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(WAIT_S)
        os.close(self._master)

    def quit(self) -> int:
        self.type(":q!\r")
        while True:  # a terminal that nobody reads from holds its process up
            try:
                if not os.read(self._master, 1 << 16):
                    break
            except OSError:
                break
        os.close(self._master)
        return self.process.wait(WAIT_S)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path


def test_after_sigkill_all_actions_are_offered_again(home: Path) -> None:
    console = Terminal(home, "--seed", "7")
    console.until("settled")
    console.command("scale deploy/shop/cart 3", "1 action")
    console.command("set-type svc/shop/cart NodePort", "2 action")
    console.command("delete svc/shop/search", "3 action")
    console.type("z")
    console.until("2 action")
    console.kill()

    sessions = home / "state" / "kwake" / "sessions"
    ((kept,), _) = crashed(sessions)
    assert kept.name.startswith(f"{console.process.pid}-")
    again = restored(kept.journal, kept.folder / "snapshot").session
    assert [str(entry.action) for entry in again.timeline.entries[1:]] == [
        "scale Deployment/shop/cart to 3",
        "set type of Service/shop/cart to NodePort",
        "delete Service/shop/search",
    ]
    assert (again.timeline.current, again.timeline.redo_path) == (2, (3,))

    second = Terminal(home)
    second.until("ended without being left")
    second.type("\r")
    second.until("restored: 3 actions")
    assert second.quit() == 0
    assert not list(sessions.iterdir())


def test_a_clean_end_leaves_nothing_and_resume_goes_on(home: Path) -> None:
    console = Terminal(home)
    console.until("settled")
    console.command("scale deploy/shop/cart 3", "1 action")
    console.kill()

    resumed = Terminal(home, "--resume")
    resumed.until("restored: 1 action")
    resumed.command("scale deploy/shop/cart 4", "2 action")
    assert resumed.quit() == 0

    assert not list((home / "state" / "kwake" / "sessions").iterdir())


def test_a_cluster_that_came_through_a_pipe_is_there_again(home: Path) -> None:
    data = (sample_path("small") / "cluster.yaml").read_bytes()
    console = Terminal(home, "-", piped=data)
    console.until("settled")
    console.command("scale deploy/demo/web 3", "1 action")
    console.kill()

    resumed = Terminal(home, "--resume")
    resumed.until("restored: 1 action")
    assert resumed.quit() == 0


def test_a_scenario_in_the_place_of_a_snapshot_opens_at_its_beginning(home: Path) -> None:
    console = Terminal(home, str(sample_path("small") / "scenarios" / "kill.yaml"))
    console.until("the only checkout pod is killed")
    console.type("n")
    console.until("step 2 of 3")
    assert console.quit() == 0
