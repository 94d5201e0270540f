"""Simulated shops with a known effect: what the intervals of the report are measured on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nurture.reports.statistics import Arm

Floats = np.typing.NDArray[np.float64]


@dataclass(frozen=True)
class Shop:
    """Lognormal orders (mean in cents, sigma of the logarithm), a few buyers in a hundred people."""

    treated: int
    held_out: int
    rate: float = 0.03
    more_buyers: float = 1.0  # the journey's effect on how many buy ...
    larger_orders: float = 1.0  # ... and on how much
    sigma: float = 0.8
    mean: float = 20_000

    @property
    def lift(self) -> float:
        """The true difference in revenue per person."""
        return self.rate * self.mean * (self.more_buyers * self.larger_orders - 1)


IDLE = {
    "a tenth held out": Shop(9_000, 1_000),
    "the fewest people allowed": Shop(900, 100),
    "2 % buyers": Shop(2_700, 300, rate=0.02),
    "very skewed orders": Shop(9_000, 1_000, sigma=1.4),
    "half held out": Shop(1_500, 1_500),
    "30 % buyers": Shop(900, 100, rate=0.3, sigma=0.5),
}
LIFTED = {
    "a third more buyers": Shop(9_000, 1_000, more_buyers=4 / 3),
    "twice the buyers": Shop(1_800, 200, more_buyers=2),
    "orders larger by 30 %": Shop(9_000, 1_000, larger_orders=1.3),
    "30 % more buyers, orders smaller by 15 %": Shop(9_000, 1_000, more_buyers=1.3, larger_orders=0.85),
    "40 % fewer buyers": Shop(9_000, 1_000, more_buyers=0.6),
    "a fifth more buyers, very skewed orders": Shop(9_000, 1_000, more_buyers=1.2, sigma=1.4),
}


@dataclass(frozen=True)
class Side:
    """One arm of many independent sets: people of each, and over them buyers and sums of what each spent."""

    people: int
    buyers: Floats
    totals: Floats
    squares: Floats
    cubes: Floats

    def arm(self, number: int) -> Arm:
        """The arm of one set."""
        return Arm(
            self.people, int(self.buyers[number]), int(self.totals[number]), float(self.squares[number])
        )


def side(rng: np.random.Generator, people: int, rate: float, mean: float, sigma: float, sets: int) -> Side:
    """`sets` independent arms. A tenth of the buyers buy twice."""
    buyers = rng.binomial(people, rate, sets)
    owner = np.repeat(np.arange(sets), buyers)
    spent = np.rint(mean / 1.1 * np.exp(rng.normal(-sigma * sigma / 2, sigma, owner.size)))
    spent *= 1 + (rng.random(owner.size) < 0.1)
    totals, squares, cubes = (np.bincount(owner, spent**power, sets) for power in (1, 2, 3))
    return Side(people, buyers, totals, squares, cubes)


def sides(shop: Shop, seed: int, sets: int) -> tuple[Side, Side]:
    """The treated and the held-out side of `sets` sets."""
    rng = np.random.default_rng(seed)
    rate, mean = shop.rate * shop.more_buyers, shop.mean * shop.larger_orders
    treated = side(rng, shop.treated, rate, mean, shop.sigma, sets)
    return treated, side(rng, shop.held_out, shop.rate, shop.mean, shop.sigma, sets)


def pairs(shop: Shop, seed: int, sets: int) -> list[tuple[Arm, Arm]]:
    """Both arms of each set in which the report gives an answer."""
    treated, held_out = sides(shop, seed, sets)
    both = [(treated.arm(number), held_out.arm(number)) for number in range(sets)]
    return [(one, other) for one, other in both if one.converted + other.converted >= 10]
