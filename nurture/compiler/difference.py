"""What changes from one plan to another, step by step and in words: not a difference of texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from nurture import clock
from nurture.compiler.hashing import LABELS
from nurture.compiler.matching import LINKS, match, renames
from nurture.compiler.passes import renamed
from nurture.compiler.plan import Exit, InFlight, Plan
from nurture.criteria import Condition, EventMatch
from nurture.model import Span
from nurture.steps.base import Step, base_of

SETTINGS = ("topic", "reentry", "on_repeat", "holdout", "goal", "priority", "limits", "backfill", "in_flight")


@dataclass(frozen=True, slots=True)
class Value:
    """A value that is not what it was."""

    name: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Change:
    """A step that was added, removed, changed or moved, or a setting (no step) that changed."""

    what: str  # "added", "removed", "changed", "moved", "setting"
    step: str | None
    says: str  # what the step does now, or did before it was removed
    values: tuple[Value, ...] = ()
    kind: str = ""
    named: bool = True  # it has an id that somebody wrote
    line: int = 0  # in its file
    after: str | None = (
        None  # of one that was removed: the step before it that is still there, as it is called now
    )


def difference(old: Plan, new: Plan) -> tuple[Change, ...]:
    """All that behaves otherwise, first the journey's own settings, then the steps in their new order."""
    return (*_settings(old, new), *_steps(old, new))


def _settings(old: Plan, new: Plan) -> Iterator[Change]:
    if old.trigger != new.trigger:
        words = Value("trigger", old.trigger.describe(), new.trigger.describe())
        yield Change("setting", None, "trigger", (words,) if words.old != words.new else ())
    for name in SETTINGS:
        before, after = getattr(old, name), getattr(new, name)
        if name == "holdout":
            before, after = _share(before), _share(after)
        if before != after:
            yield Change("setting", None, name, (Value(name, shown(before), shown(after)),))
    if old.exits != new.exits:
        yield Change("setting", None, "exit", (Value("exit", _exits(old.exits), _exits(new.exits)),))


def _exits(rules: tuple[Exit, ...]) -> str:
    return "; ".join(shown(rule) for rule in rules) or "none"


def _steps(old: Plan, new: Plan) -> Iterator[Change]:
    """Of a repeat the first pass speaks for all."""
    pairs = match(old, new)
    names, came_from = renames(pairs), {now: before for before, now in pairs.items()}
    common = [step for step in new.steps if step in came_from]
    moved = set(_moved([pairs[step] for step in old.steps if step in pairs], common))
    for step_id, step in _once(new):
        before = old.steps.get(came_from.get(step_id, ""))
        if before is None:
            yield _change("added", new, step)
        elif values := tuple(_values(renamed(before, names, names), step)):
            yield _change("changed", new, step, values)
        elif step_id in moved:
            yield _change("moved", new, step)
    last: str | None = None
    for step_id, step in _once(old):
        if step_id not in pairs:
            yield replace(_change("removed", old, step), after=last)
        else:
            last = base_of(pairs[step_id])


def _once(plan: Plan) -> Iterator[tuple[str, Step]]:
    seen: set[str] = set()
    for step_id, step in plan.steps.items():
        if base_of(step_id) not in seen:
            seen.add(base_of(step_id))
            yield step_id, step


def _change(what: str, plan: Plan, step: Step, values: tuple[Value, ...] = ()) -> Change:
    name, kind = base_of(step.id), step.KIND.name
    return Change(what, name, step.describe(), values, kind, name not in plan.unnamed, step.mark.line)


def _moved(before: list[str], after: list[str]) -> Iterator[str]:
    """The steps that no longer stand in the order of the others."""
    left = list(before)
    for step in after:
        if left and left[0] != step:
            yield step
        left.remove(step)


def _values(old: Step, new: Step) -> Iterator[Value]:
    if type(old) is not type(new):
        yield Value("kind", old.KIND.name, new.KIND.name)
        return
    for each in fields(new):
        before, after = getattr(old, each.name), getattr(new, each.name)
        if each.name not in LINKS | LABELS and each.compare and shown(before) != shown(after):
            yield Value(each.name, _told(each.name, before), _told(each.name, after))


def _told(name: str, value: Any) -> str:
    """A value as its field's name means it: a share, a time of day, days of the week."""
    match name, value:
        case "share", int():
            return _share(value)
        case "at" | "start" | "end", int():
            return f"{value // 60:02}:{value % 60:02}"
        case "saturdays" | "sundays", (int(start), int(end)):
            return f"{_told('start', start)}-{_told('end', end)}"
        case "only", frozenset():
            return clock.say_days(value)
    return shown(value)


def _share(hundredths: int) -> str:
    return f"{hundredths / 100:g}%"


def shown(value: Any) -> str:
    """A value of a plan as a marketer would write it."""
    match value:
        case None | () | "":
            return "none"
        case Condition(text) | Span(text=text):
            return text
        case Enum():
            return str(value.value)
        case InFlight(mode, moves):
            return f"{mode} ({', '.join(f'{old}: {new}' for old, new in moves)})" if moves else mode
        case EventMatch(name, where):
            return f"{name} where {where.text}" if where else name
        case datetime() | timedelta():
            return str(value)
        case Mapping():
            return ", ".join(f"{shown(key)}: {shown(each)}" for key, each in value.items()) or "none"
        case tuple() | list():
            return ", ".join(shown(each) for each in value)
        case frozenset() | set():
            return ", ".join(sorted(map(str, value)))
    if is_dataclass(value) and not isinstance(value, type):
        named = {each.name: getattr(value, each.name) for each in fields(value) if each.name not in LABELS}
        return ", ".join(
            f"{name} {_told(name, each)}"
            for name, each in named.items()
            if each is not False and each not in (None, (), "", {})
        )
    return str(value)
