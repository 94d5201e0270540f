"""`nurture simulate JOURNEY --contact`: what will happen to her, when, and why, if nothing else happens than what
is assumed. The production jobs, on a copy of all that is known of her."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from nurture import clock
from nurture.app import explain, pacing, playing, samples
from nurture.app.entering import enter_by_hand
from nurture.app.explain import NotIn, RunStory
from nurture.app.ingest import ingest
from nurture.app.publish import publish
from nurture.app.runtime import Runtime
from nurture.app.simulating import happenings, working
from nurture.app.simulating.happenings import Assumed
from nurture.app.workspace import JourneyFile
from nurture.model import NewEvent, Person
from nurture.problems import NurtureError
from nurture.store import contacts, copying, enrollments, events, pretending, stops
from nurture.store.engine import Tx
from nurture.triggers import (
    DateTrigger,
    EntersTrigger,
    EventTrigger,
    InactivityTrigger,
    LeavesTrigger,
    ManualTrigger,
)

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MOST_STOPS = 20_000


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: about whom, how she answers, what else happens, how far to look."""

    person: str
    answers: str = "silence"
    events: tuple[str, ...] = ()
    days: int = 90
    treated: bool = False  # as if nobody were in the control group


@dataclass(frozen=True, slots=True)
class Simulated:
    """What will happen. `change` says what the workspace's journey is to the one that is live."""

    ref: str
    journey: str
    file: str
    change: str
    start: datetime
    until: datetime
    zone: str
    assumed: tuple[str, ...]
    runs: tuple[RunStory, ...]  # each line at or after `start` is yet to come
    not_in: NotIn | None


def simulate(runtime: Runtime, file: JourneyFile, asked: Question) -> Simulated:
    """Let time run for one person. The workspace's database is only read.

    Raises NurtureError for somebody who isn't known and for events that can't be.
    """
    now = runtime.now()
    with runtime.store.read() as tx:
        row = contacts.by_anything(tx, asked.person, runtime.settings.company.country)
        change = _change({each.name: each.plan.hash for each in runtime.live(tx)}, file)
        assumed = list(_of_others(runtime, tx))
    if row is None:
        raise NurtureError(
            f"nobody is known as {asked.person!r}; give the ref, e-mail address or phone number"
        )
    known = {*runtime.event_fields, *runtime.contact_fields}
    given = [happenings.read(text, now, row["zone"], known, runtime.event_aliases) for text in asked.events]
    with tempfile.TemporaryDirectory(prefix="nurture-simulate-") as name:
        store = copying.person(runtime.store, Path(name) / "copy.db", row["id"])
        copy = Runtime(store, pacing.without(runtime.settings), runtime.folder)
        try:
            if asked.treated:
                copy.settings = replace(copy.settings, global_holdout=0)
                file = playing.in_arm(file, held_out=False)
            life = _Life(copy, file, dict(row), asked, now, given, assumed)
            life.live()
            return life.told(change)
        finally:
            copy.close()


def _of_others(runtime: Runtime, tx: Tx) -> Iterator[str]:
    """What her messages may wait for, and a look at her alone doesn't know."""
    channels = runtime.settings.channels
    if limits := pacing.limited(runtime, channels):
        yield f"nothing waits for the pace of {' and '.join(limits)}"
    for name in sorted(stops.stopped(tx) & set(channels)):
        yield f"marketing by {name}, which has stopped, goes on"


def _change(live: Mapping[str, str], file: JourneyFile) -> str:
    if file.name not in live:
        return "new"
    return "unchanged" if live[file.name] == file.plan.hash else "changed"


