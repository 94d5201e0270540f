"""Reading what decisions look at: a few statements for many runs that stand at the same step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from nurture.app.runtime import Runtime
from nurture.criteria import Condition
from nurture.model import Channel, Json, MessageClass, Run, Seen, Truth
from nurture.steps.base import Needs, StepContext
from nurture.store import ab_tests, asking, contacts, coupons, events, gating, splits
from nurture.store.engine import Tx

DRAWS = 20  # a pool in which so many codes in a row are taken is as good as empty


class _Batch:
    """What is read for all runs together; what few steps look at, only when one does."""

    def __init__(self, runtime: Runtime, tx: Tx, needs: Needs, runs: Sequence[Run], now: datetime) -> None:
        self.settings: StepContext = runtime.step_context
        self._bases, self._tx, self._runs = runtime.bases, tx, runs
        self._ids = [run.id for run in runs]
        self._codes: Mapping[int, str] | None = None
        self._lasts: dict[tuple[str, int], Mapping[int, list[Json]]] = {}
        self._now = now
        self._arms: Mapping[int, str] | None = None
        self.answers = asking.ask(tx, runtime.criteria(tx, now), needs.conditions, needs.events, self._ids)
        self.events = events.payloads(tx, set(self.answers.firsts.values()))

    @cached_property
    def contacts(self) -> Mapping[int, Mapping[str, Any]]:
        return contacts.rows(self._tx, {run.contact_id for run in self._runs})

    @cached_property
    def triggers(self) -> Mapping[int, Mapping[str, Any]]:
        """The fields of what started each run, by run."""
        by_run = asking.triggers(self._tx, self._ids)
        told = {started.event_id for started in by_run.values() if started.event_id is not None}
        found = events.payloads(self._tx, told)
        return {run: _fields(started, found) for run, started in by_run.items()}

    def codes(self, draw: Callable[[Run, int], str]) -> Mapping[int, str]:
        """A coupon code that nobody holds for each run; those for whom none was free are left out."""
        if self._codes is None:
            self._codes = _free_codes(self._tx, self._runs, draw)
        return self._codes

    def lasts(self, event: str, count: int) -> Mapping[int, list[Json]]:
        """By person the fields of her last events of a name."""
        if (event, count) not in self._lasts:
            people = {run.contact_id for run in self._runs}
            self._lasts[event, count] = events.lasts(self._tx, event, count, people, self._now)
        return self._lasts[event, count]

    def arms(self, journey: str, split: str) -> Mapping[int, str]:
        """The arms of a split that these people have."""
        if self._arms is None:
            self._arms = splits.arms(self._tx, journey, split, {run.contact_id for run in self._runs})
        return self._arms

    @cached_property
    def winner(self) -> str | None:
        """The arm that won the A/B test of the step: all of these runs stand at one."""
        return ab_tests.winner(self._tx, self._runs[0].version_id, self._runs[0].step)

    @cached_property
    def reach(self) -> gating.Reach:
        return gating.reach(self._tx, {run.contact_id for run in self._runs}, self._bases)


def _fields(started: asking.Started, told: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    event = told.get(started.event_id) if started.event_id is not None else None
    payload = {**event["payload"], "occurred_at": event["occurred_at"]} if event else {}
    return {**payload, **started.fields()}


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What is known of one run: implements `steps.base.Facts`."""

    run: Run
    batch: _Batch

    @property
    def settings(self) -> StepContext:
        return self.batch.settings

    def truth(self, condition: Condition) -> Truth:
        return self.batch.answers.truths[self.run.id][condition.text]

    def seen(self, name: str) -> Seen | None:
        event_id = self.batch.answers.firsts.get((self.run.id, name))
        if event_id is None:
            return None
        event = self.batch.events[event_id]
        return Seen(event_id, event["occurred_at"], event["payload"])

    def step_at(self, step_id: str) -> datetime | None:
        at = self.run.memory.get(step_id, {}).get("at")
        return datetime.fromisoformat(at) if at else None

    def trigger(self) -> Mapping[str, Any]:
        started = self.batch.triggers.get(self.run.id, {})
        return {**started, "occurred_at": started.get("occurred_at", self.run.entered_at).isoformat()}

    def contact(self) -> Mapping[str, Any]:
        return self.batch.contacts[self.run.contact_id]

    def lasts(self, event: str, count: int) -> list[Json]:
        return self.batch.lasts(event, count).get(self.run.contact_id, [])

    def arm(self, split: str) -> str | None:
        return self.batch.arms(self.run.journey, split).get(self.run.contact_id)

    def winner(self) -> str | None:
        return self.batch.winner

    def code(self, draw: Callable[[Run, int], str]) -> str | None:
        return self.batch.codes(draw).get(self.run.id)

    def reachable(self, channel: Channel, message_class: MessageClass, topic: str | None) -> str | None:
        return self.batch.reach.why_not(self.run.contact_id, channel, message_class, topic)


def _free_codes(tx: Tx, runs: Sequence[Run], draw: Callable[[Run, int], str]) -> dict[int, str]:
    free: dict[int, str] = {}
    taken: set[str] = set()
    for turn in range(DRAWS):
        drawn = {run.id: draw(run, turn) for run in runs if run.id not in free}
        if not drawn:
            break
        taken |= coupons.held(tx, set(drawn.values()))
        for run_id, code in drawn.items():
            if code not in taken:
                free[run_id] = code
                taken.add(code)
    return free


def load(runtime: Runtime, tx: Tx, needs: Needs, runs: Sequence[Run], now: datetime) -> dict[int, RunFacts]:
    """Facts for each run, by its id, as of `now`."""
    batch = _Batch(runtime, tx, needs, runs, now)
    return {run.id: RunFacts(run, batch) for run in runs}
