"""`nurture test`: plays each timeline and compares what happened with what was expected."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from nurture import clock
from nurture.app import timelines
from nurture.app.playing import (
    Impossible,
    Life,
    emptied,
    in_arm,
    make_template,
    rehearsal_settings,
    start_of,
)
from nurture.app.runtime import Runtime
from nurture.app.timelines import Expected, Timeline
from nurture.app.workspace import JourneyFile, Workspace
from nurture.compiler.plan import Plan
from nurture.model import PERSONAL, AddPoints, MoveTo, SetField, Subscription, Suppress, Tag
from nurture.problems import NurtureError
from nurture.rendering.renderer import Renderer
from nurture.rendering.sources import TemplateSources
from nurture.steps import (
    Assign,
    Coupon,
    Exit,
    FirstReachable,
    Message,
    Notify,
    OnDate,
    Start,
    Step,
    Survey,
    Task,
    Update,
    Wait,
    WaitFor,
)
from nurture.store import contacts, enrollments, messages
from nurture.store.engine import Store, Tx

# What a line must say of why it wasn't sent.
_MESSAGES = (*(each.value for each in PERSONAL), "survey", "webhook")
Way = tuple[str, str]  # a step's id ("" for the journey) and the reason that it gave


@dataclass(frozen=True, slots=True)
class Shown:
    """A line of what really happened."""

    at: datetime
    kind: str
    what: Any
    because: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """How one test went: `differences` is empty where it passed. `ways` are those it took."""

    test: Timeline
    differences: tuple[str, ...]
    ways: frozenset[Way]


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A way that no test takes."""

    journey: str
    place: str
    way: Way

    def in_words(self) -> str:
        """`journeys/welcome.yaml:20: welcome: first: branch.else`"""
        step, reason = self.way
        return f"{self.place}: {self.journey}: {f'{step}: ' if step else ''}{reason}"


def play(workspace: Workspace, journeys: Collection[str] | None = None) -> Iterator[Result]:
    """Play the workspace's tests, or those of some journeys, each result as soon as it is there. Raises NurtureError for
    tests that aren't right."""
    tests = [test for test in timelines.read(workspace) if not journeys or test.journey in journeys]
    for name in journeys or ():
        if name not in workspace.journeys:
            raise NurtureError(f"there is no journey '{name}'; {workspace.near(name)}")
    with tempfile.TemporaryDirectory(prefix="nurture-test-") as place:
        folder = Path(place)
        template = make_template(folder)
        settings = rehearsal_settings(workspace, folder / "outbox")
        renderer = Renderer(TemplateSources.of_workspace(workspace.folder), settings)
        store = Store(f"sqlite:///{folder / 'test.db'}", durable=False)
        try:
            for (name, held_out), group in groupby(tests, lambda test: (test.journey, test.held_out)):
                # what a runtime keeps of a journey serves the tests that follow, and the renderer serves all
                runtime = Runtime(store, settings, workspace.folder)
                runtime.renderer = renderer
                journey = in_arm(workspace.journeys[name], held_out)
                for test in group:
                    emptied(store, template)
                    yield _play(journey, test, runtime)
        finally:
            store.close()


def _play(journey: JourneyFile, test: Timeline, runtime: Runtime) -> Result:
    life = Life(runtime, journey, test, start_of(test))
    runtime.now = lambda: life.at
    try:
        life.play()
    except (Impossible, NurtureError) as wrong:
        return Result(test, (str(wrong),), frozenset())
    with runtime.store.read() as tx:
        person = contacts.by_anything(tx, life.ref)
        assert person is not None
        happened, ways = _what_happened(tx, journey.plan, person)
    zone = runtime.settings.company.zone
    differences = tuple(_compare(test.expect, happened, zone))
    if differences and person["zone"] != zone:
        differences += (f"times are on the company's clock, {zone}; hers is {person['zone']}",)
    return Result(test, differences, ways)


# --- what happened -----------------------------------------------------------------------------


