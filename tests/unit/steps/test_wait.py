"""Waits: days keep the clock time, hours elapse, and a late tick shifts nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nurture.model import Go, Stay
from tests.support.plans import ENTRY, Known, a_run, step_of


def ends(
    options: str, zone: str = "America/Sao_Paulo", arrived: datetime = ENTRY, **facts: object
) -> datetime:
    """When the wait is over, found by waiting for it."""
    step = step_of(f"- email: welcome/hello\n  id: hello\n- wait: {options}\n  id: w", "w")
    run, known = a_run(arrived_at=arrived, zone=zone), Known(**facts)  # type: ignore[arg-type]
    first = step.decide(run, known, arrived)
    if isinstance(first.move, Go):
        return first.move.at
    assert isinstance(first.move, Stay)
    assert first.move.until is not None
    done = step.decide(run, known, first.move.until + timedelta(hours=5))
    assert isinstance(done.move, Go)
    assert done.move.at == first.move.until  # not the time of the late tick
    return done.move.at


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("3 days", "2026-03-05 13:00"),
        ("72 hours", "2026-03-05 13:00"),
        ("1 month", "2026-04-02 13:00"),
        ('1 day\n  at: "09:00"', "2026-03-04 12:00"),
        ('0 days\n  at: "11:00"', "2026-03-02 14:00"),
        ('5 days\n  at: "09:00"\n  only: weekdays', "2026-03-09 12:00"),
        ("5 days\n  only: weekdays", "2026-03-09 13:00"),
        ("\n  until: 2026-03-10 09:00", "2026-03-10 12:00"),
        ("\n  until: 2026-03-01 09:00", "2026-03-02 13:00"),
        ("\n  until: 2 days after entry", "2026-03-04 13:00"),
        ('1 day\n  at: "09:00"\n  zone: UTC', "2026-03-04 09:00"),
    ],
    ids=[
        "days",
        "hours",
        "a month",
        "nine o'clock",
        "later the same day",
        "nine on a weekday",
        "a weekday",
        "a date",
        "a date that is past",
        "after entry",
        "another zone",
    ],
)
def test_when_it_is_over(options: str, expected: str) -> None:
    assert ends(options) == utc(expected)


def test_days_keep_the_clock_time_across_summer_time_and_hours_elapse() -> None:
    before = utc("2026-03-28 09:00")  # 09:00 in Lisbon; clocks go forward in the night
    assert ends("1 day", "Europe/Lisbon", before) == utc("2026-03-29 08:00")
    assert ends("24 hours", "Europe/Lisbon", before) == utc("2026-03-29 09:00")


def test_an_hour_that_clocks_show_twice_on_an_allowed_day_is_not_waited_for_again() -> None:
    first = utc("2026-10-25 00:30")  # 01:30 in Lisbon, on a Sunday; an hour later clocks show it again
    assert ends("1 hour\n  only: sunday", "Europe/Lisbon", first) == utc("2026-10-25 01:30")


def test_after_a_step() -> None:
    at = {"hello": ENTRY - timedelta(days=1)}
    assert ends("\n  until: 7 days after hello", at=at) == ENTRY + timedelta(days=6)
    assert ends("\n  until: 7 days after hello") == ENTRY  # the step was not reached: on at once


def test_a_random_wait_is_another_for_each_person_and_the_same_at_each_look() -> None:
    step = step_of("- wait: 1 day\n  random: 0-4 hours")
    found = set()
    for number in range(50):
        run = a_run(ref=f"person {number}")
        move = step.decide(run, Known(), ENTRY).move
        assert step.decide(run, Known(), ENTRY + timedelta(hours=1)).move == move
        assert isinstance(move, Stay)
        assert move.until is not None
        extra = move.until - ENTRY - timedelta(days=1)
        assert timedelta() <= extra < timedelta(hours=4)
        found.add(extra)
    assert len(found) == 50
