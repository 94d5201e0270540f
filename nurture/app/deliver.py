"""Handing over what is due: lease, render, then waves.

A wave is one message for each connection. All are brought to the point before the body; then one
transaction writes the outcomes of the wave before and the marks of this one, with the gate asked once
more inside it; only then do the bodies leave. So at most one wave can be in doubt after a crash.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from nurture import faults
from nurture.app import calls, ends, gating, heap, people
from nurture.app.compose import Composed, compose
from nurture.app.runtime import Runtime
from nurture.channels.base import Outcome, OutcomeKind
from nurture.engine import retry
from nurture.model import Allow, Channel, Defer, GateVerdict
from nurture.problems import NurtureError
from nurture.store import enrollments, events, messages
from nurture.store import gating as gate_store
from nurture.store.engine import Tx

if TYPE_CHECKING:
    from nurture.channels.base import Carrier, Prepared

BATCH = 500
LEASE = timedelta(minutes=15)
Row = Mapping[str, Any]
Settlement = dict[str, Any]


def deliver(runtime: Runtime, now: datetime, *, batch: int = BATCH) -> Counter[str]:
    """Hand over every message that is due by `now`, except those of paused journeys.

    Raises NurtureError, when all that can be done is done, where nothing gets through to a provider.
    """
    counts = _make_up(runtime, now)
    carriers, down = _carriers(runtime)
    while carriers and not runtime.stopping() and (leased := _lease(runtime, carriers, now, batch)):
        for sending in _sendings(runtime, carriers, leased):
            _send(sending, now)
            counts.update(sending.counts)
            down += [f"{sending.carrier.channel}: {sending.down}"] if sending.down else []
            if sending.stopped:
                del carriers[sending.carrier.channel]
    if down:
        raise NurtureError(f"{'; '.join(down)}; what is due waits for the next try")
    return counts


def _make_up(runtime: Runtime, now: datetime) -> Counter[str]:
    """Write what the run before could not, and take back what dead workers left behind."""
    counts: Counter[str] = Counter()
    with runtime.store.begin() as tx:
        for sending in runtime.unfinished:
            sending.finish(tx)
        recover(runtime, tx, now)
        faults.point("recover.before_commit")
    faults.point("recover.after_commit")
    for sending in runtime.unfinished:
        sending.written()
        counts.update(sending.counts)
    runtime.unfinished.clear()
    return counts


def _carriers(runtime: Runtime) -> tuple[dict[Channel, Carrier], list[str]]:
    """The carriers of the configured channels, and in words why others can't be had."""
    carriers: dict[Channel, Carrier] = {}
    down: list[str] = []
    for channel in Channel:
        if channel in runtime.settings.channels:
            try:
                carriers[channel] = runtime.carrier(channel)
            except NurtureError as error:
                down.append(str(error))
    return carriers, down


def _sendings(runtime: Runtime, carriers: Mapping[Channel, Carrier], leased: Sequence[Row]) -> list[_Sending]:
    """The leased messages by channel, known to the runtime until all is written."""
    sendings = [
        _Sending(runtime, carrier, {row["id"]: row for row in leased if row["channel"] == channel})
        for channel, carrier in carriers.items()
    ]
    found = [sending for sending in sendings if sending.rows]
    runtime.unfinished += found
    return found


def recover(runtime: Runtime, tx: Tx, now: datetime) -> None:
    """Take back what workers left behind, and decide about what they left in doubt."""
    lapsed = messages.reclaim(tx, runtime.store.lease_clock(tx), now)
    _decide_doubts(tx, set(lapsed.in_doubt), now)


def _decide_doubts(tx: Tx, ids: set[int], now: datetime) -> None:
    """A message in doubt is sent again only where its step says so; its run goes on, unless it is to wait."""
    for row in messages.doubtful(tx) if ids else ():
        if row["id"] not in ids:
            continue
        if row["on_doubt"] == "resend":
            messages.resolve(
                tx, row["id"], row["fence"], {"state": "scheduled", "due_at": now, "done_at": None}
            )
        elif row["on_doubt"] == "hold":
            messages.resolve(tx, row["id"], row["fence"], {"done_at": None})
        elif row["enrollment_id"] is not None:
            enrollments.wake(tx, [row["enrollment_id"]], now)


