"""What a marketer may write for lengths of time, times of day and days."""

from __future__ import annotations

import pytest

from nurture.clock import (
    WEEKDAYS,
    WEEKENDS,
    parse_business_days,
    parse_days,
    parse_quiet_hours,
    parse_span,
    parse_wall,
)
from nurture.limits import QuietHours
from nurture.model import Span


@pytest.mark.parametrize(
    ("text", "span"),
    [
        pytest.param("3 days", Span(days=3, text="3 days"), id="days"),
        pytest.param("1 day", Span(days=1, text="1 day"), id="one day"),
        pytest.param("2 weeks", Span(days=14, text="2 weeks"), id="a week is seven days"),
        pytest.param("72 hours", Span(seconds=259_200, text="72 hours"), id="hours elapse"),
        pytest.param("30 minutes", Span(seconds=1800, text="30 minutes"), id="minutes"),
        pytest.param("1 month", Span(months=1, text="1 month"), id="month"),
        pytest.param("  2   Days ", Span(days=2, text="2 Days"), id="spaces and capitals"),
        pytest.param("0 days", Span(text="0 days"), id="nothing"),
    ],
)
def test_a_length_of_time(text: str, span: Span) -> None:
    assert parse_span(text) == span


def test_an_offset_may_be_negative() -> None:
    assert parse_span("-7 days", signed=True) == Span(days=-7, text="-7 days")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("3", "write a whole number and a unit", id="no unit"),
        pytest.param("", "write a whole number and a unit", id="empty"),
        pytest.param("1.5 days", "write a whole number and a unit", id="fraction"),
        pytest.param("three days", "write a whole number and a unit", id="words"),
        pytest.param("3 dias", "'dias' is not a unit of time", id="Portuguese"),
        pytest.param("1 year", "'12 months'", id="years"),
        pytest.param("-7 days", "has a sign", id="sign"),
        pytest.param("36526 days", "more than 100 years", id="too long"),
        pytest.param("9" * 5000 + " days", "more than 100 years", id="absurd"),
    ],
)
def test_a_mistake_is_explained(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_span(text)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("09:00", 540),
        ("9:05", 545),
        ("00:00", 0),
        ("23:59", 1439),
        ("24:00", None),
        ("9h", None),
        ("12:60", None),
    ],
)
def test_a_time_of_day(text: str, minutes: int | None) -> None:
    if minutes is not None:
        assert parse_wall(text) == minutes
    else:
        with pytest.raises(ValueError, match="is not a time of day"):
            parse_wall(text)


def test_quiet_hours_over_midnight() -> None:
    assert parse_quiet_hours("20:00-09:00", "BR-SP") == QuietHours(1200, 540, "BR-SP")
    assert parse_quiet_hours("20:00 – 09:00") == QuietHours(1200, 540)


@pytest.mark.parametrize("text", ["20:00", "09:00-09:00", "20:00-25:00"])
def test_quiet_hours_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="'"):
        parse_quiet_hours(text)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("weekdays", WEEKDAYS),
        ("weekends", WEEKENDS),
        ("Monday", {0}),
        ("tuesday, thursday", {1, 3}),
        ("mondays and fridays", {0, 4}),
    ],
)
def test_days_of_the_week(text: str, days: set[int]) -> None:
    assert parse_days(text) == days


def test_days_that_are_none() -> None:
    with pytest.raises(ValueError, match="does not name days"):
        parse_days("segunda")


@pytest.mark.parametrize(
    ("text", "days"), [("1 business day", 1), ("10 business days", 10), ("2 days", None)]
)
def test_business_days(text: str, days: int | None) -> None:
    assert parse_business_days(text) == days
