"""The interval does what it promises, measured on data that looks like a shop's."""

from __future__ import annotations

import numpy as np
import pytest

from nurture.reports.statistics import Arm, Estimate, Sums, difference, effect, roi
from tests.support.simulated import IDLE, LIFTED, Shop, pairs

SETS = 400


def covered(shop: Shop, seed: int, sets: int = SETS) -> float:
    """Share of the sets whose interval holds the true difference in revenue per person."""
    intervals = [effect(*pair).per_person for pair in pairs(shop, seed, sets)]
    return float(np.mean([found.low <= shop.lift <= found.high for found in intervals]))


@pytest.mark.parametrize("name", IDLE)
def test_without_an_effect_it_rarely_claims_one(name: str) -> None:
    found = [effect(*pair).revenue.excludes_zero for pair in pairs(IDLE[name], seed=20_261_001, sets=SETS)]
    assert np.mean(found) <= 0.07
    rates = [effect(*pair).rate.excludes_zero for pair in pairs(IDLE[name], seed=20_261_001, sets=SETS)]
    assert np.mean(rates) <= 0.07


@pytest.mark.parametrize("name", LIFTED)
def test_the_interval_covers_a_known_lift(name: str) -> None:
    assert 0.92 <= covered(LIFTED[name], seed=20_261_002) <= 0.98


def test_it_sees_a_large_effect() -> None:
    shop = Shop(18_000, 2_000, more_buyers=2)
    found = [effect(*pair).revenue.low > 0 for pair in pairs(shop, seed=20_261_003, sets=SETS)]
    assert np.mean(found) > 0.95


def test_welch_would_claim_too_often() -> None:
    """Why there is an interval of our own: the usual one fails where few are held out."""
    claims = []
    for treated, held_out in pairs(Shop(2_700, 300, rate=0.02), seed=20_261_004, sets=SETS):
        variances = [
            (arm.squares - arm.people * arm.per_person**2) / (arm.people - 1) / arm.people
            for arm in (treated, held_out)
        ]
        claims.append(abs(treated.per_person - held_out.per_person) > 1.96 * sum(variances) ** 0.5)
    assert np.mean(claims) > 0.1


# Newcombe 1998, table II: the difference of two proportions with its limits by method 10.
NEWCOMBE = {
    "56/70 - 48/80": (56, 70, 48, 80, 0.0524, 0.3339),
    "9/10 - 3/10": (9, 10, 3, 10, 0.1705, 0.8090),
    "5/56 - 0/29": (5, 56, 0, 29, -0.0381, 0.1926),
    "0/10 - 0/20": (0, 10, 0, 20, -0.1611, 0.2775),
    "10/10 - 0/10": (10, 10, 0, 10, 0.6075, 1.0000),
}


@pytest.mark.parametrize("name", NEWCOMBE)
def test_the_interval_of_rates_is_newcombes(name: str) -> None:
    first, people, second, others, low, high = NEWCOMBE[name]
    found = difference(Sums(people, first, first), Sums(others, second, second), size=1)
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


def test_where_every_order_costs_the_same_money_is_the_rate_times_its_price() -> None:
    price = 4_990
    treated = Arm(900, 40, 40 * price, 40 * price**2)
    held_out = Arm(100, 3, 3 * price, 3 * price**2)
    found = effect(treated, held_out)
    for money, rate in (
        (found.per_person.value, found.rate.value),
        (found.per_person.low, found.rate.low),
        (found.per_person.high, found.rate.high),
    ):
        assert money == pytest.approx(rate * price)


def test_it_is_scaled_to_everybody_treated() -> None:
    found = effect(Arm(900, 45, 900_000, 3e10), Arm(100, 3, 50_000, 1e9))
    assert found.revenue.value == pytest.approx(900_000 - 9 * 50_000)
    assert found.revenue.low == pytest.approx(900 * found.per_person.low)
    assert found.people.value == pytest.approx(45 - 9 * 3)


def test_a_held_out_arm_without_buyers_still_says_how_little_it_knows() -> None:
    found = effect(Arm(900, 27, 540_000, 2e10), Arm(100, 0, 0, 0.0))
    assert found.per_person.low < 0 < found.per_person.high


def test_nobody_spent_anything() -> None:
    assert effect(Arm(900), Arm(100)).per_person == Estimate(0.0, 0.0, 0.0)


def test_an_empty_arm_has_no_difference() -> None:
    with pytest.raises(ValueError, match="nobody"):
        effect(Arm(900, 9, 900, 900.0), Arm())


@pytest.mark.parametrize(
    ("revenue", "cost", "expected"),
    [(300, 100, 2.0), (100, 100, 0.0), (50, 100, -0.5), (0, 100, -1.0), (100, 0, None)],
)
def test_roi(revenue: float, cost: float, expected: float | None) -> None:
    assert roi(revenue, cost) == expected
