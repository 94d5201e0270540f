"""The table of JOBS: what runs, how often, and which function does it.

The embedded scheduler and the Prefect flows both run this table. Every job is harmless when it runs
zero, one or many times at once: timers are rows, a scheduler only pokes.
"""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from os import sep

from nurture.app import advance, deliver, evaluate, learning, process, reporting
from nurture.app.runtime import Runtime
from nurture.engine import retry
from nurture.problems import NurtureError
from nurture.store import jobs

log = logging.getLogger("nurture")


@dataclass(frozen=True, slots=True)
class Job:
    """A job: its name, how often it is poked, and its function of (runtime, now).

    One that `waits` for other servers has a thread of its own: a server that hangs keeps no other job from its work.
    Of one that is `unproven` by an empty run, such a run doesn't show that it works again after it failed.
    """

    name: str
    title: str
    every: timedelta
    run: Callable[[Runtime, datetime], Counter[str]]
    waits: bool = False
    unproven: bool = False


MINUTE = timedelta(minutes=1)


def collect(runtime: Runtime, now: datetime) -> Counter[str]:
    """Read what came back by mail, where a mailbox is configured for it."""
    if runtime.settings.returns is None:
        return Counter()
    from nurture.app import returns  # reading mails takes tables that nothing else needs

    return returns.collect(runtime, now)


def refresh(runtime: Runtime, now: datetime) -> Counter[str]:
    """Write what people look up in the workspace's folder: the report, and events of their own that came in."""
    counts = reporting.refresh(runtime, now)
    if names := learning.learn(runtime):
        counts["learnt"] = len(names)
    return counts


JOBS: tuple[Job, ...] = (
    Job("collect-returns", "Read what came back by mail", MINUTE, collect, waits=True),
    Job("process-feedback", "What came in has its effect", timedelta(seconds=10), process.process),
    Job("evaluate-triggers", "Enroll whoever crossed a line", MINUTE, evaluate.evaluate),
    Job("advance-journeys", "Take each run to its next step", timedelta(seconds=10), advance.advance),
    Job(
        "deliver-messages",
        "Hand over what is due",
        timedelta(seconds=10),
        deliver.deliver,
        waits=True,
        unproven=True,
    ),
    Job("report", "Write the report", timedelta(hours=1), refresh),
)


def job(name: str) -> Job:
    """The job called `name`. Raises KeyError for another name."""
    return {each.name: each for each in JOBS}[name]


def run(runtime: Runtime, each: Job) -> Counter[str]:
    """Run one job now and note how it went. What it raises is noted and raised again."""
    now = runtime.now()
    try:
        with runtime.store.begin() as tx:
            jobs.started(tx, each.name, now)
        counts = each.run(runtime, now)
        with runtime.store.begin() as tx:
            jobs.finished(
                tx, each.name, runtime.now(), counts, unproven_since=_unproven_since(each, counts, now)
            )
    except Exception as error:
        _note(runtime, each, error)
        raise
    return counts


def _unproven_since(each: Job, counts: Counter[str], now: datetime) -> datetime | None:
    """A run that handed nothing over doesn't show that the provider answers again: what failed since then still
    counts, until everything that was put off has been tried once more."""
    return now - retry.LONGEST_PAUSE if each.unproven and not any(counts.values()) else None


def _note(runtime: Runtime, each: Job, error: Exception) -> None:
    """Write down that the job failed, where the database lets us: it may be what failed."""
    try:
        with runtime.store.begin() as tx:
            jobs.failed(tx, each.name, runtime.now(), in_words(error))
    except Exception as second:
        log.debug("the failure of %s could not be noted: %s", each.name, in_words(second))


def in_words(error: BaseException) -> str:
    """The error without what might be personal: our own errors as they are, of others the kind and the place."""
    if isinstance(error, NurtureError):
        found = (f"{each.mark or ''} {each.message}".strip() for each in error.problems)
        return "; ".join(filter(None, (str(error), *found)))
    said = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
    return f"{type(error).__name__}{said}{_place(error)}"


def _place(error: BaseException) -> str:
    """The last line of ours that the error came through."""
    ours = [
        frame for frame in traceback.extract_tb(error.__traceback__) if f"{sep}nurture{sep}" in frame.filename
    ]
    return f" ({ours[-1].filename.rpartition(f'{sep}nurture{sep}')[2]}:{ours[-1].lineno})" if ours else ""
