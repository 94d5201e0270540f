"""A journey's goal: as the report shows it, and as SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nurture.reports.figures import DEFAULT_WINDOW, GoalRule
from nurture.store.criteria import Criteria, Rows
from nurture.store.report_sets import Goal, Test
from nurture.store.tables import contacts

if TYPE_CHECKING:
    from nurture.compiler.plan import Plan
    from nurture.criteria import Condition


def goal_rule(plan: Plan) -> GoalRule:
    """A plan's goal as the report counts it; an order within 30 days where the journey names none."""
    goal = plan.goal
    if goal is None:
        return GoalRule()
    where = goal.match.where
    return GoalRule(
        event=goal.match.name,
        condition=where.text if where is not None else None,
        value=goal.value.removeprefix("event.") if goal.value else None,
        window=goal.within.elapsed() if goal.within is not None else DEFAULT_WINDOW,
        declared=True,
    )


def goal_of(plan: Plan, criteria: Callable[[], Criteria]) -> Goal:
    """What converts, as SQL. `criteria` is asked for where the goal has a condition."""
    if plan.goal is None:
        return Goal()
    rule, match = goal_rule(plan), plan.goal.match
    value = None if rule.is_order and rule.value == "total" else rule.value
    test = _test(match.where, criteria()) if match.where is not None else None
    return Goal(rule.event, test, value, match.key)


def _test(where: Condition, criteria: Criteria) -> Test:
    return lambda event, started: criteria.where(
        where.tree, Rows(contact=contacts, event=event, trigger=started)
    )
