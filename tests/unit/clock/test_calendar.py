"""Schedules: which instants they name, on whose clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from nurture.clock.calendar import parse_calendar

SINCE = datetime(2026, 1, 31, 12, tzinfo=UTC)
UNTIL = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "first", "count"),
    [
        ("every monday at 09:00", ["2026-02-02 09:00", "2026-02-09 09:00"], 9),
        ("every monday and thursday at 9:00 and 17:30", ["2026-02-02 09:00", "2026-02-02 17:30"], 34),
        ("every day at 00:00", ["2026-02-01 00:00", "2026-02-02 00:00"], 59),
        ("Every weekday at 08:15", ["2026-02-02 08:15", "2026-02-03 08:15"], 42),
        ("every month on the 31st at 09:00", ["2026-02-28 09:00", "2026-03-31 09:00"], 2),
        ("every month on the 1st at 09:00", ["2026-02-01 09:00", "2026-03-01 09:00"], 2),
        ("0 9 31 * *", ["2026-03-31 09:00"], 1),
        ("*/30 9 * * 1-5", ["2026-02-02 09:00", "2026-02-02 09:30"], 84),
        ("0 9 1 * 0", ["2026-02-01 09:00", "2026-02-08 09:00"], 9),  # either will do, and 0 is a Sunday
        ("0 0 * 3 7", ["2026-03-01 00:00", "2026-03-08 00:00"], 5),
        ("2026-03-10 18:00", ["2026-03-10 18:00"], 1),
        ("2025-03-10 18:00", [], 0),
    ],
)
def test_what_a_schedule_names(text: str, first: list[str], count: int) -> None:
    found = list(parse_calendar(text).between(SINCE, UNTIL, "UTC"))
    assert [f"{at:%Y-%m-%d %H:%M}" for at in found[: len(first)]] == first
    assert len(found) == count
    assert parse_calendar(text).latest(SINCE, UNTIL, "UTC") == (found[-1] if found else None)


def test_it_is_the_clock_of_the_zone_across_a_change() -> None:
    since, until = datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC)
    found = list(parse_calendar("every day at 02:30").between(since, until, "Europe/Berlin"))
    assert [f"{at:%d %H:%M}" for at in found] == [
        "27 01:30",
        "28 01:30",
        "29 01:00",
    ]  # 02:30 is left out on the 29th


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("on mondays", "is no schedule: write it such as 'every monday at 09:00'"),
        ("every mondy at 09:00", "mondy"),
        ("every monday at 25:00", "25:00"),
        ("every month on the 32nd at 09:00", "no month has a day 32"),
        ("2026-02-30 09:00", "is not in the calendar"),
        ("0 25 * * *", "outside of 0 to 23"),
        ("0 9 * * mon", "write numbers"),
        ("*/0 9 * * *", "outside of 0 to 59"),
    ],
)
def test_what_is_no_schedule(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_calendar(text)
