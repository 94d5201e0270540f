"""The table of JOBS: what runs, how often, and which function does it.

The embedded scheduler and the Prefect flows both run this table. Every job is harmless when it runs
zero, one or many times at once: timers are rows, a scheduler only pokes.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from nurture.app import advance, deliver, evaluate, process, reporting
from nurture.app.runtime import Runtime
from nurture.store import jobs

log = logging.getLogger("nurture")


@dataclass(frozen=True, slots=True)
class Job:
    """A job: its name, how often it is poked, and its function of (runtime, now)."""

    name: str
    title: str
    every: timedelta
    run: Callable[[Runtime, datetime], Counter[str]]


MINUTE = timedelta(minutes=1)

JOBS: tuple[Job, ...] = (
    Job("process-feedback", "What came in has its effect", timedelta(seconds=10), process.process),
    Job("evaluate-triggers", "Enroll whoever crossed a line", MINUTE, evaluate.evaluate),
    Job("advance-journeys", "Take each run to its next step", timedelta(seconds=10), advance.advance),
    Job("deliver-messages", "Hand over what is due", timedelta(seconds=10), deliver.deliver),
    Job("report", "Write the report", timedelta(hours=1), reporting.refresh),
)


def job(name: str) -> Job:
    """The job called `name`. Raises KeyError for another name."""
    return {each.name: each for each in JOBS}[name]


def run(runtime: Runtime, each: Job) -> Counter[str]:
    """Run one job now and note how it went. What it raises is noted and raised again."""
    now = runtime.now()
    with runtime.store.begin() as tx:
        jobs.started(tx, each.name, now)
    try:
        counts = each.run(runtime, now)
    except Exception as error:
        with runtime.store.begin() as tx:
            jobs.failed(tx, each.name, runtime.now(), _in_words(error))
        raise
    with runtime.store.begin() as tx:
        jobs.finished(tx, each.name, runtime.now(), counts)
    return counts


def tick(runtime: Runtime) -> Counter[str]:
    """Run every job but the report once, in their order: what the clock of demo and tests does."""
    counts: Counter[str] = Counter()
    for each in JOBS[:-1]:
        for name, count in each.run(runtime, runtime.now()).items():
            counts[f"{each.name}.{name}"] += count
    return counts


def _in_words(error: Exception) -> str:
    """The error without what might be personal: its kind, and the text of our own errors."""
    from nurture.problems import NurtureError

    return str(error) if isinstance(error, NurtureError) else type(error).__name__
