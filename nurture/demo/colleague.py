"""The shop's own side of the demo: a colleague who works off the tasks that journeys open."""

from __future__ import annotations

from datetime import datetime

from nurture.app import tasks
from nurture.app.runtime import Runtime
from nurture.clock import next_at
from nurture.digests import fraction
from nurture.store import tasks as task_store

_MINUTES = 15 * 60  # of the day: when she makes her calls
_WEEKDAYS = frozenset(range(5))
_OUTCOMES = (("reached", 0.6), ("no_answer", 0.9), ("wrong_number", 1.0))


class Colleague:
    """Calls whom a task names, the next working afternoon, with outcomes that the seed decides."""

    def __init__(self, runtime: Runtime, seed: str) -> None:
        self._runtime, self._seed = runtime, seed

    def next_at(self, after: datetime) -> datetime | None:
        """When she makes her next calls; None: there is nobody to call."""
        with self._runtime.store.read() as tx:
            waiting = task_store.open_ones(tx)
        return self._call_at(after) if waiting else None

    def works(self, now: datetime) -> None:
        """Close every open task, if it is time."""
        if self._call_at(now) != now:
            return
        with self._runtime.store.read() as tx:
            waiting = task_store.open_ones(tx)
        for task in waiting:
            share = fraction(self._seed, task["ref"], task["step"], f"{now:%Y-%m-%d}", "call")
            outcome = next(name for name, up_to in _OUTCOMES if share < up_to)
            tasks.close(self._runtime, task["id"], outcome, now)

    def _call_at(self, at: datetime) -> datetime:
        return next_at(at, _MINUTES, self._runtime.settings.company.zone, _WEEKDAYS)
