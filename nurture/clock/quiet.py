"""Quiet hours: when a person is not to be disturbed."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from nurture.clock.days import is_holiday
from nurture.clock.wall import local, transition
from nurture.model import QuietHours

_DAY = timedelta(days=1)
_MIDNIGHT = time()
_LONGEST = 60  # days in a row that can be shut before the rule itself must be wrong


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


def _opens(wall: datetime, quiet: QuietHours) -> datetime:
    """The first open time on a wall clock that is never changed."""
    for _ in range(_LONGEST):
        if _shut_all_day(wall, quiet):
            wall = datetime.combine(wall + _DAY, _MIDNIGHT)
            continue
        minute = wall.hour * 60 + wall.minute
        if quiet.start <= quiet.end:
            shut = quiet.start <= minute < quiet.end
        else:
            shut = minute >= quiet.start or minute < quiet.end
        if not shut:
            return wall
        overnight = minute >= quiet.start > quiet.end
        wall = datetime.combine(wall, _MIDNIGHT) + timedelta(minutes=1440 if overnight else quiet.end)
    raise NeverOpen(f"quiet hours {quiet} never end")


def _shut_all_day(wall: datetime, quiet: QuietHours) -> bool:
    if quiet.weekends and wall.weekday() >= 5:
        return True
    return quiet.holidays is not None and is_holiday(wall.date(), quiet.holidays)
