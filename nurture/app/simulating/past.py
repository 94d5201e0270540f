"""`nurture simulate JOURNEY --history`: had it been live. The production jobs on a copy of the real past, which is
let happen again: who would have entered, what would have been sent, where people would stand."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from nurture import clock
from nurture.app import advance, costs, effects, evaluate, hearing, pacing, process
from nurture.app.publish import publish
from nurture.app.runtime import Runtime
from nurture.app.simulating import working
from nurture.app.simulating.still import Still
from nurture.app.workspace import JourneyFile
from nurture.compiler.plan import Plan
from nurture.criteria import Condition, names
from nurture.engine.decide import exit_needs
from nurture.model import Channel
from nurture.store import consents, enrollments, past, pretending
from nurture.store.engine import Tx
from nurture.store.pretending import Waited
from nurture.store.types import from_micros
from nurture.triggers import EventTrigger, InactivityTrigger, ManualTrigger

HOUR = timedelta(hours=1)
# How long a time is looked at as a whole, by how long the past is that is looked at.
TICKS = ((timedelta(days=31), 1), (timedelta(days=92), 2))
COARSE = 6
# Rebuilt from orders, clicks and people's first sight, whatever is told of their change.
REBUILT = frozenset(
    (
        "total_orders",
        "lifetime_value",
        "first_order_at",
        "last_order_at",
        "last_click_at",
        "created_at",
        "ref",
    )
)


@dataclass(frozen=True, slots=True)
class Day:
    """One day in the company's zone: who entered, and what was sent, by channel."""

    day: str
    entered: int
    messages: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Run:
    """Who would have entered, when, and what became of that."""

    person: str
    entered_at: datetime
    status: str
    step: str | None
    exit_reason: str | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Journey:
    """What one journey would have done."""

    name: str
    entered: int
    held_out: int
    messages: Mapping[str, int]  # accepted, by channel
    held_back: Mapping[str, int]  # by reason: sent later than wanted (`quiet_hours`, `weekend`, `cap`, ...)
    not_sent: Mapping[str, int]  # by reason: never sent
    cost: Decimal
    standing: Mapping[str, int]  # people inside at the end, by step
    ended: Mapping[str, int]  # by status or exit's reason
    steps: Mapping[str, int]  # how many runs came to each step
    sent: Mapping[str, int]  # how many messages each step sent
    days: tuple[Day, ...]
    as_of_today: Mapping[str, int]  # fields without history: of how many people
    waited: Waited | None  # for the pace of its channel; None: none has one
    runs: tuple[Run, ...] | None = None  # in the order in which they began, where that was asked for


@dataclass(frozen=True, slots=True)
class Past:
    """What would have happened between two instants."""

    start: datetime
    end: datetime
    people: int
    decisions: int
    tick: timedelta
    zone: str
    journeys: tuple[Journey, ...]
    assumed: tuple[str, ...]


def simulate(
    runtime: Runtime,
    files: Sequence[JourneyFile],
    start: datetime,
    end: datetime,
    since: datetime | None = None,
    tick: timedelta | None = None,
    *,
    by_name: bool = False,
) -> Past:
    """Let the past from `start` to `end` happen again with these journeys live; what came after `since` is told, of
    each run `by_name` too.

    What falls into one `tick` is looked at together at its end; None: the longer the past, the longer, up to 6 hours.
    The workspace's database is only read.
    """
    with tempfile.TemporaryDirectory(prefix="nurture-simulate-") as name:
        path = Path(name) / "past.db"
        tick = tick or _tick(end - start)
        names, limits = [file.name for file in files], pacing.limited(runtime, runtime.settings.channels)
        store = past.open_copy(runtime.store, path, names, start, end, by_lane=bool(limits))
        copy = Still(store, pacing.looked_at_every(tick, runtime.settings), runtime.folder)
        try:
            again = _Again(copy, files, start, end, tick)
            again.live()
            return again.told(since or start, by_name=by_name)
        finally:
            copy.close()


def _tick(span: timedelta) -> timedelta:
    return next((hours for most, hours in TICKS if span <= most), COARSE) * HOUR


