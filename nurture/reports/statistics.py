"""What a journey changed: people who were let in against people who were held out.

Intention to treat: everybody who entered counts in the arm that the holdout gave her, whether or
not a message ever reached her. So the two arms differ by chance and by the journey, nothing else.

**The interval.** For a rate it is Newcombe's hybrid score interval for the difference of two
proportions (Statistics in Medicine 17, 1998, 873-890, method 10): Wilson's score limits for each
arm, joined by their distances from the estimates. For money per person the same idea is carried
over. Where most people bring nothing, the variance of one person's revenue with mean m is
m * (c - m), with c = E[x^2] / E[x]. (For x in {0, 1} c is 1, which gives Wilson's limits.) Solving

    (mean - m)^2 = z^2 * m * (c - m) / people

for m gives limits that, unlike `mean +- z * error`, know that an arm with few buyers says little
about its own variance. Joining them by their distances is Zou and Donner's MOVER (Statistics in
Medicine 27, 2008, 1693-1702). `c` needs orders rather than people, and the held-out arm has few: it
is an average of the arm's own and that of both arms, where both arms weigh as `BORROWED` buyers do.

docs/how-we-count.md has the measured coverage, beside that of Welch's t and of Hall's transform.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95
# Measured best of 30, 100, 300 and "always both arms": right for few buyers, and it fades with many,
# as it must where the journey changes how much people spend.
BORROWED = 30


@dataclass(frozen=True, slots=True)
class Sums:
    """A quantity over the people of an arm: how many people, its sum, the sum of its squares."""

    people: int
    total: float
    squares: float

    @property
    def mean(self) -> float:
        return self.total / self.people if self.people else 0.0

    @property
    def size(self) -> float | None:
        """E[x^2] / E[x]: how much comes at once from those who bring anything."""
        return self.squares / self.total if self.total > 0 else None

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.people + other.people, self.total + other.total, self.squares + other.squares)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and the limits of its interval, all in one unit."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0

    def map(self, change: Callable[[float], float]) -> Estimate:
        """The same in another unit; `change` must not turn the order around."""
        return Estimate(change(self.value), change(self.low), change(self.high))


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of the comparison. Money in minor units."""

    people: int = 0
    converted: int = 0
    revenue: int = 0
    squares: float = 0.0  # of each person's revenue, summed

    @property
    def rate(self) -> float:
        return self.converted / self.people if self.people else 0.0

    @property
    def per_person(self) -> float:
        return self.revenue / self.people if self.people else 0.0

    def __add__(self, other: Arm) -> Arm:
        return Arm(
            self.people + other.people,
            self.converted + other.converted,
            self.revenue + other.revenue,
            self.squares + other.squares,
        )


@dataclass(frozen=True, slots=True)
class Effect:
    """What the journey changed, treated less held out. Money in minor units."""

    rate: Estimate  # share of people who convert
    per_person: Estimate  # revenue per person
    people: Estimate  # conversions, over everybody treated
    revenue: Estimate  # revenue, over everybody treated


def effect(treated: Arm, held_out: Arm, confidence: float = CONFIDENCE) -> Effect:
    """The difference between the arms and what it means for all who were treated.

    Raises ValueError where an arm is empty.
    """
    rate = difference(_conversions(treated), _conversions(held_out), confidence, size=1.0)
    per_person = difference(_money(treated), _money(held_out), confidence)
    return Effect(
        rate,
        per_person,
        rate.map(lambda value: value * treated.people),
        per_person.map(lambda value: value * treated.people),
    )


def difference(
    first: Sums, second: Sums, confidence: float = CONFIDENCE, *, size: float | None = None
) -> Estimate:
    """The mean of `first` less the mean of `second`, with its interval.

    `size` is the `c` of the formula where it is known: 1 for rates. Otherwise it is estimated.
    The normal quantile serves without a correction for small samples: it enters a score equation,
    whose variance is not estimated from the arm alone. Raises ValueError where an arm is empty.
    """
    if not (first.people and second.people):
        raise ValueError("an arm has nobody in it")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    both = first + second
    low1, high1 = limits(first, _size(first, both) if size is None else size, z)
    low2, high2 = limits(second, _size(second, both) if size is None else size, z)
    value = first.mean - second.mean
    return Estimate(
        value,
        value - math.hypot(first.mean - low1, high2 - second.mean),
        value + math.hypot(high1 - first.mean, second.mean - low2),
    )


def wilson(count: int, whole: int, confidence: float = CONFIDENCE) -> Estimate:
    """A rate with Wilson's interval (Journal of the American Statistical Association 22, 1927, 209-212).

    Raises ValueError where there is nobody.
    """
    if not whole:
        raise ValueError("a rate of nobody")
    low, high = limits(Sums(whole, count, count), 1.0, NormalDist().inv_cdf(0.5 + confidence / 2))
    return Estimate(count / whole, low, high)


def limits(arm: Sums, size: float, z: float) -> tuple[float, float]:
    """The two means at which (arm's mean - m)^2 = z^2 m (size - m) / people."""
    spread = z * z / arm.people
    middle = 2 * arm.mean + spread * size
    root = math.sqrt(max(middle * middle - 4 * (1 + spread) * arm.mean**2, 0.0))
    return (middle - root) / (2 + 2 * spread), (middle + root) / (2 + 2 * spread)


def _size(arm: Sums, both: Sums) -> float:
    own, common = arm.size, both.size
    if own is None or common is None:
        return common or 0.0
    buyers = arm.total / own  # as many as would bring the total, were all of one size
    return (buyers * own + BORROWED * common) / (buyers + BORROWED)


def _conversions(arm: Arm) -> Sums:
    return Sums(arm.people, arm.converted, arm.converted)


def _money(arm: Arm) -> Sums:
    return Sums(arm.people, arm.revenue, arm.squares)


def roi(revenue: float, cost: float) -> float | None:
    """(revenue - cost) / cost; None where nothing was spent. 1.0 is 100 %."""
    return (revenue - cost) / cost if cost > 0 else None
