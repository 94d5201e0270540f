"""Triggers: what they listen to and how they read."""

from __future__ import annotations

import pytest

from nurture.triggers import TRIGGERS, DateTrigger, EventTrigger, InactivityTrigger, ManualTrigger, Trigger
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
    ],
)
def test_in_words(text: str, words: str) -> None:
    assert trigger(text).describe() == words


def test_every_kind_is_tested_here() -> None:
    assert set(TRIGGERS) == {"event", "inactive", "date", "manual"}
