"""What changes from one plan to another, step by step and in words: not a difference of texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from nurture.compiler.hashing import LABELS
from nurture.compiler.plan import Exit, Plan
from nurture.criteria import Condition, EventMatch
from nurture.model import Span
from nurture.steps.base import Step

SETTINGS = ("topic", "reentry", "on_repeat", "holdout", "goal", "limits", "backfill", "in_flight")
LINKS = frozenset(("id", "after", "starts"))


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
    common = [step for step in new.steps if step in old.steps]
    moved = set(_moved([step for step in old.steps if step in new.steps], common))
    for step_id, step in new.steps.items():
        before = old.steps.get(step_id)
        if before is None:
            yield Change("added", step_id, step.describe())
        elif values := tuple(_values(before, step)):
            yield Change("changed", step_id, step.describe(), values)
        elif step_id in moved:
            yield Change("moved", step_id, step.describe())
    for step_id, step in old.steps.items():
        if step_id not in new.steps:
            yield Change("removed", step_id, step.describe())


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
            yield Value(each.name, shown(before), shown(after))


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
            f"{name} {_share(each) if name == 'share' else shown(each)}"
            for name, each in named.items()
            if each not in (None, (), "", {})
        )
    return str(value)
