"""The jobs on a copy. Nothing is rendered or handed to a provider: what the gate lets through counts as accepted
at that instant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from nurture.app import advance, deliver, due, evaluate, gating, process, settling
from nurture.app.runtime import Runtime
from nurture.compiler.plan import Plan
from nurture.model import IMPERSONAL, Allow, Defer, GateVerdict
from nurture.steps import Webhook
from nurture.store import bulk, enrollments, events, pretending, tables
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
    """When a row is due next."""
    with runtime.store.read() as tx:
        return due.next_due(tx).soonest


def accept(runtime: Runtime, now: datetime, *, tell: bool = True) -> list[Row]:
    """Let the gate judge what is due; what it lets through is accepted. Those messages.

    Where it doesn't `tell`, no journey hears that a message was sent.
    """
    accepted: list[Row] = []
    while True:
        with runtime.store.begin() as tx:
            rows = pretending.ready(tx, now, BATCH)
            if not rows:
                return accepted
            deliver.let_out(runtime, tx, rows, now)
            asks = gate_store.asks(tx, [row["id"] for row in rows], runtime.bases)
            verdicts = gating.ask(runtime, tx, asks, now)
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
        if len(rows) < BATCH:
            return accepted


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
