"""Every change of the clocks from 2020 to 2040, in every zone, against a scan minute by minute."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from dateutil.relativedelta import relativedelta
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nurture import clock
from nurture.model import QuietHours, Span

MINUTE = timedelta(minutes=1)
EXAMPLES = int(os.environ.get("NURTURE_EXAMPLES", "300"))  # a million visits them all
Change = tuple[str, datetime]
often = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@cache
def changes() -> list[Change]:
    """Each zone with a minute when its clocks are changed; zones that always agree are one."""
    found: dict[tuple[datetime, ...], str] = {}
    for zone in sorted(available_timezones()):
        changed = _changes(info := ZoneInfo(zone))
        walls = tuple(at.astimezone(info).replace(tzinfo=None) for at in changed)
        found.setdefault((*changed, *walls), zone)
    return [(zone, at) for times, zone in found.items() for at in times[: len(times) // 2]]


def _changes(info: ZoneInfo) -> tuple[datetime, ...]:
    steps = (timedelta(days=10), timedelta(days=1), timedelta(hours=1), MINUTE)
    found = [datetime(2020, 1, 1, tzinfo=UTC)]
    for step, before in zip(steps, (timedelta(days=21 * 366), *steps), strict=False):
        found = [at for start in found for at in _changed(start, step, before, info)]
    return tuple(found)


def _changed(start: datetime, step: timedelta, over: timedelta, info: ZoneInfo) -> list[datetime]:
    """Starts of the steps in which the offset changes; of the last round, the minute with the new one."""
    times = [start + step * n for n in range(over // step + 1)]
    offsets = [at.astimezone(info).utcoffset() for at in times]
    late = step == MINUTE
    return [times[n + late] for n in range(len(times) - 1) if offsets[n] != offsets[n + 1]]


def _scan(start: datetime, holds: Callable[[datetime], bool]) -> datetime:
    while not holds(start):
        start += MINUTE
    return start


def first_at_or_after(wall: datetime, zone: str) -> datetime:
    """The first minute at which the clocks of `zone` show `wall` or have gone past it."""
    info = ZoneInfo(zone)
    start = wall.replace(tzinfo=UTC) - timedelta(hours=27)
    offset = start.astimezone(info).utcoffset() or timedelta()
    start = wall.replace(tzinfo=UTC) - offset - timedelta(hours=4)
    return _scan(start, lambda at: at.astimezone(info).replace(tzinfo=None) >= wall)


near = st.integers(-200, 200).map(lambda minutes: timedelta(minutes=minutes))
some_change = st.deferred(lambda: st.sampled_from(changes()))
spans = st.builds(Span, months=st.integers(-15, 15), days=st.integers(-40, 40), seconds=st.integers(0, 10**6))
hours = st.builds(QuietHours, st.integers(0, 1439), st.integers(0, 1439), weekends=st.booleans())
LISBON_SPRING = ("Europe/Lisbon", datetime(2026, 3, 29, 1, tzinfo=UTC))


@often
@given(change=some_change, offset=near)
@example(change=LISBON_SPRING, offset=timedelta())
def test_a_time_on_the_wall(change: Change, offset: timedelta) -> None:
    zone, at = change
    wall = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) + offset
    found = clock.at_wall(wall.date(), wall.hour * 60 + wall.minute, zone)
    assert found == first_at_or_after(wall, zone)


@often
@given(change=some_change, offset=near, span=spans)
def test_adding_up_to_a_change(change: Change, offset: timedelta, span: Span) -> None:
    zone, at = change
    start = clock.add(at + offset, Span(months=-span.months, days=-span.days), zone)
    found = clock.add(start, span, zone)
    wall = start.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
    if span.months or span.days:
        moved = wall + relativedelta(months=span.months) + timedelta(days=span.days)
        assert found == first_at_or_after(moved, zone) + timedelta(seconds=span.seconds)
    else:
        assert found == start + timedelta(seconds=span.seconds)


@often
@given(change=some_change, offset=near, quiet=hours)
def test_the_end_of_quiet_hours(change: Change, offset: timedelta, quiet: QuietHours) -> None:
    zone, at = change
    start, info = at + offset, ZoneInfo(zone)
    shut = {(quiet.start + n) % 1440 for n in range((quiet.end - quiet.start) % 1440)}

    def is_open(instant: datetime) -> bool:
        wall = instant.astimezone(info)
        weekend = quiet.weekends and wall.date().isoweekday() in (6, 7)
        return not weekend and wall.hour * 60 + wall.minute not in shut

    assert clock.next_open(start, quiet, zone) == _scan(start, is_open)


@often
@given(change=some_change, offset=near, minutes=st.integers(0, 1439))
def test_the_next_time_of_day(change: Change, offset: timedelta, minutes: int) -> None:
    zone, at = change
    found = clock.next_at(at + offset, minutes, zone)
    day: date = (at + offset).astimezone(ZoneInfo(zone)).date()
    walls = [
        datetime.combine(day, datetime.min.time()) + timedelta(days=n, minutes=minutes) for n in range(3)
    ]
    candidates = [first_at_or_after(wall, zone) for wall in walls]
    assert found == min(instant for instant in candidates if instant >= at + offset)
