"""What steps bring, and which of them stand before a step: on every way to it, and on some way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from nurture.compiler.plan import Plan
from nurture.steps import Coupon, Exit, Step
from nurture.steps.base import base_of


@dataclass
class Before:
    """For each step, which names steps before it have brought: on every way, and on some way."""

    always: dict[str, frozenset[str]] = field(default_factory=dict)
    ever: dict[str, frozenset[str]] = field(default_factory=dict)


def brought_before(plan: Plan) -> Before:
    """Which steps stand before each step. Steps follow their predecessors in a plan's order."""
    found = Before()
    ways: dict[str, list[str]] = {name: [] for name in plan.steps}
    for step in plan.steps.values():
        for after in _next(step):
            if after is not None:
                ways[after].append(step.id)
    for name in _in_order(plan, ways):
        before = [
            (found.always[way] | _brings_always(plan.steps[way]), found.ever[way] | brings(plan.steps[way]))
            for way in ways[name]
        ]
        always = [each[0] for each in before]
        found.always[name] = frozenset.intersection(*always) if always else frozenset()
        found.ever[name] = frozenset().union(*(each[1] for each in before))
    return found


def _next(step: Step) -> Iterable[str | None]:
    if isinstance(step, Exit):
        return ()
    ways = set(step.starts.values())
    return ways if step.forks else {step.after, *ways}


def _in_order(plan: Plan, ways: Mapping[str, list[str]]) -> Iterator[str]:
    """Each step after all that lead to it."""
    left = {name: len(set(before)) for name, before in ways.items()}
    ready = [name for name, count in left.items() if not count]
    while ready:
        name = ready.pop()
        yield name
        for after in set(_next(plan.steps[name])) - {None}:
            assert after is not None
            left[after] -= 1
            if not left[after]:
                ready.append(after)


def brings(step: Step) -> frozenset[str]:
    own = base_of(step.id)
    names = {own, step.save_as} if isinstance(step, Coupon) else {own}
    return frozenset(name for name in names if name)


def _brings_always(step: Step) -> frozenset[str]:
    skips = isinstance(step, Coupon) and step.on_empty == "skip"
    return frozenset() if skips else brings(step)
