"""The outbox: one row a message, from the step that wrote it to what came back.

A lease carries a fence number. Whoever acts on a leased message names the fence that it was given,
and what the statement doesn't return was no longer its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from nurture.store import bulk, reading
from nurture.store.canaries import HELD
from nurture.store.direct import Direct
from nurture.store.engine import Tx, is_dead
from nurture.store.repeats import ENDED, PERHAPS
from nurture.store.tables import attempts, contacts, events, journeys, messages

READY = ("scheduled", "deferred")
# Literal states, so that the partial index over them serves.
WAITING = messages.c.state.in_([sa.literal_column(f"'{state}'") for state in READY])
OPEN = ("scheduled", "leased", "deferred")
HANDED = ("handover", "accepted", "delivered", "bounced", "complained", "in_doubt")


_PAUSED = sa.select(journeys.c.name).where(journeys.c.paused_at.is_not(None))
NOT_PAUSED = sa.and_(
    sa.or_(messages.c.journey.is_(None), messages.c.journey.not_in(_PAUSED)),
    sa.or_(messages.c.version_id.is_(None), messages.c.version_id.not_in(HELD)),
)


def write(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put new messages into the outbox, with what the gate said of those that it put off. A key that is there already
    is an error."""
    bulk.insert(tx, messages, rows)
    later = {row["key"]: row for row in rows if row.get("reason") and row["state"] == "scheduled"}
    if later:
        ids = tx.execute(_IDS, {"keys": later}).all()
        told = ((id_, later[key]) for id_, key in ids)
        note(
            tx,
            [
                (id_, 0, row["planned_at"], GATE, row["reason"], row["due_at"].isoformat())
                for id_, row in told
            ],
        )


GATE, SETTLED = "gate", "settled"  # what the gate said, how a doubt ended: in a history, but no attempts
_IDS = sa.select(messages.c.id, messages.c.key).where(bulk.given(messages.c.key, "keys"))


def give_back(tx: Tx, held: Collection[tuple[int, int]]) -> None:
    """Return leased messages, each (id, fence), that never left."""
    free = {"state": "scheduled", "lease_owner": None, "lease_until": None}
    rows = [{"id": message_id, "fence": fence, **free} for message_id, fence in held]
    bulk.update_if(tx, messages, rows, key=("id", "fence"), guard="t.state IN ('leased', 'handover')")


@dataclass(frozen=True, slots=True)
class Lapsed:
    """Messages whose worker is gone: given back, and in doubt."""

    returned: int
    in_doubt: list[int]


def reclaim(tx: Tx, clock: datetime, now: datetime) -> Lapsed:
    """Take messages from workers that died or whose lease ran out in real time (`clock`).

    What had not been marked goes back to the queue; what had may have arrived and is in doubt.
    """
    held = [_Held(*row) for row in _HELD.all(tx)]
    gone = [row for row in held if row.lease_until <= clock or is_dead(row.lease_owner)]
    returned = _release(tx, gone, "leased", {"state": "scheduled"})
    lost_with_them = {"state": "in_doubt", "reason": "worker_lost", "done_at": now}
    doubt = _release(tx, gone, "handover", lost_with_them)
    tries = {row.id: row.attempts for row in gone}
    lost = "the worker was lost while sending"
    note(tx, [(message_id, tries[message_id], now, "in_doubt", "", lost) for message_id in doubt])
    return Lapsed(len(returned), doubt)


class _Held(NamedTuple):
    """A message that a worker has."""

    id: int
    state: str
    fence: int
    lease_owner: str
    lease_until: datetime
    attempts: int


# Said as the index has it: else SQLite looks through every message.
_IN_HANDS = messages.c.state.in_(
    [sa.literal_column(f"'{state}'") for state in ("leased", "handover", "in_doubt")]
)
_HELD = Direct(
    sa.select(*(messages.c[name] for name in _Held._fields)).where(
        _IN_HANDS, messages.c.state != sa.literal_column("'in_doubt'")
    )
)


def _release(tx: Tx, gone: Sequence[_Held], state: str, values: Mapping[str, Any]) -> list[int]:
    """Those of them in this state that nobody has taken meanwhile: who writes about one is alive, and isn't waited for."""
    wanted = {(row.id, row.fence) for row in gone if row.state == state}
    still = _STILL.all(tx, ids=[id_ for id_, _ in wanted], held_as=state) if wanted else ()
    ids = [id_ for id_, fence in still if (id_, fence) in wanted]
    if not ids:
        return []
    released = tx.execute(
        sa.update(messages)
        .where(bulk.in_ids(tx, messages.c.id, ids), messages.c.state == state)
        .values(lease_owner=None, lease_until=None, **values)
        .returning(messages.c.id)
    )
    return list(released.scalars())


