"""Large clusters and storms of events: the figures of the benchmarks, held to what was promised of them."""

from __future__ import annotations

import statistics

import pytest
from benchmarks.live import compare
from benchmarks.live_watch import storm


@pytest.mark.slow
def test_a_large_cluster_is_read_much_faster_than_by_the_clients_own_models() -> None:
    """10,000 pods, 2,000 Services, 500 policies: a quarter of the time and of the memory at most."""
    found = compare(10_000, 2_000, 500)

    assert found["kwake"]["objects"] >= found["client"]["objects"]
    assert found["kwake"]["seconds"] * 4 <= found["client"]["seconds"], found
    assert found["kwake"]["MiB"] * 4 <= found["client"]["MiB"], found


@pytest.mark.slow
def test_a_storm_of_events_loses_none_and_keys_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """1,000 events a second for a minute: all told, the same objects at the end, keys answered, memory flat."""
    monkeypatch.setenv("KUBECONFIG", "")  # the storm sets its own
    found = storm(1_000, 1_000, 60)

    assert found["told"] == found["sent"] == 60_000
    assert found["same at the end"] is True
    assert isinstance(p95 := found["key p95 ms"], float)
    assert p95 < 250, found
    held = [float(mib) for mib in str(found["MiB, in time"]).split()]
    half = len(held) // 2
    assert statistics.median(held[-5:]) < 1.15 * statistics.median(held[half : half + 5]), found