@dataclass
class _Again:
    runtime: Still
    files: Sequence[JourneyFile]
    start: datetime
    end: datetime
    tick: timedelta
    decisions: int = 0
    suppressions: list[Mapping[str, Any]] = field(default_factory=list)

    def live(self) -> None:
        at = self.start
        self.runtime.now = lambda: at
        publish(self.runtime, self.files, at)
        self.runtime.settle()
        with self.runtime.store.read() as tx:
            self.suppressions = past.suppressions(tx)
        self._work(at)
        while at < self.end:
            before, at = at, self._next(at)
            self._come(before, at)
            self._work(at)

    def _next(self, at: datetime) -> datetime:
        """The next tick at which anything may happen."""
        kinds = EventTrigger | ManualTrigger | InactivityTrigger
        if not all(isinstance(file.plan.trigger, kinds) for file in self.files):
            return min(at + self.tick, self.end)
        due = working.next_due(self.runtime)
        with self.runtime.store.read() as tx:
            found = [due, past.next_event(tx, at)]
            found += [
                past.next_crossing(tx, trigger.events, trigger.span.elapsed(), at)
                for file in self.files
                if isinstance(trigger := file.plan.trigger, InactivityTrigger)
            ]
        soonest = min([each for each in found if each is not None], default=self.end)
        ticks = max(1, -((at - soonest) // self.tick))
        return min(at + ticks * self.tick, self.end)

    def _come(self, since: datetime, until: datetime) -> None:
        with self.runtime.store.begin() as tx:
            while self.suppressions and from_micros(self.suppressions[0]["since"]) <= until:
                one = self.suppressions.pop(0)
                consents.suppress(
                    tx,
                    one["kind"],
                    one["digest"],
                    reason=one["reason"],
                    source=one["source"],
                    at=from_micros(one["since"]),
                )
            rows = past.come(tx, since, until)
            if not rows:
                return
            journeys = self.runtime.live(tx)
            heard = hearing.heard(self.runtime, tx)
            for chunk in process.rounds([{**row, **_SETTLED} for row in rows]):
                effects.apply(self.runtime, tx, chunk, {}, heard, until)
                process.react(self.runtime, tx, journeys, chunk, until)

    def _work(self, now: datetime) -> None:
        """Every job, until nothing is left to do at this instant."""
        evaluate.evaluate(self.runtime, now)
        for _ in range(working.MOST_ROUNDS):
            process.process(self.runtime, now)
            self.decisions += advance.advance(self.runtime, now)["decisions"]
            working.accept(self.runtime, now, tell=False)
            due = working.next_due(self.runtime)
            if due is None or due > now:
                return

    # --- what is told -----------------------------------------------------------------------

    def told(self, since: datetime, *, by_name: bool) -> Past:
        with self.runtime.store.read() as tx:
            found = tuple(self._journey(tx, file.plan, since) for file in self.files)
            if by_name:
                found = tuple(replace(each, runs=_runs(tx, each.name, since)) for each in found)
            people = pretending.people(tx)
        return Past(
            start=since,
            end=self.end,
            people=people,
            decisions=self.decisions,
            tick=self.tick,
            zone=self.runtime.settings.company.zone,
            journeys=found,
            assumed=tuple(self._assumptions()),
        )

    def _journey(self, tx: Tx, plan: Plan, since: datetime) -> Journey:
        zone = self.runtime.settings.company.zone
        entered = pretending.entered(tx, plan.journey, since)
        sent = pretending.sent(tx, plan.journey, since)
        messages = Counter[str]()
        days: dict[str, tuple[int, Counter[str]]] = {}
        for at, count in entered:
            day = f"{clock.local(at, zone):%Y-%m-%d}"
            before, by_channel = days.get(day, (0, Counter[str]()))
            days[day] = before + count, by_channel
        for at, channel, count in sent:
            messages[channel] += count
            days.setdefault(f"{clock.local(at, zone):%Y-%m-%d}", (0, Counter[str]()))[1][channel] += count
        texting = Channel.WHATSAPP in messages
        by_whatsapp = pretending.by_whatsapp(tx, plan.journey, since) if texting else {}
        return Journey(
            name=plan.journey,
            entered=sum(count for _, count in entered),
            held_out=pretending.held_out(tx, plan.journey, since),
            messages=messages,
            held_back=pretending.reasons(tx, plan.journey, since, sent=True),
            not_sent=pretending.reasons(tx, plan.journey, since, sent=False),
            cost=costs.of(self.runtime.settings, messages, by_whatsapp),
            standing=enrollments.standing(tx, plan.journey),
            ended=pretending.ended(tx, plan.journey, since),
            steps=pretending.reached(tx, plan.journey, since),
            sent=pretending.sent_by(tx, plan.journey, since),
            days=tuple(Day(day, *days[day]) for day in sorted(days)),
            as_of_today=past.without_history(tx, sorted(_fields(plan) & set(self.runtime.contact_fields))),
            waited=pretending.waited(tx, plan.journey, since, self.tick, self.end)
            if self._limits()
            else None,
        )

    def _limits(self) -> list[Channel]:
        return pacing.limited(self.runtime, self.runtime.settings.channels)

    def _assumptions(self) -> Iterator[str]:
        yield "people did what they did then; nobody answers these messages"
        if any(working.calls(file.plan) for file in self.files):
            yield working.NO_CALLS
        yield "what other journeys sent counts towards caps; they send nothing more"
        if limits := self._limits():
            yield f"the pace of {' and '.join(limits)} is all for what is shown; senders are as warm as today"
        yield "zones, addresses, segments, scores and do-not-disturb lists are those of today"
        hours = self.tick // HOUR
        yield f"the past is looked at every {'hour' if hours == 1 else f'{hours} hours'}"
        if any(file.plan.backfill == "none" for file in self.files):
            yield "who matched before the first day does not enter by that"


def _runs(tx: Tx, journey: str, since: datetime) -> tuple[Run, ...]:
    return tuple(Run(*row) for row in pretending.runs(tx, journey, since))


# Whatever came in by an import happened all the same.
_SETTLED = {"traits": None, "consents": None, "message_id": None, "silent": False}


def _fields(plan: Plan) -> frozenset[str]:
    """The fields of people that the journey looks at."""
    looked = [*plan.trigger.conditions(), *exit_needs(plan).conditions]
    looked += [each for step in plan.steps.values() for each in step.needs().conditions]
    found = frozenset(name for condition in looked for name in _names(condition))
    return found - REBUILT


def _names(condition: Condition) -> Iterator[str]:
    yield from (name for name in names(condition) if "." not in name)
