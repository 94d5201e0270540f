"""The inbox has its effect: people, consent, facts, orders, then exits, waits and enrollments.

A batch is taken in rounds in which each person has at most one event, so that the result doesn't
depend on how large a batch is. For each event the order is: facts, exits, waits, enrollment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from nurture import faults
from nurture.app import breakers, canaries, effects, ends, hearing, people, segments, turns
from nurture.app.changes import Occasion
from nurture.app.runtime import Live, Runtime
from nurture.store import enrolling, enrollments, events, messages
from nurture.store.engine import Tx

BATCH = 2000
Row = dict[str, Any]


def process(runtime: Runtime, now: datetime, *, batch: int = BATCH) -> Counter[str]:
    """Work off every event that has happened by `now`. Harmless when run twice or at once."""
    counts: Counter[str] = Counter()
    while True:
        with runtime.store.begin() as tx:
            if not runtime.store.alone(tx, "process"):
                return counts
            rows = [dict(row) for row in events.unprocessed(tx, now, batch)]
            at = max(now, runtime.now())  # a long backlog is not stamped with the time at which it began
            counts.update(_process(runtime, tx, rows, at))
            waiting = events.next_due(tx)  # what this batch has told itself, too
            faults.point("feedback.before_commit")
        faults.point("feedback.after_commit")
        if waiting is None or waiting > now or runtime.stopping():
            return counts


def _process(runtime: Runtime, tx: Tx, rows: list[Row], now: datetime) -> Counter[str]:
    counts: Counter[str] = Counter(events=len(rows))
    if not rows:
        return counts
    speaking = _messages_spoken_of(tx, rows)
    journeys = runtime.live(tx)
    turns.take(runtime, tx, _started_by(journeys, {row["name"] for row in rows}))
    heard = hearing.heard(runtime, tx)
    people.identify(runtime, tx, rows, speaking, heard, now)
    for chunk in rounds([row for row in rows if row["contact_id"] is not None]):
        effects.apply(runtime, tx, chunk, speaking, heard, now)
        events.settle(
            tx,
            [
                {
                    "id": row["id"],
                    "contact_id": row["contact_id"],
                    "message_id": row["message_id"],
                    "processed_at": now,
                }
                for row in chunk
            ],
        )
        counts.update(react(runtime, tx, journeys, chunk, now))
        if runtime.segments:
            occasions = {row["contact_id"]: Occasion(row["source_id"], now, row["silent"]) for row in chunk}
            segments.look_at(runtime, tx, occasions, now)
    if stopped := canaries.watch(runtime, tx, journeys, now):
        counts["canaries stopped"] = stopped
    if (spoken_of := breakers.speaking({row["name"] for row in rows})) and (
        stopped := breakers.watch(runtime, tx, spoken_of, now)
    ):
        counts["channels stopped"] = stopped
    nobody = [row for row in rows if row["contact_id"] is None]
    events.settle(
        tx,
        [
            {"id": row["id"], "contact_id": None, "processed_at": now, "note": "no such person"}
            for row in nobody
        ],
    )
    counts["without_person"] = len(nobody)
    return counts


def _started_by(journeys: Sequence[Live], names: Collection[str]) -> list[Live]:
    """The journeys that such events let people into."""
    return [
        journey
        for journey in journeys
        if journey.paused_at is None
        and any(not way.plan.trigger.event_names.isdisjoint(names) for way in journey.ways)
    ]


def _messages_spoken_of(tx: Tx, rows: Sequence[Row]) -> Mapping[str, Mapping[str, Any]]:
    """The messages that these events name, by key."""
    keys = {row["person"]["message"] for row in rows if row["person"] and row["person"].get("message")}
    return messages.by_keys(tx, keys) if keys else {}


def rounds(rows: Sequence[Row]) -> list[list[Row]]:
    """Split so that each person occurs at most once a round, her events in their order."""
    seen: Counter[int] = Counter()
    rounds: list[list[Row]] = []
    for row in rows:
        turn = seen[row["contact_id"]]
        seen[row["contact_id"]] += 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(row)
    return rounds


def react(
    runtime: Runtime, tx: Tx, journeys: Sequence[Live], rows: Sequence[Row], now: datetime
) -> Counter[str]:
    """Exits, then waits, then enrollment."""
    counts: Counter[str] = Counter()
    touched = {row["contact_id"] for row in rows}
    names = {row["name"] for row in rows}
    listening = ends.listening(runtime, tx, names)
    if listening:
        runs = enrollments.active_of(tx, listening, touched)
        counts["exits"] = ends.resolve(runtime, tx, runs, now)
        enrollments.wake(tx, runs, now)
    counts["enrolled"] = sum(
        enrolling.by_event(
            tx,
            runtime.criteria(tx, now),
            plan,
            way.version_id,
            [row["id"] for row in rows if not row["silent"] and row["name"] == name],
            runtime.settings.global_holdout,
        )
        for journey in journeys
        if journey.paused_at is None
        for way in journey.ways
        for plan in way.plan.parts
        for name in names & plan.trigger.event_names
    )
    return counts
