"""From text to plan: ids, what follows what, the hash of behavior."""

from __future__ import annotations

import json

import pytest

from nurture.compiler import CompileContext, compile_journey
from nurture.compiler.reference import markdown
from nurture.model import Channel, Field, FieldType, Span
from nurture.options.desk import PAGE
from tests.conftest import ROOT
from tests.problems.shop import SHOP
from tests.support.plans import plan, plan_of

JOURNEY = """
journey: reactivation
description: Win people back.
owner: mariana@example.com
topic: offers
trigger:
  inactive: order_completed
  for: 60 days
  where: total_orders >= 1
reentry: {after: 180 days, at_most: 3}
holdout: 12.5%
goal: {event: order_completed, within: 30 days, value: event.total}
exit:
  - event: order_completed
  - when: not consents(offers)
  - after: 45 days
limits:
  quiet_hours: {email: "22:00-07:00", holidays: BR-SP}
  cap: {at_most: 3, per: 7 days}
steps:
  - email: reactivation/coupon
    id: first
  - wait_for: email_clicked
    of: first
    up_to: 3 days
    then:
      - task: Warm call
        id: call
    otherwise:
      - branch:
          - if: lifetime_value >= 1000
            then:
              - sms: reactivation/coupon
          - else:
              - exit: small
  - wait: 7 days
"""


def test_the_keys_of_a_journey() -> None:
    made = plan(JOURNEY)
    assert (made.journey, made.topic, made.holdout, made.backfill) == ("reactivation", "offers", 1250, "none")
    assert made.reentry is not None
    assert (str(made.reentry.after), made.reentry.at_most) == ("180 days", 3)
    assert made.goal is not None
    assert (made.goal.match.name, made.goal.value) == ("order_completed", "event.total")
    assert [rule.reason for rule in made.exits] == ["exit.event.order_completed", "exit.when", "exit.after"]
    quiet = made.limits.quiet_hours[Channel.EMAIL]
    assert (quiet.start, quiet.end, quiet.holidays) == (22 * 60, 7 * 60, "BR-SP")
    assert made.limits.cap is not None
    assert made.limits.cap.defer_at_most.elapsed().total_seconds() == 48 * 3600


def test_what_follows_what() -> None:
    made = plan(JOURNEY)
    assert made.first == "first"
    wait = "wait_for_email_clicked"
    assert made.following == {
        "first": wait,
        wait: "wait_7_days",
        "call": "wait_7_days",
        "branch": "wait_7_days",
        "sms_reactivation_coupon": "wait_7_days",
        "exit_small": "wait_7_days",
        "wait_7_days": None,
    }
    assert made.steps[wait].starts == {"then": "call", "timeout": "branch"}
    assert made.steps["branch"].starts == {"if.1": "sms_reactivation_coupon", "else": "exit_small"}


def test_an_empty_block_goes_on_after_its_step() -> None:
    made = plan_of("""
        - branch:
            - if: total_orders = 0
              then: []
        - wait: 1 day
    """)
    assert made.steps["branch"].starts == {"if.1": "wait_1_day", "else": "wait_1_day"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("description: Win people back.", "description: Other words."),
        ("owner: mariana@example.com", "owner: davi@example.com"),
        ("steps:", "# a comment\nsteps:"),
        ("for: 60 days", "for:   60   days"),
        ("wait: 7 days", 'wait: "7 days"'),
        ("total_orders >= 1", "(total_orders >= 1)"),
    ],
    ids=["description", "owner", "comment", "spaces", "quotes", "parentheses"],
)
def test_labels_make_no_new_version(old: str, new: str) -> None:
    assert old in JOURNEY
    changed = JOURNEY.replace(old, new)
    if old.startswith("wait"):
        assert plan(changed).steps.keys() == plan(JOURNEY).steps.keys()
    assert plan(changed).hash == plan(JOURNEY).hash


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("for: 60 days", "for: 61 days"),
        ("total_orders >= 1", "total_orders >= 2"),
        ("holdout: 12.5%", "holdout: 10%"),
        ("within: 30 days", "within: 31 days"),
        ("after: 45 days", "after: 46 days"),
        ("22:00-07:00", "21:00-07:00"),
        ("at_most: 3, per", "at_most: 4, per"),
        ("lifetime_value >= 1000", "lifetime_value >= 999"),
        ("up_to: 3 days", "up_to: 4 days"),
        ("id: call", "id: ring"),
        ("topic: offers", "topic: news"),
        ("exit: small", "exit: little"),
    ],
)
def test_behavior_makes_a_new_version(old: str, new: str) -> None:
    assert old in JOURNEY
    assert plan(JOURNEY.replace(old, new)).hash != plan(JOURNEY).hash


