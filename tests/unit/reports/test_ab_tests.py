"""Whether an arm of an A/B test wins, and how often chance makes one win."""

from __future__ import annotations

import numpy as np
import pytest

from nurture.reports.ab_tests import judge
from nurture.reports.statistics import Sums, difference


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
