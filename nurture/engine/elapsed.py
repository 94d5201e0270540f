"""Runs that began before they were enrolled: which messages have gone by. Pure."""

from __future__ import annotations

from datetime import datetime

from nurture.compiler.plan import Plan
from nurture.model import Decision, Go, Run
from nurture.steps import Exit, Wait, WaitFor
from nurture.steps.base import Facts, Step

ELAPSED = "message.skipped.elapsed"


def gone_by(plan: Plan, step: Step, run: Run, facts: Facts) -> Decision | None:
    """Passing over a message whose time has gone by: another one is due by now as well, or would have been. None:
    it is the latest that is due, or the run has caught up with the time."""
    if run.caught_up is None or run.arrived_at >= run.caught_up or run.messages:
        return None
    if not _followed(plan, step, run, facts, run.caught_up):
        return None
    return Decision(Go(step.after, run.arrived_at), ELAPSED)


def _followed(plan: Plan, step: Step, run: Run, facts: Facts, by: datetime) -> bool:
    """Whether the waits behind this message had ended `by` then, where there are more messages behind them."""
    at, place = run.arrived_at, step.after
    while place is not None and at <= by:
        follower = plan.steps[place]
        if (follower.sends and follower.reaches) or (follower.starts and _sends(plan, place)):
            ends = at + follower.up_to.elapsed() if isinstance(follower, WaitFor) else at
            return ends <= by
        if isinstance(follower, Exit):
            return False
        if isinstance(follower, Wait):
            move = follower.decide(run._replace(step=place, arrived_at=at), facts, by).move
            if not isinstance(move, Go):
                return False
            at = move.at
        elif isinstance(follower, WaitFor):
            at += follower.up_to.elapsed()
        place = follower.after
    return False


def _sends(plan: Plan, place: str | None) -> bool:
    """Whether a message may come from this step on."""
    if place is None:
        return False
    step = plan.steps[place]
    if step.sends and step.reaches:
        return True
    if isinstance(step, Exit):
        return False
    return any(_sends(plan, each) for each in {*step.starts.values(), step.after})