def _lease(runtime: Runtime, working: Collection[Channel], now: datetime, batch: int) -> list[Row]:
    """Claim what is ready; what the gate already refuses is settled here and not returned."""
    channels = [channel.value for channel in working]
    while not runtime.stopping():
        ready, held = _claim(runtime, channels, now, batch)
        if held or not ready:
            return held
    return []


def _claim(runtime: Runtime, channels: list[str], now: datetime, batch: int) -> tuple[int, list[Row]]:
    """How many messages were ready in one batch, and those of them that the gate lets through."""
    with runtime.store.begin() as tx:
        until = runtime.store.lease_clock(tx) + LEASE
        rows = messages.lease(tx, now, until, batch, channels)
        let_out(runtime, tx, rows, now)
        verdicts = _ask(runtime, tx, [row["id"] for row in rows], now)
        held = [row for row in rows if isinstance(verdicts[row["id"]], Allow)]
        held.sort(key=lambda row: (row["due_at"], row["key"]))
        refused = [row for row in rows if not isinstance(verdicts[row["id"]], Allow)]
        _settle(tx, [_not_now(row, verdicts[row["id"]], now) for row in refused], now)
        faults.point("lease.before_commit")
    faults.point("lease.after_commit")
    return len(rows), held


def _ask(runtime: Runtime, tx: Tx, ids: Sequence[int], now: datetime) -> dict[int, GateVerdict]:
    return gating.ask(runtime, tx, gate_store.asks(tx, ids, runtime.bases), now)


def let_out(runtime: Runtime, tx: Tx, rows: Sequence[Row], now: datetime) -> None:
    """End the runs whose exit condition has come to hold while their message waited: time alone can do that."""
    waited = [row for row in rows if row["version_id"] is not None and row["planned_at"] < now]
    looking = [
        row["enrollment_id"]
        for row in waited
        if any(rule.when is not None for rule in runtime.plan(tx, row["version_id"]).exits)
    ]
    if looking:
        ends.resolve(runtime, tx, looking, now)


@dataclass(eq=False)
class _Sending:
    """One channel's leased messages on their way through the waves."""

    runtime: Runtime
    carrier: Carrier
    rows: dict[int, Row]
    unwritten: list[Outcome] = field(default_factory=list)  # outcomes that no transaction has written yet
    left: set[int] = field(default_factory=set)  # messages whose bodies may have left
    counts: Counter[str] = field(default_factory=Counter)
    stopped: bool = False  # nothing gets through: the rest waits for the next run
    down: str | None = None  # why, in words, where somebody should look at it

    def wave(self, wave: Sequence[Composed]) -> None:
        """Send one wave, and see whether anything gets through."""
        prepared = self.carrier.prepare([one.envelope for one in wave])
        self.unwritten += prepared.early
        allowed: set[int] = set()
        try:
            with self.runtime.store.begin() as tx:
                self._lock(tx, prepared.held)
                self.write(tx)
                marked = self._mark(tx, [one for one in wave if one.envelope.message_id in prepared.held])
                faults.point("handover.before_commit")
            self.written()
            allowed = marked
            faults.point("handover.after_commit")
        finally:
            outcomes = self._hand_over(prepared, allowed)
        answers = [*prepared.early, *outcomes]
        put_off = len(answers) > 1 and all(each.kind is OutcomeKind.DEFERRED for each in answers)
        self.down, self.stopped = prepared.down, prepared.down is not None or put_off

    def _hand_over(self, prepared: Prepared[Any], allowed: set[int]) -> list[Outcome]:
        """Let the bodies leave. Where that ends without an answer each of them is in doubt."""
        self.left |= allowed
        try:
            outcomes = self.carrier.hand_over(prepared, allowed)
        except Exception as error:
            self.unwritten += [_unanswered(message_id, error) for message_id in allowed]
            raise
        self.unwritten += outcomes
        return outcomes

    def _lock(self, tx: Tx, ids: Collection[int] = ()) -> None:
        """Hold the people concerned before anything else is touched, as an opt-out does: nobody waits in a ring.

        With them the journeys of the messages that are to be marked.
        """
        concerned = {outcome.message_id for outcome in self.unwritten}.union(ids)
        contacts = {self.rows[message_id]["contact_id"] for message_id in concerned}
        messages.lock(tx, contacts, {self.rows[message_id]["journey"] for message_id in ids} - {None})

    def _mark(self, tx: Tx, wave: Sequence[Composed]) -> set[int]:
        """Ask the gate about each message once more and mark those that it lets through."""
        if not wave:
            return set()
        now = self.runtime.now()
        ids = [one.envelope.message_id for one in wave]
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
        """Write the outcomes that have come in; they are kept until `written` says that this was committed."""
        now = self.runtime.now()
        _settle(tx, [_result(self.rows[outcome.message_id], outcome, now) for outcome in self.unwritten], now)
        for outcome in self.unwritten:
            if outcome.suppress:
                row = self.rows[outcome.message_id]
                if row["recipient_digest"]:
                    people.suppress_recipient(tx, row, outcome.suppress, self.carrier.name, now)
                    continue
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
        if self.carrier.channel is Channel.WEBHOOK:
            calls.remember(self.runtime, tx, told)
        events.append(
            tx, [event for row, outcome in told if (event := _event(row, outcome, now)) is not None]
        )

    def written(self) -> None:
        """The transaction that `write` took part in has committed."""
        self.counts.update(outcome.kind.value for outcome in self.unwritten)
        self.unwritten = []

    def finish(self, tx: Tx) -> None:
        """Write the last outcomes and give back what never left, even where it was marked already."""
        self._lock(tx)
        self.write(tx)
        stayed = self.rows.keys() - self.left
        messages.give_back(tx, [(message_id, self.rows[message_id]["fence"]) for message_id in stayed])


