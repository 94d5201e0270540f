"""Runs that somebody starts, or another journey: what they need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from nurture.compiler.plan import Plan
from nurture.criteria import Atom, Did, atoms, names
from nurture.problems import Problem
from nurture.steps import Start
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


def _starts(plan: Plan) -> Iterable[Start]:
    return (step for step in plan.steps.values() if isinstance(step, Start))
