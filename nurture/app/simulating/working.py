"""The jobs on a copy. Nothing is rendered or handed to a provider: what the gate and the limits let through counts as
accepted at that instant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from nurture.app import advance, deliver, due, evaluate, gating, pacing, process, settling
from nurture.app.pacing import Turn
from nurture.app.runtime import Runtime
from nurture.compiler.plan import Plan
from nurture.limits import Allow, Defer, GateVerdict
from nurture.model import IMPERSONAL
from nurture.steps import Webhook
from nurture.store import bulk, enrollments, events, lanes, pretending, tables
from nurture.store import gating as gate_store
from nurture.store.engine import Tx

BATCH = 20_000
NO_CALLS = "webhooks get through, and what they would be answered is unknown"
MOST_ROUNDS = 50  # of all jobs at one instant
Row = dict[str, Any]


def calls(plan: Plan) -> bool:
    """Whether the journey calls other systems, which a simulation doesn't."""
    return any(isinstance(step, Webhook) for step in plan.steps.values())


def work(runtime: Runtime, now: datetime, sent: Callable[[Sequence[Row]], None] = lambda rows: None) -> None:
    """Every job at this instant, until nothing is left to do at it. `sent` hears of what was accepted."""
    for _ in range(MOST_ROUNDS):
        process.process(runtime, now)
        evaluate.evaluate(runtime, now)
        advance.advance(runtime, now)
        rows = accept(runtime, now)
        sent(rows)
        soonest = next_due(runtime)
        if soonest is None or soonest > now:
            return


def next_due(runtime: Runtime) -> datetime | None:
    """When a row is due next; what a limit holds back, when it may leave."""
    with runtime.store.read() as tx:
        found = due.next_due(tx)
        leaving = pacing.next_due(runtime, tx, runtime.now()) if found.message is not None else None
        return found._replace(message=leaving).soonest


def accept(runtime: Runtime, now: datetime, *, tell: bool = True) -> list[Row]:
    """Let the gate and the limits judge what is due; what they let through is accepted. Those messages.

    Where it doesn't `tell`, no journey hears that a message was sent.
    """
    accepted: list[Row] = []
    channels = runtime.settings.channels
    limits, stuck = pacing.limited(runtime, channels), False
    while True:
        with runtime.store.begin() as tx:
            turn = pacing.turn(runtime, tx, channels, now, BATCH, sorting=stuck) if limits else None
            rows = _claimed(tx, turn, now)
            if not rows:
                return accepted
            deliver.let_out(runtime, tx, rows, now)
            asks = gate_store.asks(tx, [row["id"] for row in rows], runtime.bases)
            verdicts = gating.ask(runtime, tx, asks, now)
            if turn is not None:
                rows = _chosen(tx, turn, rows, verdicts)
            allowed = _settle(tx, rows, verdicts, now)
            if tell:
                events.append(
                    tx,
                    [
                        settling.told_by_us(row, "sent", now, now)
                        for row in allowed
                        if row["channel"] not in IMPERSONAL
                    ],
                )
            accepted += allowed
            stuck = not allowed  # then as much as may be looked at, as where mail is handed over
        if turn is None and len(rows) < BATCH:
            return accepted


def _claimed(tx: Tx, turn: Turn | None, now: datetime) -> list[Row]:
    """What is due; where there are limits, as much of each lane as may be looked at."""
    if turn is None:
        return pretending.ready(tx, now, BATCH)
    return [dict(row) for row in lanes.lease(tx, now, now, turn.lanes)]


def _chosen(tx: Tx, turn: Turn, rows: Sequence[Row], verdicts: dict[int, GateVerdict]) -> list[Row]:
    """These without what waits for its turn."""
    allowed = [row for row in rows if isinstance(verdicts[row["id"]], Allow)]
    leaving = {row["id"] for row in turn.choose(tx, sorted(allowed, key=pacing.place))}
    return [row for row in rows if row["id"] in leaving or not isinstance(verdicts[row["id"]], Allow)]


def _settle(tx: Tx, rows: Sequence[Row], verdicts: dict[int, GateVerdict], now: datetime) -> list[Row]:
    allowed = [row for row in rows if isinstance(verdicts[row["id"]], Allow)]
    bulk.update(
        tx, tables.messages, [{"id": row["id"], **_became(verdicts[row["id"]], row, now)} for row in rows]
    )
    done = [row for row in rows if not isinstance(verdicts[row["id"]], Defer)]
    enrollments.wake(tx, [row["enrollment_id"] for row in done if row["enrollment_id"] is not None], now)
    return allowed


def _became(verdict: GateVerdict, row: Row, now: datetime) -> Row:
    """What held a message back stays said on it."""
    match verdict:
        case Allow(consent_id):
            at, state, reason = now, "accepted", row["reason"]
            return _values(state, reason, row["due_at"], at, at, consent_id)
        case Defer(until, reason):
            return _values("deferred", reason, until, None, None, None)
        case refused:
            return _values("cancelled", refused.reason, row["due_at"], None, now, None)


def _values(
    state: str,
    reason: str | None,
    due_at: datetime,
    handed_at: datetime | None,
    done_at: datetime | None,
    consent_id: int | None,
) -> Row:
    return {
        "state": state,
        "reason": reason,
        "due_at": due_at,
        "handed_at": handed_at,
        "accepted_at": handed_at,
        "done_at": done_at,
        "consent_id": consent_id,
    }
