"""How often the report's interval holds the truth, beside the usual ones: `python -m tools.intervals`.

Prints the table of docs/how-we-count.md. Each row is 4,000 simulated shops with the seed of its number.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nurture.reports.statistics import effect
from tests.support.simulated import IDLE, LIFTED, Floats, Shop, Side, sides

SETS = 4_000
Z = 1.959964


def main() -> None:
    print("| | in / held out | held-out buyers | ours | Welch | Hall's transform |")
    print("|---|---|---|---|---|---|")
    for title, shops in (("no effect", IDLE), ("an effect", LIFTED)):
        print(f"| **{title}** | | | | | |")
        _rows(shops)


def _rows(shops: Mapping[str, Shop]) -> None:
    for number, (name, shop) in enumerate(shops.items()):
        treated, held_out = sides(shop, number, SETS)
        answered = treated.buyers + held_out.buyers >= 10
        shares = (ours(shop, treated, held_out), *usual(shop, treated, held_out))
        figures = " | ".join(f"{share[answered].mean():.1%}".replace("%", " %") for share in shares)
        people = f"{shop.treated:,} / {shop.held_out:,}"
        print(f"| {name} | {people} | {shop.held_out * shop.rate:.0f} | {figures} |")


def ours(shop: Shop, treated: Side, held_out: Side) -> Floats:
    """Of each set, whether the report's interval holds the true difference per person."""
    found = [effect(treated.arm(number), held_out.arm(number)).per_person for number in range(SETS)]
    return np.array([one.low <= shop.lift <= one.high for one in found], dtype=float)


def usual(shop: Shop, treated: Side, held_out: Side) -> tuple[Floats, Floats]:
    """The same for Welch's interval, with the normal quantile, and for Hall's transform of its t.

    Hall (1992) takes the skewness a of the estimate out of t: g(t) = t + a t²/3 + a² t³/27 + a/6 is as good
    as normal; its inverse at the normal quantiles gives the limits. Two sides: Zhou and Dinh (2005).
    """
    means, variances, thirds = zip(*map(_moments, (treated, held_out)), strict=True)
    error = np.sqrt(variances[0] + variances[1])
    miss = means[0] - means[1] - shop.lift
    skew = (thirds[0] - thirds[1]) / error**3
    skew = np.where(np.abs(skew) < 1e-9, 1e-9, skew)
    low, high = (3 / skew * (np.cbrt(1 + skew * (z - skew / 6)) - 1) for z in (-Z, Z))
    within = (low * error <= miss) & (miss <= high * error)
    return (np.abs(miss) <= Z * error).astype(float), within.astype(float)


def _moments(side: Side) -> tuple[Floats, Floats, Floats]:
    """Of the mean per person: itself, its variance and its third central moment."""
    n, mean = side.people, side.totals / side.people
    square, cube = side.squares / n, side.cubes / n
    variance = (square - mean**2) * n / (n - 1)
    third = cube - 3 * mean * square + 2 * mean**3
    return mean, variance / n, third / n**2


if __name__ == "__main__":
    main()
