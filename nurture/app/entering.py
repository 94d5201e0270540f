"""Letting people into a journey by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nurture import faults
from nurture.app import explain, turns
from nurture.app.changes import OURS, Occasion, own_event
from nurture.app.hearing import heard
from nurture.app.ingest import plain
from nurture.app.runtime import Live, Runtime
from nurture.app.starting import NAME as STARTED
from nurture.compiler.by_hand import by_hand_of, needs_event, taken
from nurture.compiler.plan import Plan
from nurture.model import Field, Json, Truth
from nurture.problems import NurtureError, nearest
from nurture.steps.update import WORDS, read
from nurture.store import asking, contacts, enrolling, enrollments, events, messages
from nurture.store.engine import Tx
from nurture.triggers import Trigger


@dataclass(frozen=True, slots=True)
class Entry:
    """What entering would do with one person: `enters`, into the control group where she is `held_out`; else why not,
    with what was looked at."""

    person: str
    enters: bool
    held_out: bool = False
    why: str = ""
    truth: Truth | None = None


class NotLive(NurtureError):
    """No such journey is published."""


class Unknown(NurtureError):
    """Nobody is known by this name."""


class Closed(NurtureError):
    """The journey is paused, or begins only with its event."""


class Misfit(NurtureError):
    """What a request brings is not what the journey takes, or belongs to another request."""


class _Refused(Exception):
    """Takes back what was written of an entry that was refused."""


def rehearse(runtime: Runtime, journey: str, people: list[str], now: datetime) -> list[Entry]:
    """What `enter_by_hand` would do, person by person. Changes nothing, and raises NurtureError as that does."""
    with runtime.store.rehearse() as tx:
        live, found = _asked(runtime, tx, journey, people)
        rows = {person: row for person, row in found.items() if row is not None}
        before = {
            run["id"] for row in rows.values() for run in enrollments.of_contact(tx, row["id"], journey)
        }
        why = {
            person: _why_not(runtime, tx, live.way_of(row["ref"]), row, now) for person, row in rows.items()
        }
        _enter(runtime, tx, live, rows.values(), now)
        entries: list[Entry] = []
        for person, row in rows.items():
            runs = enrollments.of_contact(tx, row["id"], journey)
            made = [run for run in runs if run["id"] not in before]
            entries.append(Entry(person, True, made[0]["status"] == "held_out") if made else why[person])
            before |= {run["id"] for run in made}
        return entries


def enter_by_hand(runtime: Runtime, journey: str, people: list[str], now: datetime) -> int:
    """Enroll these people (ref, e-mail address or phone) into a live journey; how many entered.

    All or none: raises NurtureError for a journey that isn't live, is paused or needs its event, and for people who aren't
    known.
    """
    with runtime.store.begin() as tx:
        live, found = _asked(runtime, tx, journey, people)
        turns.take(runtime, tx, [live], by_hand=True)
        entered = _enter(runtime, tx, live, [row for row in found.values() if row is not None], now)
        faults.point("enroll.before_commit")
    faults.point("enroll.after_commit")
    return entered


def enter_by_request(
    runtime: Runtime, journey: str, person: str, key: str, values: Mapping[str, Json], now: datetime
) -> Entry:
    """Enroll one person for a request that may come again: with the same `key` it enters nobody twice, and is answered
    as the first time. `values` are what the journey's `manual` trigger takes.

    Raises NotLive, Unknown, Closed or Misfit.
    """
    entry: Entry | None = None
    try:
        with runtime.store.begin() as tx:
            entry = _by_request(runtime, tx, journey, person, key, values, now)
            if not entry.enters:
                raise _Refused
            faults.point("enroll.before_commit")
    except _Refused:
        pass
    else:
        faults.point("enroll.after_commit")
    assert entry is not None
    return entry


def _by_request(
    runtime: Runtime, tx: Tx, journey: str, person: str, key: str, values: Mapping[str, Json], now: datetime
) -> Entry:
    if (before := _before(runtime, tx, journey, person, key)) is not None:
        return before
    live, found = _asked(runtime, tx, journey, [person])
    row = found[person]
    assert row is not None
    turns.take(runtime, tx, [live], by_hand=True)
    way = live.way_of(row["ref"])
    payload = _typed(taken(by_hand_of(way.plan)), values, runtime.settings.company.zone)
    occasion = Occasion(_occasion(journey, key), now)
    event = own_event(STARTED, row["id"], row["ref"], occasion, plain(payload), heard(runtime, tx), now)
    if events.append(tx, [event]):
        event_id = events.id_of(tx, event["source"], event["source_id"])
        if not _enter(runtime, tx, live, [row], now, occasion.source_id, event_id):
            return _why_not(runtime, tx, way, row, now)
    entered = _before(
        runtime, tx, journey, person, key
    )  # also where another request with this key was quicker
    assert entered is not None
    return entered


def _before(runtime: Runtime, tx: Tx, journey: str, person: str, key: str) -> Entry | None:
    """What a request with this key came to; None: it let nobody in."""
    event_id = events.known_as(tx, OURS, _occasion(journey, key))
    if event_id is None:
        return None
    row = contacts.by_anything(tx, person, runtime.settings.company.country)
    run = enrollments.started_by(tx, row["id"], journey, event_id) if row is not None else None
    if row is None or run is None:
        raise Misfit("a request with this key let somebody else in; each has a key of its own")
    return Entry(row["ref"], True, run["status"] == "held_out")


def _occasion(journey: str, key: str) -> str:
    return f"enter:{journey}:{key}"


def _typed(fields: Mapping[str, Field], values: Mapping[str, Json], zone: str) -> dict[str, Json]:
    """The values by the types that the journey names. Raises Misfit for another name or type."""
    found = {}
    for name, value in values.items():
        if name not in fields:
            near = nearest(name, fields)
            hint = f"did you mean {near!r}?" if near else f"it takes {', '.join(fields) or 'nothing'}"
            raise Misfit(f"the journey takes no {name!r}; {hint}")
        try:
            found[name] = read(fields[name], value, zone)
        except (ValueError, OverflowError):
            raise Misfit(f"the journey wants {WORDS[fields[name].type]} as {name!r}") from None
    return found


def _asked(
    runtime: Runtime, tx: Tx, journey: str, people: list[str]
) -> tuple[Live, dict[str, Mapping[str, Any] | None]]:
    live = {each.name: each for each in runtime.live(tx)}
    if journey not in live:
        near = nearest(journey, live)
        raise NotLive(
            f"no journey called {journey!r} is live" + (f"; did you mean {near!r}?" if near else "")
        )
    if live[journey].paused_at is not None:
        raise Closed(f"{journey!r} is paused, so nobody enters; `nurture resume {journey}` lets it go on")
    for way in live[journey].ways:
        _check(by_hand_of(way.plan).trigger, journey)
    found = {person: contacts.by_anything(tx, person, runtime.settings.company.country) for person in people}
    unknown = [person for person, row in found.items() if row is None]
    if unknown:
        raise Unknown(f"nobody known as {', '.join(unknown)}; nobody entered")
    return live[journey], found


def _enter(
    runtime: Runtime,
    tx: Tx,
    live: Live,
    rows: Iterable[Mapping[str, Any]],
    now: datetime,
    occasion: str = "",
    event_id: int | None = None,
) -> int:
    """Let these people in; how many entered. Their rows are held: of two who let in the same person at once, the second
    sees the run that the first began."""
    ids = [row["id"] for row in rows]
    messages.lock_contacts(tx, ids)
    return sum(
        enrolling.by_hand(
            tx,
            runtime.criteria(tx, now),
            by_hand_of(way.plan),
            way.version_id,
            ids,
            occasion or now.isoformat(),
            now,
            runtime.settings.global_holdout,
            event_id,
        )
        for way in live.ways
    )


def _why_not(runtime: Runtime, tx: Tx, way: Live, row: Mapping[str, Any], now: datetime) -> Entry:
    """Why the journey refuses somebody, if it does."""
    ref, plan = row["ref"], by_hand_of(way.plan)
    if row["erased_at"] is not None:
        return Entry(ref, False, why="was erased")
    condition = plan.trigger.where
    truth = asking.about_contact(tx, runtime.criteria(tx, now), condition, row["id"]) if condition else None
    if condition is not None and truth is not None and not truth.value:
        text, seen = explain.first_failed(condition, truth)
        return Entry(ref, False, why=f"this does not hold: {text}", truth=seen)
    runs = enrollments.of_contact(tx, row["id"], way.name)
    if any(run["status"] == "active" for run in runs):
        return Entry(ref, False, why="is inside already")
    if any(run["status"] == "held_out" for run in runs):
        return Entry(ref, False, why="is in its control group")
    if not runs:
        return Entry(ref, False, why="is named twice")
    return Entry(ref, False, why=f"was inside before, and 'reentry' is {_reentry(plan)}")


def _reentry(plan: Plan) -> str:
    if plan.reentry is None:
        return "never"
    after = f"after {plan.reentry.after.text}" if plan.reentry.after else "always"
    return f"{after}, at most {plan.reentry.at_most} times" if plan.reentry.at_most else after


def _check(trigger: Trigger, journey: str) -> None:
    """Raises NurtureError where a run can't begin without the event that starts it."""
    if needs_event(trigger):
        looked_at = (
            f"its key is 'trigger.{trigger.key}'" if trigger.key else "its 'where' looks at that event"
        )
        raise Closed(
            f"nobody enters {journey!r} by hand: it starts {trigger.describe()}, and {looked_at}; "
            "send the event, or publish a journey with 'manual: true'"
        )