def _what_happened(tx: Tx, plan: Plan, person: Mapping[str, Any]) -> tuple[list[Shown], frozenset[Way]]:
    shown: list[Shown] = []
    ways: set[Way] = set()
    sent = messages.of_contact(tx, person["id"])
    for one in enrollments.of_contact(tx, person["id"], plan.journey):
        traces = enrollments.traces_of(tx, one["id"])
        ways |= {
            (trace["step"] if not trace["reason"].startswith("exit.") else "", trace["reason"])
            for trace in traces
        }
        ways |= {(trace["step"], "exit.step") for trace in traces if trace["reason"] == "exit.step"}
        own = [message for message in sent if message["enrollment_id"] == one["id"]]
        ways |= {
            (row["step"], _reached(row["channel"], row["template"])) for row in own if row["accepted_at"]
        }
        shown += [line for trace in traces if (line := _line(plan, trace, own)) is not None]
        shown += _end(one)
        if one["status"] == "held_out":
            ways.add(("", "held_out"))
    return sorted(shown, key=lambda line: line.at), frozenset(ways)


def _end(one: Mapping[str, Any]) -> Iterator[Shown]:
    if one["status"] == "held_out":
        yield Shown(one["entered_at"], "ends", "held_out")
    elif one["ended_at"] is not None:
        yield Shown(one["ended_at"], "ends", one["status"], one["exit_reason"])


def _line(plan: Plan, trace: Mapping[str, Any], sent: Sequence[Mapping[str, Any]]) -> Shown | None:
    """What a decision looks like in a timeline; None where nothing is to be seen."""
    step, reason, at = plan.steps.get(trace["step"] or ""), trace["reason"], trace["at"]
    if step is None:
        return None
    if reason.startswith("message.skipped."):
        return Shown(at, "skips", step.id, reason.removeprefix("message.skipped."))
    if reason in ("message.accepted", "message.refused", "message.in_doubt"):
        return _message(step, at, [message for message in sent if message["step"] == step.id], reason)
    if reason.startswith("webhook."):
        because = (
            None if reason == "webhook.done" else reason.removeprefix("webhook.").removeprefix("skipped.")
        )
        return None if reason == "webhook.written" else Shown(at, "webhook", step.id, because)
    if reason.startswith("coupon.skipped."):
        return Shown(at, "skips", step.id, reason.removeprefix("coupon.skipped."))
    if reason in ("on_date.past", "on_date.unknown"):
        return Shown(at, "skips", step.id, reason.removeprefix("on_date."))
    match step, reason:
        case Coupon(), "coupon.issued":
            return Shown(at, "coupon", step.pool)
        case Notify(), "notify.written":
            return Shown(at, "notify", step.template)
        case Notify(), "notify.no_owner":
            return Shown(at, "skips", step.id, "no_owner")
        case Start(), "start.asked":
            return Shown(at, "starts", step.journey)
        case Assign(), "assign.done":
            return Shown(at, "assign", step.rule)
        case Task(), "task.opened":
            return Shown(at, "task", step.title)
        case Update(), "update.done":
            return Shown(at, "update", _changes(step))
    return None


def _message(step: Step, at: datetime, sent: Sequence[Mapping[str, Any]], reason: str) -> Shown:
    because = None if reason == "message.accepted" else reason.removeprefix("message.")
    if isinstance(step, Survey):
        return Shown(at, "survey", step.survey, because)
    return Shown(at, sent[-1]["channel"], sent[-1]["template"], because)


def _changes(step: Update) -> dict[str, Any]:
    """The step's changes as a timeline writes them."""
    found: dict[str, Any] = {}
    for effect in step.effects:
        match effect:
            case SetField(name, value):
                found.setdefault("set", {})[name] = str(value)
            case Tag(name, add):
                found.setdefault("tag" if add else "untag", []).append(name)
            case Subscription(topic, given):
                found.setdefault("subscribe" if given else "unsubscribe", []).append(topic)
            case AddPoints(score, points):
                found.setdefault("score", {})[score] = str(points)
            case MoveTo(stage):
                found["stage"] = stage
            case Suppress(channel):
                found["suppress"] = channel.value if channel else "all"
    return {
        name: value[0] if isinstance(value, list) and len(value) == 1 else value
        for name, value in found.items()
    }


# --- comparing ---------------------------------------------------------------------------------


