"""29 February in common years, and every other day in all of them, held against a plain oracle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest

from nurture import clock
from nurture.model import LeapDay, Span

FIRST, LAST = date(2020, 1, 1), date(2029, 12, 31)


def days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def anniversary(born: date, year: int, leap_day: LeapDay) -> date:
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 2, 28) if leap_day == "february_28" else date(year, 3, 1)


@pytest.mark.parametrize("leap_day", LeapDay)
def test_each_day_has_one_anniversary_a_year(leap_day: LeapDay) -> None:
    expected = {
        (f"{born:%m-%d}", anniversary(born, year, leap_day))
        for born in days(date(1988, 1, 1), date(1988, 12, 31))
        for year in range(FIRST.year, LAST.year + 1)
    }
    found = [(kept, day) for day in days(FIRST, LAST) for kept in clock.kept_on(day, leap_day)]
    assert len(found) == len(set(found))
    assert set(found) == expected


@pytest.mark.parametrize("leap_day", LeapDay)
@pytest.mark.parametrize("years", [-4, -1, 1, 3, 4, 76])  # 2024 and 76 years: 2100 has no 29 February
def test_whole_years_come_to_the_anniversary(years: int, leap_day: LeapDay) -> None:
    for start in days(date(2024, 1, 1), date(2024, 12, 31)):
        noon = datetime.combine(start, time(12), UTC)
        found = clock.add(noon, Span(months=12 * years), "UTC", leap_day)
        assert found.date() == anniversary(start, 2024 + years, leap_day)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        pytest.param("2024-02-29", 12, "2025-03-01", id="a year"),
        pytest.param("2024-02-29", 48, "2028-02-29", id="to a leap year"),
        pytest.param("2024-08-29", 6, "2025-02-28", id="half a year ends with the month"),
        pytest.param("2025-01-31", 1, "2025-02-28", id="so does a month"),
    ],
)
def test_with_1_march_only_whole_years_differ(start: str, months: int, end: str) -> None:
    noon = datetime.fromisoformat(f"{start}T12:00:00+00:00")
    found = clock.add(noon, Span(months=months), "America/Sao_Paulo", LeapDay.MARCH_1)
    assert found.date().isoformat() == end
