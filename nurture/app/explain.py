"""Why did she get this, and why not: every decision about a person, with what it saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from nurture.app.runtime import Live, Runtime
from nurture.model import Truth
from nurture.problems import NurtureError
from nurture.store import asking, consents, contacts, enrollments, journeys, messages
from nurture.store.engine import Tx


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
    """A message of a run: what became of it, and the consent record that it rests on."""

    step: str
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
    status: str
    exit_reason: str | None
    step: str | None
    due_at: datetime | None
    lines: tuple[Line, ...]
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class NotIn:
    """A live journey that the person has not entered, with her values where its `where` failed."""

    journey: str
    why: str
    truth: Truth | None


@dataclass(frozen=True, slots=True)
class Story:
    """All about one person."""

    ref: str
    runs: tuple[RunStory, ...]
    not_in: tuple[NotIn, ...]
    consents: tuple[Mapping[str, Any], ...]
    suppressed: tuple[str, ...]


def explain(runtime: Runtime, person: str, journey: str | None, now: datetime) -> Story:
    """What happened to a person and why. Raises NurtureError where nobody is known as `person`."""
    with runtime.store.read() as tx:
        row = contacts.by_anything(tx, person)
        if row is None:
            raise NurtureError(f"nobody is known as {person!r}; give the ref, e-mail address or phone number")
        runs = enrollments.of_contact(tx, row["id"], journey)
        sent = messages.of_contact(tx, row["id"])
        entered = {run["journey"] for run in runs}
        outside = [
            live for live in runtime.live(tx) if live.name not in entered and journey in (None, live.name)
        ]
        return Story(
            ref=row["ref"],
            runs=tuple(_run(runtime, tx, run, sent) for run in runs),
            not_in=tuple(_not_in(runtime, tx, live, row, now) for live in outside),
            consents=tuple(consents.history(tx, row["id"])),
            suppressed=tuple(
                f"{kind}: {reason}" for kind in ("email", "phone") if (reason := row[f"{kind}_suppressed"])
            ),
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
        status=run["status"],
        exit_reason=run["exit_reason"],
        step=run["step"] if run["status"] == "active" else None,
        due_at=run["due_at"],
        lines=lines,
        messages=tuple(_message(message) for message in sent if message["enrollment_id"] == run["id"]),
    )


def _message(row: Mapping[str, Any]) -> Message:
    return Message(**{field.name: row[field.name] for field in fields(Message)})


def _not_in(runtime: Runtime, tx: Tx, live: Live, person: Mapping[str, Any], now: datetime) -> NotIn:
    condition = live.plan.trigger.where
    if live.paused_at is not None:
        return NotIn(live.name, "the journey is paused", None)
    truth = (
        asking.about_contact(tx, runtime.criteria(tx, now), condition, person["id"]) if condition else None
    )
    if truth is not None and not truth.value:
        return NotIn(live.name, "its condition does not hold for her", truth)
    return NotIn(live.name, f"its trigger has not fired: {live.plan.trigger.describe()}", truth)
