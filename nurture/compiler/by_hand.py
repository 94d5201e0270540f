"""Runs that somebody starts, or another journey: what they need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from nurture.compiler.plan import Plan
from nurture.criteria import Atom, Did, atoms, names
from nurture.model import Field
from nurture.problems import Problem, nearest
from nurture.steps import Start
from nurture.steps.update import WORDS, typed
from nurture.triggers import ManualTrigger, Trigger


def by_hand_of(plan: Plan) -> Plan:
    """The plan as somebody starts it: of several triggers by the manual one, else by the first that needs no event."""
    parts = sorted(plan.parts, key=lambda part: not isinstance(part.trigger, ManualTrigger))
    return next((part for part in parts if not needs_event(part.trigger)), parts[0])


def needs_event(trigger: Trigger) -> bool:
    """Whether a run can't begin without the event that starts it."""
    return trigger.key is not None or (trigger.where is not None and any(map(_speaks, atoms(trigger.where))))


def _speaks(atom: Atom) -> bool:
    """Whether it looks at what starts the run; the event of a did() is another one."""
    owners = ("trigger.",) if isinstance(atom, Did) else ("trigger.", "event.")
    return any(name.startswith(owners) for name in names(atom))


def starts_in_vain(plans: Mapping[str, Plan]) -> Iterator[Problem]:
    """Steps that start a journey whose run can't begin without its event."""
    for plan in plans.values():
        for step in _starts(plan):
            target = plans.get(step.journey)
            if target is not None and needs_event(by_hand_of(target).trigger):
                message = f"journey '{step.journey}' begins with an event, which 'start' can't bring"
                hint = "send the event, or give that journey a trigger 'manual: true'"
                yield Problem("N418", message, step.mark, hint)


def taken(plan: Plan) -> Mapping[str, Field]:
    """The values that a journey takes from who starts it, by name; `plan` is its own by `by_hand_of`."""
    return plan.trigger.declared if isinstance(plan.trigger, ManualTrigger) else {}


def brought_in_vain(plans: Mapping[str, Plan]) -> Iterator[Problem]:
    """Values of steps that the journey which they start doesn't take, or not as they are."""
    for plan in plans.values():
        for step in _starts(plan):
            if (target := plans.get(step.journey)) is not None:
                fields = taken(by_hand_of(target))
                yield from (
                    _refused(step, name, fields) for name in step.values if not _fits(step, name, fields)
                )


def _fits(step: Start, name: str, fields: Mapping[str, Field]) -> bool:
    if name not in fields:
        return False
    try:
        typed(fields[name], step.values[name], "UTC")
    except ValueError:
        return False
    return True


def _refused(step: Start, name: str, fields: Mapping[str, Field]) -> Problem:
    of_name, of_value = step.marks[name]
    if name in fields:
        wanted, found = WORDS[fields[name].type], step.values[name]
        return Problem(
            "N419", f"journey '{step.journey}' wants {wanted} as '{name}', found '{found}'", of_value
        )
    near = nearest(name, fields)
    hint = f"did you mean '{near}'?" if near else f"its trigger says what it takes: with: {{{name}: text}}"
    return Problem("N419", f"journey '{step.journey}' takes no '{name}'", of_name, hint)


def _starts(plan: Plan) -> Iterable[Start]:
    """Each once: a `repeat` has the same step in every pass."""
    found = (step for step in plan.steps.values() if isinstance(step, Start))
    return {step.mark: step for step in found}.values()
