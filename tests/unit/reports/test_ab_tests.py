"""Whether an arm of an A/B test wins, how often chance makes one win, and what the report says of it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from nurture.reports import export, html, text
from nurture.reports.ab_tests import ABFigures, judge
from nurture.reports.figures import JourneyFigures, Report
from nurture.reports.statistics import Arm, Sums, difference
from tests.unit.reports import samples


def test_the_better_arm_wins_where_chance_explains_no_difference() -> None:
    found = judge({"a": (500, 100), "b": (500, 50)})
    assert (found.best, found.winner) == ("a", "a")
    assert found.differences["b"].low == pytest.approx(0.0560, abs=0.0005)
    assert found.differences["b"].high == pytest.approx(0.1441, abs=0.0005)


def test_a_difference_that_chance_explains_makes_no_winner() -> None:
    found = judge({"a": (500, 60), "b": (500, 50)})
    assert (found.best, found.winner) == ("a", None)


def test_the_best_must_be_better_than_every_other_arm() -> None:
    assert judge({"a": (500, 100), "b": (500, 95), "c": (500, 30)}).winner is None
    assert judge({"a": (500, 100), "b": (500, 30), "c": (500, 30)}).winner == "a"


def test_more_arms_ask_for_more() -> None:
    two = {"a": (500, 75), "b": (500, 52)}
    assert judge(two).winner == "a"
    assert judge({**two, "c": (500, 20)}).winner is None
    alone = difference(Sums(500, 75, 75), Sums(500, 52, 52), 1 - 0.05 / 3, size=1.0)
    assert judge({**two, "c": (500, 20)}).differences["b"] == alone


@pytest.mark.parametrize("arms", [2, 3, 4])
def test_of_200_tests_of_equal_texts_at_most_the_nominal_share_names_a_winner(arms: int) -> None:
    dice = np.random.default_rng(20_261_126)
    named = 0
    for _ in range(200):
        clicked = dice.binomial(500, 0.12, size=arms)
        named += judge({f"arm{n}": (500, int(count)) for n, count in enumerate(clicked)}).winner is not None
    assert named <= 200 * 0.05


def test_an_arm_without_anybody_is_not_judged() -> None:
    with pytest.raises(ValueError, match="nobody"):
        judge({"a": (500, 60), "b": (0, 0)})


def report(journey: JourneyFigures) -> Report:
    return replace(samples.ENGLISH, journeys=(journey,))


def _tried(**fields: object) -> ABFigures:
    test = ABFigures(
        2, "first", "clicks", {"a": (500, 100), "b": (500, 50), "c": (500, 60)}, timedelta(hours=24), 500
    )
    return replace(test, **fields)  # type: ignore[arg-type]


WON = _tried(decided_at=datetime(2026, 10, 6, 12, tzinfo=UTC), winner="a")
NONE = _tried(decided_at=WON.decided_at, counts={"a": (500, 60), "b": (500, 50), "c": (500, 55)}, by="opens")


@pytest.mark.parametrize(
    ("test", "outcome"),
    [
        (_tried(), "No winner yet: it is decided 1 day after the first message, with at least 500 people"),
        (WON, "a won on October 6, 2026, 09:00: who comes later gets it."),
        (NONE, "No significant difference on October 6, 2026, 09:00: nobody won, and the shares stay."),
    ],
    ids=["open", "won", "none"],
)
def test_an_ab_test_shows_its_arms_and_what_it_came_to(test: ABFigures, outcome: str) -> None:
    found = report(
        samples.journey("welcome", samples.figures(samples.spent(900, 30, 9_000), Arm()), ab_tests=(test,))
    )
    shown = text.render(found)
    assert max(map(len, shown.splitlines())) <= 80
    for said in (" ".join(shown.split()), " ".join(html.render(found).split())):
        assert "A/B test of first, version 2" in said
        assert outcome in said
        for other in "bc":
            assert re.search(
                rf"a less {other}: \+[\d.]+ pt \(95 % over all comparisons: [+−]?[\d.]+ to", said
            )


def test_json_has_the_arms_of_an_ab_test() -> None:
    found = report(
        samples.journey("welcome", samples.figures(samples.spent(900, 30, 9_000), Arm()), ab_tests=(WON,))
    )
    (test,) = json.loads(export.to_json(found))["journeys"][0]["ab_tests"]
    assert test["arms"]["b"] == {"people": 500, "reached": 50, "rate": 0.1}
    assert (test["answer"], test["winner"], test["best"]) == ("winner", "a", "a")
    low, high = test["best_less"]["b"]["interval"]
    assert test["best_less"]["b"]["value"] == pytest.approx(0.1)
    assert 0 < low < 0.1 < high
    assert test["decided_at"] == "2026-10-06T12:00:00+00:00"


def test_an_arm_that_nobody_is_in_yet_has_no_rate() -> None:
    test = _tried(counts={"a": (500, 60), "b": (0, 0)})
    found = report(
        samples.journey("welcome", samples.figures(samples.spent(900, 30, 9_000), Arm()), ab_tests=(test,))
    )
    assert re.search(r"^ b +0 +0 +–$", text.render(found), re.MULTILINE)
    assert "–" in html.render(found)
