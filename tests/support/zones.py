"""Every change of the clocks from 2020 to 2040 in every zone, and what a scan minute by minute says about it.

The scan knows only what clocks show at an instant, which is never in doubt. What the product makes of times on the wall
is held against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
from dateutil.relativedelta import relativedelta

from nurture import clock
from nurture.clock.calendar import parse_calendar
from nurture.limits import QuietHours
from nurture.model import Span, Stay
from tests.support.plans import Known, a_run, step_of

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FIRST, LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2041, 1, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (on the wall)


@dataclass(frozen=True, slots=True)
class Change:
    """The first minute at which the clocks of a zone, and of those that always agree with it, show another offset."""

    zone: str
    at: datetime
    shift: int  # minutes; above 0 clocks are put forward
    zones: int  # how many names the zone has

    def __str__(self) -> str:
        return f"{self.zone} {self.at:%Y-%m-%d %H:%M}Z ({self.shift:+} min)"


@cache
def changes() -> list[Change]:
    """Each change, once for all zones whose clocks agree from 2020 to 2040."""
    found: dict[tuple[tuple[datetime, int, int], ...], list[str]] = {}
    for zone in sorted(available_timezones()):
        found.setdefault(tuple(_changes(ZoneInfo(zone))), []).append(zone)
    return [
        Change(names[0], at, after - before, len(names))
        for history, names in found.items()
        for at, before, after in history
    ]


def kinds() -> list[Change]:
    """Of changes by as much, at the same time of a day of the week, in a month of one sort, the first."""
    found: dict[tuple[int, datetime, int, bool], Change] = {}
    for change in changes():
        wall = change.at.astimezone(ZoneInfo(change.zone)).replace(tzinfo=None)
        time = wall.replace(year=2000, month=1, day=1)
        found.setdefault((change.shift, time, wall.weekday(), wall.month in (2, 3)), change)
    return list(found.values())


def offset(info: ZoneInfo, at: datetime) -> int:
    """Minutes by which clocks are ahead of UTC."""
    ahead = at.astimezone(info).utcoffset()
    assert ahead is not None
    minutes, seconds = divmod(ahead.days * 86_400 + ahead.seconds, 60)
    assert not seconds
    return minutes


def _changes(info: ZoneInfo) -> Iterator[tuple[datetime, int, int]]:
    """When, and the offsets before and from then on. No two lie within ten days."""
    at, before = FIRST, offset(info, FIRST)
    while at < LAST:
        start, at = at, at + 10 * DAY
        if (now := offset(info, at)) != before:
            hours = (start + HOUR * n for n in range(1, 241))
            hour = next(each for each in hours if offset(info, each) == now)
            minutes = (hour - HOUR + MINUTE * n for n in range(1, 61))
            yield next(each for each in minutes if offset(info, each) == now), before, now
            before = now


class Scan:
    """What the clocks of a zone show minute by minute, from four days before a change to ten days after it.

    Looked at so often; between two looks nothing changes, and one falls on the minute of the change.
    """

    def __init__(self, change: Change, every: timedelta = HOUR) -> None:
        self.start = change.at - 4 * DAY
        info, count = ZoneInfo(change.zone), 14 * DAY // every
        looks = [offset(info, self.start + every * n) for n in range(count)]
        offsets = np.repeat(looks, every // MINUTE)
        self.walls = np.arange(len(offsets)) + offsets + (self.start.replace(tzinfo=None) - EPOCH) // MINUTE
        self._latest = np.maximum.accumulate(self.walls)

    def instant(self, index: int) -> datetime:
        return self.start + MINUTE * int(index)

    def index(self, at: datetime) -> int:
        return (at - self.start) // MINUTE

    def wall(self, at: datetime) -> datetime:
        return EPOCH + MINUTE * int(self.walls[self.index(at)])

    def first(self, wall: datetime) -> datetime:
        """The first minute at which clocks show `wall` or have gone past it."""
        found = int(np.searchsorted(self._latest, (wall - EPOCH) // MINUTE))
        assert 0 < found < len(self.walls), "outside of the scan"
        return self.instant(found)

    def minute(self, at: datetime) -> int:
        """The minute of the day that clocks show."""
        return int(self.walls[self.index(at)] % 1440)

    def first_open(self, at: datetime, quiet: QuietHours) -> datetime:
        """The first minute from `at` on that is in no quiet hours."""
        start = self.index(at)
        walls = self.walls[start:]
        open_ = (walls - quiet.start) % 1440 >= (quiet.end - quiet.start) % 1440
        if quiet.weekends:
            open_ &= (walls // 1440 + 3) % 7 < 5  # 1970 began on a Thursday
        assert open_.any(), "outside of the scan"
        return self.instant(start + int(np.argmax(open_)))


# --- what is compared --------------------------------------------------------------------------

SPANS = (Span(days=1), Span(days=-1), Span(days=7, seconds=5400), Span(seconds=7200), Span(seconds=86_400))
BACK = (Span(days=1), Span(days=30), Span(months=1), Span(months=12, days=1))
WEEK = (clock.EVERY_DAY, clock.WEEKDAYS, clock.WEEKENDS)
NINE, NIGHT, MORNING, MIDNIGHT = 540, 1320, 420, 1440
WAITS = {only: step_of(f"- wait: 2 hours\n  only: {only}") for only in ("weekdays", "weekends", "monday")}
ON_DATE = step_of("- on_date: last_order_at\n  steps:\n    - exit: there\n")
Compared = Iterator[tuple[object, datetime, datetime]]  # what, as the product says, as the scan says


def edges(change: Change) -> list[int]:
    """Minutes before and after the change at which something could go wrong by one."""
    size = abs(change.shift)
    near = {at + by for at in (-size, 0, size) for by in (-1, 0, 1)}
    return sorted(near | {-MIDNIGHT, MIDNIGHT, -size // 2, size // 2, -121, -120, -119})


def mismatches(change: Change, scan: Scan, minutes: Iterable[int]) -> Iterator[str]:
    """Where the product says otherwise than the scan, so many minutes from the change on."""
    for by in minutes:
        for what, found, expected in compared(change, scan, change.at + MINUTE * by):
            if found != expected:
                yield f"{change}, {by:+} min: {what}: {found:%Y-%m-%d %H:%M:%S}, not {expected:%Y-%m-%d %H:%M:%S}"


def compared(change: Change, scan: Scan, at: datetime) -> Compared:
    """All that is compared at an instant near the change."""
    # had nothing changed, clocks would show the other wall: it is one that they skip or show twice
    for wall in {scan.wall(at), scan.wall(change.at - DAY) + DAY + (at - change.at)}:
        yield from _of_wall(change.zone, scan, wall)
    yield from _added(change.zone, scan, at)
    yield from _waited(change.zone, scan, at)
    edge = scan.minute(change.at)
    yield from _of_day(change.zone, scan, at, {edge, 0, NINE, MIDNIGHT - 1})
    yield from _opened(change.zone, scan, at, edge)
    yield "the change itself", clock.transition(change.at - DAY, change.at + DAY, change.zone), change.at


def _of_wall(zone: str, scan: Scan, wall: datetime) -> Compared:
    """A time on the wall: by itself, so long after another, and as a schedule has it."""
    expected = scan.first(wall)
    yield wall, clock.at_wall(wall.date(), wall.hour * 60 + wall.minute, zone), expected
    dated = Known(person={"last_order_at": wall.isoformat()})
    decision = ON_DATE.decide(a_run(arrived_at=expected - DAY, zone=zone), dated, expected - DAY)
    assert isinstance(decision.move, Stay)
    yield f"on_date {wall}", decision.move.until, expected
    for span in BACK:
        before = wall - relativedelta(months=span.months, days=span.days)
        start = before.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        shown = start.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        if shown + relativedelta(months=span.months, days=span.days) == wall:
            yield f"{span} up to {wall}", clock.add(start, span, zone), expected
    daily = parse_calendar(f"every day at {wall:%H:%M}")
    for found in daily.between(expected - DAY / 2, expected + DAY / 2, zone):
        yield f"a schedule {daily.text}", found, expected


def _added(zone: str, scan: Scan, at: datetime) -> Compared:
    for span in SPANS:
        start = scan.first(scan.wall(at) + span.days * DAY) if span.days else at
        yield f"{span} after {at}", clock.add(at, span, zone), start + timedelta(seconds=span.seconds)


def _waited(zone: str, scan: Scan, at: datetime) -> Compared:
    """`wait` with `only`: on an allowed day at once, else at the same time on the next one."""
    end = at + 2 * HOUR
    wall = scan.wall(end)
    for only, step in WAITS.items():
        days = (wall + n * DAY for n in range(8))
        day = next(each for each in days if each.weekday() in clock.parse_days(only))
        decision = step.decide(a_run(arrived_at=at, zone=zone), Known(), at)
        assert isinstance(decision.move, Stay)
        yield f"wait 2 hours, only {only}", decision.move.until, end if day == wall else scan.first(day)


def _of_day(zone: str, scan: Scan, at: datetime, times: Iterable[int]) -> Compared:
    """The next time of day on an allowed day, not before `at`."""
    midnight = scan.wall(at).replace(hour=0, minute=0)
    for minutes, only in product(times, WEEK):
        days = [midnight + n * DAY for n in range(8)]
        hours = (scan.first(each + MINUTE * minutes) for each in days if each.weekday() in only)
        expected = next(hour for hour in hours if hour >= at)
        yield f"the next {minutes} on {sorted(only)}", clock.next_at(at, minutes, zone, only), expected


def _opened(zone: str, scan: Scan, at: datetime, edge: int) -> Compared:
    """The end of quiet hours that begin or end at the change."""
    hours = ((NIGHT, edge), (edge, MORNING), (edge - 1, edge), (edge, edge - 1))
    for (start, end), weekends in product(hours, (False, True)):
        quiet = QuietHours(start % MIDNIGHT, end % MIDNIGHT, weekends=weekends)
        yield quiet, clock.next_open(at, quiet, zone), scan.first_open(at, quiet)
