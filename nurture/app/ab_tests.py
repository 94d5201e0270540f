"""Deciding A/B tests of messages: each once, when its time has come and each arm has enough people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

from nurture.app.goals import goal_of, goal_rule
from nurture.app.runtime import Runtime
from nurture.compiler.plan import Plan
from nurture.reports.ab_tests import Counts, judge
from nurture.steps import Message
from nurture.steps.ab import ABTest
from nurture.store import ab_tests
from nurture.store.ab_tests import Decided
from nurture.store.criteria import Criteria
from nurture.store.engine import Tx


def tests_of(plan: Plan) -> Iterator[tuple[str, ABTest]]:
    """The A/B tests of a plan, by their steps."""
    for step in plan.steps.values():
        if isinstance(step, Message) and step.ab is not None:
            yield step.id, step.ab


class Aim(NamedTuple):
    """What a conversion is: the goal of a version's plan, reached by `now`."""

    plan: Plan
    criteria: Callable[[], Criteria]
    now: datetime


def counted(tx: Tx, version_id: int, step: str, test: ABTest, aim: Aim) -> Counts:
    """Each arm's people, and those who reached it; also of an arm that nobody is in yet."""
    if test.winner.by == "conversions":
        goal, window = goal_of(aim.plan, aim.criteria), goal_rule(aim.plan).window
        found = ab_tests.converted(tx, version_id, step, goal, window, aim.now)
    else:
        found = ab_tests.counted(tx, version_id, step, test.winner.by)
    return {arm.name: found.get(arm.name, (0, 0)) for arm in test.arms}


def decide(runtime: Runtime, now: datetime) -> int:
    """Decide every test that is ripe by `now`; how many. Harmless when run twice or at once."""
    with runtime.store.read() as tx:
        open_tests = _open(runtime, tx)
        ripe = [each for each in open_tests if _ripe(tx, *each, now)]
    if not ripe:
        return 0
    with runtime.store.begin() as tx:
        return sum(_decide(runtime, tx, *each, now) for each in ripe)


def _open(runtime: Runtime, tx: Tx) -> list[tuple[int, str, ABTest]]:
    """Tests of versions in use of which nothing was decided."""
    found = [
        (version_id, step, test)
        for version_id in sorted(runtime.in_use(tx))
        for step, test in tests_of(runtime.plan(tx, version_id))
    ]
    known = ab_tests.decided(tx) if found else {}
    return [each for each in found if each[:2] not in known]


def _ripe(tx: Tx, version_id: int, step: str, test: ABTest, now: datetime) -> bool:
    first = ab_tests.first_at(tx, version_id, step)
    return first is not None and first + test.winner.after.elapsed() <= now


def _decide(runtime: Runtime, tx: Tx, version_id: int, step: str, test: ABTest, now: datetime) -> bool:
    aim = Aim(runtime.plan(tx, version_id), lambda: runtime.criteria(tx, now), now)
    counts = counted(tx, version_id, step, test, aim)
    if min(people for people, _ in counts.values()) < test.winner.at_least:
        return False
    return ab_tests.decide(tx, version_id, step, Decided(now, judge(counts).winner, counts))
