"""JOBS on one machine: APScheduler pokes, one worker thread runs them one after the other.

A lease row in the database lets only one process of several do this at a time; the others look again
at every poke. Nothing is lost when a poke is: what is due stands in the rows.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from nurture.app.runtime import Runtime
from nurture.problems import NurtureError
from nurture.schedule import JOBS, Job, run
from nurture.store import jobs

log = logging.getLogger("nurture")
LEASE = timedelta(minutes=2)
GRACE = 3600  # seconds: APScheduler drops a poke that comes a second late unless told otherwise


class Scheduler:
    """Runs JOBS until stopped. `open_runtime` is called in the thread that uses what it opens."""

    def __init__(self, open_runtime: Callable[[], Runtime]) -> None:
        self._open = open_runtime
        self._local = threading.local()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": GRACE},
        )
        for order, job in enumerate(JOBS):
            first = datetime.now(UTC) + timedelta(milliseconds=50 * order)
            self._scheduler.add_job(
                self._poke,
                "interval",
                seconds=job.every.total_seconds(),
                args=[job],
                id=job.name,
                next_run_time=first,
            )

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        """Finish the job that runs now and start no other."""
        self._scheduler.shutdown(wait=True)

    def _runtime(self) -> Runtime:
        if not hasattr(self._local, "runtime"):
            self._local.runtime = self._open()
        runtime: Runtime = self._local.runtime
        return runtime

    def _poke(self, job: Job) -> None:
        try:
            runtime = self._runtime()
            with runtime.store.begin() as tx:
                if not jobs.take(tx, "scheduler", runtime.store.lease_clock(tx), lease=LEASE):
                    return
            counts = {name: count for name, count in run(runtime, job).items() if count}
            if counts:
                log.info("%s: %s", job.name, ", ".join(f"{name} {count}" for name, count in counts.items()))
        except NurtureError as error:
            log.error("%s: %s", job.name, error)
        except Exception as error:
            log.error("%s failed: %s; the next poke tries again", job.name, type(error).__name__)
            log.debug("", exc_info=True)


def until_told_to_stop() -> None:
    """Wait for SIGINT or SIGTERM."""
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    told.wait()
