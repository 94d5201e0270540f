"""Why did she get this, and why not: every decision about a person, with what it saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from nurture import clock
from nurture.app import confirming
from nurture.app.moving import unpublished
from nurture.app.runtime import Live, Runtime
from nurture.criteria import And, Condition, atoms, combiner, to_text
from nurture.model import SUPPRESSIONS, Truth
from nurture.store import asking, consents, contacts, do_not_disturb, enrollments, journeys, looking, messages
from nurture.store.engine import Tx
from nurture.triggers import EventTrigger, Trigger


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened in a run: when, at which step, why, and where the rule stands."""

    at: datetime
    step: str | None
    reason: str
    seen: tuple[Mapping[str, Any], ...]
    place: str  # file:line of the step in the version that ran


@dataclass(frozen=True, slots=True)
class Message:
    """A message: what became of it, and the consent record that it rests on."""

    id: int
    step: str | None  # none where it belongs to no run
    channel: str
    template: str
    state: str
    reason: str | None
    due_at: datetime
    accepted_at: datetime | None
    opened_at: datetime | None
    clicked_at: datetime | None
    consent_id: int | None
    key: str


@dataclass(frozen=True, slots=True)
class RunStory:
    """A run from its start to where it is now."""

    journey: str
    version: int
    entered_at: datetime
    ended_at: datetime | None
    status: str
    exit_reason: str | None
    step: str | None
    due_at: datetime | None
    lines: tuple[Line, ...]
    messages: tuple[Message, ...]
    key: str = ""
    trigger_name: str | None = None  # of several triggers, the one that it was
    enrolled_at: datetime | None = None  # where it began before she was enrolled


@dataclass(frozen=True, slots=True)
class NotIn:
    """A live journey that the person has not entered: its version, why, and with her values what was looked at:
    the part of its condition that failed first, else all of it."""

    journey: str
    why: str
    truth: Truth | None
    version: int
    place: str  # file:line of the rule


@dataclass(frozen=True, slots=True)
class Story:
    """All about one person."""

    ref: str
    runs: tuple[RunStory, ...]
    not_in: tuple[NotIn, ...]
    consents: tuple[Mapping[str, Any], ...]
    suppressed: tuple[str, ...]
    do_not_disturb: tuple[Mapping[str, Any], ...] = ()  # the lists that her number is on: name, since, file
    zone: str = ""
    merged: tuple[str, ...] = ()  # refs of those who were merged into her
    messages: tuple[Message, ...] = ()  # of no run: an answer to HELP, a question whether her yes was meant
    zone_source: str = "given"  # else what it is inferred from: city, state, area_code, country, company


def explain(runtime: Runtime, person: str, journey: str | None, now: datetime) -> Story:
    """What happened to a person and why.

    Raises NurtureError where nobody is known as `person`, and for a journey that was never published.
    """
    with runtime.store.read() as tx:
        row = contacts.by_anything(tx, person, runtime.settings.company.country)
        if row is None:
            from nurture.app import erasing  # takes a twentieth of a second to load

            raise erasing.nobody(runtime, tx, person)
        runs = enrollments.of_contact(tx, row["id"], journey)
        sent = messages.of_contact(tx, row["id"])
        entered = {run["journey"] for run in runs}
        outside = [
            live for live in runtime.live(tx) if live.name not in entered and journey in (None, live.name)
        ]
        if journey is not None and not runs and not outside:
            raise unpublished(tx, journey)
        return Story(
            ref=row["ref"],
            runs=tuple(_run(runtime, tx, run, sent) for run in runs),
            not_in=tuple(why_not(runtime, tx, live, row, now) for live in outside),
            messages=tuple(_message(one) for one in sent if one["enrollment_id"] is None and journey is None),
            consents=tuple(confirming.standing(consents.history(tx, row["id"]), sent)),
            suppressed=tuple(
                f"{kind}: {reason}" for kind in SUPPRESSIONS if (reason := row[f"{kind}_suppressed"])
            ),
            do_not_disturb=tuple(do_not_disturb.of_number(tx, row["phone_digest"] or "")),
            merged=tuple(each["ref"] for each in contacts.with_merged(tx, row["id"])[1:]),
            zone=row["zone"],
            zone_source=row["zone_source"],
        )