_STILL = Direct(
    sa.select(messages.c.id, messages.c.fence)
    .where(bulk.given(messages.c.id), messages.c.state == sa.bindparam("held_as", type_=sa.Text))
    .with_for_update(skip_locked=True)
)


def mark_handover(tx: Tx, marks: Sequence[Mapping[str, Any]]) -> set[int]:
    """The mark before the bodies leave. Each mark has id, fence and the columns kept with it.

    Returns the ids that were ours to mark; the others must not be sent.
    """
    rows = [{**mark, "state": "handover"} for mark in marks]
    marked = bulk.update_if(
        tx, messages, rows, key=("id", "fence"), guard="t.state = 'leased'", add="attempts = t.attempts + 1"
    )
    return {message_id for (message_id,) in marked}


def settle(tx: Tx, outcomes: Sequence[Mapping[str, Any]]) -> dict[int, int | None]:
    """Write what became of leased messages. Each outcome has id, fence, state, reason, due_at, done_at,
    accepted_at, provider_id, attempts, and for the history outcome, code, detail and at (no outcome: no entry).

    Returns the messages that were ours, by id, with their runs.
    """
    columns = (
        "id",
        "fence",
        "state",
        "reason",
        "due_at",
        "done_at",
        "accepted_at",
        "provider_id",
        "attempts",
    )
    settled = bulk.update_if(
        tx,
        messages,
        [{**{c: o[c] for c in columns}, "lease_owner": None, "lease_until": None} for o in outcomes],
        key=("id", "fence"),
        guard="t.state IN ('leased', 'handover', 'in_doubt')",
        returning=("id", "enrollment_id"),
    )
    ours: dict[int, int | None] = dict(settled)
    attempted = [o for o in outcomes if o["id"] in ours and o["outcome"]]  # or the gate said something new
    note(tx, [(o["id"], o["attempts"], o["at"], o["outcome"], o["code"], o["detail"]) for o in attempted])
    return ours


def note(tx: Tx, notes: Sequence[tuple[int, int, datetime, str, str, str]]) -> None:
    """Append to the history of attempts: message, number, when, what came of it, the provider's code and words."""
    columns = ("message_id", "number", "at", "outcome", "code", "detail")
    bulk.insert(tx, attempts, [dict(zip(columns, note, strict=True)) for note in notes])


def of_step(tx: Tx, step: str, runs: Collection[int]) -> dict[int, list[Mapping[str, Any]]]:
    """The messages of a step, by run."""
    by_run: dict[int, list[Mapping[str, Any]]] = {}
    for row in _OF_STEP.rows(tx, ids=runs, at_step=step):
        by_run.setdefault(row["enrollment_id"], []).append(row)
    return by_run


_OF_STEP = Direct(
    sa.select(
        messages.c.enrollment_id, messages.c.slot, messages.c.state, messages.c.done_at, messages.c.reason
    )
    .where(bulk.given(messages.c.enrollment_id), messages.c.step == sa.bindparam("at_step"))
    .order_by(messages.c.enrollment_id, messages.c.slot)
)


class Sent(NamedTuple):
    """A marketing or survey message that counts towards caps."""

    key: str
    journey: str | None
    channel: str
    at: datetime  # when it was handed over


def recent(tx: Tx, contact_ids: Collection[int], since: datetime) -> dict[int, list[Sent]]:
    """What caps count of these people since then. What goes again counts too: the first may have arrived."""
    by_contact: dict[int, list[Sent]] = {}
    for contact_id, *sent in _RECENT.all(tx, ids=contact_ids, since=since):
        by_contact.setdefault(contact_id, []).append(Sent(*sent))
    return by_contact


_RECENT = Direct(
    sa.select(
        messages.c.contact_id,
        messages.c.key,
        messages.c.journey,
        messages.c.channel,
        messages.c.handed_at,
    )
    .where(
        bulk.given(messages.c.contact_id),
        messages.c.handed_at > sa.bindparam("since"),
        messages.c["class"] != "transactional",
        sa.or_(messages.c.state.in_([sa.literal_column(f"'{state}'") for state in HANDED]), PERHAPS),
    )
    .order_by(messages.c.handed_at)
)


def lock_contacts(tx: Tx, ids: Collection[int]) -> None:
    """Hold these people's rows: an opt-out or another worker's cap waits for us, or we for it.

    On SQLite the transaction is the only writer already.
    """
    if tx.dialect.name == "postgresql":
        _LOCK_CONTACTS.run(tx, ids=ids)


def lock(tx: Tx, people: Collection[int], names: Collection[str]) -> None:
    """Hold these people's rows, and then these journeys as they are: whoever pauses one waits until we have
    committed."""
    if tx.dialect.name == "postgresql":
        _LOCK.run(tx, ids=people, names=names)


