"""JOBS on one machine: APScheduler pokes; one thread runs them in turn, others hand messages over and read mail.

A lease row in the database lets only one process of several do this at a time; the others stand by and
look again at every poke. Nothing is lost when a poke is: what is due stands in the rows.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from nurture.app.runtime import Runtime
from nurture.schedule import JOBS, MINUTE, Job, in_words, run
from nurture.store import jobs

log = logging.getLogger("nurture")
NAME = "scheduler"  # of the lease
_WAITING = tuple(job.name for job in JOBS if job.waits)
LEASE = timedelta(minutes=2)  # how long others wait for a process of another machine that gives no sign
GRACE = 3600  # seconds: APScheduler drops a poke that comes a second late unless told otherwise


class Scheduler:
    """Runs JOBS until stopped, each as often as its row says; `every` hastens those of up to a minute.

    `open_runtime` is called in each thread that uses what it opens.
    """

    def __init__(self, open_runtime: Callable[[], Runtime], every: timedelta | None = None) -> None:
        self._open = open_runtime
        self._local = threading.local()
        self._opened: list[Runtime] = []
        self._stopping = threading.Event()
        self._failing: set[str] = set()
        self._standing_by = False
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={name: ThreadPoolExecutor(1) for name in ("work", *_WAITING)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": GRACE},
        )
        for order, job in enumerate(JOBS):
            self._scheduler.add_job(
                self._poke,
                "interval",
                args=[job],
                id=job.name,
                seconds=(every if every and job.every <= MINUTE else job.every).total_seconds(),
                executor=job.name if job.waits else "work",
                next_run_time=datetime.now(UTC) + timedelta(milliseconds=50 * order),
            )

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        """Let the jobs at work finish their batch or wave, start no other, and close everything.

        Whoever stands by may go on at once.
        """
        self._stopping.set()
        self._scheduler.shutdown(wait=True)
        for number, runtime in enumerate(self._opened):
            if not number:
                _give_up_lease(runtime)
            runtime.close()

    def _runtime(self) -> Runtime:
        if not hasattr(self._local, "runtime"):
            runtime = self._local.runtime = self._open()
            runtime.stopping, runtime.wait = self._stopping.is_set, self._stopping.wait
            self._opened.append(runtime)
        found: Runtime = self._local.runtime
        return found

    def _poke(self, job: Job) -> None:
        if self._stopping.is_set():
            return
        try:
            runtime = self._runtime()
            if not self._is_our_turn(runtime):
                return
            self._went_well(runtime, job, run(runtime, job))
        except Exception as error:
            self._failed(job, error)

    def _is_our_turn(self, runtime: Runtime) -> bool:
        with runtime.store.begin() as tx:
            ours = jobs.take(tx, NAME, runtime.store.lease_clock(tx), lease=LEASE)
        if ours and self._standing_by:
            log.info("the other nurture has ended: this one runs the journeys now")
        self._standing_by = not ours
        return ours

    def _failed(self, job: Job, error: Exception) -> None:
        self._failing.add(job.name)
        log.error("%s failed: %s", job.name, in_words(error))
        log.debug("", exc_info=True)

    def _went_well(self, runtime: Runtime, job: Job, counts: Counter[str]) -> None:
        if job.name in self._failing and _works(runtime, job):
            self._failing.discard(job.name)
            log.info("%s works again", job.name)
        if done := [f"{name} {count:,}" for name, count in counts.items() if count]:
            log.info("%s: %s", job.name, ", ".join(done))


def who_else(runtime: Runtime) -> str | None:
    """The other process that runs this workspace's journeys now, in words."""
    with runtime.store.read() as tx:
        owner = jobs.holder(tx, NAME, runtime.store.lease_clock(tx))
    if owner is None:
        return None
    host, pid, *_ = owner.split(":")
    return f"process {pid} on {host}"


def _works(runtime: Runtime, job: Job) -> bool:
    """Whether a job that failed is known to work again, as `nurture status` has it: a run with nothing to do may not
    show it."""
    with runtime.store.read() as tx:
        return not jobs.is_failing(jobs.all_jobs(tx)[job.name])


def _give_up_lease(runtime: Runtime) -> None:
    """Where the database lets us: without it the lease ends by itself."""
    try:
        with runtime.store.begin() as tx:
            jobs.release(tx, NAME)
    except Exception as error:
        log.debug("the lease could not be given up: %s", in_words(error))


def told_to_stop() -> threading.Event:
    """Set by SIGINT or SIGTERM. A second one ends the process at once: nothing is lost by that either."""
    told = threading.Event()

    def tell(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        told.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, tell)
    return told
