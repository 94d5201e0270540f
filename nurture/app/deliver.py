"""Handing over what is due: lease, render, then waves.

A wave is one message for each connection. All are brought to the point before the body; then one
transaction writes the outcomes of the wave before and the marks of this one, with the gate asked once
more inside it; only then do the bodies leave. So at most one wave can be in doubt after a crash.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from nurture import faults
from nurture.app import gating, people
from nurture.app.compose import Composed, compose
from nurture.app.runtime import Runtime
from nurture.engine import retry
from nurture.model import Allow, Channel, Defer, GateVerdict, Limits, Outcome, OutcomeKind
from nurture.store import enrollments, events, messages
from nurture.store import gating as gate_store
from nurture.store.engine import Tx

if TYPE_CHECKING:
    from nurture.channels.base import Carrier

BATCH = 500
LEASE = timedelta(minutes=15)
Row = Mapping[str, Any]
Settlement = dict[str, Any]


def deliver(runtime: Runtime, now: datetime, *, batch: int = BATCH) -> Counter[str]:
    """Hand over every message that is due by `now`, except those of paused journeys."""
    counts: Counter[str] = Counter()
    with runtime.store.begin() as tx:
        recover(runtime, tx, now)
    working = [channel for channel in Channel if channel in runtime.settings.channels]
    while working and (leased := _lease(runtime, working, now, batch)):
        for channel in list(working):
            rows = [row for row in leased if row["channel"] == channel.value]
            if rows:
                sent, working_still = _send(runtime, channel, rows, now)
                counts.update(sent)
                if not working_still:
                    working.remove(channel)
    return counts


def recover(runtime: Runtime, tx: Tx, now: datetime) -> None:
    """Take back what workers left behind, and decide about what they left in doubt."""
    lapsed = messages.reclaim(tx, runtime.store.lease_clock(tx), now)
    _decide_doubts(tx, set(lapsed.in_doubt), now)


def _decide_doubts(tx: Tx, ids: set[int], now: datetime) -> None:
    """A message in doubt is sent again only where its step says so; its run goes on."""
    for row in messages.doubtful(tx) if ids else ():
        if row["id"] not in ids:
            continue
        if row["on_doubt"] == "resend":
            messages.resolve(
                tx, row["id"], row["fence"], {"state": "scheduled", "due_at": now, "done_at": None}
            )
        elif row["enrollment_id"] is not None:
            enrollments.wake(tx, [row["enrollment_id"]], now)


def _lease(runtime: Runtime, working: Sequence[Channel], now: datetime, batch: int) -> list[Row]:
    """Claim what is ready; what the gate already refuses is settled here and not returned."""
    channels = [channel.value for channel in working]
    with runtime.store.begin() as tx:
        until = runtime.store.lease_clock(tx) + LEASE
        rows = messages.lease(tx, now, until, batch, channels)
        verdicts = _ask(runtime, tx, [row["id"] for row in rows], now)
        held = [row for row in rows if isinstance(verdicts[row["id"]], Allow)]
        refused = [row for row in rows if not isinstance(verdicts[row["id"]], Allow)]
        _settle(tx, [_not_now(row, verdicts[row["id"]], now) for row in refused], now)
        faults.point("lease.before_commit")
    faults.point("lease.after_commit")
    return held or (_lease(runtime, working, now, batch) if rows else [])


def _ask(runtime: Runtime, tx: Tx, ids: Sequence[int], now: datetime) -> dict[int, GateVerdict]:
    return gating.ask(runtime, tx, gate_store.asks(tx, ids, runtime.bases), _limits(runtime, tx), now)


def _limits(runtime: Runtime, tx: Tx) -> dict[str, Limits]:
    return {live.name: live.plan.limits for live in runtime.live(tx)}


@dataclass
class _Sending:
    """One channel's leased messages on their way through the waves."""

    runtime: Runtime
    carrier: Carrier
    rows: dict[int, Row]
    unwritten: list[Outcome] = field(default_factory=list)  # outcomes that no transaction has written yet
    counts: Counter[str] = field(default_factory=Counter)

    def wave(self, wave: Sequence[Composed]) -> str | None:
        """Send one wave; why nothing gets through, if so."""
        prepared = self.carrier.prepare([one.envelope for one in wave])
        self.unwritten += prepared.early
        allowed: set[int] = set()
        try:
            with self.runtime.store.begin() as tx:
                self.write(tx)
                marked = self._mark(tx, [one for one in wave if one.envelope.message_id in prepared.held])
                faults.point("handover.before_commit")
            allowed = marked
            faults.point("handover.after_commit")
        finally:
            outcomes = self.carrier.hand_over(prepared, allowed)
        self.unwritten += outcomes
        deferred = [*prepared.early, *outcomes]
        nothing_through = len(deferred) > 1 and all(each.kind is OutcomeKind.DEFERRED for each in deferred)
        return prepared.down or ("every message of a wave was deferred" if nothing_through else None)

    def _mark(self, tx: Tx, wave: Sequence[Composed]) -> set[int]:
        """Ask the gate about each message once more and mark those that it lets through."""
        if not wave:
            return set()
        now = self.runtime.now()
        ids = [one.envelope.message_id for one in wave]
        messages.lock_contacts(tx, {self.rows[message_id]["contact_id"] for message_id in ids})
        messages.lock_journeys(tx, {self.rows[message_id]["journey"] for message_id in ids} - {None})
        verdicts = _ask(self.runtime, tx, ids, now)
        until = self.runtime.store.lease_clock(tx) + timedelta(seconds=self.carrier.patience + 60)
        _settle(
            tx,
            [
                _not_now(self.rows[i], verdict, now)
                for i, verdict in verdicts.items()
                if not isinstance(verdict, Allow)
            ],
            now,
        )
        marks = [
            {
                "id": one.envelope.message_id,
                "fence": self.rows[one.envelope.message_id]["fence"],
                "handed_at": now,
                "lease_until": until,
                "provider": self.carrier.name,
                "consent_id": verdict.consent_id,
                **one.kept,
            }
            for one in wave
            if isinstance(verdict := verdicts[one.envelope.message_id], Allow)
        ]
        return messages.mark_handover(tx, marks)

    def write(self, tx: Tx) -> None:
        """Write the outcomes that have come in since the last transaction."""
        now = self.runtime.now()
        _settle(tx, [_result(self.rows[outcome.message_id], outcome, now) for outcome in self.unwritten], now)
        for outcome in self.unwritten:
            self.counts[outcome.kind.value] += 1
            if outcome.suppress:
                row = self.rows[outcome.message_id]
                people.suppress(
                    self.runtime,
                    tx,
                    row["contact_id"],
                    row["channel"],
                    outcome.suppress,
                    self.carrier.name,
                    now,
                )
        told = [(self.rows[outcome.message_id], outcome) for outcome in self.unwritten]
        events.append(
            tx, [event for row, outcome in told if (event := _event(row, outcome, now)) is not None]
        )
        self.unwritten = []


