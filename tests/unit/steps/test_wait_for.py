"""Waiting for events and conditions: the first that happens decides, or time does."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from nurture.model import Decision, Go, Seen, Stay
from tests.support.plans import ENTRY, Known, a_run, step_of

DAY = timedelta(days=1)
CLICK = """
- email: welcome/hello
  id: first
- wait_for: email_clicked
  of: first
  up_to: 3 days
  id: w
  then:
    - update: {tag: clicked}
  otherwise:
    - update: {tag: silent}
"""
ANY = """
- wait_for:
  id: w
  any:
    bought: {event: order_completed, where: event.total > 100}
    clicked: email_clicked
    vip: {when: has_tag("vip")}
  up_to: 3 days
  cases:
    bought:
      - update: {tag: bought}
    vip:
      - update: {tag: vip}
  timeout:
    - update: {tag: silent}
"""
SENT = {"first": {"sent": True}}


def seen(at: datetime, **payload: Any) -> Seen:
    return Seen(1, at, payload)


def decide(text: str, facts: Known, now: datetime, **run: Any) -> Decision:
    return step_of(text, "w").decide(a_run(**{"memory": SENT, **run}), facts, now)


def test_it_waits_until_the_time_is_up() -> None:
    assert decide(CLICK, Known(), ENTRY + DAY).move == Stay(ENTRY + 3 * DAY)


def test_the_event_came() -> None:
    click = Known(events={"email_clicked": seen(ENTRY + DAY, link="https://x.example", secret=1)})
    decision = decide(CLICK, click, ENTRY + 2 * DAY)
    assert decision.reason == "wait_for.email_clicked"
    assert decision.move == Go("update_tag_clicked", ENTRY + DAY)
    assert decision.brings == {"link": "https://x.example"}


def test_an_event_in_time_counts_though_it_is_seen_late() -> None:
    click = Known(events={"email_clicked": seen(ENTRY + 3 * DAY)})
    assert decide(CLICK, click, ENTRY + 9 * DAY).reason == "wait_for.email_clicked"


def test_an_event_after_the_time_does_not() -> None:
    click = Known(events={"email_clicked": seen(ENTRY + 3 * DAY + timedelta(seconds=1))})
    decision = decide(CLICK, click, ENTRY + 9 * DAY)
    assert (decision.move, decision.reason) == (Go("update_tag_silent", ENTRY + 3 * DAY), "wait_for.timeout")


@pytest.mark.parametrize(
    ("memory", "reason"),
    [
        ({"first": {"sent": False, "why": "no_consent"}}, "wait_for.not_sent.no_consent"),
        ({}, "wait_for.not_sent.not_reached"),
    ],
    ids=["skipped", "not reached"],
)
def test_of_a_message_that_never_went_out_nothing_is_waited_for(memory: dict[str, Any], reason: str) -> None:
    decision = decide(CLICK, Known(), ENTRY, memory=memory)
    assert (decision.move, decision.reason) == (Go("update_tag_silent", ENTRY), reason)


def test_of_several_the_first_to_happen_decides() -> None:
    both = Known(events={"bought": seen(ENTRY + 2 * DAY), "clicked": seen(ENTRY + DAY)})
    decision = decide(ANY, both, ENTRY + 3 * DAY)
    assert decision.reason == "wait_for.clicked"
    assert decision.move == Go(None, ENTRY + DAY)  # a case without steps goes on
    assert decide(ANY, Known(events={"bought": seen(ENTRY + DAY)}), ENTRY + DAY).move == Go(
        "update_tag_bought", ENTRY + DAY
    )


def test_a_condition_may_be_waited_for() -> None:
    decision = decide(ANY, Known(true=frozenset({"has_tag(vip)"})), ENTRY + DAY)
    assert (decision.move, decision.reason) == (Go("update_tag_vip", ENTRY + DAY), "wait_for.vip")


def test_a_condition_that_time_makes_true_is_looked_at_again() -> None:
    timed = "- wait_for:\n  id: w\n  when: last_click_at older than 2 days\n  up_to: 3 days"
    plain = "- wait_for:\n  id: w\n  when: total_orders >= 1\n  up_to: 3 days"
    assert decide(timed, Known(), ENTRY).move == Stay(ENTRY + timedelta(hours=1))
    assert decide(plain, Known(), ENTRY).move == Stay(ENTRY + 3 * DAY)


def test_what_it_needs_to_know() -> None:
    needs = step_of(ANY, "w").needs()
    assert [name for name, _ in needs.events] == ["bought", "clicked"]
    assert [condition.text for condition in needs.conditions] == ["has_tag(vip)"]


def test_its_ways_are_known_for_coverage() -> None:
    assert step_of(ANY, "w").outcomes() == (
        "wait_for.bought",
        "wait_for.clicked",
        "wait_for.vip",
        "wait_for.timeout",
    )