_CONTACTS = (
    sa.select(contacts.c.id)
    .where(bulk.given(contacts.c.id))
    .order_by(contacts.c.id)
    .with_for_update(key_share=True)
)
_JOURNEYS = (
    sa.select(journeys.c.name)
    .where(bulk.given(journeys.c.name, "names"))
    .order_by(journeys.c.name)
    .with_for_update(read=True)
)
_LOCK_CONTACTS = Direct(_CONTACTS)
# One value after the other, so the people come first.
_LOCK = Direct(
    sa.select(
        *[
            sa.select(sa.func.count()).select_from(chosen.cte(name)).scalar_subquery()
            for name, chosen in (("people", _CONTACTS), ("held", _JOURNEYS))
        ]
    )
)


def being_settled(tx: Tx, runs: Collection[int]) -> set[int]:
    """Those of these runs, which wait for a message, that somebody else is just writing about, or has written meanwhile.
    He saw runs that were due already, and woke nobody. The others' messages are held until we have committed."""
    if tx.dialect.name != "postgresql":
        return set()  # only one writes at a time
    unsettled = {(run, id_) for run, id_ in _UNSETTLED.all(tx, ids=runs)}
    held = {(run, id_) for run, id_ in _UNSETTLED_HELD.all(tx, ids=runs)}
    return set(runs) - {run for run, _ in held} | {run for run, _ in unsettled - held}


_UNSETTLED_OF = sa.select(messages.c.enrollment_id, messages.c.id).where(
    bulk.given(messages.c.enrollment_id), messages.c.done_at.is_(None)
)
_UNSETTLED = Direct(_UNSETTLED_OF)
_UNSETTLED_HELD = Direct(_UNSETTLED_OF.with_for_update(read=True, skip_locked=True))


def cancel_for(
    tx: Tx,
    contact_ids: Collection[int],
    reason: str,
    at: datetime,
    *,
    channel: str | None = None,
    topic: str | None = None,
) -> list[int]:
    """Cancel these people's unsent messages that are not transactional, of one channel or topic or all;
    their runs, to be woken."""
    statement = (
        sa.update(messages)
        .where(
            bulk.in_ids(tx, messages.c.contact_id, contact_ids),
            messages.c.state.in_(OPEN),
            messages.c["class"] != "transactional",
        )
        .values(state=ENDED, reason=reason, done_at=at)
        .returning(messages.c.enrollment_id)
    )
    if channel:
        statement = statement.where(messages.c.channel == channel)
    if topic:
        statement = statement.where(messages.c.topic == topic)
    return [run for run in tx.execute(statement).scalars() if run is not None]


def by_keys(tx: Tx, keys: Collection[str]) -> dict[str, Mapping[str, Any]]:
    return {row["key"]: row for row in _BY_KEYS.rows(tx, keys=keys)}


_BY_KEYS = Direct(sa.select(messages).where(bulk.given(messages.c.key, "keys")))


def by_provider_ids(tx: Tx, provider_ids: Collection[str]) -> dict[str, Mapping[str, Any]]:
    """Messages by the ids that their providers gave them."""
    return {row["provider_id"]: row for row in reading.rows(tx.execute(_BY_IDS, {"given": provider_ids}))}


_BY_IDS = sa.select(messages).where(bulk.given(messages.c.provider_id, "given"))


def came_back(tx: Tx, column: str, first: Mapping[int, datetime]) -> None:
    """Note when a message was first delivered, opened, clicked, bounced, complained of or answered."""
    if first:
        tx.execute(_noting(column), [{"m": message_id, "at": at} for message_id, at in first.items()])


@lru_cache
def _noting(column: str) -> sa.Update:
    target = messages.c[column]
    return (
        sa.update(messages)
        .where(messages.c.id == sa.bindparam("m"), sa.or_(target.is_(None), target > sa.bindparam("at")))
        .values({column: sa.bindparam("at")})
    )


def advance_state(tx: Tx, ids: Collection[int], state: str, after: Collection[str]) -> list[int]:
    """Move messages on to what a provider or person reported; those that were in doubt count as sent."""
    return list(tx.execute(_moving(state, tuple(after)), {"ids": ids}).scalars())


@lru_cache
def _moving(state: str, after: tuple[str, ...]) -> Any:
    return (
        sa.update(messages)
        .where(bulk.given(messages.c.id), messages.c.state.in_(after))
        .values(
            state=state,
            reason=None,
            accepted_at=sa.func.coalesce(messages.c.accepted_at, messages.c.handed_at),
            done_at=sa.func.coalesce(messages.c.done_at, messages.c.handed_at),
        )
        .returning(messages.c.id)
    )


def doubtful(tx: Tx) -> list[Mapping[str, Any]]:
    return _DOUBTFUL.rows(tx)


_DOUBTFUL = Direct(sa.select(messages).where(_IN_HANDS, messages.c.state == sa.literal_column("'in_doubt'")))


