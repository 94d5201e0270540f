"""Messages in doubt, and what a person decides about them who has looked at the provider's log."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from nurture.app import ladder
from nurture.app.runtime import Runtime
from nurture.problems import NurtureError
from nurture.store import contacts, enrollments, messages
from nurture.store.engine import Tx
from nurture.store.repeats import LEFT, RESENT


class Word(StrEnum):
    """What somebody says of a message in doubt."""

    ARRIVED = "arrived"  # it counts as sent
    RESEND = "resend"  # it goes again, the same bytes
    DROP = "drop"  # it stays in doubt, goes no more, and nothing waits for it


@dataclass(frozen=True, slots=True)
class Doubt:
    """A message that was handed over and whose answer was lost; `holds` says that its run waits for a word, `left` that
    somebody has said to leave it."""

    id: int
    person: str
    journey: str | None
    step: str | None
    channel: str
    handed_at: datetime | None
    holds: bool
    left: bool


def doubts(runtime: Runtime) -> list[Doubt]:
    """Every message in doubt, the oldest first."""
    with runtime.store.read() as tx:
        rows = sorted(messages.doubtful(tx), key=lambda row: row["id"])
        people = contacts.rows(tx, {row["contact_id"] for row in rows})
    return [
        Doubt(
            row["id"],
            people[row["contact_id"]]["ref"],
            row["journey"],
            row["step"],
            row["channel"],
            row["handed_at"],
            row["done_at"] is None,
            row["reason"] == LEFT,
        )
        for row in rows
    ]


def settle(runtime: Runtime, ids: Collection[int], word: Word, now: datetime) -> None:
    """Do with these messages as somebody says, and let their runs go on: all of them or none.

    Raises NurtureError for a message that isn't in doubt.
    """
    with runtime.store.begin() as tx:
        found = {row["id"]: row for row in messages.doubtful(tx)}
        unknown = sorted(set(ids) - found.keys())
        if unknown:
            listed = ", ".join(map(str, unknown))
            raise NurtureError(f"not in doubt: {listed}; `nurture doubts` lists what is. Nothing was changed")
        rows = [found[message_id] for message_id in sorted(set(ids))]
        messages.lock_contacts(tx, {row["contact_id"] for row in rows})
        _settle(tx, rows, word, now)


def _settle(tx: Tx, rows: Collection[Mapping[str, Any]], word: Word, now: datetime) -> None:
    if word is Word.ARRIVED:
        messages.advance_state(tx, [row["id"] for row in rows], "accepted", ["in_doubt"])
    ladder.note(tx, [row["id"] for row in rows], f"said_{word}", now)
    for row in rows if word is not Word.ARRIVED else ():
        values = {"done_at": row["done_at"] or now, "reason": LEFT}
        if word is Word.RESEND:
            values = {"state": "scheduled", "due_at": now, "done_at": None, "reason": RESENT}
        messages.resolve(tx, row["id"], row["fence"], values)
    if word is not Word.RESEND:
        enrollments.wake(tx, [row["enrollment_id"] for row in rows if row["enrollment_id"] is not None], now)
