"""Quiet hours, weekends and holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from nurture import clock
from nurture.limits import QuietHours, QuietWeek

SAO_PAULO, LISBON, MANAUS = "America/Sao_Paulo", "Europe/Lisbon", "America/Manaus"
NIGHT = QuietHours(22 * 60, 7 * 60)
WEEK = QuietWeek(20 * 60, 9 * 60, saturdays=(16 * 60, 10 * 60), sundays=(0, 1440))
SIESTA = QuietHours(12 * 60, 14 * 60)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("instant", "quiet", "zone", "opens"),
    [
        pytest.param("2026-06-01 15:00", NIGHT, SAO_PAULO, "2026-06-01 15:00", id="by day"),
        pytest.param("2026-06-02 01:00", NIGHT, SAO_PAULO, "2026-06-02 10:00", id="before midnight"),
        pytest.param("2026-06-02 05:00", NIGHT, SAO_PAULO, "2026-06-02 10:00", id="after midnight"),
        pytest.param("2026-06-02 01:00", NIGHT, MANAUS, "2026-06-02 01:00", id="not yet night in Manaus"),
        pytest.param("2026-06-02 10:00", NIGHT, SAO_PAULO, "2026-06-02 10:00", id="the end is left out"),
        pytest.param(
            "2026-06-02 09:59:59.999999", NIGHT, SAO_PAULO, "2026-06-02 10:00", id="a moment before"
        ),
        pytest.param("2026-06-01 15:30", SIESTA, SAO_PAULO, "2026-06-01 17:00", id="within a day"),
        pytest.param("2026-06-01 15:30", QuietHours(600, 600), SAO_PAULO, "2026-06-01 15:30", id="empty"),
        pytest.param(
            "2026-06-04 15:00", QuietHours(1320, 420, "BR"), SAO_PAULO, "2026-06-05 10:00", id="holiday"
        ),
        pytest.param(
            "2026-07-09 15:00", QuietHours(1320, 420, "BR-SP"), SAO_PAULO, "2026-07-10 10:00", id="state"
        ),
        pytest.param(
            "2026-07-09 15:00", QuietHours(1320, 420, "BR-RJ"), SAO_PAULO, "2026-07-09 15:00", id="not here"
        ),
        pytest.param(
            "2026-02-14 15:00",
            QuietHours(1320, 420, "BR", True),
            SAO_PAULO,
            "2026-02-18 10:00",
            id="Carnival",
        ),
        pytest.param("2026-03-07 12:30", WEEK, SAO_PAULO, "2026-03-07 13:00", id="Saturdays begin later"),
        pytest.param("2026-03-07 19:00", WEEK, SAO_PAULO, "2026-03-09 12:00", id="and end earlier"),
        pytest.param("2026-03-09 00:30", WEEK, SAO_PAULO, "2026-03-09 12:00", id="all of Sunday"),
        pytest.param("2026-03-06 22:30", WEEK, SAO_PAULO, "2026-03-06 22:30", id="Friday is as other days"),
        pytest.param("2026-03-08 15:00", QuietWeek(0, 0), SAO_PAULO, "2026-03-08 15:00", id="nothing said"),
        pytest.param(
            "2026-03-29 00:30", QuietHours(1380, 90), LISBON, "2026-03-29 01:00", id="ends in the gap"
        ),
        pytest.param("2026-10-25 01:10", QuietHours(1380, 90), LISBON, "2026-10-25 01:30", id="ends twice"),
        pytest.param(
            "2026-10-25 00:50", QuietHours(105, 480), LISBON, "2026-10-25 01:00", id="clock put back to day"
        ),
    ],
)
def test_the_next_open_minute(instant: str, quiet: QuietHours, zone: str, opens: str) -> None:
    assert clock.next_open(utc(instant), quiet, zone) == utc(opens)
    assert clock.is_open(utc(instant), quiet, zone) == (instant == opens)


def test_hours_that_never_end_are_an_error() -> None:
    with pytest.raises(ValueError, match="never end"):
        clock.next_open(utc("2026-06-01 15:00"), QuietHours(0, 1440), SAO_PAULO)


@pytest.mark.parametrize(
    ("day", "region", "holiday"),
    [
        pytest.param(date(2026, 2, 17), "BR", True, id="Carnival"),
        pytest.param(date(2026, 6, 4), "BR", True, id="Corpus Christi"),
        pytest.param(date(2026, 10, 28), "BR", False, id="a day off for civil servants only"),
        pytest.param(date(2026, 7, 9), "BR-SP", True, id="of the state"),
        pytest.param(date(2026, 7, 9), "BR", False, id="not of the country"),
        pytest.param(date(2026, 4, 25), "PT", True, id="another country"),
    ],
)
def test_holidays(day: date, region: str, holiday: bool) -> None:
    assert clock.is_holiday(day, region) is holiday


@pytest.mark.parametrize("region", ["BR", "BR-SP", "PT", "US-CA"])
def test_a_region_with_holidays(region: str) -> None:
    clock.check_region(region)
    assert clock.holidays_of(region, 2026)


@pytest.mark.parametrize("region", ["", "XX", "BR-XX", "BR-", "br-sp", "BR-sp", "Brasil"])
def test_a_region_without_holidays(region: str) -> None:
    with pytest.raises(ValueError, match="write 'BR' or 'BR-SP'"):
        clock.check_region(region)
    with pytest.raises(ValueError, match="write 'BR' or 'BR-SP'"):
        clock.holidays_of(region, 2026)


@pytest.mark.parametrize(
    ("region", "known"),
    [("BR-SP", "BR-SP"), ("PT", "PT"), ("US-FL", "US-FL"), ("BR-XX", "BR"), ("XX", None), ("", None)],
)
def test_a_region_whose_holidays_are_known(region: str, known: str | None) -> None:
    assert clock.known_region(region) == known
