"""After a database was restored from a backup: what may have been sent in the lost time waits for somebody's word.

A backup doesn't know what happened after it. So the jobs first catch up, without handing anything over; what is due
then, and what a worker had in hand, is put in doubt: it may have left, and nobody knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nurture.app import advance, deliver, evaluate, ladder, process
from nurture.app.runtime import Runtime
from nurture.problems import NurtureError
from nurture.store import jobs, restoring

SCHEDULER = "scheduler"  # the lease of who runs the journeys
ROUNDS = 20  # of the jobs until nothing is left to do


@dataclass(frozen=True, slots=True)
class Lost:
    """What stands in doubt after a restore: by journey and channel, how many messages. `last_sign` is the last thing
    that the backup knows of; `found` messages turned out to have been sent, and `absent` not."""

    last_sign: datetime | None
    parked: Sequence[tuple[str, str, int]]
    found: int = 0
    absent: int = 0

    @property
    def count(self) -> int:
        return sum(number for _, _, number in self.parked)


def park(runtime: Runtime, now: datetime) -> Lost:
    """Put in doubt what may have been sent after the backup, and ask the providers that can be asked.

    Doing it twice changes nothing. Raises NurtureError while journeys are running.
    """
    with runtime.store.begin() as tx:
        if jobs.holder(tx, SCHEDULER, runtime.store.lease_clock(tx)):
            raise NurtureError("nurture is running on this database; stop it first, and what it sent is sent")
        last = restoring.last_sign(tx)
        restoring.park(tx, now, last or now)
    _catch_up(runtime, now, last or now)
    settled = ladder.climb(runtime, deliver.carriers_of(runtime)[0], now)
    with runtime.store.read() as tx:
        return Lost(last, restoring.parked(tx), settled["found"], settled["resent"])


def _catch_up(runtime: Runtime, now: datetime, lost_since: datetime) -> None:
    """Let every job but the handing over do what it would have done, and put in doubt what comes of it."""
    for _ in range(ROUNDS):
        done = process.process(runtime, now) + evaluate.evaluate(runtime, now) + advance.advance(runtime, now)
        with runtime.store.begin() as tx:
            parked = restoring.park(tx, now, lost_since)
        if not parked and not any(done.values()):
            return


def send(runtime: Runtime) -> int:
    """Let what was parked leave, as if it had never been sent: the gate is asked as ever. How many."""
    with runtime.store.begin() as tx:
        return restoring.send(tx, runtime.now())


def drop(runtime: Runtime, now: datetime) -> int:
    """Leave what was parked in doubt, and let its people go on. How many."""
    with runtime.store.begin() as tx:
        return restoring.drop(tx, now)
