"""What happens to one run: exits before the step, the first rule that ends it, and never longer than it may last."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from nurture.engine.decide import decide, exit_needs, leaving, needs
from nurture.model import Decision, Go, Leave, Seen, Stay
from tests.support.plans import ENTRY, Known, a_run, plan

DAY = timedelta(days=1)
JOURNEY = """
journey: welcome
topic: news
trigger: {event: signed_up}
exit:
  - event: order_completed
  - when: city = "Campinas"
  - after: 5 days
steps:
  - wait: 10 days
    id: w
  - email: welcome/hello
"""
MOVED = 'city = "Campinas"'


def decided(facts: Known, now: datetime, step: str = "w", text: str = JOURNEY) -> Decision:
    return decide(plan(text), a_run(step=step), facts, now)


ORDER = {"exit.0": Seen(7, ENTRY + DAY, {})}
LEAVING = {
    "an event, as of when it happened": (
        Known(events=ORDER),
        2,
        Leave("exit.event.order_completed", ENTRY + DAY, cut=True),
    ),
    "a condition, as of now": (
        Known(true=frozenset({MOVED})),
        2,
        Leave("exit.when", ENTRY + 2 * DAY, cut=True),
    ),
    "the longest time, as of its end": (Known(), 6, Leave("exit.after", ENTRY + 5 * DAY, cut=True)),
    "the longest time, to the instant": (Known(), 5, Leave("exit.after", ENTRY + 5 * DAY, cut=True)),
    "what came first, though it is seen late": (
        Known(events=ORDER, true=frozenset({MOVED})),
        6,
        Leave("exit.event.order_completed", ENTRY + DAY, cut=True),
    ),
    "the longest time, though an event came after it": (
        Known(events={"exit.0": Seen(7, ENTRY + 6 * DAY, {})}),
        7,
        Leave("exit.after", ENTRY + 5 * DAY, cut=True),
    ),
    "of two at the same instant the first rule": (
        Known(events={"exit.0": Seen(7, ENTRY + 2 * DAY, {})}, true=frozenset({MOVED})),
        2,
        Leave("exit.event.order_completed", ENTRY + 2 * DAY, cut=True),
    ),
}


@pytest.mark.parametrize("name", LEAVING)
def test_exits_come_before_the_step(name: str) -> None:
    facts, days, move = LEAVING[name]
    decision = decided(facts, ENTRY + days * DAY)
    assert decision.move == move
    assert decision.effects == ()
    assert decision == decided(facts, ENTRY + days * DAY)  # the same question has the same answer


def test_an_exit_keeps_what_its_condition_saw() -> None:
    decision = decided(Known(true=frozenset({MOVED})), ENTRY + DAY)
    assert [truth.value for truth in decision.truths] == [True]


def test_a_step_waits_no_longer_than_the_run_may_last() -> None:
    assert decided(Known(), ENTRY).move == Stay(ENTRY + 5 * DAY)
    assert decided(Known(), ENTRY, "email_welcome_hello").move == Stay(ENTRY + 5 * DAY)
    free = JOURNEY.replace("  - after: 5 days\n", "")
    assert decided(Known(), ENTRY, text=free).move == Stay(ENTRY + 10 * DAY)
    assert decided(Known(), ENTRY, "email_welcome_hello", free).move == Stay()


def test_the_shortest_of_several_limits_binds() -> None:
    assert plan(JOURNEY.replace("steps:", "  - after: 2 days\nsteps:")).longest == 2 * DAY


def test_after_the_last_step_the_run_is_complete() -> None:
    assert decided(Known(), ENTRY, "").move == Go(None, ENTRY)


def test_outside_of_a_round_only_exits_are_looked_at() -> None:
    assert leaving(plan(JOURNEY), a_run(step="w"), Known(), ENTRY + 4 * DAY) is None


def test_what_has_to_be_known() -> None:
    made = plan(JOURNEY.replace("wait: 10 days", "wait_for: form_submitted\n    up_to: 1 day"))
    assert [name for name, _ in exit_needs(made).events] == ["exit.0"]
    both = needs(made, made.steps["w"])
    assert [name for name, _ in both.events] == ["exit.0", "form_submitted"]
    assert [condition.text for condition in both.conditions] == [MOVED]