def test_a_published_context_compiles_to_the_same_plan() -> None:
    context = CompileContext(
        **{
            **{name: getattr(SHOP, name) for name in ("topics", "pools", "surveys", "templates")},
            "fields": {"grind": Field("grind", FieldType.TEXT, example="coado")},
            "events": {"paused": (Field("until", FieldType.DATE),)},
            "aliases": {"Paused": "paused"},
            "journeys": ("welcome",),
        }
    )
    again = CompileContext.from_json(json.loads(json.dumps(context.to_json())))
    assert again == context
    text = JOURNEY.replace("total_orders >= 1", 'grind = "coado"').replace(
        "- event: order_completed", "- event: Paused"
    )
    first, second = (compile_journey(text, "j.yaml", each).plan for each in (context, again))
    assert first is not None
    assert second is not None
    assert first.hash == second.hash
    assert first.exits[0].event is not None
    assert first.exits[0].event.name == "paused"


def test_a_step_without_an_id_keeps_it_when_another_kind_is_added() -> None:
    before = plan_of("- wait: 1 day\n- email: welcome/hello")
    after = plan_of("- update: {tag: a}\n- wait: 1 day\n- email: welcome/hello")
    assert before.steps.keys() <= after.steps.keys()


def test_reentry_words() -> None:
    assert plan(JOURNEY.replace("{after: 180 days, at_most: 3}", "never")).reentry is None
    after_exit = plan(JOURNEY.replace("{after: 180 days, at_most: 3}", "after_exit")).reentry
    assert after_exit is not None
    assert (after_exit.after, after_exit.at_most) == (None, None)


def test_keyed_exits_look_at_the_key() -> None:
    made = plan("""
        journey: delivered
        trigger: {event: order_delivered, key: trigger.order_id}
        exit:
          - event: order_refunded
          - {event: consent_withdrawn, any_key: true}
        steps:
          - wait: 1 day
    """)
    assert [rule.event.key for rule in made.exits if rule.event] == ["order_id", None]


def test_the_reference_is_what_the_tables_say() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == markdown()


def test_spans_of_the_same_length_are_the_same_behavior() -> None:
    weeks = plan_of("- wait: 2 weeks\n  id: w").steps["w"]
    days = plan_of("- wait: 14 days\n  id: w").steps["w"]
    assert getattr(weeks, "span").days == getattr(days, "span").days == Span(days=14).days  # noqa: B009


def test_what_was_published_goes_on_though_a_later_check_would_refuse_it() -> None:
    text = "journey: a\ntopic: news\ntrigger: {event: signed_up}\nbackfill: all\nsteps:\n  - wait: 1 day\n"
    assert compile_journey(text, "a.yaml", SHOP).plan is None
    assert compile_journey(text, "a.yaml", SHOP, published=True).plan is not None
    broken = text.replace("wait: 1 day", "wiat: 1 day")
    assert compile_journey(broken, "a.yaml", SHOP, published=True).plan is None


def test_a_goal_speaks_of_no_step_since_who_is_held_out_comes_to_none() -> None:
    text = """
journey: a
topic: news
trigger: {event: signed_up}
goal: {event: order_completed, where: hello.at is empty, within: 7 days}
steps:
  - email: welcome/hello
    id: hello
"""
    found = compile_journey(text, "a.yaml", SHOP)
    assert [problem.message for problem in found.problems] == [
        "'hello.at': steps have names only inside a run"
    ]
