"""Handing over what is due: lease, render, then waves.

A wave is one message for each connection. All are brought to the point before the body; then one
transaction writes the outcomes of the wave before and the marks of this one, with the gate asked once
more inside it; only then do the bodies leave. So at most one wave can be in doubt after a crash.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from nurture import faults
from nurture.app import breakers, calls, ends, gating, heap, ladder, opt_outs, pacing, settling
from nurture.app.compose import Composed, compose
from nurture.app.runtime import Runtime
from nurture.app.settling import Row
from nurture.channels.base import Outcome, OutcomeKind, Trouble
from nurture.limits import Allow, Cancel, GateVerdict
from nurture.model import PERSONAL, Channel
from nurture.problems import NurtureError
from nurture.store import enrollments, events, lanes, messages, stops
from nurture.store import gating as gate_store
from nurture.store.engine import Tx
from nurture.store.repeats import RESENT

if TYPE_CHECKING:
    from nurture.channels.base import Carrier, Prepared

log = logging.getLogger("nurture")
BATCH = 500
LEASE = timedelta(minutes=15)
_NOT_TAKEN = frozenset({OutcomeKind.DEFERRED, OutcomeKind.IN_DOUBT})
_OUR_ACCOUNT = (Trouble.AUTH, Trouble.QUOTA)  # what is said of it to one message holds for all
TURN = 10.0  # seconds after which a batch that is slow to leave makes way for what has become more urgent
LONGEST = timedelta(minutes=1)  # that one run waits for what a limit holds back
SHORTEST = 0.2  # seconds from one look to the next


def deliver(runtime: Runtime, now: datetime, *, batch: int = BATCH) -> Counter[str]:
    """Hand over every message that is due by `now`, except those of paused journeys. Where a limit holds some back,
    wait for their turn, up to a minute in all.

    Raises NurtureError, when all that can be done is done, where nothing gets through to a provider.
    """
    counts = _make_up(runtime, now)
    carriers, down = carriers_of(runtime)
    counts += ladder.climb(runtime, carriers, now)
    last = now + LONGEST
    while True:
        _work_off(runtime, carriers, now, batch, counts, down)
        if not (seconds := _until_next(runtime, carriers, now, last)) or runtime.wait is None:
            break
        runtime.wait(seconds)
        now = max(now, runtime.now())
    if down:
        raise NurtureError(f"{'; '.join(down)}; what is due waits for the next try")
    return counts


def _work_off(
    runtime: Runtime,
    carriers: dict[Channel, Carrier],
    now: datetime,
    batch: int,
    counts: Counter[str],
    down: list[str],
) -> None:
    """Hand over what may leave now. Carriers that let nothing through are left out from then on."""
    while carriers and not runtime.stopping() and (leased := _lease(runtime, carriers, now, batch, counts)):
        for sending in _sendings(runtime, carriers, leased):
            try:
                _send(sending, now)
            except NurtureError:  # the database's trouble is everybody's
                raise
            except Exception as error:  # a carrier's is its own
                log.debug("", exc_info=True)
                sending.stopped, sending.down = True, f"it failed while sending ({type(error).__name__})"
            counts.update(sending.counts)
            down += [f"{sending.carrier.channel}: {sending.down}"] if sending.down else []
            if sending.stopped:
                del carriers[sending.carrier.channel]


def _until_next(
    runtime: Runtime, working: Collection[Channel], now: datetime, last: datetime
) -> float | None:
    """Seconds until it is worth another look, where a limit holds back what may leave by `last`."""
    if runtime.wait is None or runtime.stopping() or not pacing.limited(runtime, working):
        return None
    with runtime.store.read() as tx:
        opening = pacing.opens(runtime, tx, working, now)
    if opening is None or now + opening > last:
        return None
    return min(max(opening.total_seconds(), SHORTEST), 1.0)


def _make_up(runtime: Runtime, now: datetime) -> Counter[str]:
    """Write what the run before could not, and take back what dead workers left behind."""
    counts: Counter[str] = Counter()
    with runtime.store.begin() as tx:
        for sending in runtime.unfinished:
            sending.finish(tx)
        recover(runtime, tx, now)
        pacing.tidy(runtime, tx)
        faults.point("recover.before_commit")
    faults.point("recover.after_commit")
    for sending in runtime.unfinished:
        sending.written()
        counts.update(sending.counts)
    runtime.unfinished.clear()
    return counts


def carriers_of(runtime: Runtime) -> tuple[dict[Channel, Carrier], list[str]]:
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
            again = {"state": "scheduled", "reason": RESENT, "due_at": now, "done_at": None}
            messages.resolve(tx, row["id"], row["fence"], again)
        elif row["on_doubt"] == "hold":
            messages.resolve(tx, row["id"], row["fence"], {"done_at": None})
        elif row["enrollment_id"] is not None:
            enrollments.wake(tx, [row["enrollment_id"]], now)


def _lease(
    runtime: Runtime, working: Mapping[Channel, Carrier], now: datetime, batch: int, counts: Counter[str]
) -> list[Row]:
    """Claim what is ready; what the gate already refuses is settled here and not returned."""
    again = False
    while not runtime.stopping():
        ready, held, cancelled = _claim(runtime, working, now, batch, again)
        counts.update({"cancelled": cancelled} if cancelled else ())
        if held or not ready:
            return held
        again = True
    return []


def _claim(
    runtime: Runtime, working: Mapping[Channel, Carrier], now: datetime, batch: int, again: bool
) -> tuple[int, list[Row], int]:
    """How many messages were ready in one batch, those of them that the gate and the limits let through, and how many
    it cancelled."""
    with runtime.store.begin() as tx:
        until = runtime.store.lease_clock(tx) + LEASE
        turn = pacing.turn(runtime, tx, working, now, batch, sorting=again)
        rows = lanes.lease(tx, now, until, turn.lanes)
        let_out(runtime, tx, rows, now)
        verdicts = _ask(runtime, tx, [row["id"] for row in rows], now)
        held = [row for row in rows if isinstance(verdicts[row["id"]], Allow)]
        held.sort(key=pacing.place)
        refused = [row for row in rows if not isinstance(verdicts[row["id"]], Allow)]
        settling.settle(tx, [settling.not_now(row, verdicts[row["id"]], now) for row in refused], now)
        late = ladder.too_late(runtime, tx, working, held, now)
        settling.settle(tx, [settling.still_in_doubt(row, now) for row in late], now)
        held = turn.choose(tx, [row for row in held if row not in late] if late else held)
        faults.point("lease.before_commit")
    faults.point("lease.after_commit")
    return len(rows), held, _cancelled(verdicts)


def _cancelled(verdicts: Mapping[int, GateVerdict]) -> int:
    return sum(isinstance(verdict, Cancel) for verdict in verdicts.values())


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
    sent_to: dict[int, str | None] = field(default_factory=dict)  # by message: see Composed
    unwritten: list[Outcome] = field(default_factory=list)  # outcomes that no transaction has written yet
    answered: Counter[str] = field(default_factory=Counter)  # of the written ones: see settling.counted
    cancelled: int = 0  # by the gate, not counted yet
    left: set[int] = field(default_factory=set)  # messages whose bodies may have left
    counts: Counter[str] = field(default_factory=Counter)
    stopped: bool = False  # nothing gets through: the rest waits for the next run
    down: str | None = None  # why, in words, where somebody should look at it

    @property
    def at_once(self) -> int:
        """How many messages the next wave may hold."""
        return 1 if self.carrier.channel in self.runtime.silent else self.carrier.connections

    def wave(self, wave: Sequence[Composed]) -> None:
        """Send one wave, and see whether anything gets through."""
        try:
            prepared = self.carrier.prepare([one.envelope for one in wave])
        except Exception as error:
            self.unwritten += [settling.unprepared(one.envelope.message_id, error) for one in wave]
            raise
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
        account = next((each.detail for each in answers if each.trouble in _OUR_ACCOUNT), None)
        self.down = prepared.down or account
        nothing = self._takes_nothing({each.kind for each in answers}, len(answers))
        self.stopped = self.down is not None or nothing

    def _takes_nothing(self, kinds: Collection[OutcomeKind], count: int) -> bool:
        """Whether these answers to so many messages say that it is better to wait with the others.

        Where answers are lost, one message at a time leaves until one is heard of: what is in doubt may never go again,
        and an outage must not use up all that waits.
        """
        silent, channel = self.runtime.silent, self.carrier.channel
        if not _NOT_TAKEN.issuperset(kinds):
            silent.discard(channel)
            return False
        lost = OutcomeKind.IN_DOUBT in kinds
        if lost and channel not in PERSONAL:  # other receivers may well take theirs
            return False
        again = count > 1 or (count == 1 and channel in silent)
        silent.update((channel,) if lost else ())
        return again

    def _hand_over(self, prepared: Prepared[Any], allowed: set[int]) -> list[Outcome]:
        """Let the bodies leave. Where that ends without an answer each of them is in doubt."""
        self.left |= allowed
        try:
            outcomes = self.carrier.hand_over(prepared, allowed)
        except Exception as error:
            self.unwritten += [settling.unanswered(message_id, error) for message_id in allowed]
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
        now = self.runtime.now()
        ids = self._in_time(tx, [one.envelope.message_id for one in wave], now)
        if not ids:
            return set()
        verdicts = _ask(self.runtime, tx, ids, now)
        self.cancelled += _cancelled(verdicts)
        clock = self.runtime.store.lease_clock(tx)
        until = clock + timedelta(seconds=self.carrier.patience + 60)
        handed_at = now if self.runtime.wait is None else min(now, clock)
        settling.settle(
            tx,
            [
                settling.not_now(self.rows[i], verdict, now)
                for i, verdict in verdicts.items()
                if not isinstance(verdict, Allow)
            ],
            now,
        )
        marks = [
            {
                "id": one.envelope.message_id,
                "fence": self.rows[one.envelope.message_id]["fence"],
                "handed_at": settling.handed_at(self.rows[one.envelope.message_id], handed_at),
                "lease_until": until,
                "provider": self.carrier.name,
                "consent_id": verdict.consent_id,
                "sent_to": one.sent_to,
                **one.kept,
            }
            for one in wave
            if isinstance(verdict := verdicts.get(one.envelope.message_id), Allow)
        ]
        return messages.mark_handover(tx, marks)

    def _in_time(self, tx: Tx, ids: list[int], now: datetime) -> list[int]:
        """Without those that go again, and for whom it has become too late since they were leased."""
        rows, carriers = [self.rows[message_id] for message_id in ids], {self.carrier.channel: self.carrier}
        late = ladder.too_late(self.runtime, tx, carriers, rows, now)
        settling.settle(tx, [settling.still_in_doubt(row, now) for row in late], now)
        gone = {row["id"] for row in late}
        return [message_id for message_id in ids if message_id not in gone] if gone else ids

    def write(self, tx: Tx) -> None:
        """Write the outcomes that have come in; they are kept until `written` says that this was committed."""
        now = self.runtime.now()
        ours = settling.settle(
            tx,
            [settling.result(self.rows[outcome.message_id], outcome, now) for outcome in self.unwritten],
            now,
        )
        for outcome in self.unwritten:
            if outcome.suppress:
                row = self.rows[outcome.message_id]
                if row["recipient_digest"]:
                    opt_outs.suppress_recipient(tx, row, outcome.suppress, self.carrier.name, now)
                    continue
                opt_outs.suppress(
                    self.runtime,
                    tx,
                    row["contact_id"],
                    row["channel"],
                    outcome.suppress,
                    self.carrier.name,
                    now,
                    self.sent_to.get(outcome.message_id),
                )
        told = [
            (self.rows[outcome.message_id], outcome)
            for outcome in self.unwritten
            if outcome.message_id in ours
            or outcome.kind is OutcomeKind.ACCEPTED  # a no says nothing of another's try
        ]
        if self.carrier.channel is Channel.WEBHOOK:
            calls.remember(self.runtime, tx, told)
        events.append(
            tx, [event for row, outcome in told if (event := settling.event(row, outcome, now)) is not None]
        )

    def written(self) -> None:
        """The transaction that `write` took part in has committed."""
        self.counts.update(outcome.kind.value for outcome in self.unwritten)
        self.counts.update({"cancelled": self.cancelled} if self.cancelled else ())
        self.cancelled = 0
        self.answered += settling.counted(self.unwritten)
        self.unwritten = []

    def finish(self, tx: Tx) -> None:
        """Write the last outcomes and give back what never left, even where it was marked already."""
        self._lock(tx)
        self.write(tx)
        stayed = self.rows.keys() - self.left
        messages.give_back(tx, [(message_id, self.rows[message_id]["fence"]) for message_id in stayed])
        # last: other workers count there, too, and whoever waits for nothing more is in nobody's way
        self._tally(tx)

    def _tally(self, tx: Tx) -> None:
        """Count what was answered, and stop the channel's marketing where too much of it was no."""
        channel, now = self.carrier.channel, self.runtime.now()
        answered = self.answered + settling.counted(self.unwritten)
        if channel in PERSONAL and answered:
            stops.tally(tx, channel, now, answered["delivered"], answered["policy"])
        if answered["policy"]:
            breakers.watch(self.runtime, tx, [channel], now)


@heap.at_rest()
def _send(sending: _Sending, now: datetime) -> None:
    """Send the leased messages of one channel in waves, until all are or nothing gets through."""
    runtime = sending.runtime
    with runtime.store.begin() as tx:
        composed, unfit = compose(runtime, tx, list(sending.rows.values()), now)
        settling.settle(tx, [settling.unfit(row, why, now) for row, why in unfit], now)
        faults.point("compose.before_commit")
    faults.point("compose.after_commit")
    sending.counts["refused"] += len(unfit)
    sending.sent_to = {one.envelope.message_id: one.sent_to for one in composed}
    queue, over = iter(composed), time.monotonic() + TURN
    while wave := list(islice(queue, sending.at_once)):
        sending.wave(wave)
        if sending.stopped or runtime.stopping() or time.monotonic() > over:
            break
    with runtime.store.begin() as tx:
        sending.finish(tx)
        faults.point("outcome.before_commit")
    faults.point("outcome.after_commit")
    sending.written()
    runtime.unfinished.remove(sending)
    # by itself: who leases holds the plan first, and people's runs after it
    pacing.unspent(runtime, sending.carrier.channel, len(sending.rows.keys() - sending.left), now)
