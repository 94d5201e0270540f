"""When advertising may reach a telephone, by law."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from nurture import clock
from nurture.clock.laws import LAWS, _table, rules
from nurture.clock.places import STATES

TODAY = date(2026, 3, 2)


def open_hours(region: str, day: date, zone: str, law: str = "us") -> str:
    """When it may be written to somebody there on that day: the first and the last minute; of several rules, the
    strictest."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    hours = [rule.hours for rule in rules(law, region, day)]
    minutes = [
        at
        for at in range(1440)
        if all(clock.is_open(midnight + timedelta(minutes=at), quiet, zone) for quiet in hours)
    ]
    if not minutes:
        return "none"
    assert minutes == list(range(minutes[0], minutes[-1] + 1))
    return (
        f"{minutes[0] // 60:02}:{minutes[0] % 60:02}-{(minutes[-1] + 1) // 60:02}:{(minutes[-1] + 1) % 60:02}"
    )


@pytest.mark.parametrize(
    ("region", "day", "hours"),
    [
        pytest.param("US", date(2026, 3, 2), "08:00-21:00", id="the country"),
        pytest.param("US-OH", date(2026, 3, 2), "08:00-21:00", id="a state without hours of its own"),
        pytest.param("PR", date(2026, 3, 2), "08:00-21:00", id="a territory"),
        pytest.param("US-FL", date(2026, 3, 2), "08:00-20:00", id="Florida"),
        pytest.param("US-FL", date(2021, 6, 30), "08:00-21:00", id="Florida, the day before"),
        pytest.param("US-OR", date(2026, 3, 2), "08:00-20:00", id="Oregon"),
        pytest.param("US-OR", date(2025, 12, 31), "08:00-21:00", id="Oregon, the day before"),
        pytest.param("US-TX", date(2026, 3, 2), "09:00-21:00", id="Texas"),
        pytest.param("US-TX", date(2026, 3, 1), "12:00-21:00", id="Texas, on a Sunday"),
        pytest.param("US-TX", date(2025, 8, 31), "08:00-21:00", id="before it spoke of texts"),
        pytest.param("US-RI", date(2026, 3, 7), "10:00-17:00", id="Rhode Island, on a Saturday"),
        pytest.param("US-LA", date(2026, 3, 1), "none", id="Louisiana, on a Sunday"),
        pytest.param("US-LA", date(2026, 7, 3), "none", id="... and on a holiday"),
        pytest.param("US-UT", date(2026, 7, 24), "none", id="Utah's own holiday"),
        pytest.param("PT", date(2026, 3, 2), "00:00-24:00", id="no law of that country"),
    ],
)
def test_american_hours(region: str, day: date, hours: str) -> None:
    assert open_hours(region, day, "America/New_York") == hours


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        pytest.param(date(2026, 3, 2), "09:00-21:00", id="Monday"),
        pytest.param(date(2026, 3, 7), "10:00-16:00", id="Saturday"),
        pytest.param(date(2026, 3, 1), "none", id="Sunday"),
        pytest.param(date(2026, 9, 7), "none", id="a national holiday"),
        pytest.param(date(2026, 7, 9), "09:00-21:00", id="a holiday of the state is none of them"),
    ],
)
def test_brazilian_hours(day: date, hours: str) -> None:
    assert open_hours("BR-SP", day, "America/Sao_Paulo", "br") == hours


@pytest.mark.parametrize("region", ["US-FL", "US-OK", "US-MD", "US-OR"])
def test_three_a_day(region: str) -> None:
    caps = [rule.cap for rule in rules("us", region, TODAY) if rule.cap]
    assert [(cap.at_most, cap.per.elapsed()) for cap in caps] == [(3, timedelta(days=1))]


@pytest.mark.parametrize("law", LAWS)
def test_each_rule_says_where_it_is_from_and_of_when(law: str) -> None:
    for rule in _table(law):
        country, _, state = rule.region.partition("-")
        assert country == law.upper()
        assert not state or state in STATES[country]
        assert rule.source.startswith(("https://", "http://"))
        assert rule.law
        assert rule.as_of is None or rule.since <= rule.as_of < date(2026, 12, 1)


def test_a_later_rule_takes_the_place_of_the_one_before() -> None:
    assert [rule.region for rule in rules("us", "US-TX", TODAY)] == ["US", "US-TX"]
    assert [rule.region for rule in rules("us", "US-TX", date(2025, 1, 1))] == ["US"]
