"""The shop's own side of the demo: a colleague who works off the tasks that journeys open."""

from __future__ import annotations

from datetime import date, datetime

from nurture.app import tasks
from nurture.app.runtime import Runtime
from nurture.clock import local
from nurture.digests import fraction
from nurture.store import tasks as task_store

_HOUR = 15  # when she makes her calls, on weekdays
_OUTCOMES = (("reached", 0.6), ("no_answer", 0.9), ("wrong_number", 1.0))


class Colleague:
    """Calls whom a task names, once a working day, with outcomes that the seed decides."""

    def __init__(self, runtime: Runtime, seed: str) -> None:
        self._runtime, self._seed = runtime, seed
        self._worked: date | None = None

    def works(self, now: datetime) -> None:
        """Close every open task, if it is time."""
        here = local(now, self._runtime.settings.company.zone)
        if here.hour < _HOUR or here.weekday() >= 5 or self._worked == here.date():
            return
        self._worked = here.date()
        with self._runtime.store.read() as tx:
            waiting = task_store.open_ones(tx)
        for task in waiting:
            share = fraction(self._seed, task["ref"], task["step"], f"{here:%Y-%m-%d}", "call")
            outcome = next(name for name, up_to in _OUTCOMES if share < up_to)
            tasks.close(self._runtime, task["id"], outcome, now)
