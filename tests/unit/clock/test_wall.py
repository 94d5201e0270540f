"""Calendar days keep the time on the wall, hours elapse, and summer time breaks neither."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nurture import clock
from nurture.model import Span

SAO_PAULO, LISBON, MANAUS = "America/Sao_Paulo", "Europe/Lisbon", "America/Manaus"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "span", "zone", "end"),
    [
        pytest.param("2026-01-10 12:00", Span(days=3), SAO_PAULO, "2026-01-13 12:00", id="three days"),
        pytest.param("2026-03-28 10:00", Span(days=1), LISBON, "2026-03-29 09:00", id="a day of 23 hours"),
        pytest.param(
            "2026-03-28 10:00", Span(seconds=86_400), LISBON, "2026-03-29 10:00", id="24 hours elapse"
        ),
        pytest.param("2026-10-24 09:00", Span(days=1), LISBON, "2026-10-25 10:00", id="a day of 25 hours"),
        pytest.param(
            "2026-03-28 01:30", Span(days=1), LISBON, "2026-03-29 01:00", id="in the gap: first after it"
        ),
        pytest.param(
            "2026-10-24 00:30", Span(days=1), LISBON, "2026-10-25 00:30", id="shown twice: the first"
        ),
        pytest.param(
            "2018-11-03 03:00", Span(days=1), SAO_PAULO, "2018-11-04 03:00", id="midnight that was not"
        ),
        pytest.param(
            "2026-01-31 12:00", Span(months=1), SAO_PAULO, "2026-02-28 12:00", id="31 January + 1 month"
        ),
        pytest.param("2028-01-31 12:00", Span(months=1), SAO_PAULO, "2028-02-29 12:00", id="in a leap year"),
        pytest.param(
            "2028-02-29 12:00", Span(months=12), SAO_PAULO, "2029-02-28 12:00", id="29 February + 12 months"
        ),
        pytest.param(
            "2026-11-30 12:00", Span(months=3), SAO_PAULO, "2027-02-28 12:00", id="over the year's end"
        ),
        pytest.param("2026-03-31 12:00", Span(months=-1), SAO_PAULO, "2026-02-28 12:00", id="a month before"),
        pytest.param("2026-03-31 12:00", Span(days=-7), SAO_PAULO, "2026-03-24 12:00", id="a week before"),
        pytest.param(
            "2026-01-31 02:30", Span(months=1), SAO_PAULO, "2026-03-01 02:30", id="the person's own date"
        ),
    ],
)
def test_adding(start: str, span: Span, zone: str, end: str) -> None:
    assert clock.add(utc(start), span, zone) == utc(end)


def test_seconds_and_microseconds_stay() -> None:
    start = datetime(2026, 1, 10, 12, 0, 59, 123_456, tzinfo=UTC)
    assert clock.add(start, Span(days=1), SAO_PAULO) == start + timedelta(days=1)


def test_a_month_past_the_last_year_is_an_overflow() -> None:
    with pytest.raises(OverflowError):
        clock.add(datetime(9999, 12, 31, tzinfo=UTC), Span(months=1), SAO_PAULO)


@pytest.mark.parametrize(
    ("start", "minutes", "zone", "only", "holidays", "end"),
    [
        pytest.param(
            "2026-06-01 11:00", 540, SAO_PAULO, "weekdays", None, "2026-06-01 12:00", id="today still"
        ),
        pytest.param(
            "2026-06-01 12:00", 540, SAO_PAULO, "weekdays", None, "2026-06-01 12:00", id="this very minute"
        ),
        pytest.param("2026-06-01 12:01", 540, SAO_PAULO, "weekdays", None, "2026-06-02 12:00", id="tomorrow"),
        pytest.param(
            "2026-06-05 13:00", 540, SAO_PAULO, "weekdays", None, "2026-06-08 12:00", id="over the weekend"
        ),
        pytest.param(
            "2026-06-05 13:00", 540, SAO_PAULO, "saturday", None, "2026-06-06 12:00", id="on Saturdays"
        ),
        pytest.param(
            "2026-06-04 11:00", 540, SAO_PAULO, "weekdays", "BR", "2026-06-05 12:00", id="Corpus Christi"
        ),
        pytest.param(
            "2026-06-01 12:30", 540, MANAUS, "weekdays", None, "2026-06-01 13:00", id="Davi in Manaus"
        ),
        pytest.param("2026-03-29 00:30", 90, LISBON, "sunday", None, "2026-03-29 01:00", id="in the gap"),
    ],
)
def test_the_next_time_of_day(
    start: str, minutes: int, zone: str, only: str, holidays: str | None, end: str
) -> None:
    assert clock.next_at(utc(start), minutes, zone, clock.parse_days(only), holidays) == utc(end)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        pytest.param("2026-06-01 15:00", 1, "2026-06-02 15:00", id="Monday to Tuesday"),
        pytest.param("2026-06-05 15:00", 1, "2026-06-08 15:00", id="Friday to Monday"),
        pytest.param("2026-06-06 15:00", 1, "2026-06-08 15:00", id="Saturday to Monday"),
        pytest.param("2026-06-03 15:00", 1, "2026-06-05 15:00", id="over Corpus Christi"),
        pytest.param("2026-06-01 15:00", 0, "2026-06-01 15:00", id="at once"),
    ],
)
def test_business_days(start: str, days: int, end: str) -> None:
    assert clock.add_business(utc(start), days, SAO_PAULO, "BR-SP") == utc(end)


@pytest.mark.parametrize("zone", ["Sao_Paulo", "", "../etc/passwd", "America/SP", "America"])
def test_a_zone_that_is_none(zone: str) -> None:
    with pytest.raises(ValueError, match="is not a time zone"):
        clock.zone_info(zone)


def test_jitter_stays_inside_its_window() -> None:
    start, over = utc("2026-06-01 12:00"), timedelta(minutes=30)
    assert clock.jitter(start, 0.0, over) == start
    assert start < clock.jitter(start, 0.999, over) < start + over
