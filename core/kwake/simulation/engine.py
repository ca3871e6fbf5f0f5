"""One action, one span of time: from a state to the next."""

from __future__ import annotations

import msgspec

from kwake.actions import Action
from kwake.errors import KwakeError
from kwake.simulation.draft import Draft
from kwake.simulation.requests import request
from kwake.simulation.state import Pending, State
from kwake.simulation.steps import run

SETTLE_LIMIT = 1_000_000
"""Steps after which settling counts as endless: a fault of ours, or a cluster that cannot come to rest."""


def act(state: State, action: Action) -> State:
    """The state after an action, at the same moment. Its events begin anew."""
    state.cluster.look_up()
    draft = Draft(msgspec.structs.replace(state, events=()), cause=str(action))
    request(draft, action)
    draft.follow_connections()
    return draft.freeze()


def advance(state: State, until_ms: int) -> State:
    """The state at this time: everything that is due by then has happened."""
    while state.pending and state.pending[0].due_ms <= until_ms:
        state = step(state)
    return state if state.now_ms >= until_ms else msgspec.structs.replace(state, now_ms=until_ms)


def settle(state: State) -> State:
    """The state when nothing waits any more."""
    for _ in range(SETTLE_LIMIT):
        if not state.pending:
            return state
        state = step(state)
    raise KwakeError(f"the world does not come to rest: {len(state.pending)} tasks wait after {SETTLE_LIMIT} steps")


def step(state: State) -> State:
    """The state after the next task that waits, with its like of the same moment and cause."""
    first = state.pending[0]
    count = 1
    while count < len(state.pending) and _alike(first, state.pending[count]):
        count += 1
    tasks = [item.task for item in state.pending[:count]]
    state = msgspec.structs.replace(state, now_ms=first.due_ms, pending=state.pending[count:])
    draft = Draft(state, cause=first.cause, clocks=first.clocks)
    run(draft, tasks)
    draft.follow_connections()
    return draft.freeze()


def _alike(first: Pending, other: Pending) -> bool:
    return (first.due_ms, type(first.task), first.cause, first.clocks) == (
        other.due_ms,
        type(other.task),
        other.cause,
        other.clocks,
    )
