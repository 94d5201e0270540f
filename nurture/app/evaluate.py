"""Triggers that time pulls: inactivity, dates and schedules, and who moved between segments. One statement each, over
everybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice

from nurture import clock, faults
from nurture.app import ab_tests, canaries, segments, turns
from nurture.app.runtime import Live, Runtime
from nurture.criteria import is_timed
from nurture.store import enrolling, inactivity, journeys
from nurture.store.engine import Tx
from nurture.triggers import BY_CLOCK, DateTrigger, EventTrigger, InactivityTrigger, ScheduleTrigger, Trigger

FAR = timedelta(days=366 * 4)  # no schedule comes round less often
OVERLAP = timedelta(minutes=1)  # longer than a batch of events takes; who is in is not let in again


def evaluate(runtime: Runtime, now: datetime) -> Counter[str]:
    """Bring segments up to date, decide A/B tests that are ripe, and enroll whoever crossed a line since the last
    tick. Harmless when run twice or at once."""
    counts: Counter[str] = Counter()
    if runtime.segments:
        counts["moved"] = segments.look(runtime, now)
    if decided := ab_tests.decide(runtime, now):
        counts["tests decided"] = decided
    with runtime.store.read() as tx:
        published = runtime.live(tx)
    if any(live.canary for live in published):
        with runtime.store.begin() as tx:
            counts["canaries stopped"] = canaries.watch(runtime, tx, runtime.live(tx), now)
    names = [live.name for live in published if live.paused_at is None and _by_clock(live)]
    for name in names:
        with runtime.store.begin() as tx:
            if not runtime.store.alone(tx, f"evaluate.{name}"):
                continue
            live = next(each for each in runtime.live(tx) if each.name == name)
            if live.paused_at is not None:
                continue
            turns.take(runtime, tx, [live])
            counts["enrolled"] += enter(runtime, tx, live, now)
            faults.point("enroll.before_commit")
        faults.point("enroll.after_commit")
    return counts


def next_due(runtime: Runtime, tx: Tx, now: datetime) -> datetime | None:
    """When time alone may next let somebody into a journey, or move people between segments: the first instant after
    `now` at which somebody will have been inactive for long enough, the hour of a trigger strikes in a zone that people
    live in, or a schedule says so."""
    triggers = [
        trigger
        for live in runtime.live(tx)
        if live.paused_at is None
        for way in live.ways
        for trigger in way.plan.trigger.parts.values()
    ]
    found = [at for trigger in triggers for at in _coming(runtime, tx, trigger, now)]
    if any(is_timed(condition) for condition in runtime.segments.values()):
        found.append(now + segments.EVERY)
    return min(found, default=None)


def _coming(runtime: Runtime, tx: Tx, trigger: Trigger, now: datetime) -> Iterator[datetime]:
    later = now + timedelta(microseconds=1)
    match trigger:
        case InactivityTrigger():
            if (at := inactivity.next_crossing(tx, trigger, now)) is not None:
                yield at
        case DateTrigger():
            for zone in enrolling.zones(tx):
                yield clock.next_at(later, trigger.at, zone)
        case ScheduleTrigger(calendar=calendar):
            yield from islice(calendar.between(now, now + FAR, runtime.settings.company.zone), 1)


def _by_clock(live: Live) -> bool:
    """Events and people start the others."""
    triggers = [each for way in live.ways for each in way.plan.trigger.parts.values()]
    return any(isinstance(trigger, BY_CLOCK) for trigger in triggers)


def enter(runtime: Runtime, tx: Tx, live: Live, now: datetime) -> int:
    """Enroll into one journey by the clock, and at its first publishing by what was before; note how far it has been
    looked at."""
    if live.evaluated_to is not None and now < live.evaluated_to:
        return 0  # the clock went back: what has been looked at needs no second look
    parts = [replace(way, plan=part) for way in live.ways for part in way.plan.parts]
    entered = sum(_enter(runtime, tx, each, now) for each in parts)
    if _by_clock(live) or any(way.plan.backfill == "at_elapsed_step" for way in live.ways):
        journeys.evaluated(tx, live.name, now)
    return entered


def _enter(runtime: Runtime, tx: Tx, live: Live, now: datetime) -> int:
    """By one of the journey's triggers."""
    criteria, holdout = runtime.criteria(tx, now), runtime.settings.global_holdout
    match live.plan.trigger:
        case InactivityTrigger():
            since = live.evaluated_to
            return enrolling.inactive(
                tx, criteria, live.plan, live.version_id, since, holdout, _changes_from(live)
            )
        case DateTrigger() as trigger:
            return _dates(runtime, tx, live, trigger, now)
        case ScheduleTrigger() as trigger:
            at = _occurred(runtime, live, trigger, now)
            return enrolling.on_schedule(tx, criteria, live.plan, live.version_id, at, holdout) if at else 0
        case EventTrigger() if live.evaluated_to is None and live.plan.backfill == "at_elapsed_step":
            return enrolling.by_history(tx, criteria, live.plan, live.version_id, holdout)
        case _:
            return 0  # events and people start these


def _occurred(runtime: Runtime, live: Live, trigger: ScheduleTrigger, now: datetime) -> datetime | None:
    """The last occurrence since the last look; what lies before the first publishing starts nothing."""
    if live.evaluated_to is None:
        return None
    return trigger.calendar.latest(live.evaluated_to, now, runtime.settings.company.zone)


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
                runtime.settings.leap_day,
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
