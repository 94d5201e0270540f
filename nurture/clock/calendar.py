"""Occurrences on a calendar: `every monday at 09:00`, five fields of cron, or one date and time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from nurture.clock.spans import EVERY_DAY, parse_days, parse_wall
from nurture.clock.wall import at_wall, local

DAY = timedelta(days=1)
EXAMPLES = "such as 'every monday at 09:00', 'every month on the 1st at 09:00' or '2026-12-01 09:00'"
_EVERY = re.compile(r"every (?P<days>.+?) at (?P<times>[\d:]+(?:(?:, | and )[\d:]+)*)")
_MONTHLY = re.compile(r"month on the (\d{1,2})(?:st|nd|rd|th)?")
_ONCE = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)")
_CRON = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


@dataclass(frozen=True, slots=True)
class Calendar:
    """The minutes of the day on certain days. None: any. `monthdays` and `weekdays` both given: one of them will do,
    as in cron. With `clamped` the 31st is the last day of a shorter month."""

    times: tuple[int, ...]
    weekdays: frozenset[int] | None = None  # 0 is Monday
    monthdays: frozenset[int] | None = None
    months: frozenset[int] | None = None
    once: date | None = None
    clamped: bool = False
    text: str = ""

    def on(self, day: date) -> bool:
        """Whether it occurs on this day."""
        if self.once is not None:
            return day == self.once
        if self.months is not None and day.month not in self.months:
            return False
        asked = [
            found
            for given, found in (
                (self.weekdays, self.weekdays is not None and day.weekday() in self.weekdays),
                (self.monthdays, self.monthdays is not None and self._of_month(day)),
            )
            if given is not None
        ]
        return any(asked) or not asked

    def _of_month(self, day: date) -> bool:
        assert self.monthdays is not None
        last = (day + DAY).month != day.month
        return day.day in self.monthdays or (self.clamped and last and max(self.monthdays) > day.day)

    def between(self, since: datetime, until: datetime, zone: str) -> Iterator[datetime]:
        """The occurrences after `since` and up to `until`, by the clock of `zone`, in their order."""
        day, last = local(since, zone).date(), local(until, zone).date()
        while day <= last:
            if self.on(day):
                instants = dict.fromkeys(
                    at_wall(day, minutes, zone).astimezone(UTC) for minutes in self.times
                )
                yield from (at for at in instants if since < at <= until)
            day += DAY

    def latest(self, since: datetime, until: datetime, zone: str) -> datetime | None:
        """The last occurrence after `since` and up to `until`."""
        day, first = local(until, zone).date(), local(since, zone).date()
        while day >= first:
            start = at_wall(day, 0, zone) - timedelta(microseconds=1)
            found = (
                list(self.between(max(since, start), min(until, start + 2 * DAY), zone))
                if self.on(day)
                else []
            )
            if found:
                return found[-1]
            day -= DAY
        return None


def parse_calendar(text: str) -> Calendar:
    """Read a calendar. Raises ValueError, worded for the person who wrote it."""
    words = " ".join(text.lower().split())
    if once := _ONCE.fullmatch(words.upper()):
        return Calendar((parse_wall(once[2]),), once=_date(once[1]), text=text)
    if every := _EVERY.fullmatch(words):
        times = tuple(sorted({parse_wall(each) for each in re.split(", | and ", every["times"])}))
        return _every(every["days"], times, text)
    if len(words.split()) == 5 and not words.startswith("every"):
        return _cron(words.split(), text)
    raise ValueError(f"'{text}' is no schedule: write it {EXAMPLES}")


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"'{text}' is not in the calendar") from None


def _every(days: str, times: tuple[int, ...], text: str) -> Calendar:
    if month := _MONTHLY.fullmatch(days):
        if not 1 <= int(month[1]) <= 31:
            raise ValueError(f"'{text}': no month has a day {month[1]}")
        return Calendar(times, monthdays=frozenset((int(month[1]),)), clamped=True, text=text)
    if days == "day":
        return Calendar(times, weekdays=EVERY_DAY, text=text)
    plural = {"weekday": "weekdays", "weekend": "weekends"}.get(days, days)
    return Calendar(times, weekdays=parse_days(plural.replace(" and ", ", ")), text=text)


def _cron(fields: list[str], text: str) -> Calendar:
    minutes, hours, monthdays, months, weekdays = (
        _field(field, *limits, text) for field, limits in zip(fields, _CRON, strict=True)
    )
    times = tuple(
        hour * 60 + minute
        for hour in sorted(hours if hours is not None else range(24))
        for minute in sorted(minutes if minutes is not None else range(60))
    )
    days = None if weekdays is None else frozenset((day - 1) % 7 for day in weekdays)
    return Calendar(times, days, monthdays, months, text=text)


def _field(field: str, low: int, high: int, text: str) -> frozenset[int] | None:
    """The numbers that a field of cron names; None for every one."""
    if field == "*":
        return None
    found: set[int] = set()
    for part in field.split(","):
        match = re.fullmatch(r"(\*|\d{1,2}(?:-\d{1,2})?)(?:/(\d{1,2}))?", part)
        if match is None:
            raise ValueError(f"'{field}' in '{text}': write numbers, '1-5', '1,15', '*' or '*/15'")
        first, _, last = (f"{low}-{high}" if match[1] == "*" else match[1]).partition("-")
        top = int(last or (high if match[2] else first))
        if not low <= int(first) <= top <= high or match[2] == "0":
            raise ValueError(f"'{field}' in '{text}' is outside of {low} to {high}")
        found |= set(range(int(first), top + 1, int(match[2] or 1)))
    return frozenset(found)
