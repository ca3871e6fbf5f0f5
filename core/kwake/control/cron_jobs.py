"""When a CronJob would make a Job, and what it would call it."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta

import msgspec

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 6))
_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_NAMES = {
    **{name.lower(): number for number, name in enumerate(calendar.month_abbr) if name},
    **{name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))},
}
_PART = re.compile(r"(\*|\?|[0-9a-z]+)(?:-([0-9a-z]+))?(?:/([0-9]{1,4}))?")
_HORIZON_DAYS = 366 * 5
"""Days looked ahead: a 29 February comes within them (but for 2100); what does not come, never does."""


class Schedule(msgspec.Struct, frozen=True):
    """A CronJob's `spec.schedule`, read (`robfig/cron`, five fields)."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    """Whether the day of the month, or that of the week, is left open: else one of the two suffices."""

    def next_after(self, moment: datetime) -> datetime | None:
        """The first minute after a moment that it names; None if there is none within five years."""
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        for _ in range(_HORIZON_DAYS):
            if day.month in self.months and self._is_on(day):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        candidate = day.replace(hour=hour, minute=minute)
                        if candidate > moment:
                            return candidate
            day += timedelta(days=1)
        return None

    def _is_on(self, day: datetime) -> bool:
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return of_month and of_week if self.any_day else of_month or of_week


def parse_schedule(text: str) -> Schedule | None:
    """The schedule, or None where it is none (the API server refuses it)."""
    words = _MACROS.get(text.strip().lower(), text.strip().lower()).split()
    if len(words) != len(_FIELDS):
        return None
    sets = [_numbers(word, name, low, high) for word, (name, low, high) in zip(words, _FIELDS, strict=True)]
    minutes, hours, days, months, weekdays = sets
    if not (minutes and hours and days and months and weekdays):
        return None
    open_day = any(word in ("*", "?") for word in (words[2], words[4]))
    return Schedule(minutes, hours, days, months, weekdays, open_day)


def job_name(cron_job: str, scheduled: datetime) -> str:
    """The name of the Job of a run: the minutes since 1970 (`k8s:pkg/controller/cronjob/utils.go` getJobName)."""
    return f"{cron_job}-{int(scheduled.timestamp()) // 60}"


def first_run(schedule: Schedule, since: datetime) -> datetime | None:
    """The first run after a moment in UTC."""
    return schedule.next_after(since.astimezone(UTC))


def _numbers(word: str, field: str, low: int, high: int) -> frozenset[int] | None:
    """The numbers that one field names; None where it is no field."""
    found: set[int] = set()
    for part in word.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            return None
        first, last, step = match[1], match[2], int(match[3] or 1)
        if first in ("*", "?"):
            begin, end = low, high
        else:
            begin = _number(first, field)
            end = _number(last, field) if last else high if match[3] else begin
        if not (low <= begin <= end <= high) or step < 1:
            return None
        found.update(range(begin, end + 1, step))
    return frozenset(found)


def _number(word: str, field: str) -> int:
    """A number, or the name of a month or weekday; -1 where it is neither."""
    if word.isdigit():
        return int(word)
    return _NAMES.get(word, -1) if field in ("month", "weekday") else -1
