"""Names in flows that name nothing at any moment of a run: a slip of the pen, not an expectation that failed."""

from __future__ import annotations

from collections.abc import Sequence

from kwake.dataplane.ends import is_address, is_any_node
from kwake.errors import ReferenceNotFound, ScenarioError
from kwake.objects.printable import printable
from kwake.scenario.scenario import FlowExpectation, Scenario
from kwake.world import World

_WITHOUT_TARGET = ("unresolved", "unknown")
"""How a dial of a Service that there is not ends: who expects that means it."""


def refuse_what_never_was(scenario: Scenario, worlds: Sequence[World]) -> None:
    """Raises ScenarioError for an end of a flow that is not there in any of these worlds, with the nearest name."""
    meant = _meant_to_fail(scenario)
    for pinned in scenario.flows:
        ends = {"from": pinned.flow.source, "to": pinned.flow.target}
        for key, reference in ends.items():
            if key == "to" and (not set("/(") & set(reference) or is_any_node(reference) or pinned.name in meant):
                continue
            found = _never_was(reference, worlds)
            is_service = key == "to" and reference.count("/") == 1 and not _never_was(f"svc/{reference}", worlds)
            if found and not is_service:
                place = f"{scenario.file}:{pinned.line}: flows.{pinned.name}.{key}"
                raise ScenarioError(printable(f"{place}: {found}"))


def _meant_to_fail(scenario: Scenario) -> set[str]:
    """Flows of which somebody expects that their name leads nowhere."""
    expectations = (*scenario.always, *(item for step in scenario.steps for item in step.expect))
    return {
        one.flow
        for one in expectations
        if isinstance(one, FlowExpectation) and (one.outcome in _WITHOUT_TARGET or one.fate == "failed")
    }


def _never_was(reference: str, worlds: Sequence[World]) -> str:
    """Why a reference names nothing in the first of the worlds; empty where it does in any of them."""
    if reference == "internet" or is_address(reference):
        return ""
    first = ""
    for world in worlds:
        try:
            world.cluster.resolve(world.named(reference))
        except ReferenceNotFound as error:
            first = first or str(error)
        else:
            return ""
    return first