def _run(runtime: Runtime, tx: Tx, run: Mapping[str, Any], sent: list[Mapping[str, Any]]) -> RunStory:
    version = journeys.version(tx, run["version_id"])
    plan = runtime.plan(tx, run["version_id"])

    def place(step: str | None) -> str:
        mark = plan.steps[step].mark if step is not None and step in plan.steps else None
        return f"{mark.file}:{mark.line}" if mark else version["file"]

    lines = tuple(
        Line(trace["at"], trace["step"], trace["reason"], tuple(trace["seen"] or ()), place(trace["step"]))
        for trace in enrollments.traces_of(tx, run["id"])
    )
    return RunStory(
        journey=run["journey"],
        version=version["number"],
        entered_at=run["entered_at"],
        ended_at=run["ended_at"],
        status=run["status"],
        exit_reason=run["exit_reason"],
        step=run["step"] if run["status"] == "active" else None,
        due_at=run["due_at"],
        lines=lines,
        messages=tuple(_message(message) for message in sent if message["enrollment_id"] == run["id"]),
        key=run["key"],
        trigger_name=run["trigger_name"],
        enrolled_at=run["enrolled_at"] if run["backfilled"] else None,
    )


def _message(row: Mapping[str, Any]) -> Message:
    return Message(**{field.name: row[field.name] for field in fields(Message)})


def why_not(runtime: Runtime, tx: Tx, live: Live, person: Mapping[str, Any], now: datetime) -> NotIn:
    """Why she is not in a live journey: in the version that would be hers."""
    live = live.way_of(person["ref"])
    trigger = live.plan.trigger
    condition = trigger.where
    place = f"{trigger.mark.file}:{trigger.mark.line}"

    def because(why: str, truth: Truth | None = None) -> NotIn:
        return NotIn(live.name, why, truth, live.number, place)

    if live.paused_at is not None:
        return because("the journey is paused")
    before = enrollments.of_contact(tx, person["id"], live.name)
    if before and live.plan.reentry is None and trigger.key is None:
        return because("she was in it before, and its 'reentry' is never")
    if person["erased_at"] is not None:
        return because("she was erased")
    truth, about = _looked_at(runtime, tx, trigger, person, now)
    if condition is not None and truth is not None and not truth.value:
        failed = first_failed(condition, truth)
        return because(f"{about} this does not hold: {failed[0]}", failed[1])
    if isinstance(trigger, EventTrigger):
        last = looking.last_event(tx, person["id"], trigger.name)
        if last is None:
            return because(f"{trigger.name} never happened to her", truth)
        if silence := _why_it_started_nothing(live, trigger, last):
            return because(f"{_last(trigger, last, person)} {silence}", truth)
    return because(f"its trigger has not fired: {trigger.describe()}", truth)


def _why_it_started_nothing(live: Live, trigger: EventTrigger, last: looking.Happened) -> str | None:
    if last.silent:
        return "came in as history, which starts no journey"
    if last.processed_at < live.first_published_at:
        return "came in before the journey was first published"
    if trigger.max_age is not None and last.processed_at - last.occurred_at > trigger.max_age.elapsed():
        return f"was older than {trigger.max_age} when it came in"
    return None


def _last(trigger: EventTrigger, last: looking.Happened, person: Mapping[str, Any]) -> str:
    return f"her last {trigger.name}, on {clock.local(last.occurred_at, person['zone']):%Y-%m-%d},"


def _looked_at(
    runtime: Runtime, tx: Tx, trigger: Trigger, person: Mapping[str, Any], now: datetime
) -> tuple[Truth | None, str]:
    """The trigger's condition for her, and of what it speaks: of an event, her last one is looked at."""
    condition, criteria = trigger.where, runtime.criteria(tx, now)
    if condition is None:
        return None, ""
    truth = asking.about_contact(tx, criteria, condition, person["id"])
    if truth is not None or not isinstance(trigger, EventTrigger):
        return truth, "for her"
    last = looking.last_event(tx, person["id"], trigger.name)
    if last is None:
        return None, ""
    truth = looking.about_event(tx, criteria, condition, trigger.name, last.id)
    return truth, f"of {_last(trigger, last, person)}"


def first_failed(condition: Condition, truth: Truth) -> tuple[str, Truth]:
    """The first part of a false condition that is false, as text and with what it saw."""
    parts = condition.tree.items if isinstance(condition.tree, And) else (condition.tree,)
    order = atoms(condition)
    values = [is_true for _, is_true, _ in truth.atoms]
    for part in parts:
        if not combiner(part, order)(values):
            own = [truth.atoms[order.index(atom)] for atom in atoms(part)]
            return to_text(part), Truth(False, tuple(own))
    return condition.text, truth
