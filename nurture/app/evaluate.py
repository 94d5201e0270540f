"""Triggers that time pulls: inactivity and dates. One statement a journey, over everybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from nurture import clock, faults
from nurture.app.runtime import Live, Runtime
from nurture.store import enrolling, journeys
from nurture.store.engine import Tx
from nurture.triggers import DateTrigger, InactivityTrigger

OVERLAP = timedelta(minutes=1)  # longer than a batch of events takes; who is in is not let in again


def evaluate(runtime: Runtime, now: datetime) -> Counter[str]:
    """Enroll whoever crossed a line since the last tick. Harmless when run twice or at once."""
    counts: Counter[str] = Counter()
    with runtime.store.read() as tx:
        names = [live.name for live in runtime.live(tx) if live.paused_at is None and _by_clock(live)]
    for name in names:
        with runtime.store.begin() as tx:
            live = next(each for each in runtime.live(tx) if each.name == name)
            if not runtime.store.alone(tx, f"evaluate.{name}") or live.paused_at is not None:
                continue
            counts["enrolled"] += enter(runtime, tx, live, now)
            faults.point("enroll.before_commit")
        faults.point("enroll.after_commit")
    return counts


def _by_clock(live: Live) -> bool:
    """Events and people start the others."""
    return isinstance(live.plan.trigger, InactivityTrigger | DateTrigger)


def enter(runtime: Runtime, tx: Tx, live: Live, now: datetime) -> int:
    """Enroll into one journey by the clock and note how far it has been looked at."""
    if live.evaluated_to is not None and now < live.evaluated_to:
        return 0  # the clock went back: what has been looked at needs no second look
    match live.plan.trigger:
        case InactivityTrigger():
            entered = enrolling.inactive(
                tx,
                runtime.criteria(tx, now),
                live.plan,
                live.version_id,
                live.evaluated_to,
                runtime.settings.global_holdout,
                _changes_from(live),
            )
        case DateTrigger() as trigger:
            entered = _dates(runtime, tx, live, trigger, now)
        case _:
            return 0  # events and people start these
    journeys.evaluated(tx, live.name, now)
    return entered


def _changes_from(live: Live) -> datetime | None:
    """From when on people's changes are looked at: a little before the last look, since an import or another
    worker may have written with an earlier time what it committed after that look."""
    if live.evaluated_to is None:
        return None
    return max(live.evaluated_to - OVERLAP, live.first_published_at)


def _dates(runtime: Runtime, tx: Tx, live: Live, trigger: DateTrigger, now: datetime) -> int:
    if live.evaluated_to is None:
        return 0  # dates that lie before the first publishing start nothing
    entered = 0
    for zone in enrolling.zones(tx):
        for day, at in _struck(trigger, zone, live.evaluated_to, now):
            entered += enrolling.on_date(
                tx,
                runtime.criteria(tx, now),
                live.plan,
                live.version_id,
                zone,
                day,
                at,
                runtime.settings.global_holdout,
            )
    return entered


def _struck(
    trigger: DateTrigger, zone: str, since: datetime, now: datetime
) -> Iterator[tuple[date, datetime]]:
    """The dates looked for whose hour struck in `zone` after `since` and by `now`, with that instant."""
    day = clock.local(since, zone).date()
    last = clock.local(now, zone).date()
    while day <= last:
        at = clock.at_wall(day, trigger.at, zone)
        if since < at <= now:
            yield day - timedelta(days=trigger.offset), at
        day += timedelta(days=1)
