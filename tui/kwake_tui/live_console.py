"""The console on a live cluster: logged in before the first frame, read behind it, followed from then on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from kwake.profiles import load_profile
from kwake_live.following import Follower
from kwake_live.opening import connect, profile_told, read_cluster, world_of
from kwake_live.reading import Reader
from kwake_tui.app import Begun, run, session_on
from kwake_tui.appearance import Look
from kwake_tui.live import Live
from kwake_tui.live_pages import Reading
from kwake_tui.opened import Opened


def live_console(
    context: str,
    namespace: str,
    title: str,
    profiles: list[str],
    seed: int,
    overrides: Mapping[str, str],
    look: Look,
    say: Callable[[str], None],
) -> int:
    """Run the console until it is left; the exit status. Raises LiveError, ProfileError."""
    named = load_profile(profiles[0], overrides) if profiles else None
    second = profiles[1] if len(profiles) > 1 else None
    if second is not None:
        load_profile(second, {})
    say(f"logging in to {context}")
    access = connect(context, interactive=True)  # a plugin may ask: the terminal is still a plain one
    stop = threading.Event()
    reading = Reading(stop.set)

    def begin() -> Begun:
        loaded = read_cluster(access, namespace, reading.say, reading.tell, stop)
        profile = named or profile_told(loaded, overrides, reading.say)
        world = world_of(loaded.snapshot, profile, seed)
        follower = Follower(Reader(access, reading.say, stop), loaded)
        session = session_on(world, title, Opened(live=context), second)
        follower.start()
        return Begun(session, live=Live(follower, profile, seed, stop.set))

    try:
        return run(begin, title, look, reading)
    finally:
        stop.set()
        access.close()
