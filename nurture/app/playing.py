"""One person's life played against one journey: the production jobs, a database of its own, and a clock that
jumps to the next instant at which something is due."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from nurture import clock
from nurture.app import advance, deliver, evaluate, opt_outs, pacing, process, tasks, timelines
from nurture.app.due import next_due
from nurture.app.ingest import about_message, ingest
from nurture.app.publish import publish
from nurture.app.runtime import Runtime
from nurture.app.standing_in import StandIn
from nurture.app.timelines import Happening, Timeline
from nurture.app.workspace import JourneyFile, Workspace
from nurture.compiler import compile_journey
from nurture.criteria import is_timed
from nurture.model import Channel, ConsentRecord, NewEvent, Person
from nurture.settings import Settings
from nurture.store import contacts, enrollments, messages
from nurture.store import tasks as task_store
from nurture.store.engine import Store
from nurture.store.inactivity import LEAST_EVENTS
from nurture.triggers import DateTrigger, EntersTrigger, InactivityTrigger, LeavesTrigger, ScheduleTrigger

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MOST_ROUNDS = 50  # of all jobs at one instant
VERBS = {
    "clicks": "clicked",
    "opens": "opened",
    "bounces": "bounced",
    "complains": "complained",
    "replies": "replied",
}


class Impossible(Exception):
    """Something can't happen as the test says: nothing was sent that could be clicked."""


