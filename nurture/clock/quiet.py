"""Quiet hours: when a person is not to be disturbed."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from nurture.clock.days import holiday_name, is_holiday
from nurture.clock.wall import local, transition
from nurture.limits import QuietHours, QuietWeek

_MIDNIGHT = time()
_LONGEST = 60  # turns, at most two a day, before the rule itself must be wrong
SHUT = (0, 1440)  # quiet hours of a whole day


class NeverOpen(ValueError):
    """Quiet hours that leave no time to write."""


def is_open(instant: datetime, quiet: QuietHours, zone: str) -> bool:
    """Whether a message may go out at `instant` to somebody who lives in `zone`."""
    wall = local(instant, zone).replace(tzinfo=None)
    return _opens(wall, quiet) == wall


def next_open(instant: datetime, quiet: QuietHours, zone: str) -> datetime:
    """`instant` itself outside the quiet hours, else the first minute after them.

    Raises NeverOpen for quiet hours that never end.
    """
    while True:
        wall = local(instant, zone)
        delay = _opens(naive := wall.replace(tzinfo=None), quiet) - naive
        if not delay:
            return instant
        opens = instant + delay
        if local(opens, zone).utcoffset() == wall.utcoffset():
            return opens
        instant = transition(instant, opens, zone)


def day_off(day: date, quiet: QuietHours) -> str | None:
    """Why nothing leaves on all of that day: "holiday: Christmas Day" or "weekend"; None where hours alone are quiet."""
    if quiet.holidays is not None and (name := holiday_name(day, quiet.holidays)):
        return f"holiday: {name}"
    own = None
    if isinstance(quiet, QuietWeek) and day.weekday() >= 5:
        own = quiet.saturdays if day.weekday() == 5 else quiet.sundays
    return "weekend" if day.weekday() >= 5 and (quiet.weekends or own == SHUT) else None


def _opens(wall: datetime, quiet: QuietHours) -> datetime:
    """The first open time on a wall clock that is never changed."""
    for _ in range(_LONGEST):
        start, end = _hours(wall, quiet)
        minute = wall.hour * 60 + wall.minute
        shut = start <= minute < end if start <= end else not end <= minute < start
        if not shut:
            return wall
        overnight = minute >= start > end
        wall = datetime.combine(wall, _MIDNIGHT) + timedelta(minutes=1440 if overnight else end)
    raise NeverOpen(f"quiet hours {quiet} never end")


def _hours(wall: datetime, quiet: QuietHours) -> tuple[int, int]:
    """The quiet hours of that day."""
    weekday = wall.weekday()
    if quiet.weekends and weekday >= 5:
        return SHUT
    if quiet.holidays is not None and is_holiday(wall.date(), quiet.holidays):
        return SHUT
    if weekday >= 5 and isinstance(quiet, QuietWeek):
        own = quiet.saturdays if weekday == 5 else quiet.sundays
        return own if own is not None else (quiet.start, quiet.end)
    return quiet.start, quiet.end
