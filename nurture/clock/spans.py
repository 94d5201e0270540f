"""Lengths of time and times of day, as a marketer writes them."""

from __future__ import annotations

import re
from functools import lru_cache

from nurture.limits import QuietHours
from nurture.model import Span

_SECONDS = {"second": 1, "minute": 60, "hour": 3600}
_DAYS = {"day": 1, "week": 7}
_UNITS = (*_SECONDS, *_DAYS, "month")
_SPAN = re.compile(r"([+-]?)(\d+)\s*([a-z]+)", re.IGNORECASE)
_BUSINESS = re.compile(r"(\d{1,4})\s+business\s+days?", re.IGNORECASE)
_WALL = re.compile(r"(\d{1,2}):(\d{2})")
_CENTURY = {
    "second": 3_155_760_000,
    "minute": 52_596_000,
    "hour": 876_600,
    "day": 36_525,
    "week": 5217,
    "month": 1200,
}
_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

EVERY_DAY = frozenset(range(7))
WEEKDAYS = frozenset(range(5))
WEEKENDS = EVERY_DAY - WEEKDAYS


@lru_cache(maxsize=1024)
def parse_span(text: str, *, signed: bool = False) -> Span:
    """`3 days`, `72 hours`, `1 month`: a whole number and a unit.

    `signed` allows `-7 days`. Raises ValueError, worded for the person who wrote it.
    """
    found = _SPAN.fullmatch(text.strip())
    if not found:
        raise ValueError(
            f"'{text}' is not a length of time; write a whole number and a unit, such as '3 days'"
        )
    sign, digits, unit = found[1], found[2], _unit(found[3], text)
    if sign and not signed:
        raise ValueError(f"'{text}' has a sign; a length of time here has none, such as '3 days'")
    count = int(digits) if len(digits) <= 12 else _CENTURY[unit] + 1
    if count > _CENTURY[unit]:
        raise ValueError(f"'{text}' is more than 100 years")
    return _span(-count if sign == "-" else count, unit, " ".join(text.split()))


def _unit(word: str, text: str) -> str:
    unit = word.lower().removesuffix("s")
    if unit in _UNITS:
        return unit
    if unit == "year":
        raise ValueError(f"'{text}': years are written in months, such as '12 months'")
    raise ValueError(f"'{text}': '{word}' is not a unit of time; use minutes, hours, days, weeks or months")


def _span(count: int, unit: str, text: str) -> Span:
    if unit in _SECONDS:
        return Span(seconds=count * _SECONDS[unit], text=text)
    if unit in _DAYS:
        return Span(days=count * _DAYS[unit], text=text)
    return Span(months=count, text=text)


def parse_business_days(text: str) -> int | None:
    """The count in `2 business days`; None when `text` says something else."""
    found = _BUSINESS.fullmatch(text.strip())
    return int(found[1]) if found else None


def parse_wall(text: str) -> int:
    """`09:30` in minutes of the day, 0 to 1,439. Raises ValueError, worded for the person who wrote it."""
    found = _WALL.fullmatch(text.strip())
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        raise ValueError(
            f"'{text}' is not a time of day; write hours and minutes from 00:00 to 23:59, such as '09:00'"
        )
    return int(found[1]) * 60 + int(found[2])


def parse_quiet_hours(text: str, holidays: str | None = None) -> QuietHours:
    """`22:00-07:00`, the end left out. Raises ValueError, worded for the person who wrote it."""
    start, dash, end = text.replace("–", "-").partition("-")
    if not dash:
        raise ValueError(f"'{text}' is not a period of the day; write two times, such as '22:00-07:00'")
    hours = QuietHours(parse_wall(start), parse_wall(end), holidays)
    if hours.start == hours.end:
        raise ValueError(f"'{text}' starts and ends at the same time; leave it out to have no quiet hours")
    return hours


@lru_cache(maxsize=256)
def parse_days(text: str) -> frozenset[int]:
    """`weekdays`, `weekends`, `monday, thursday`: days as `date.weekday()` numbers them.

    Raises ValueError, worded for the person who wrote it.
    """
    days: frozenset[int] = frozenset()
    for word in re.split(r"\s*,\s*|\s+and\s+|\s+", text.strip().lower()):
        days |= _days(word, text)
    return days


def say_days(days: frozenset[int]) -> str:
    """Days as `parse_days` reads them, or `every day`."""
    for word, meant in (("every day", EVERY_DAY), ("weekdays", WEEKDAYS), ("weekends", WEEKENDS)):
        if days == meant:
            return word
    return ", ".join(_DAY_NAMES[day] for day in sorted(days))


def _days(word: str, text: str) -> frozenset[int]:
    if word in ("weekdays", "weekday"):
        return WEEKDAYS
    if word in ("weekends", "weekend"):
        return WEEKENDS
    name = word.removesuffix("s")
    if name in _DAY_NAMES:
        return frozenset((_DAY_NAMES.index(name),))
    raise ValueError(
        f"'{text}' does not name days; write 'weekdays', 'weekends' or days such as 'monday, thursday'"
    )