@dataclass
class Life:
    """The person of a test and all that happens to her."""

    runtime: Runtime
    journey: JourneyFile
    test: Timeline
    at: datetime
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def ref(self) -> str:
        name = self.test.person.get("ref") or self.test.person.get("first_name") or "somebody"
        return str(name).lower()

    def play(self) -> None:
        """Everything, from before the first day to the last. Raises Impossible."""
        self.runtime.stand_in(Channel.WEBHOOK, StandIn(self.runtime, self.test.answers))
        self._arrives()
        publishing = self.test.published or (
            self.test.given[0].at - MINUTE if self.test.given else self.at + MINUTE
        )
        script = [(publishing, 0, None), *((each.at, 1, each) for each in self.test.given)]
        for at, _, happening in sorted(script, key=lambda one: one[:2]):
            self._go_to(at)
            if happening is None:
                publish(self.runtime, [self.journey], self.at)
            else:
                self._happens(happening)
            self._work()
        self._go_to(self._end())

    def _end(self) -> datetime:
        if self.test.until is not None:
            return self.test.until
        last = [each.until for each in self.test.expect if each.until is not None]
        last += [each.at for each in self.test.given]
        return max(last, default=self.at) + (DAY if self.test.expect else 30 * DAY)

    # --- the clock ----------------------------------------------------------------------------

    def _go_to(self, end: datetime) -> None:
        """Let time pass up to `end`, stopping wherever something is due."""
        while (due := self._next()) is not None and due < end:
            self.at = max(due, self.at)
            self._work()
        self.at = max(self.at, end)
        self._work()

    def _work(self) -> None:
        """Every job at this instant, until nothing is left to do at it."""
        for _ in range(MOST_ROUNDS):
            process.process(self.runtime, self.at)
            evaluate.evaluate(self.runtime, self.at)
            advance.advance(self.runtime, self.at)
            if self._is_mail_due():
                deliver.deliver(self.runtime, self.at)
            due = self._due()
            if due is None or due > self.at:
                return

    def _is_mail_due(self) -> bool:
        """Handing over takes longer than all else, also where there is nothing."""
        with self.runtime.store.read() as tx:
            at = messages.next_due(tx)
        return at is not None and at <= self.at

    def _due(self) -> datetime | None:
        with self.runtime.store.read() as tx:
            leaving = pacing.next_due(self.runtime, tx, self.at)
            return next_due(tx)._replace(message=leaving).soonest

    def _next(self) -> datetime | None:
        """When something is due next after this instant: by the rows, or by a trigger that time pulls."""
        found = [self._due(), min((at for at in self._crossings() if at > self.at), default=None)]
        return min(
            (max(at, self.at + timedelta(microseconds=1)) for at in found if at is not None), default=None
        )

    def _crossings(self) -> Iterator[datetime]:
        """The instants at which a trigger of time may let the person in."""
        for trigger in self.journey.plan.trigger.parts.values():
            match trigger:
                case InactivityTrigger():
                    yield from self._silences(trigger)
                case DateTrigger():
                    yield from self._dates(trigger)
                case ScheduleTrigger(calendar=calendar):
                    yield from calendar.between(self.at, self._end(), self.runtime.settings.company.zone)
                case EntersTrigger() | LeavesTrigger() if self.at < self._end() and self._moved_by_time():
                    yield self.at.replace(minute=0, second=0, microsecond=0) + HOUR

    def _moved_by_time(self) -> bool:
        """Whether people may come into a segment, or out of it, though nothing happens to them."""
        segments = self.journey.context.segment_conditions.values()
        return any(is_timed(condition) for condition in segments)

    def _silences(self, trigger: InactivityTrigger) -> Iterator[datetime]:
        happened = sorted(
            each.at for each in self.test.given if each.verb == "event" and each.what in trigger.events
        )
        for number, at in enumerate(happened):
            if not trigger.intervals:
                yield at + trigger.span.elapsed()
            elif number >= LEAST_EVENTS - 1:
                yield at + trigger.intervals * ((at - happened[0]) / number) + timedelta(microseconds=1)

    def _dates(self, trigger: DateTrigger) -> Iterator[datetime]:
        zone = self.test.person.get("zone") or self.runtime.settings.company.zone
        day, last = self.at.date() - DAY, self._end().date() + DAY
        with self.runtime.store.read() as tx:
            known = contacts.by_anything(tx, self.ref) or {"fields": {}}
        value = str(known.get(trigger.field) or known["fields"].get(trigger.field) or "")
        while value and day <= last:
            looked_for = day - timedelta(days=trigger.offset)
            if value[5:10] in clock.kept_on(looked_for, self.runtime.settings.leap_day):
                yield clock.at_wall(day, trigger.at, str(zone)).astimezone(UTC)
            day += DAY

    # --- what happens --------------------------------------------------------------------------

    def _arrives(self) -> None:
        """The person becomes known, with her consents."""
        known = dict(self.test.person)
        topics, tags = known.pop("consents", []), known.pop("tags", [])
        known.pop("ref", None)
        said = map(timelines.consent, topics)
        consents = tuple(
            ConsentRecord(topic, given=True, how="test", channel=channel, at=self.at, confirmed=True)
            for topic, channel in said
        )
        self._tell("identified", traits=known, consents=consents)
        process.process(self.runtime, self.at)
        with self.runtime.store.begin() as tx:
            contacts.tag(tx, [(self._contact_id(), tag) for tag in tags])

    def _tell(self, name: str, **values: Any) -> None:
        if "message_key" not in values:
            traits = self.test.person
            values["person"] = Person(self.ref, traits.get("email"), traits.get("phone"))
        event = NewEvent(
            name=name,
            occurred_at=self.at,
            source="test",
            source_id=str(next(self._numbers)),
            **{"person": Person(), **values},
        )
        ingest(self.runtime.store, [event], self.at)

    def _contact_id(self) -> int:
        with self.runtime.store.read() as tx:
            row = contacts.by_anything(tx, self.ref)
        assert row is not None
        found: int = row["id"]
        return found

    def _happens(self, one: Happening) -> None:
        match one.verb:
            case "event":
                name = self.journey.context.event_aliases.get(one.what, one.what)
                self._tell(name, payload=dict(one.with_))
            case "sets":
                self._tell("identified", traits=dict(one.with_))
            case "withdraws":
                topic, channel = timelines.consent(one.what)
                opt_outs.withdraw(
                    self.runtime, self._contact_id(), topic=topic, channel=channel, how="test", now=self.at
                )
            case "consents":
                topic, channel = timelines.consent(one.what)
                opt_outs.give(
                    self.runtime,
                    self._contact_id(),
                    topic=topic,
                    channel=channel,
                    how="test",
                    text_version="",
                    now=self.at,
                )
            case "done":
                tasks.close(
                    self.runtime, self._open_task(one), str(one.with_.get("outcome", "done")), self.at
                )
            case "answers":
                self._answers(one)
            case verb:
                message = self._message(one)
                self._tell(
                    f"{message['channel']}_{VERBS[verb]}",
                    message_key=message["key"],
                    payload={**about_message(message), "class": "human"},
                )

    def _answers(self, one: Happening) -> None:
        message = self._message(one)
        payload = {**about_message(message), "survey": message["survey"], **one.with_}
        self._tell("survey_answered", message_key=message["key"], payload=payload)

    def _message(self, one: Happening) -> dict[str, Any]:
        """The latest message of a step that was sent, of the run with that key if one is named."""
        with self.runtime.store.read() as tx:
            sent = messages.of_contact(tx, self._contact_id())
            keys = {run["id"]: run["key"] for run in enrollments.of_contact(tx, self._contact_id())}
        found = [
            row
            for row in sent
            if row["step"] == one.what
            and row["accepted_at"] is not None
            and one.with_.get("order_id", keys.get(row["enrollment_id"])) == keys.get(row["enrollment_id"])
        ]
        if not found:
            raise Impossible(f"step '{one.what}' had sent nothing by then")
        return dict(found[-1])

    def _open_task(self, one: Happening) -> int:
        with self.runtime.store.read() as tx:
            found: list[int] = [row["id"] for row in task_store.open_ones(tx) if row["step"] == one.what]
        if not found:
            raise Impossible(f"step '{one.what}' had opened no task by then")
        return found[-1]


