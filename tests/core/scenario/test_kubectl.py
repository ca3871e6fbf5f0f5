"""The kubectl commands of a session: what changes the cluster, in order, as text."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from hypothesis import given, strategies as st

import kwake
from kwake.scenario.kubectl import difference, kubectl_lines
from kwake.simulation.apiserver import merge_patch
from kwake.timeline import Timeline
from tests.core.manifests import default_deny, shop
from tests.core.test_world_laws import ACTIONS, START

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.integers(0, 3) | st.text("ab", max_size=2) | st.booleans(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=8,
)
MANIFESTS = st.dictionaries(st.sampled_from(["spec", "metadata", "data"]), VALUES, max_size=3)


def lines_of(*actions: kwake.Action) -> tuple[str, ...]:
    timeline = Timeline.start(kwake.open(shop(default_deny())))
    for action in actions:
        timeline = timeline.do(action, settle=True)
    return kubectl_lines(timeline)


@given(MANIFESTS, MANIFESTS)
def test_the_patch_between_two_manifests_makes_one_of_the_other(before: Any, after: Any) -> None:
    patch = difference(before, after)

    made = merge_patch(before, patch)

    assert _no_empty(made) == _no_empty(after)
    assert (patch == {}) == (before == after)


def _no_empty(value: Any) -> Any:
    """A merge patch cannot tell an empty map from none where there was one before."""
    if not isinstance(value, dict):
        return value
    return {name: inner for name, item in value.items() if (inner := _no_empty(item)) != {}}


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_is_a_command_or_a_comment_that_a_shell_reads(name: str) -> None:
    timeline = Timeline.start(START).do(ACTIONS[name](START, 1 if name != "type" else 0), settle=True)

    lines = kubectl_lines(timeline)

    assert lines
    assert lines[0].startswith(("kubectl ", "# "))
    assert lines[0].startswith("# ") or shlex.split(lines[0])[0] == "kubectl"


def test_a_pod_is_named_as_it_was_called_then() -> None:
    world = kwake.open(shop())
    (first, _) = world.cluster.pods_of(world.cluster.resolve("deploy/shop/web"))

    lines = lines_of(kwake.KillPod("deploy/shop/web#0", grace=5), kwake.KillPod("shop/lone", force=True))

    assert lines == (
        f"kubectl delete -n shop pod/{first.metadata.name} --grace-period=5",
        "kubectl delete -n shop pod/lone --grace-period=0 --force",
    )


def test_an_edit_is_a_patch_of_what_changed() -> None:
    edited = default_deny()
    edited["spec"] = {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"]}

    assert lines_of(kwake.Apply(edited)) == (
        "kubectl patch -n shop networkpolicy/default-deny --type merge "
        """-p '{"spec":{"podSelector":{"matchLabels":{"app":"web"}}}}'""",
    )


def test_a_new_object_is_created_from_its_text() -> None:
    lines = lines_of(kwake.Apply(default_deny(name="other")))

    assert lines[0] == "kubectl create -f - <<'EOF'"
    assert "  name: other" in lines
    assert lines[-1] == "EOF"


def test_what_a_user_wrote_is_quoted() -> None:
    (line,) = lines_of(kwake.Patch("svc/shop/web", {"metadata": {"annotations": {"n": "it's; $(rm)"}}}))

    assert shlex.split(line)[-1] == '{"metadata":{"annotations":{"n":"it\'s; $(rm)"}}}'
