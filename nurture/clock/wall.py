"""Instants and the clock on a person's wall, across the changes of summer time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nurture.clock.days import is_holiday
from nurture.clock.spans import EVERY_DAY
from nurture.model import LeapDay, Span

_MIDNIGHT = time()
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@lru_cache(maxsize=1024)
def zone_info(zone: str) -> ZoneInfo:
    """The zone that IANA calls `zone`. Raises ValueError for a name that it does not have."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        raise ValueError(f"'{zone}' is not a time zone; write one such as 'America/Sao_Paulo'") from unknown


def local(instant: datetime, zone: str) -> datetime:
    """`instant` as the clocks of `zone` show it."""
    return instant.astimezone(zone_info(zone))


@lru_cache(maxsize=16_384)
def at_wall(day: date, minutes: int, zone: str) -> datetime:
    """The instant when the clocks of `zone` show `minutes` (of the day) on `day`, as `on_wall` says."""
    return on_wall(datetime.combine(day, _MIDNIGHT) + timedelta(minutes=minutes), zone)


def on_wall(wall: datetime, zone: str) -> datetime:
    """The instant when the clocks of `zone` show `wall`, a time without a zone.

    Where clocks are put forward over that time, the first instant after the gap; where they are put back
    and show it twice, the first.
    """
    info = zone_info(zone)
    instant = wall.replace(tzinfo=info, fold=0).astimezone(UTC)
    if instant.astimezone(info).replace(tzinfo=None) == wall:
        return instant
    return transition(wall.replace(tzinfo=info, fold=1).astimezone(UTC), instant, zone)


def transition(after: datetime, until: datetime, zone: str) -> datetime:
    """The first second after `after`, at most `until`, when the offset of `zone` is no longer that at `after`."""
    info = zone_info(zone)
    offset = after.astimezone(info).utcoffset()
    low, high = after.replace(microsecond=0), until
    while high - low > _SECOND:
        middle = low + timedelta(seconds=(high - low) // _SECOND // 2)
        if middle.astimezone(info).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high


def add(instant: datetime, span: Span, zone: str, leap_day: LeapDay = LeapDay.FEBRUARY_28) -> datetime:
    """`instant` + `span`: months, then days keep the time on the wall of `zone`, then seconds elapse.

    31 January + 1 month is the last day of February; whole years after 29 February are where `leap_day` keeps it.
    Raises OverflowError past the year 9999.
    """
    if span.months or span.days:
        wall = local(instant, zone).replace(tzinfo=None, fold=0)
        day = _add_months(wall.date(), span.months, leap_day) + timedelta(days=span.days)
        instant = on_wall(datetime.combine(day, wall.time()), zone)
    return instant + timedelta(seconds=span.seconds) if span.seconds else instant


def _add_months(day: date, months: int, leap_day: LeapDay) -> date:
    if not months:
        return day
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        raise OverflowError("date value out of range")
    last = 31 if month == 11 else (date(year, month + 2, 1) - _DAY).day
    if day.day > last and months % 12 == 0 and leap_day is LeapDay.MARCH_1:
        return date(year, 3, 1)
    return date(year, month + 1, min(day.day, last))


def next_at(
    instant: datetime, minutes: int, zone: str, only: frozenset[int] = EVERY_DAY, holidays: str | None = None
) -> datetime:
    """The first instant, not before `instant`, at `minutes` of an allowed day in `zone`.

    `only` holds days as `date.weekday()` numbers them and is not empty; the holidays of a region such as
    "BR-SP" are left out.
    """
    day = local(instant, zone).date()
    while not _allowed(day, only, holidays) or at_wall(day, minutes, zone) < instant:
        day += _DAY
    return at_wall(day, minutes, zone)


def _allowed(day: date, only: frozenset[int], holidays: str | None) -> bool:
    return day.weekday() in only and not (holidays and is_holiday(day, holidays))


def add_business(instant: datetime, days: int, zone: str, holidays: str | None = None) -> datetime:
    """`days` business days later at the same time on the wall of `zone`.

    Counted are the days after that of `instant`, without weekends and without the holidays of the region.
    """
    wall = local(instant, zone).replace(tzinfo=None, fold=0)
    day = wall.date()
    while days > 0:
        day += _DAY
        days -= day.weekday() < 5 and not (holidays and is_holiday(day, holidays))
    return instant if day == wall.date() else on_wall(datetime.combine(day, wall.time()), zone)


def jitter(instant: datetime, fraction: float, over: timedelta) -> datetime:
    """`instant` put off by a part of `over`: spreads what would otherwise leave at once.

    `fraction`, in [0, 1), comes from a stable hash, so that a replay gives the same instant.
    """
    return instant + over * fraction