def _compare(expected: Sequence[Expected], happened: Sequence[Shown], zone: str) -> Iterator[str]:
    """In words, what differs. Lines of one instant may come in any order."""
    left = list(happened)
    for line in expected:
        found = next((one for one in left if _same(line, one)), None)
        if found is not None:
            left.remove(found)
            continue
        near = next((one for one in left if (one.kind, one.what) == (line.kind, line.what)), None)
        yield f"line {line.mark.line}: expected {_expected_words(line, zone)}"
        if near is not None:
            left.remove(near)
            yield f"    but it was {_shown_words(near, zone)}"
    for one in left:
        yield f"not expected: {_shown_words(one, zone)}"


def _same(line: Expected, one: Shown) -> bool:
    if (line.kind, line.what) != (one.kind, one.what):
        return False
    if line.because != one.because and (line.because is not None or one.kind in _MESSAGES):
        return False
    if line.at is None or line.until is None:
        return True
    return line.at <= one.at < line.until + timedelta(minutes=1)


def _expected_words(line: Expected, zone: str) -> str:
    until = f"-{_wall(line.until, zone)[-5:]}" if line.until and line.until != line.at else ""
    at = f"{_wall(line.at, zone)}{until} " if line.at else ""
    return f"{at}{_words(line.kind, line.what, line.because)}"


def _shown_words(one: Shown, zone: str) -> str:
    return f"{_wall(one.at, zone)} {_words(one.kind, one.what, one.because)}"


def _words(kind: str, what: Any, because: str | None) -> str:
    shown = ", ".join(f"{name} {value}" for name, value in what.items()) if isinstance(what, dict) else what
    return f"{kind}: {shown}" + (f", because {because}" if because else "")


def _wall(at: datetime, zone: str) -> str:
    return f"{clock.local(at, zone):%Y-%m-%d %H:%M}"


# --- coverage ----------------------------------------------------------------------------------


def ways_of(plan: Plan) -> list[Way]:
    """The ways that tests should take: each branch and timeout, each message of several, each exit, the
    control group. They follow from the plan alone."""
    found: list[Way] = [(step.id, outcome) for step in plan.steps.values() for outcome in step.outcomes()]
    found += [way for step in plan.steps.values() for way in _ways_of_step(step)]
    longest = _longest(plan, plan.first)
    for rule in plan.exits:
        # a limit that lies beyond all waits is a safety net: no timeline can reach it
        if rule.after is None or rule.after.elapsed() <= longest:
            found.append(("", rule.reason))
    if plan.holdout:
        found.append(("", "held_out"))
    return found


def _ways_of_step(step: Step) -> Iterator[Way]:
    """An exit; each message of which the first that reaches her is sent; a message that may be skipped."""
    match step:
        case Exit():
            yield step.id, "exit.step"
        case FirstReachable():
            for message in step.messages:
                yield step.id, _reached(message.CHANNEL.value, message.template)
        case Message() | Survey() if step.send_if is not None:
            yield step.id, "message.skipped.send_if"
    if isinstance(step, Message) and step.instead is not None:
        yield step.id, _reached(step.instead.channel.value, step.instead.template)


def _reached(channel: str, template: str) -> str:
    return f"message.sent.{channel}.{template}"


def _longest(plan: Plan, step_id: str | None) -> timedelta:
    """How long a run lasts at most, as its waits say."""
    if step_id is None:
        return timedelta()
    step = plan.steps[step_id]
    after = max((_longest(plan, each) for each in {*step.starts.values(), step.after}), default=timedelta())
    match step:
        case Exit():
            return timedelta()
        case Wait(span=span):
            return timedelta(days=span.days + 31 * span.months, seconds=span.seconds) + after
        case OnDate():
            return timedelta(days=36_525) + after  # it may lie as far off as the data says
        case WaitFor(up_to=span):
            return span.elapsed() + after
    return after


def uncovered(workspace: Workspace, results: Sequence[Result]) -> list[Uncovered]:
    """The ways that no test takes, journey by journey."""
    taken = {(result.test.journey, way) for result in results for way in result.ways}
    return [
        Uncovered(name, _place(journey.plan, way), way)
        for name, journey in workspace.journeys.items()
        for way in ways_of(journey.plan)
        if (name, way) not in taken
    ]


def _place(plan: Plan, way: Way) -> str:
    step_id, reason = way
    if step_id:
        mark = plan.steps[step_id].mark
        return f"{mark.file}:{mark.line}"
    mark = plan.marks.get("holdout" if reason == "held_out" else "exit") or next(iter(plan.marks.values()))
    return f"{mark.file}:{mark.line}"
