"""When a message that was put off is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nurture.engine.retry import ATTEMPTS, GiveUp, RetryAt, after

NOW = datetime(2026, 3, 2, 13, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("attempts", "least"), [(1, 2 * MINUTE), (2, 4 * MINUTE), (5, 32 * MINUTE), (11, 240 * MINUTE)]
)
def test_the_pause_doubles_up_to_four_hours_and_is_spread_by_a_quarter(
    attempts: int, least: timedelta
) -> None:
    pauses = []
    for number in range(200):
        again = after(attempts, f"key {number}", NOW, None)
        assert isinstance(again, RetryAt)
        pauses.append(again.at - NOW)
    assert least <= min(pauses) < least * 1.05
    assert least * 1.2 < max(pauses) <= least * 1.25


def test_it_is_the_same_at_each_look() -> None:
    assert after(3, "key", NOW, None) == after(3, "key", NOW, None)


def test_after_about_a_day_it_is_given_up() -> None:
    at, attempts = NOW, 1
    while isinstance(again := after(attempts, "key", at, None), RetryAt):
        at, attempts = again.at, attempts + 1
    assert again == GiveUp("gave_up")
    assert attempts == ATTEMPTS
    assert timedelta(hours=12) < at - NOW < timedelta(hours=36)


@pytest.mark.parametrize("life", [timedelta(minutes=30), timedelta(hours=3), timedelta(days=1)])
def test_an_outage_that_ends_in_time_costs_no_message(life: timedelta) -> None:
    """The last try comes in the last tenth of its life, or in its last minutes."""
    at, attempts = NOW, 1
    while isinstance(again := after(attempts, "key", at, NOW + life), RetryAt):
        at, attempts = again.at, attempts + 1
    assert NOW + life - at < max(life / 10, timedelta(minutes=3))


def test_what_would_be_stale_is_given_up_at_once() -> None:
    assert after(1, "key", NOW, NOW + MINUTE) == GiveUp("expired")
    assert isinstance(after(1, "key", NOW, NOW + 3 * MINUTE), RetryAt)
