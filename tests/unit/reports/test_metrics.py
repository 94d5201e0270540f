"""When there is an answer, when there will be one, and sums over versions."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from nurture.reports.figures import (
    Amount,
    ChannelFigures,
    Cost,
    Doubt,
    Figures,
    Period,
    TooFew,
)
from nurture.reports.metrics import answer, is_mixed, total, trend
from nurture.reports.statistics import Arm, Effect
from nurture.settings import ReportRules

OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31), "America/Sao_Paulo")
NOVEMBER_5 = datetime(2026, 11, 5, 12, tzinfo=UTC)
OCTOBER_4 = datetime(2026, 10, 4, 12, tzinfo=UTC)
RULES = ReportRules()
ENOUGH = Arm(900, 30, 600_000, 2e10)

DOUBTS = {
    "nobody": (Arm(), Arm(), Doubt.NOBODY),
    "no holdout": (ENOUGH, Arm(), Doubt.NO_HOLDOUT),
    "99 held out": (ENOUGH, Arm(99, 3, 60_000, 2e9), Doubt.FEW_HELD_OUT),
    "99 treated": (Arm(99, 30, 60_000, 2e9), ENOUGH, Doubt.FEW_TREATED),
    "nine conversions": (Arm(900, 8, 60_000, 2e9), Arm(100, 1, 9_000, 8.1e7), Doubt.FEW_CONVERSIONS),
}


@pytest.mark.parametrize("name", DOUBTS)
def test_too_few_to_say(name: str) -> None:
    treated, held_out, reason = DOUBTS[name]
    found = answer(treated, held_out, RULES, OCTOBER, NOVEMBER_5)
    assert isinstance(found, TooFew)
    assert found.reason == reason


def test_a_control_group_that_nobody_fell_into_yet_is_no_missing_one() -> None:
    found = answer(Arm(1), Arm(), RULES, OCTOBER, NOVEMBER_5, holds_out=True)
    assert isinstance(found, TooFew)
    assert found.reason == Doubt.FEW_HELD_OUT


def test_a_hundred_people_and_ten_conversions_are_enough() -> None:
    found = answer(Arm(100, 9, 180_000, 4e9), Arm(100, 1, 20_000, 4e8), RULES, OCTOBER, NOVEMBER_5)
    assert isinstance(found, Effect)


def test_the_minimum_can_be_configured() -> None:
    rules = ReportRules(minimum_people=10, minimum_conversions=2)
    assert isinstance(answer(Arm(50, 2, 9, 81.0), Arm(10), rules, OCTOBER, NOVEMBER_5), Effect)


def test_arms_from_different_times_are_not_compared() -> None:
    found = answer(ENOUGH, ENOUGH, RULES, OCTOBER, NOVEMBER_5, mixed=True)
    assert isinstance(found, TooFew)
    assert found.reason == Doubt.MIXED


MIXED = {
    "the same share": ({1: 1_000, 2: 1_000}, [1, 2], False),
    "another share": ({1: 1_000, 2: 3_000}, [1, 2], True),
    "another share, but nobody entered under it": ({1: 1_000, 2: 3_000}, [2], False),
}


@pytest.mark.parametrize("name", MIXED)
def test_a_changed_holdout_is_noticed(name: str) -> None:
    shares, versions, expected = MIXED[name]
    assert is_mixed(shares, versions) is expected


ANSWERS = {
    # 31 in 31 days is one a day; 69 more take 69 days
    "one held out a day": (Arm(279, 20), Arm(31, 2), date(2027, 1, 13)),
    # 100 and more people, but one conversion in 6.2 days
    "conversions are what is missing": (Arm(900, 4), Arm(100, 1), date(2026, 12, 6)),
    "nobody held out has come yet for conversions": (Arm(900, 0), Arm(50, 0), None),
    "it would take longer than anybody waits": (Arm(900, 30), Arm(1, 1), None),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_when_there_will_be_an_answer(name: str) -> None:
    treated, held_out, expected = ANSWERS[name]
    rules = ReportRules(minimum_people=100 if expected else 10_000)
    found = answer(treated, held_out, rules, OCTOBER, NOVEMBER_5)
    assert isinstance(found, TooFew)
    assert found.answer_on == expected


def test_within_the_period_the_traffic_is_that_of_the_days_passed() -> None:
    tenth_day = datetime(2026, 10, 11, 3, tzinfo=UTC)
    found = answer(Arm(900, 50), Arm(50, 5), RULES, OCTOBER, tenth_day)
    assert isinstance(found, TooFew)
    assert found.answer_on == date(2026, 10, 21)


def test_versions_add_up() -> None:
    one = Figures(
        Arm(10, 1, 100, 1e4),
        Arm(2),
        (ChannelFigures("email", 9, None, 3, 2, 0, 1),),
        Amount(1, 100),
        Cost(5, 0, 7),
    )
    two = Figures(
        Arm(20, 2, 300, 5e4),
        Arm(3, 1, 50, 2_500),
        (ChannelFigures("email", 18, 15, 6, 4, 1, 0), ChannelFigures("sms", 4)),
        Amount(2, 200),
        Cost(6, 0, 0),
    )
    both = total([one, two])
    assert both.treated == Arm(30, 3, 400, 6e4)
    assert both.held_out == Arm(5, 1, 50, 2_500)
    assert both.channels == (ChannelFigures("email", 27, 15, 9, 6, 1, 1), ChannelFigures("sms", 4))
    assert both.attributed == Amount(3, 300)
    assert both.cost == Cost(11, 0, 7)


def test_at_no_cost_there_is_no_roi() -> None:
    figures = Figures(
        ENOUGH, ENOUGH, attributed=Amount(1, 100), answer=answer(ENOUGH, ENOUGH, RULES, OCTOBER, NOVEMBER_5)
    )
    assert figures.attributed_roi is None
    assert figures.incremental_roi is None


def test_roi_of_what_it_brought() -> None:
    found = answer(Arm(900, 90, 900_000, 1e10), Arm(100, 5, 50_000, 5e8), RULES, OCTOBER, NOVEMBER_5)
    figures = Figures(cost=Cost(messages=900_000_000), attributed=Amount(3, 270_000), answer=found)
    assert isinstance(found, Effect)
    assert figures.incremental_roi is not None
    assert figures.incremental_roi.value == pytest.approx((450_000 - 90_000) / 90_000)
    assert figures.incremental_roi.low == pytest.approx((found.revenue.low - 90_000) / 90_000)
    assert figures.attributed_roi == pytest.approx(2.0)


def test_a_period_is_whole_days_of_the_company() -> None:
    assert OCTOBER.since == datetime(2026, 10, 1, 3, tzinfo=UTC)
    assert OCTOBER.until == datetime(2026, 11, 1, 3, tzinfo=UTC)
    assert OCTOBER.before() == Period(date(2026, 8, 31), date(2026, 9, 30), "America/Sao_Paulo")
    with pytest.raises(ValueError, match="before it begins"):
        Period(date(2026, 10, 2), date(2026, 10, 1), "UTC")


def test_a_month_is_drawn_by_days_and_a_quarter_by_whole_weeks() -> None:
    clicks = [date(2026, 10, 1), date(2026, 10, 31), date(2026, 10, 31)]
    by_day = trend(clicks, [date(2026, 8, 31)], OCTOBER, 31)
    assert (by_day.step, len(by_day.now), by_day.now[0], by_day.now[30]) == (1, 31, 1, 2)
    assert by_day.before[0] == 1
    quarter = Period(date(2026, 7, 1), date(2026, 9, 30), "UTC")
    by_week = trend([date(2026, 7, 7), date(2026, 7, 8), date(2026, 9, 30)], [], quarter, 92)
    assert (by_week.step, by_week.now[:2], len(by_week.now), by_week.days) == (7, (1, 1), 13, 91)
    assert by_week.total == 3  # the day over is counted, though not drawn


def test_within_the_period_as_many_days_are_compared() -> None:
    found = trend(
        [date(2026, 10, 2)], [date(2026, 9, 1), date(2026, 9, 30)], OCTOBER, OCTOBER.whole_days(OCTOBER_4)
    )
    assert (found.now, found.before) == ((0, 1, 0), (0, 1, 0))
    assert (found.total, found.total_before) == (1, 1)


def test_on_its_first_day_there_is_nothing_to_draw() -> None:
    assert trend([date(2026, 10, 1)], [], OCTOBER, 0).now == ()
