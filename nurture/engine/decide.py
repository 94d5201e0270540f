"""What happens to one run now: exits first, then its step. Pure."""

from __future__ import annotations

from datetime import datetime

from nurture.compiler.plan import Exit, Plan
from nurture.engine.elapsed import gone_by
from nurture.model import Decision, Go, Leave, Run, Stay
from nurture.steps.base import Facts, Needs, Step


def exit_needs(plan: Plan) -> Needs:
    """What the exit rules look at; the events are named `exit.0`, `exit.1`, ..."""
    return Needs(
        conditions=tuple(rule.when for rule in plan.exits if rule.when is not None),
        events=tuple(
            (f"exit.{n}", rule.event) for n, rule in enumerate(plan.exits) if rule.event is not None
        ),
    )


def needs(plan: Plan, step: Step | None) -> Needs:
    """What has to be known to decide a run that stands at `step`."""
    ends, own = exit_needs(plan), step.needs() if step is not None else Needs()
    return Needs((*ends.conditions, *own.conditions), (*ends.events, *own.events))


def leaving(plan: Plan, run: Run, facts: Facts, now: datetime) -> Decision | None:
    """The exit that ends the run, as a decision: that which came first, however late it is looked at; of two at
    the same instant the first of the rules."""
    ends = [
        (decision.move.at, number, decision)
        for number, rule in enumerate(plan.exits)
        if (decision := _leaving(rule, f"exit.{number}", run, facts, now)) is not None
        and isinstance(decision.move, Leave)
    ]
    if not ends:
        return None
    _, number, decision = min(ends, key=lambda end: end[:2])
    if not plan.exits[number].do:
        return decision
    also = ((step.id, step.decide(run, facts, now)) for step in plan.exits[number].do)
    return decision._replace(also=tuple(also))


def _leaving(rule: Exit, name: str, run: Run, facts: Facts, now: datetime) -> Decision | None:
    if rule.event is not None and (seen := facts.seen(name)) is not None:
        return Decision(Leave(rule.reason, max(seen.occurred_at, run.entered_at), cut=True), rule.reason)
    if rule.when is not None and (truth := facts.truth(rule.when)).value:
        return Decision(Leave(rule.reason, now, cut=True), rule.reason, truths=(truth,))
    if rule.after is not None and run.entered_at + rule.after.elapsed() <= now:
        return Decision(Leave(rule.reason, run.entered_at + rule.after.elapsed(), cut=True), rule.reason)
    return None


def decide(plan: Plan, run: Run, facts: Facts, now: datetime) -> Decision:
    """The decision for a run at its step. A run whose journey has no step left is complete."""
    if plan.exits and (left := leaving(plan, run, facts, now)) is not None:
        return left
    step = plan.steps.get(run.step)
    if step is None:
        return Decision(Go(None, run.arrived_at), "end")
    if (
        step.sends
        and step.reaches
        and run.caught_up is not None
        and (passed := gone_by(plan, step, run, facts)) is not None
    ):
        return passed
    decision = step.decide(run, facts, now)
    if isinstance(decision.move, Stay) and plan.longest is not None:
        ends = run.entered_at + plan.longest
        until = ends if decision.move.until is None else min(decision.move.until, ends)
        return decision._replace(move=Stay(until))
    return decision
