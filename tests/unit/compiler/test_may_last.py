"""How long a run may last, as far as its steps say: for so long one of the control group counts as going."""

from __future__ import annotations

from datetime import timedelta

import pytest

from nurture.compiler import compile_journey
from nurture.problems import render
from tests.problems.shop import SHOP

DAY = timedelta(days=1)
LASTS = {
    "- email: welcome/hello": timedelta(),
    "- wait: 2 days\n- wait: 3 hours": 2 * DAY + timedelta(hours=3),
    "- {wait: 2 days, random: 0-4 hours}": 2 * DAY + timedelta(hours=4),
    '- {wait: 1 month, at: "09:00", only: weekdays}': (31 + 1 + 6) * DAY,
    "- {wait: , until: 2026-12-01}": timedelta(),
    "- wait_for: email_clicked\n  up_to: 3 days\n  then:\n  - wait: 1 day\n  otherwise:\n  - wait: 5 days\n- wait: 1 day": 9
    * DAY,
    "- branch:\n  - if: total_orders > 1\n    then:\n    - wait: 1 day\n    - exit: enough\n- wait: 4 days": 4
    * DAY,
    "- branch:\n  - if: total_orders > 1\n    then:\n    - wait: 6 days\n    - exit: enough\n- wait: 4 days": 6
    * DAY,
    "- repeat: 3\n  every: 7 days\n  steps:\n  - wait: 1 day": (2 * 7 + 3) * DAY,
}


@pytest.mark.parametrize("steps", LASTS)
def test_it_is_the_longest_way_through(steps: str) -> None:
    assert _may_last(steps) == LASTS[steps]


def test_it_is_no_longer_than_the_journey_lets_it() -> None:
    assert _may_last("- wait: 10 days", "exit: [{after: 2 days}]\n") == 2 * DAY
    assert _may_last("- wait: 1 day", "exit: [{after: 2 days}]\n") == DAY


def _may_last(steps: str, beside: str = "") -> timedelta:
    text = f"journey: a\ntopic: news\ntrigger: {{event: signed_up}}\n{beside}steps:\n{steps}\n"
    compiled = compile_journey(text, "a.yaml", SHOP)
    assert compiled.plan is not None, "\n".join(map(render, compiled.problems))
    return compiled.plan.may_last