@dataclass
class _Life:
    runtime: Runtime
    file: JourneyFile
    person: Mapping[str, Any]
    asked: Question
    start: datetime
    coming: list[Assumed]
    assumed: list[str] = field(default_factory=list)
    at: datetime = field(init=False)
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def end(self) -> datetime:
        return self.start + self.asked.days * DAY

    def live(self) -> None:
        """From now on until she is out of the journey and nothing more is assumed, or the time is over."""
        self.at = self.start
        self.runtime.now = lambda: self.at
        with self.runtime.store.begin() as tx:
            pretending.go_on(tx, self.file.name)
        publish(self.runtime, [self.file], self.start)
        inside = self._inside()
        if not inside:
            self._let_in()
        moments = [] if inside else list(self._moments())
        self._work()
        for _ in range(MOST_STOPS):
            upcoming = self._next(moments)
            if upcoming is None or upcoming > self.end or (self._over() and not self.coming):
                return
            self.at = upcoming
            self._work()
        raise NurtureError("more happens than can be shown; ask for fewer --days")

    def _work(self) -> None:
        due = [each for each in self.coming if each.at <= self.at]
        self.coming = [each for each in self.coming if each.at > self.at]
        for each in due:
            self._tell(each)
        working.work(self.runtime, self.at, self._answers)

    def _tell(self, one: Assumed) -> None:
        event = NewEvent(
            name=one.name,
            person=Person() if one.about else Person(self.person["ref"]),
            occurred_at=one.at,
            source="simulation",
            source_id=str(next(self._numbers)),
            payload=one.fields,
            message_key=one.about,
        )
        ingest(self.runtime.store, [event], self.at)

    def _answers(self, sent: Sequence[Mapping[str, Any]]) -> None:
        hers = [row for row in sent if row["journey"] == self.file.name]
        orders = self.person["total_orders"]
        mean = self.person["lifetime_value"] / orders / 100 if orders else 100
        order, surveys = {"total": round(mean, 2)}, self.runtime.settings.surveys
        self.coming += happenings.answers(self.asked.answers, hers, order, surveys, self.at)

    def _next(self, moments: Sequence[datetime]) -> datetime | None:
        later = self.at + timedelta(microseconds=1)
        due = working.next_due(self.runtime)
        found = [max(due, later)] if due is not None else []
        found += [each.at for each in self.coming] + [at for at in moments if at > self.at][:1]
        return min(found, default=None)

    # --- getting in ---------------------------------------------------------------------------

    def _inside(self) -> bool:
        with self.runtime.store.read() as tx:
            runs = enrollments.of_contact(tx, self.person["id"], self.file.name)
        return any(run["status"] == "active" for run in runs)

    def _over(self) -> bool:
        """She was in it, and is no more."""
        with self.runtime.store.read() as tx:
            runs = enrollments.of_contact(tx, self.person["id"], self.file.name)
        recent = [run for run in runs if run["ended_at"] is None or run["ended_at"] >= self.start]
        return bool(recent) and all(run["status"] != "active" for run in recent)

    def _let_in(self) -> None:
        """Where nobody says what starts the journey, take it to happen now."""
        match next(iter(self.file.plan.trigger.parts.values())):
            case EventTrigger(name=name, told=told) if name not in {each.name for each in self.coming}:
                fields, words = self._as_before(name)
                fields |= told
                self.coming.append(Assumed(self.start, name, fields))
                self.assumed.append(f"{name} happens now{words}")
            case ManualTrigger():
                enter_by_hand(self.runtime, self.file.name, [self.person["ref"]], self.start)
                self.assumed.append("somebody lets her in now")

    def _as_before(self, name: str) -> tuple[dict[str, Any], str]:
        """The fields of such an event: as in her last one, else made up."""
        with self.runtime.store.read() as tx:
            before = [row for row in events.of_contact(tx, self.person["id"]) if row["name"] == name]
        if before:
            day = clock.local(before[-1]["occurred_at"], self.person["zone"])
            fields, words = dict(before[-1]["payload"]), f", as on {day:%Y-%m-%d}"
        else:
            declared = self.runtime.event_fields.get(name, ())
            fields, words = samples.event(declared, self.start), ", with made-up fields" if declared else ""
        key = self.file.plan.trigger.key
        anew = {name for name in ("order_id", key) if name in {*fields, key}} - {None}
        return {**fields, **dict.fromkeys(filter(None, anew), "simulated")}, words

    def _moments(self) -> Iterator[datetime]:
        """The instants at which time alone may let her in."""
        match self.file.plan.trigger:
            case EntersTrigger() | LeavesTrigger() | InactivityTrigger(intervals=int()):
                yield from self._every_hour()
            case EventTrigger() | ManualTrigger():
                return
            case InactivityTrigger(events=names, span=span):
                with self.runtime.store.read() as tx:
                    found = events.of_contact(tx, self.person["id"])
                past = [row["occurred_at"] for row in found if row["name"] in names]
                past += [each.at for each in self.coming if each.name in names]
                yield from sorted(at + span.elapsed() for at in past if at + span.elapsed() > self.start)
            case DateTrigger() as trigger:
                day = clock.local(self.start, self.person["zone"]).date()
                for number in range(self.asked.days + 2):
                    at = clock.at_wall(day + number * DAY, trigger.at, self.person["zone"]).astimezone(UTC)
                    if at > self.start:
                        yield at
            case _:
                yield from self._every_hour()

    def _every_hour(self) -> Iterator[datetime]:
        return (self.start + hours * HOUR for hours in range(1, 24 * self.asked.days))

    # --- what is told -------------------------------------------------------------------------

    def told(self, change: str) -> Simulated:
        story = explain.explain(self.runtime, self.person["ref"], self.file.name, self.at)
        runs = [run for run in story.runs if run.ended_at is None or run.ended_at >= self.start]
        with self.runtime.store.read() as tx:
            not_in = None if runs else self._why_not(tx)
        return Simulated(
            ref=self.person["ref"],
            journey=self.file.name,
            file=self.file.path,
            change=change,
            start=self.start,
            until=self.at if self._over() else self.end,
            zone=self.person["zone"],
            assumed=(*self.assumed, *self._assumptions()),
            runs=tuple(runs),
            not_in=not_in,
        )

    def _why_not(self, tx: Any) -> NotIn:
        live = next(each for each in self.runtime.live(tx) if each.name == self.file.name)
        return explain.why_not(self.runtime, tx, live, self.person, self.at)

    def _assumptions(self) -> Iterator[str]:
        for text in self.asked.events:
            yield f"event {text}"
        yield {
            "silence": "she answers nothing",
            "clicks": "she clicks an hour after each message",
            "buys": "she clicks an hour after each message, and buys an hour later",
        }[self.asked.answers]
        yield "messages are accepted when they leave"
        if working.calls(self.file.plan):
            yield working.NO_CALLS
        if self.asked.treated:
            yield "nobody is in a control group"
