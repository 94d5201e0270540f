"""Bugs to be planted: each must be caught by the crash harness, or its zeros mean nothing.

A plant is a function that breaks one promise in the process that calls it, by replacing a piece of the
production code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nurture import faults
from nurture.app import deliver
from nurture.store import messages
from nurture.store.engine import Tx
from nurture.store.tables import messages as table

Plant = Callable[[], None]


def send_then_mark() -> None:
    """The bodies leave before the mark is committed."""
    wave = deliver._Sending.wave

    def sends_first(self: Any, batch: Sequence[Any]) -> None:
        prepared = self.carrier.prepare([one.envelope for one in batch])
        outcomes = self.carrier.hand_over(prepared, set(prepared.held))
        with self.runtime.store.begin() as tx:
            self._mark(tx, list(batch))
            faults.point("handover.before_commit")
        faults.point("handover.after_commit")
        self.unwritten += outcomes

    assert wave
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
                allowed = sending._mark(tx, wave)
                sending.unwritten += sending.carrier.hand_over(prepared, allowed)
            sending.write(tx)
            faults.point("outcome.before_commit")
        faults.point("outcome.after_commit")
        runtime.unfinished.remove(sending)

    deliver._send = one_transaction


CRASHES: Mapping[str, Plant] = {
    plant.__name__: plant
    for plant in (
        send_then_mark,
        no_doubt,
        forgets_the_leased,
        outcome_before_reply,
        commit_for_each_batch,
    )
}
