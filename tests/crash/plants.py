"""Bugs to be planted: each must be caught by a trial, or the trials' zeros mean nothing.

A plant is a function that breaks one promise in the process that calls it, by replacing a piece of the
production code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from nurture import faults
from nurture.app import confirming, deliver, erasing, merging, process, settling
from nurture.app.runtime import Runtime
from nurture.channels.base import Outcome, OutcomeKind
from nurture.limits import Allow
from nurture.problems import NurtureError
from nurture.store import bulk, engine, lanes, messages
from nurture.store import erasing as erased
from nurture.store.direct import Direct
from nurture.store.engine import Store, Tx
from nurture.store.tables import messages as table

Plant = Callable[[], None]


def send_then_mark() -> None:
    """The bodies leave before the mark is committed."""

    def sends_first(self: Any, batch: Sequence[Any]) -> None:
        prepared = self.carrier.prepare([one.envelope for one in batch])
        outcomes = self.carrier.hand_over(prepared, set(prepared.held))
        with self.runtime.store.begin() as tx:
            self._mark(tx, [one for one in batch if one.envelope.message_id in prepared.held])
            faults.point("handover.before_commit")
        faults.point("handover.after_commit")
        self.unwritten += [*prepared.early, *outcomes]

    deliver._Sending.wave = sends_first  # type: ignore[method-assign]


def no_doubt() -> None:
    """What was handed over when the worker died goes back to the queue."""

    def reclaim(tx: Tx, clock: datetime, now: datetime) -> messages.Lapsed:
        tx.execute(
            sa.update(table)
            .where(table.c.state.in_(("leased", "handover")))
            .values(state="scheduled", lease_owner=None, lease_until=None)
        )
        return messages.Lapsed(0, [])

    messages.reclaim = reclaim


def forgets_the_leased() -> None:
    """What a dead worker had leased is never taken back."""
    messages.reclaim = lambda tx, clock, now: messages.Lapsed(0, [])


def outcome_before_reply() -> None:
    """Accepted is written together with the mark, before the provider has answered."""
    mark = messages.mark_handover

    def optimistic(tx: Tx, marks: Sequence[Mapping[str, Any]]) -> set[int]:
        marked = mark(tx, marks)
        tx.execute(
            sa.update(table)
            .where(table.c.id.in_(marked))
            .values(state="accepted", accepted_at=table.c.handed_at)
        )
        return marked

    messages.mark_handover = optimistic


def commit_for_each_batch() -> None:
    """All waves of a batch are marked and sent in one transaction that commits at the end."""

    def one_transaction(sending: Any, now: datetime) -> None:
        runtime, rows = sending.runtime, list(sending.rows.values())
        with runtime.store.begin() as tx:
            composed, _ = deliver.compose(runtime, tx, rows, now)
            for start in range(0, len(composed), sending.carrier.connections):
                wave = composed[start : start + sending.carrier.connections]
                prepared = sending.carrier.prepare([one.envelope for one in wave])
                allowed = sending._mark(tx, [one for one in wave if one.envelope.message_id in prepared.held])
                sending.unwritten += [*prepared.early, *sending.carrier.hand_over(prepared, allowed)]
            sending.finish(tx)
            faults.point("outcome.before_commit")
        faults.point("outcome.after_commit")
        runtime.unfinished.remove(sending)

    deliver._send = one_transaction


def no_fence() -> None:
    """Marks and outcomes are written by id, whoever has the message by now."""
    guarded = bulk.update_if

    def unguarded(
        tx: Tx, into: sa.Table, rows: Sequence[Mapping[str, Any]], *, key: Any, guard: str, **more: Any
    ) -> list[tuple[Any, ...]]:
        plain = [{name: value for name, value in row.items() if name != "fence"} for row in rows]
        given_back = bool(rows) and rows[0].get("state") == "scheduled"
        return guarded(tx, into, plain, key=("id",), guard=guard if given_back else "1 = 1", **more)

    bulk.update_if = unguarded  # type: ignore[assignment]


def plain_retry() -> None:
    """A reply that got lost is a failure like any other: the message goes again later."""
    result = settling.result

    def retried(row: settling.Row, outcome: Outcome, now: datetime) -> settling.Settlement:
        if outcome.kind is OutcomeKind.IN_DOUBT:
            outcome = Outcome(outcome.message_id, OutcomeKind.DEFERRED, outcome.code, outcome.detail)
        return result(row, outcome, now)

    settling.result = retried


def writes_each_twice() -> None:
    """Each message is written a second time, under another key."""
    write = messages.write

    def doubled(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
        write(tx, [each for row in rows for each in (row, _another(row))])

    messages.write = doubled


def _another(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A message that nothing knows again, neither by its key nor by its place in its run."""
    place = {"slot": (row["slot"] or 0) + 1} if "slot" in row else {}
    return {**row, "key": row["key"][::-1], **place}


def leases_keep_the_fence() -> None:
    """Who leases a message has the same fence number as whoever had it before."""
    lease = lanes._leasing

    @cache
    def unraised(count: int) -> Direct:
        raised = lease(count)._statement
        return Direct(raised.values(fence=table.c.fence))

    lanes._leasing = unraised


