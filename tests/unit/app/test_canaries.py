"""When the figures of a canary stop it."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.app.canaries import AT_LEAST, judge
from nurture.app.verdicts import lower_bound
from nurture.settings import CanaryRules
from nurture.store.canaries import Feedback

RULES = CanaryRules()


@pytest.mark.parametrize(
    ("delivered", "complaints", "bounces", "reason"),
    [
        pytest.param(99, 50, 50, None, id="too few deliveries"),
        pytest.param(100, 1, 0, None, id="one complaint of a hundred may be chance"),
        pytest.param(100, 2, 0, "complaints", id="two are not"),
        pytest.param(100, 0, 4, None, id="four bounces may be chance"),
        pytest.param(100, 0, 5, "hard_bounces", id="five are not"),
        pytest.param(10_000, 30, 200, None, id="exactly at the limits"),
        pytest.param(10_000, 43, 0, "complaints", id="above it for sure"),
    ],
)
def test_what_stops_it(delivered: int, complaints: int, bounces: int, reason: str | None) -> None:
    verdict = judge("email", Feedback(delivered, complaints, bounces), RULES)
    assert (verdict.reason if verdict else None) == reason


def test_the_limits_are_those_of_the_settings() -> None:
    strict = CanaryRules(complaints=10, hard_bounces=100)
    assert judge("email", Feedback(1000, 4, 0), RULES) is None
    assert judge("email", Feedback(1000, 4, 0), strict) is not None


@given(st.integers(1, 100_000), st.data())
def test_the_bound_solves_wilson_s_equation(whole: int, data: st.DataObject) -> None:
    """At the bound the rate that was seen is 1.96 standard errors away."""
    count = data.draw(st.integers(0, whole))
    low, seen = lower_bound(count, whole), count / whole
    assert 0 <= low <= seen
    error = math.sqrt(low * (1 - low) / whole)
    assert math.isclose(seen - low, NormalDist().inv_cdf(0.975) * error, rel_tol=1e-6, abs_tol=1e-9)


@given(st.integers(AT_LEAST, 100_000), st.data())
def test_more_trouble_never_lets_it_go_on(delivered: int, data: st.DataObject) -> None:
    complaints = data.draw(st.integers(0, delivered - 1))
    bounces = data.draw(st.integers(0, delivered - 1))
    if judge("email", Feedback(delivered, complaints, bounces), RULES) is not None:
        assert judge("email", Feedback(delivered, complaints + 1, bounces), RULES) is not None
        assert judge("email", Feedback(delivered, complaints, bounces + 1), RULES) is not None


@pytest.mark.parametrize("rate", [0.003, 0.02])
@pytest.mark.parametrize("whole", [100, 500, 2000, 10_000])
def test_one_look_is_wrong_seldom(rate: float, whole: int) -> None:
    """Of versions whose true rate is the limit, the bound lies above it in 2.5 %, and somewhat more where counts are
    small: binomial probabilities, exactly."""
    least = next(count for count in range(whole) if lower_bound(count, whole) > rate)
    wrong = 1 - sum(math.exp(_log_chance(count, whole, rate)) for count in range(least))
    assert 0.02 < wrong < 0.07


def _log_chance(count: int, whole: int, rate: float) -> float:
    ways = math.lgamma(whole + 1) - math.lgamma(count + 1) - math.lgamma(whole - count + 1)
    return ways + count * math.log(rate) + (whole - count) * math.log1p(-rate)
