"""Simulated time: whole milliseconds since the snapshot was opened. There is no other clock in the core."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""What `t+0` is written as where Kubernetes wants a date. Invented, and always the same."""


def timestamp(now_ms: int) -> str:
    """Simulated time as Kubernetes writes times."""
    return (EPOCH + timedelta(milliseconds=now_ms)).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock(now_ms: int) -> str:
    """Simulated time as people read it: `0:31.0`, minutes, seconds, tenths."""
    minutes, rest = divmod(now_ms, 60_000)
    return f"{minutes}:{rest // 1000:02d}.{rest % 1000 // 100}"


def seconds(duration_ms: int) -> str:
    """A duration with its unit: `3.2 s`, `30 s`."""
    return f"{duration_ms / 1000:.1f}".removesuffix(".0") + " s"
