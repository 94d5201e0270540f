"""How every job is doing, in figures that a person or a monitor can act on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nurture.app.runtime import Runtime
from nurture.store import enrollments, events, jobs, messages


@dataclass(frozen=True, slots=True)
class JobStatus:
    """One job. `lag` is how long the oldest thing that it should have done has been waiting."""

    name: str
    last_run: datetime | None
    due: int
    lag: timedelta
    error: str | None
    failed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Status:
    """The state of the whole workspace at `at`."""

    at: datetime
    jobs: tuple[JobStatus, ...]
    messages: Mapping[str, int]
    paused: tuple[str, ...]

    @property
    def in_doubt(self) -> int:
        return self.messages.get("in_doubt", 0)

    @property
    def failed(self) -> int:
        """Messages that a provider refused."""
        return self.messages.get("refused", 0)

    def healthy(self, patience: timedelta = timedelta(minutes=10)) -> bool:
        """Whether nothing has failed since its last good run and nothing waits longer than `patience`."""
        return all(job.error is None and job.lag <= patience for job in self.jobs)


def status(runtime: Runtime, names: Sequence[str], now: datetime) -> Status:
    """How the jobs called `names` are doing at `now`."""
    with runtime.store.read() as tx:
        known = jobs.all_jobs(tx)
        inbox_since = events.next_due(tx)
        waiting = {
            "process-feedback": (events.waiting(tx, now), inbox_since),
            "advance-journeys": enrollments.due(tx, now),
            "deliver-messages": messages.due(tx, now),
        }
        live = runtime.live(tx)
        states = messages.states(tx)
    rows = []
    for name in names:
        row = known.get(name, {})
        due, since = waiting.get(name, (0, None))
        rows.append(
            JobStatus(
                name=name,
                last_run=row.get("finished_at"),
                due=due,
                lag=max(now - since, timedelta()) if since is not None and due else timedelta(),
                error=row.get("error"),
                failed_at=row.get("failed_at"),
            )
        )
    return Status(now, tuple(rows), states, tuple(each.name for each in live if each.paused_at is not None))