def _send(sending: _Sending, now: datetime) -> None:
    """Send the leased messages of one channel in waves, until all are or nothing gets through."""
    runtime = sending.runtime
    with heap.at_rest(), runtime.store.begin() as tx:
        composed, unfit = compose(runtime, tx, list(sending.rows.values()), now)
        _settle(tx, [_unfit(row, why, now) for row, why in unfit], now)
        faults.point("compose.before_commit")
    faults.point("compose.after_commit")
    sending.counts["refused"] += len(unfit)
    queue = iter(composed)
    while wave := list(islice(queue, sending.carrier.connections)):
        sending.wave(wave)
        if sending.stopped or runtime.stopping():
            break
    with runtime.store.begin() as tx:
        sending.finish(tx)
        faults.point("outcome.before_commit")
    faults.point("outcome.after_commit")
    sending.written()
    runtime.unfinished.remove(sending)


def _unanswered(message_id: int, error: Exception) -> Outcome:
    """The carrier itself failed after the mark: what it did with the message nobody knows."""
    return Outcome(
        message_id, OutcomeKind.IN_DOUBT, "", f"The carrier failed while sending ({type(error).__name__})."
    )


def _event(row: Row, outcome: Outcome, now: datetime) -> dict[str, Any] | None:
    """What an outcome tells journeys: `email_sent`, or `email_bounced` for an address that does not exist."""
    if row["recipient"]:  # what becomes of a message to somebody else is nothing that happened to the person
        return None
    if outcome.kind is OutcomeKind.ACCEPTED:
        verb = "sent"
    elif outcome.suppress:
        verb = "bounced"
    else:
        return None
    return told_by_us(row, verb, outcome.at or now, now)


def told_by_us(row: Row, verb: str, at: datetime, now: datetime) -> dict[str, Any]:
    """The inbox row of what the product itself tells of a message: `sent`, `bounced`."""
    return {
        "name": f"{row['channel']}_{verb}",
        "person": {"ref": None, "email": None, "phone": None, "message": row["key"]},
        "occurred_at": at,
        "received_at": now,
        "source": "nurture",
        # the same in whatever batches it was written; those that are told together are neighbours in the indexes
        "source_id": f"{verb}:{row['planned_at']:%Y%m%d%H%M%S}:{row['key']}",
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
    enrollments.wake(tx, [run for message_id, run in ours.items() if run and message_id in done], now)


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
    """The gate said later or never. What a pause holds stays due, and leaves when the pause ends."""
    if isinstance(verdict, Defer) and verdict.reason == "paused":
        return _settlement(row, "deferred", now, reason=verdict.reason)
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
            done_at = None if row["on_doubt"] == "hold" else now  # its run waits for somebody's word
            return _settlement(row, "in_doubt", now, reason="reply_lost", done_at=done_at, **said)
        case OutcomeKind.DEFERRED | OutcomeKind.IN_DOUBT:
            again = retry.after(row["attempts"] + 1, row["key"], now, row["expires_at"])
            if isinstance(again, retry.RetryAt):
                return _settlement(row, "deferred", now, reason=outcome.code, due_at=again.at, **said)
            return _settlement(row, "refused", now, reason=again.reason, **said)
