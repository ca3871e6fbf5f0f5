"""When a CronJob would run, and under which name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kwake.control.cron_jobs import first_run, job_name, parse_schedule
from kwake.findings import check
from tests.core.control.objects import cluster_of

SATURDAY = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("*/5 * * * *", datetime(2000, 1, 1, 0, 5)),
        ("0 * * * *", datetime(2000, 1, 1, 1, 0)),
        ("@daily", datetime(2000, 1, 2)),
        ("30 2 * * 1-5", datetime(2000, 1, 3, 2, 30)),
        ("0 12 15 * mon", datetime(2000, 1, 3, 12, 0)),
        ("0 0 31 */2 *", datetime(2000, 1, 31)),
        ("10,40 8-10 * feb *", datetime(2000, 2, 1, 8, 10)),
        ("0 0 29 2 *", datetime(2000, 2, 29)),
        ("5/20 0 * * ?", datetime(2000, 1, 1, 0, 5)),
        ("0 0 30 2 *", None),
    ],
)
def test_the_next_run_of_a_schedule(schedule: str, expected: datetime | None) -> None:
    parsed = parse_schedule(schedule)
    assert parsed is not None
    run = first_run(parsed, SATURDAY)
    assert (run.replace(tzinfo=None) if run else None) == expected


@pytest.mark.parametrize("schedule", ["", "* * * *", "60 * * * *", "a * * * *", "5-1 * * * *", "*/0 * * * *", "@often"])
def test_what_is_no_schedule(schedule: str) -> None:
    assert parse_schedule(schedule) is None


def test_the_job_of_a_run_is_named_after_its_minute() -> None:
    assert job_name("backup", datetime(2000, 1, 1, 0, 5, tzinfo=UTC)) == "backup-15778085"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"schedule": "*/5 * * * *"}, "would make Job backup-15778085 with 2 pods at t+5:00"),
        ({"schedule": "*/5 * * * *", "suspend": True}, "is suspended"),
        ({"schedule": "often"}, "is none: it makes no Job"),
        ({"schedule": "0 0 30 2 *"}, "names no day that comes"),
    ],
)
def test_check_says_what_a_cron_job_would_make(spec: dict[str, object], words: str) -> None:
    cron = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "backup", "namespace": "shop"},
        "spec": {"jobTemplate": {"spec": {"parallelism": 2}}, **spec},
    }
    (found,) = [finding for finding in check(cluster_of(cron)) if finding.subject == "CronJob/shop/backup"]
    assert words in found.text
