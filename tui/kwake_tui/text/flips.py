"""What would turn an outcome, as text and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kwake.objects.json_patch import Change, Fix
from kwake.policy.flip import Flip, spelled
from kwake.sources.yaml_writer import to_yaml
from kwake_tui.sureness import sure_words
from kwake_tui.text.columns import columns

SHOWN = 4
"""Other effects of an edit that text lists; of more it tells how many."""


def flip_lines(flips: Sequence[Flip]) -> list[str]:
    """Each edit with the command that makes it, and what else it opens and closes."""
    if not flips:
        return ["", "no edit of policies or labels turns this, as far as kwake knows"]
    lines = ["", "what would turn it"]
    for number, flip in enumerate(flips, 1):
        after = "passes" if flip.allowed else "is dropped"
        lines += columns([[f"{number}  {flip.words}: it {after}{sure_words(flip.basis)}"]], indent=2)
        lines += columns([[line] for change in flip.changes for line in command(change)], indent=5)
        lines += columns([[line] for line in effects(flip)], indent=5)
    return lines


def command(change: Change) -> list[str]:
    """What makes a change in a real cluster."""
    if isinstance(change, Fix):
        return [change.kubectl]
    return ["kubectl apply -f - <<'EOF'", *to_yaml(change.manifest).splitlines(), "EOF"]


def effects(flip: Flip) -> list[str]:
    """What else it opens and closes; that there is nothing else, too."""
    lines = [f"also {spelled(change)}" for change in flip.also.changes[:SHOWN]]
    if len(flip.also.changes) > SHOWN:
        lines.append(f"also {len(flip.also.changes) - SHOWN} pairs of workloads more")
    if flip.also.unknown:
        lines.append(f"whether it changes {len(flip.also.unknown)} other pairs of workloads is not known")
    return lines or ["nothing else opens or closes"]


def flips_json(flips: Sequence[Flip]) -> list[dict[str, Any]]:
    """The stable form of `flips` in `kwake trace --flip -o json`."""
    return [
        {
            "text": flip.words,
            "verdict": "allowed" if flip.allowed else "denied",
            "basis": flip.basis.value,
            "changes": [_change(change) for change in flip.changes],
            "also": [change.as_form() for change in flip.also.changes],
            "unknown": [{"src": u.src, "dst": u.dst, "reason": u.reason} for u in flip.also.unknown],
        }
        for flip in flips
    ]


def _change(change: Change) -> dict[str, Any]:
    form: dict[str, Any] = {"object": str(change.key), "patch": None, "manifest": None}
    if isinstance(change, Fix):
        form["patch"] = change.patch
    else:
        form["manifest"] = change.manifest
    return {**form, "kubectl": "\n".join(command(change))}
