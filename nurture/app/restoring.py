"""After a database was restored from a backup: what may have been sent in the lost time waits for somebody's word.

A backup doesn't know what happened after it. So the jobs live through the lost time again, without handing anything
over; what comes to be due on the way, and what a worker had in hand, is put in doubt: it may have left, and nobody knows.
Journeys go on behind it as they did then, so what was due later is found, too.
Each instant is judged by its own clock: a mail that left at noon is not one that tonight's quiet hours put off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from nurture.app import advance, deliver, due, evaluate, ladder, process
from nurture.app.runtime import Runtime
from nurture.problems import NurtureError
from nurture.store import jobs, messages, restoring
from nurture.store.engine import Tx

SCHEDULER = "scheduler"  # the lease of who runs the journeys
ROUNDS = 20  # of the jobs until nothing is left to do
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
# Into how many parts the lost time is divided at most, where much is due: parts of a minute, with which quiet hours begin
# and end, as long as that is enough.
MOST_PARTS = 10_000
PACES = tuple(timedelta(seconds=seconds) for seconds in (1, 5, 15, 60, 300, 900, 3600))


@dataclass(frozen=True, slots=True)
class Lost:
    """What stands in doubt after a restore: by journey and channel, how many messages. `last_sign` is when the
    backup's jobs last ran; `found` messages turned out to have been sent, and `absent` not. `held` is what pauses hold,
    by journey. `since` says that it was parked then, and that journeys have run meanwhile: nothing was parked anew."""

    last_sign: datetime | None
    parked: Sequence[tuple[str, str, int]]
    found: int = 0
    absent: int = 0
    held: Sequence[tuple[str, int]] = ()
    since: datetime | None = None

    @property
    def count(self) -> int:
        return sum(number for _, _, number in self.parked)


def park(runtime: Runtime, now: datetime) -> Lost:
    """Put in doubt what may have been sent after the backup, and ask the providers that can be asked.

    Doing it twice changes nothing; once journeys run again, what is due in them since was not lost. Raises
    NurtureError while journeys are running.
    """
    with runtime.store.begin() as tx:
        if jobs.holder(tx, SCHEDULER, runtime.store.lease_clock(tx)):
            raise NurtureError("nurture is running on this database; stop it first, and what it sent is sent")
        last, parked_at = restoring.last_sign(tx), restoring.parked_at(tx)
        if parked_at is not None and last is not None and last > parked_at:
            return Lost(last, restoring.parked(tx), since=parked_at)
        lost_since = min(last or now, now)
        restoring.park(tx, lost_since, lost_since, now)
    _catch_up(runtime, now, lost_since)
    settled = ladder.climb(runtime, deliver.carriers_of(runtime)[0], now)
    with runtime.store.read() as tx:
        found, absent = settled["found"], settled["resent"]
        return Lost(last, restoring.parked(tx), found, absent, restoring.held(tx, now))


def _catch_up(runtime: Runtime, now: datetime, lost_since: datetime) -> None:
    """Let every job but the handing over do what it would have done at each instant of the lost time, and put in doubt
    what came to be due at it."""
    at = lost_since
    then = replace(runtime, now=lambda: at)
    pace = _pace(now - lost_since)
    while True:
        coming = _work(then, at, lost_since, now)
        if at >= now:
            return
        at = min(_step(at, coming, pace), now) if coming is not None else now


def _work(runtime: Runtime, at: datetime, lost_since: datetime, now: datetime) -> datetime | None:
    """The jobs at this instant until nothing is left to do at it; when something comes to be due next."""
    for _ in range(ROUNDS):
        for job in (process.process, evaluate.evaluate, advance.advance):
            job(runtime, at)
        with runtime.store.begin() as tx:
            restoring.park(tx, at, lost_since, now)
            soonest = _soonest(tx, at)
            coming = min(filter(None, (soonest, evaluate.next_due(runtime, tx, at))), default=None)
        if soonest is None or soonest > at:
            break
    return max(coming, at + TICK) if coming is not None else None


def _soonest(tx: Tx, at: datetime) -> datetime | None:
    """When the first row is due; of messages the first after `at`, for what is still there by then a pause holds."""
    return due.next_due(tx)._replace(message=messages.next_due_after(tx, at)).soonest


def _pace(lost: timedelta) -> timedelta:
    return next((pace for pace in PACES if lost <= MOST_PARTS * pace), PACES[-1])


def _step(at: datetime, coming: datetime, pace: timedelta) -> datetime:
    """Where to look after `at`: where something comes to be due; where that is soon, at the end of its second or
    minute, with all else of it: the hour on the wall says the same of all of that."""
    if coming - at >= pace:
        return coming
    return coming - (coming - EPOCH) % pace + pace - TICK


def send(runtime: Runtime) -> int:
    """Let what was parked leave, as if its runs had stood still since: the gate is asked as ever. How many."""
    with runtime.store.begin() as tx:
        return restoring.send(tx, runtime.now())


def drop(runtime: Runtime, now: datetime) -> int:
    """Leave what was parked in doubt: it goes no more. How many."""
    with runtime.store.begin() as tx:
        return restoring.drop(tx, now)
