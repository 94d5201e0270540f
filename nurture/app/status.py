"""How every job is doing, in figures that a person or a monitor can act on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nurture.app import breakers, mailbox_place, pacing, unheard
from nurture.app.mailbox_place import Place
from nurture.app.runtime import Runtime
from nurture.app.unheard import Unheard
from nurture.app.verdicts import Verdict
from nurture.store import canaries, enrollments, events, jobs, messages, stops

PATIENCE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class JobStatus:
    """One job. `lag` is how long the oldest thing that it should have done has been waiting; `error` is its
    last one, said at `failed_at`, and `failing` whether it hasn't gone well since."""

    name: str
    every: timedelta
    last_run: datetime | None  # when it began
    due: int
    lag: timedelta
    error: str | None
    failed_at: datetime | None
    failing: bool

    def silence(self, at: datetime, patience: timedelta) -> str | None:
        """What is wrong where it has begun no run for longer than both `patience` and three of its rounds."""
        if self.last_run is None:
            return f"{self.name} has not run yet"
        since = at - self.last_run
        late = since > max(patience, 3 * self.every)
        return f"{self.name} began its last run {in_words(since)} ago" if late else None


@dataclass(frozen=True, slots=True)
class Status:
    """The state of the whole workspace at `at`."""

    at: datetime
    jobs: tuple[JobStatus, ...]
    messages: Mapping[str, int]
    cancelled: Mapping[str, int]  # of them, by reason
    refused: Mapping[str, int]
    live: int  # how many journeys are published
    paused: tuple[str, ...]
    held: int  # messages that leave as soon as the pause ends
    last_sign: datetime | None  # when any job last began or ended
    unread: Place = Place()  # where mails wait that nobody understood
    unheard: Unheard | None = None  # STOPs that silenced nobody
    stopped: tuple[str, ...] = ()  # canaries that stopped by themselves and that nobody has seen to, and why
    channels: tuple[str, ...] = ()  # channels whose marketing stopped by itself, and why
    pacing: tuple[str, ...] = ()  # what limits hold back, and how far new senders have come

    @property
    def in_doubt(self) -> int:
        return self.messages.get("in_doubt", 0)

    @property
    def failed(self) -> int:
        """Messages that will not leave, and nobody wanted that."""
        return self.messages.get("refused", 0)

    @property
    def failures(self) -> Mapping[str, int]:
        """Of them, by what happened."""
        gave_up, unfit = self.refused.get("gave_up", 0), self.refused.get("unfit", 0)
        return {
            "refused for good by the provider": self.failed - gave_up - unfit,
            "given up after a day of tries": gave_up,
            "could not be made of their template": unfit,
        }

    def troubles(self, patience: timedelta = PATIENCE) -> tuple[str, ...]:
        """What needs a look, in words: what failed and has not gone well since, what has waited longer
        than `patience`, and whether anything runs at all."""
        failing = [f"{job.name} failed: {job.error}" for job in self.jobs if job.failing]
        late = [f"{job.name} is late: {in_words(job.lag)} behind" for job in self.jobs if job.lag > patience]
        return (*self.channels, *self.stopped, *failing, *late, *self._silence(patience))

    def _silence(self, patience: timedelta) -> list[str]:
        if not self.live:
            return []
        if self.last_sign is None or self.at - self.last_sign > patience:
            since = f"for {in_words(self.at - self.last_sign)}" if self.last_sign else "yet"
            return [f"no job has run {since}: is `nurture up` or a Prefect worker running?"]
        return [said for job in self.jobs if (said := job.silence(self.at, patience))]


def in_words(lag: timedelta) -> str:
    """`45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`: two units at most, rounded down."""
    seconds = int(lag.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    units = (("d", seconds // 86400), ("h", seconds // 3600 % 24), ("min", seconds // 60 % 60))
    first = next(index for index, (_, count) in enumerate(units) if count)
    return " ".join(f"{count} {unit}" for unit, count in units[first : first + 2] if count)


def status(runtime: Runtime, every: Mapping[str, timedelta], now: datetime) -> Status:
    """How the jobs are doing at `now`; `every` says for each name how often it should run."""
    with runtime.store.read() as tx:
        known = jobs.all_jobs(tx)
        waiting = {
            "process-feedback": (events.waiting(tx, now), events.next_due(tx)),
            "advance-journeys": enrollments.due(tx, now),
            "deliver-messages": pacing.overdue(runtime, tx, now),
        }
        live = runtime.live(tx)
        states, held = messages.states(tx), messages.held(tx, now)
        cancelled, refused = messages.reasons(tx, "cancelled"), messages.reasons(tx, "refused")
        stopped = canaries.stopped(tx)
        unread, lost = mailbox_place.read(tx), unheard.read(tx)
        channels = tuple(breakers.in_words(row) for row in stops.rows(tx))
        pace = pacing.told(runtime, tx, now)
    rows = [known[name] for name in every if name in known]
    signs = [
        row[column] for row in rows for column in ("started_at", "finished_at", "failed_at") if row[column]
    ]
    return Status(
        at=now,
        jobs=tuple(
            _job(name, pace, known.get(name, {}), *waiting.get(name, (0, None)), now)
            for name, pace in every.items()
        ),
        messages=states,
        cancelled=cancelled,
        refused=refused,
        live=len(live),
        paused=(
            *(each.name for each in live if each.paused_at is not None),
            *(f"{each['journey']} version {each['number']}" for each in stopped if each["held"]),
        ),
        held=held,
        last_sign=max(signs, default=None),
        unread=unread,
        unheard=lost,
        stopped=tuple(_stopped(each) for each in stopped if each["settled_at"] is None),
        channels=channels,
        pacing=pace,
    )


def _stopped(row: Mapping[str, Any]) -> str:
    name, why = row["journey"], Verdict(**row["figures"]).in_words()
    return (
        f"the canary of {name}, version {row['number']}, stopped: {why}. Newcomers enter the version before; who is inside "
        f"waits. `nurture rollback {name}` leaves it so, `nurture resume {name}` lets those inside go on"
    )


def _job(
    name: str, every: timedelta, row: Mapping[str, Any], due: int, since: datetime | None, now: datetime
) -> JobStatus:
    return JobStatus(
        name=name,
        every=every,
        last_run=row.get("started_at"),
        due=due,
        lag=max(now - since, timedelta()) if since is not None and due else timedelta(),
        error=row.get("error"),
        failed_at=row.get("failed_at"),
        failing=bool(row) and jobs.is_failing(row),
    )