def resolve(tx: Tx, message_id: int, fence: int, values: Mapping[str, Any]) -> bool:
    """Settle a message in doubt, if it still is."""
    row = tx.execute(
        sa.update(messages)
        .where(messages.c.id == message_id, messages.c.fence == fence, messages.c.state == "in_doubt")
        .values(**values)
        .returning(messages.c.id)
    ).first()
    return row is not None


def name(tx: Tx, message_id: int, provider_id: str) -> None:
    """Note what its provider calls a message."""
    tx.execute(sa.update(messages).where(messages.c.id == message_id).values(provider_id=provider_id))


def states(tx: Tx, journey: str | None = None) -> dict[str, int]:
    statement = sa.select(messages.c.state, sa.func.count()).group_by(messages.c.state)
    if journey:
        statement = statement.where(messages.c.journey == journey)
    return dict(tx.execute(statement).all())


def reasons(tx: Tx, state: str) -> dict[str, int]:
    """How many messages are in this state, by reason, the commonest first."""
    count = sa.func.count()
    statement = sa.select(messages.c.reason, count).where(messages.c.state == state)
    return dict(tx.execute(statement.group_by(messages.c.reason).order_by(count.desc())).all())


def next_due(tx: Tx) -> datetime | None:
    found: datetime | None = _NEXT_DUE.one(tx)
    return found


_SOONEST = sa.select(sa.func.min(messages.c.due_at)).where(WAITING)
_NEXT_DUE = Direct(_SOONEST)


def next_due_after(tx: Tx, now: datetime) -> datetime | None:
    """The same of those that are not due yet."""
    return reading.instant(tx.execute(_SOONEST.where(messages.c.due_at > now)))


def due(tx: Tx, now: datetime) -> tuple[int, datetime | None]:
    """How many messages should have left by `now`, and since when the first; not those that a pause holds."""
    row = tx.execute(
        sa.select(sa.func.count(), sa.func.min(messages.c.due_at)).where(ready(now), NOT_PAUSED)
    ).one()
    return row[0], row[1]


def held(tx: Tx, now: datetime) -> int:
    """How many messages leave as soon as a pause ends."""
    return tx.execute(sa.select(sa.func.count()).where(ready(now), sa.not_(NOT_PAUSED))).scalar_one()


def ready(now: datetime) -> sa.ColumnElement[bool]:
    """Whether a message should leave by `now`."""
    return sa.and_(WAITING, messages.c.due_at <= now)


class Waiting(NamedTuple):
    """A marketing or survey message that may still go out."""

    key: str
    contact_id: int
    version_id: int
    channel: str
    due_at: datetime


def waiting_for(tx: Tx, contact_ids: Collection[int], now: datetime, until: datetime) -> list[Waiting]:
    """What of the journeys' messages waits for these people until then, earliest first."""
    return [Waiting(*row) for row in _WAITING.all(tx, ids=contact_ids, now=now, until=until)]


_WAITING = Direct(
    sa.select(
        messages.c.key, messages.c.contact_id, messages.c.version_id, messages.c.channel, messages.c.due_at
    )
    .where(
        bulk.given(messages.c.contact_id),
        messages.c.version_id.is_not(None),
        messages.c.state.in_([sa.literal_column(f"'{state}'") for state in OPEN]),
        messages.c["class"] != "transactional",
        messages.c.due_at < sa.bindparam("until"),
        NOT_PAUSED,
        sa.or_(messages.c.expires_at.is_(None), messages.c.expires_at > sa.bindparam("now")),
    )
    .order_by(messages.c.due_at)
)


def of_contact(tx: Tx, contact_id: int) -> list[Mapping[str, Any]]:
    found = tx.execute(sa.select(messages).where(messages.c.contact_id == contact_id).order_by(messages.c.id))
    return reading.rows(found)


def attempts_of(tx: Tx, message_id: int) -> list[Mapping[str, Any]]:
    found = tx.execute(sa.select(attempts).where(attempts.c.message_id == message_id).order_by(attempts.c.id))
    return reading.rows(found)


def find(tx: Tx, named: str) -> Mapping[str, Any] | None:
    """A message by its number or its key; None: there is none."""
    number = named.isascii() and named.isdecimal() and len(named) < 19
    same = messages.c.id == int(named) if number else messages.c.key == named
    return reading.first(tx.execute(sa.select(messages).where(same)))


def told_of(tx: Tx, message_id: int) -> list[Mapping[str, Any]]:
    """The events that speak of a message, as they came."""
    found = sa.select(events.c.name, events.c.occurred_at, events.c.source, events.c.payload, events.c.note)
    return reading.rows(
        tx.execute(found.where(events.c.message_id == message_id).order_by(events.c.occurred_at, events.c.id))
    )