def _send(
    runtime: Runtime, channel: Channel, rows: Sequence[Row], now: datetime
) -> tuple[Counter[str], bool]:
    """Send leased messages of one channel in waves; what was done, and whether anything gets through."""
    sending = _Sending(runtime, runtime.carrier(channel), {row["id"]: row for row in rows})
    with runtime.store.begin() as tx:
        composed, unfit = compose(runtime, tx, rows, now)
        _settle(tx, [_unfit(row, why, now) for row, why in unfit], now)
    sending.counts["refused"] += len(unfit)
    queue, down = iter(composed), None
    while down is None and (wave := list(islice(queue, sending.carrier.connections))):
        down = sending.wave(wave)
    with runtime.store.begin() as tx:
        sending.write(tx)
        left = [(one.envelope.message_id, sending.rows[one.envelope.message_id]["fence"]) for one in queue]
        messages.give_back(tx, left)
        faults.point("outcome.before_commit")
    faults.point("outcome.after_commit")
    return sending.counts, down is None


def _event(row: Row, outcome: Outcome, now: datetime) -> dict[str, Any] | None:
    """What an outcome tells journeys: `email_sent`, or `email_bounced` for an address that does not exist."""
    if outcome.kind is OutcomeKind.ACCEPTED:
        verb = "sent"
    elif outcome.suppress:
        verb = "bounced"
    else:
        return None
    return {
        "name": f"{row['channel']}_{verb}",
        "person": {"ref": None, "email": None, "phone": None, "message": row["key"]},
        "occurred_at": outcome.at or now,
        "received_at": now,
        "source": "nurture",
        "source_id": f"{verb}:{row['key']}",
        "payload": {
            "message": row["key"],
            "journey": row["journey"],
            "step": row["step"],
            "template": row["template"],
        },
    }


# --- what is written ------------------------------------------------------------------------


def _settle(tx: Tx, settlements: Sequence[Settlement], now: datetime) -> None:
    """Write settlements, and wake the runs whose message is done."""
    if not settlements:
        return
    done = {settled["id"] for settled in settlements if settled["done_at"] is not None}
    ours = messages.settle(tx, settlements)
    enrollments.wake(
        tx, [row["enrollment_id"] for row in ours if row["id"] in done and row["enrollment_id"]], now
    )


def _settlement(row: Row, state: str, now: datetime, **values: Any) -> Settlement:
    return {
        "id": row["id"],
        "fence": row["fence"],
        "state": state,
        "reason": None,
        "due_at": row["due_at"],
        "done_at": None if state in ("deferred", "scheduled") else now,
        "accepted_at": None,
        "provider_id": None,
        "outcome": None,
        "code": "",
        "detail": "",
        "at": now,
        "attempts": row["attempts"] + ("outcome" in values),
        **values,
    }


def _not_now(row: Row, verdict: GateVerdict, now: datetime) -> Settlement:
    """The gate said later or never."""
    if isinstance(verdict, Defer):
        return _settlement(row, "deferred", now, reason=verdict.reason, due_at=verdict.until)
    assert not isinstance(verdict, Allow)
    return _settlement(row, "cancelled", now, reason=verdict.reason)


def _unfit(row: Row, why: str, now: datetime) -> Settlement:
    return _settlement(row, "refused", now, reason="unfit", outcome="refused", code="unfit", detail=why)


def _result(row: Row, outcome: Outcome, now: datetime) -> Settlement:
    """What the provider's answer makes of a message."""
    said = {"outcome": outcome.kind.value, "code": outcome.code, "detail": outcome.detail}
    match outcome.kind:
        case OutcomeKind.ACCEPTED:
            at = outcome.at or now
            return _settlement(
                row, "accepted", now, accepted_at=at, done_at=at, provider_id=outcome.provider_id, **said
            )
        case OutcomeKind.REFUSED:
            return _settlement(row, "refused", now, reason=outcome.code or "refused", **said)
        case OutcomeKind.IN_DOUBT if row["on_doubt"] != "resend":
            return _settlement(row, "in_doubt", now, reason="reply_lost", **said)
        case OutcomeKind.DEFERRED | OutcomeKind.IN_DOUBT:
            again = retry.after(row["attempts"] + 1, row["key"], now, row["expires_at"])
            if isinstance(again, retry.RetryAt):
                return _settlement(row, "deferred", now, reason=outcome.code, due_at=again.at, **said)
            return _settlement(row, "refused", now, reason=again.reason, **said)
