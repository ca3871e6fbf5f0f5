"""What is wrong, assumed or unknown, as text and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from kwake.findings import LEVELS
from kwake.objects.finding import Finding
from kwake.objects.json_patch import Change, New
from kwake_tui.text.columns import columns

VERSION = 1


def finding_lines(findings: Sequence[Finding]) -> list[str]:
    """Every finding, by level, with its place."""
    lines = [count_line(findings)]
    for level in LEVELS:
        those = [finding for finding in findings if finding.level == level]
        if those:
            lines += ["", f"{level} ({len(those)})", *_stacked(those)]
    return lines


def _stacked(findings: Sequence[Finding]) -> list[str]:
    """The subject and its place on one line, the text under it: texts are sentences, not cells; then what mends it."""
    heads = columns([[finding.subject, finding.where] for finding in findings], indent=2)
    lines: list[str] = []
    for head, finding in zip(heads, findings, strict=True):
        texts = [finding.text, *(f"fix: {fix.kubectl}" for fix in finding.fixes)]
        lines += [head, *columns([[text] for text in texts], indent=4)]
    return lines


def count_line(findings: Sequence[Finding]) -> str:
    """`2 warnings, 1 unknown, 5 assumptions`, or that there is nothing."""
    counts = Counter(finding.level for finding in findings)
    words = [f"{counts[level]} {_plural(level, counts[level])}" for level in LEVELS if counts[level]]
    return ", ".join(words) or "nothing is wrong, assumed or unknown"


def _plural(level: str, count: int) -> str:
    return f"{level}s" if count > 1 and level in ("warning", "assumption") else level


def findings_json(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings as plain values; `file` and `line` are null where there is no place."""
    return [_finding(finding) for finding in findings]


def _finding(finding: Finding) -> dict[str, Any]:
    file, _, line = finding.where.rpartition(":")
    if not line.isdigit():
        file, line = finding.where, ""
    return {
        "level": finding.level,
        "subject": finding.subject,
        "text": finding.text,
        "file": file or None,
        "line": int(line) if line else None,
        "fixes": [_fix(fix) for fix in finding.fixes],
    }


def _fix(fix: Change) -> dict[str, Any]:
    form: dict[str, Any] = {"object": str(fix.key), "patch": None, "manifest": None, "kubectl": fix.kubectl}
    if isinstance(fix, New):
        return {**form, "manifest": fix.manifest}
    return {**form, "patch": fix.patch}


def check_json(findings: Sequence[Finding], objects: int) -> dict[str, Any]:
    """The stable form of `kwake check -o json`."""
    return {"version": VERSION, "objects": objects, "findings": findings_json(findings)}
