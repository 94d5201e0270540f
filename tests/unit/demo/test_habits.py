"""How people answer: by stable draws whose chances are known."""

from __future__ import annotations

from datetime import timedelta
from statistics import mean

import pytest

from nurture.demo.habits import APPEALS, Answer, Got, Truth, answer
from nurture.demo.people import Shopper
from nurture.demo.shop import OPENING, Shop

PEOPLE = Shop(seed=3, people=4000).people
WINDOW = timedelta(days=30)
WINDOWS = dict.fromkeys(APPEALS, WINDOW)


def got(
    journey: str = "reactivation-60-days", *, day: int = 3, channel: str = "email", coupon: str | None = None
) -> Got:
    return Got(journey, channel, OPENING + timedelta(days=day), day, coupon=coupon)


def answers(message: Got) -> list[Answer]:
    return [answer("3", person, message) for person in PEOPLE]


def test_the_same_message_is_answered_alike_whenever_it_is_asked() -> None:
    assert answers(got()) == answers(got())


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(got(day=4), id="another day"),
        pytest.param(got("birthday"), id="another journey"),
        pytest.param(got(channel="sms"), id="another channel"),
    ],
)
def test_another_occasion_is_another_draw(other: Got) -> None:
    assert [a.looks_at is None for a in answers(got())] != [a.looks_at is None for a in answers(other)]


def test_only_who_looks_clicks_and_only_who_clicks_buys() -> None:
    for each in answers(got()):
        if each.looks_at is None:
            assert each == Answer(None)
        if each.buys_at is not None:
            assert each.clicks
            assert each.looks_at is not None
            assert each.looks_at < each.buys_at


def test_the_truth_is_what_the_draws_come_to() -> None:
    message, truth = got(), Truth(WINDOWS)
    for person in PEOPLE:
        truth.note(person, message)
    bought = sum(each.buys_at is not None for each in answers(message))
    anyway = mean(_buys_anyway(person, message) for person in PEOPLE)
    assert truth.of(message.journey).conversions == pytest.approx(bought * (1 - anyway), rel=0.15)
    assert truth.of("welcome").conversions == 0


def _buys_anyway(person: Shopper, message: Got) -> bool:
    return any(
        message.at < order.at <= message.at + WINDOW and not order.cancelled_at for order in person.orders
    )


def test_a_coupon_takes_its_share_off_the_truth() -> None:
    without, with_coupon = Truth(WINDOWS), Truth(WINDOWS)
    for person in PEOPLE[:100]:
        without.note(person, got())
        with_coupon.note(person, got(coupon="VOLTA-AB12CD"))
    worth = [truth.of("reactivation-60-days").revenue for truth in (without, with_coupon)]
    assert worth[1] == pytest.approx(worth[0] * (1 - APPEALS["reactivation-60-days"].discount))


def test_a_survey_is_answered_by_some_with_a_score_of_the_scale() -> None:
    message = Got("post-sale-survey", "email", OPENING, 0, asks_score=True)
    scores = [each.score for each in answers(message) if each.score is not None]
    assert set(scores) <= set(range(11))
    assert 0.1 < len(scores) / len(PEOPLE) < 0.4
    assert sum(score >= 9 for score in scores) > sum(score <= 6 for score in scores)


def test_who_gets_no_message_does_nothing_for_it() -> None:
    assert Truth(WINDOWS).of("reactivation-60-days").revenue == 0
