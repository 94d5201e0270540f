"""Triggers: what they listen to and how they read."""

from __future__ import annotations

import pytest

from nurture.triggers import (
    TRIGGERS,
    DateTrigger,
    EventTrigger,
    InactivityTrigger,
    ManualTrigger,
    ScheduleTrigger,
    SeveralTriggers,
    Trigger,
)
from tests.support.plans import plan


def trigger(text: str) -> Trigger:
    return plan(f"journey: t\ntrigger: {text}\nsteps:\n  - wait: 1 day\n").trigger


def test_event() -> None:
    found = trigger(
        '{event: Order Placed, where: "trigger.total > 100", max_age: 24 hours, key: trigger.order_id}'
    )
    assert isinstance(found, EventTrigger)
    assert found.event_names == {"order_completed"}
    assert found.where is not None
    assert (found.where.text, str(found.max_age), found.key) == (
        "trigger.total > 100",
        "24 hours",
        "order_id",
    )


def test_inactivity() -> None:
    found = trigger("{inactive: [order_completed, email_clicked, order_completed], for: 8 weeks}")
    assert isinstance(found, InactivityTrigger)
    assert (found.events, found.span.days, found.event_names) == (
        ("order_completed", "email_clicked"),
        56,
        frozenset(),
    )


@pytest.mark.parametrize(
    ("text", "offset", "at", "yearly"),
    [
        ("{date: contact.birthday}", 0, 540, True),
        ('{date: birthday, offset: -7 days, at: "18:30"}', -7, 1110, True),
        ("{date: birthday, offset: 1 week, repeats: never}", 7, 540, False),
    ],
)
def test_date(text: str, offset: int, at: int, yearly: bool) -> None:
    found = trigger(text)
    assert isinstance(found, DateTrigger)
    assert (found.field, found.offset, found.at, found.yearly) == ("birthday", offset, at, yearly)


def test_manual() -> None:
    assert isinstance(trigger("{manual: true}"), ManualTrigger)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{event: signed_up}", "when signed_up happens"),
        ("{inactive: order_completed, for: 60 days}", "60 days after the last order_completed"),
        ('{date: birthday, offset: -1 day, at: "09:00"}', "1 day before birthday at 09:00, every year"),
        ("{manual: true}", "when somebody starts it"),
        (
            "{inactive: order_completed, own_interval: 3}",
            "3 times the person's own interval after the last order_completed",
        ),
        (
            "{event: order_completed, key: each trigger.items by sku}",
            "when order_completed happens, for each of items",
        ),
        ("{enters: vip-customers}", "when somebody enters segment vip-customers"),
        ("{leaves: vip-customers}", "when somebody leaves segment vip-customers"),
        ("{reaches: {stage: mql}}", "when somebody reaches stage mql"),
        ("{reaches: {score.interest: 60}}", "when somebody's interest reaches 60 points"),
        ("{form: contact}", "when form contact is sent"),
        ("{survey: post-sale-nps}", "when survey post-sale-nps is answered"),
        ('{schedule: "every monday at 09:00"}', "every monday at 09:00, for everybody"),
        (
            "{any: {one: {event: signed_up}, other: {manual: true}}}",
            "one: when signed_up happens; or other: when somebody starts it",
        ),
    ],
)
def test_in_words(text: str, words: str) -> None:
    assert trigger(text).describe() == words


@pytest.mark.parametrize(
    ("text", "event", "where"),
    [
        ("{enters: vip-customers}", "segment_entered", 'trigger.segment = "vip-customers"'),
        ("{leaves: vip-customers}", "segment_left", 'trigger.segment = "vip-customers"'),
        ("{form: contact}", "form_submitted", 'trigger.form = "contact"'),
        (
            '{survey: post-sale-nps, where: "trigger.score <= 6 or trigger.score = 10"}',
            "survey_answered",
            'trigger.survey = "post-sale-nps" and (trigger.score <= 6 or trigger.score = 10)',
        ),
        (
            "{reaches: {stage: mql}}",
            "stage_changed",
            'trigger.stage in ("mql", "customer") and trigger.before not in ("mql", "customer")',
        ),
        (
            "{reaches: {score.interest: 60}}",
            "score_reached",
            'trigger.score = "interest" and trigger.value >= 60 and trigger.before < 60',
        ),
    ],
)
def test_kinds_that_are_one_sort_of_an_event(text: str, event: str, where: str) -> None:
    found = trigger(text)
    assert isinstance(found, EventTrigger)
    assert found.where is not None
    assert (found.event_names, found.where.text) == ({event}, where)


def test_several() -> None:
    found = trigger("{any: {one: {event: signed_up}, other: {inactive: order_completed, for: 60 days}}}")
    assert isinstance(found, SeveralTriggers)
    assert list(found.parts) == ["one", "other"]
    assert found.event_names == {"signed_up"}


def test_schedule() -> None:
    found = trigger('{schedule: "every monday at 09:00"}')
    assert isinstance(found, ScheduleTrigger)
    assert (found.calendar.times, found.calendar.weekdays) == ((540,), {0})


def test_every_kind_is_tested_here() -> None:
    assert set(TRIGGERS) == {
        "any",
        "date",
        "enters",
        "event",
        "form",
        "inactive",
        "leaves",
        "manual",
        "reaches",
        "schedule",
        "survey",
    }