def start_of(test: Timeline) -> datetime:
    """A little before the first thing that a test speaks of."""
    spoken = [each.at for each in test.given] + [at for at in (test.published, test.until) if at is not None]
    spoken += [each.at for each in test.expect if each.at is not None]
    return min(spoken, default=datetime(2026, 1, 1, tzinfo=UTC)) - 2 * MINUTE


def in_arm(journey: JourneyFile, held_out: bool) -> JourneyFile:
    """The journey with everybody in that arm of its control group."""
    share = "100%" if held_out else "0%"
    text = re.sub(r"(?m)^(holdout:\s*)\S+", rf"\g<1>{share}", journey.text)
    plan = compile_journey(text, journey.path, journey.context).plan
    assert plan is not None
    return replace(journey, text=text, plan=plan)


def rehearsal_settings(workspace: Workspace, outbox: Path) -> Settings:
    """The workspace's settings with every channel going to files, and nobody held out by chance."""
    settings = workspace.settings
    assert settings is not None
    options = {"folder": str(outbox), "fsync": "false"}
    channels = {
        channel: replace(config, provider="outbox", options=options)
        for channel, config in settings.channels.items()
        if channel in list(Channel)
    }
    return replace(
        settings, channels=channels, global_holdout=0, secrets=(("test", b"a key for tests, no secret"),)
    )


def emptied(store: Store, template: Path) -> None:
    """Begin with an empty database again. What the store has prepared for it stays."""
    store.engine.dispose()
    path = Path(str(store.url.database))
    for rest in ("-wal", "-shm"):
        path.with_name(path.name + rest).unlink(missing_ok=True)
    path.write_bytes(template.read_bytes())


def make_template(folder: Path) -> Path:
    path = folder / "template.db"
    store = Store(f"sqlite:///{path}")
    with store.begin():
        pass
    store.close()
    return path