def forgets_what_was_not_written() -> None:
    """Outcomes that the database could not take are forgotten."""
    wave = deliver._Sending.wave

    def forgets(self: Any, batch: Sequence[Any]) -> None:
        try:
            wave(self, batch)
        except NurtureError:
            self.unwritten = []
            raise

    deliver._Sending.wave = forgets  # type: ignore[method-assign]


def _leased_is_as_good_as_sent() -> None:
    """An opt-out cancels what nobody has leased; the rest is left to the gate."""
    messages.OPEN = ("scheduled", "deferred")


def gate_before_the_lease_only() -> None:
    """The gate is asked when messages are leased, and not again: neither for an opt-out."""
    _leased_is_as_good_as_sent()
    no_second_gate()


def no_second_gate() -> None:
    """Quiet hours, caps and pauses are asked about when a message is leased, and not at the handover."""
    mark, ask = deliver._Sending._mark, deliver._ask

    def unasked(self: Any, tx: Tx, wave: Sequence[Any]) -> set[int]:
        deliver._ask = lambda runtime, tx, ids, now: {message_id: Allow(None) for message_id in ids}
        try:
            return mark(self, tx, wave)
        finally:
            deliver._ask = ask

    deliver._Sending._mark = unasked  # type: ignore[method-assign]


def gate_outside_the_handover() -> None:
    """What the gate says is read in a transaction of its own, before the one that marks."""
    _leased_is_as_good_as_sent()
    wave, mark, ask = deliver._Sending.wave, deliver._Sending._mark, deliver._ask

    def read_before(self: Any, batch: Sequence[Any]) -> None:
        with self.runtime.store.read() as tx:
            ids = [one.envelope.message_id for one in batch]
            self.verdicts = ask(self.runtime, tx, ids, self.runtime.now())
        faults.point("compose.after_commit")  # here the world goes on
        wave(self, batch)

    def marked(self: Any, tx: Tx, batch: Sequence[Any]) -> set[int]:
        deliver._ask = lambda runtime, tx, ids, now: {
            message_id: self.verdicts[message_id] for message_id in ids
        }
        try:
            return mark(self, tx, batch)
        finally:
            deliver._ask = ask

    deliver._Sending.wave = read_before  # type: ignore[method-assign]
    deliver._Sending._mark = marked  # type: ignore[method-assign]


def leases_by_a_local_clock() -> None:
    """Each worker measures leases with the clock of its own machine."""
    Store.lease_clock = lambda self, tx: engine.datetime.now(UTC)  # type: ignore[method-assign]


def asks_afterwards() -> None:
    """Who must confirm her consent is asked in a transaction of its own, after the one that wrote the consent down."""
    ask, work = confirming.ask, process.process
    later: list[Any] = []

    def and_asks(runtime: Runtime, now: datetime, **more: Any) -> Any:
        counts = work(runtime, now, **more)
        with runtime.store.begin() as tx:
            for said, at in later:
                ask(runtime, tx, said, at)
        later.clear()
        return counts

    confirming.ask = lambda runtime, tx, said, now: later.append((said, now))
    process.process = and_asks


def merges_in_two_transactions() -> None:
    """Two are one when the first is committed, and what either said no to is written down in a second."""
    merged, withdraw = merging._merged, merging._withdraw

    def in_two(runtime: Runtime, *rest: Any) -> Any:
        later: list[Any] = []
        merging._withdraw = lambda tx, *said: later.append(said)
        done = merged(runtime, *rest)
        faults.point("merge.after_commit")
        with runtime.store.begin() as tx:
            for said in later:
                withdraw(tx, *said)
        return done

    merging._merged = in_two


def erases_before_cancelling() -> None:
    """She is erased when the first transaction is committed, and what has not left is cancelled in a second."""
    end, clear = erased.end, erasing._clear

    def cancels(runtime: Runtime, ids: Sequence[int], who: Any) -> erasing.Cleared:
        with runtime.store.begin() as tx:
            end(tx, ids, (), "erased", runtime.now())
        return clear(runtime, ids, who)

    erased.end, erasing._clear = (lambda *_: (0, 0)), cancels


def no_unique() -> None:
    """Neither events nor runs nor messages are known again: what is dropped is in `without_unique`."""


@contextmanager
def without_unique(store: Store) -> Iterator[None]:
    """No UNIQUE on events, runs and messages until the block ends, when they are empty (PostgreSQL)."""
    with store.begin() as tx:
        dropped = tx.execute(_CONSTRAINTS).all()
        for name, constraint, _ in dropped:
            tx.execute(sa.text(f'ALTER TABLE {name} DROP CONSTRAINT "{constraint}"'))
    try:
        yield
    finally:
        with store.begin() as tx:
            tx.execute(sa.text("TRUNCATE events, enrollments, messages CASCADE"))
            for name, constraint, definition in dropped:
                tx.execute(sa.text(f'ALTER TABLE {name} ADD CONSTRAINT "{constraint}" {definition}'))


_CONSTRAINTS = sa.text(
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE contype = 'u' AND conrelid::regclass::text IN ('events', 'enrollments', 'messages')"
)
