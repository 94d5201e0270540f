"""Letting people into a journey by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nurture import faults
from nurture.app import explain
from nurture.app.runtime import Live, Runtime
from nurture.compiler.by_hand import by_hand_of, needs_event
from nurture.compiler.plan import Plan
from nurture.model import Truth
from nurture.problems import NurtureError, nearest
from nurture.store import asking, contacts, enrolling, enrollments
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


class _RolledBack(Exception):
    """Ends a rehearsal."""


def rehearse(runtime: Runtime, journey: str, people: list[str], now: datetime) -> list[Entry]:
    """What `enter_by_hand` would do, person by person. Changes nothing, and raises NurtureError as that does."""
    entries: list[Entry] = []
    try:
        with runtime.store.begin() as tx:
            live, found = _asked(runtime, tx, journey, people)
            rows = {person: row for person, row in found.items() if row is not None}
            before = {
                run["id"] for row in rows.values() for run in enrollments.of_contact(tx, row["id"], journey)
            }
            why = {
                person: _why_not(runtime, tx, live.way_of(row["ref"]), row, now)
                for person, row in rows.items()
            }
            _enter(runtime, tx, live, rows.values(), now)
            for person, row in rows.items():
                made = [
                    run for run in enrollments.of_contact(tx, row["id"], journey) if run["id"] not in before
                ]
                entries.append(Entry(person, True, made[0]["status"] == "held_out") if made else why[person])
                before |= {run["id"] for run in made}
            raise _RolledBack
    except _RolledBack:
        return entries


def enter_by_hand(runtime: Runtime, journey: str, people: list[str], now: datetime) -> int:
    """Enroll these people (ref, e-mail address or phone) into a live journey; how many entered.

    All or none: raises NurtureError for a journey that isn't live, is paused or needs its event, and for people who aren't
    known.
    """
    with runtime.store.begin() as tx:
        live, found = _asked(runtime, tx, journey, people)
        entered = _enter(runtime, tx, live, [row for row in found.values() if row is not None], now)
        faults.point("enroll.before_commit")
    faults.point("enroll.after_commit")
    return entered


def _asked(
    runtime: Runtime, tx: Tx, journey: str, people: list[str]
) -> tuple[Live, dict[str, Mapping[str, Any] | None]]:
    live = {each.name: each for each in runtime.live(tx)}
    if journey not in live:
        near = nearest(journey, live)
        raise NurtureError(
            f"no journey called {journey!r} is live" + (f"; did you mean {near!r}?" if near else "")
        )
    if live[journey].paused_at is not None:
        raise NurtureError(
            f"{journey!r} is paused, so nobody enters; `nurture resume {journey}` lets it go on"
        )
    for way in live[journey].ways:
        _check(by_hand_of(way.plan).trigger, journey)
    found = {person: contacts.by_anything(tx, person, runtime.settings.company.country) for person in people}
    unknown = [person for person, row in found.items() if row is None]
    if unknown:
        raise NurtureError(f"nobody known as {', '.join(unknown)}; nobody entered")
    return live[journey], found


def _enter(runtime: Runtime, tx: Tx, live: Live, rows: Iterable[Mapping[str, Any]], now: datetime) -> int:
    ids = [row["id"] for row in rows]
    return sum(
        enrolling.by_hand(
            tx,
            runtime.criteria(tx, now),
            by_hand_of(way.plan),
            way.version_id,
            ids,
            now.isoformat(),
            now,
            runtime.settings.global_holdout,
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
        raise NurtureError(
            f"nobody enters {journey!r} by hand: it starts {trigger.describe()}, and {looked_at}; "
            "send the event, or publish a journey with 'manual: true'"
        )
