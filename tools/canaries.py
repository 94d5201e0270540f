"""How often a canary is stopped, by the true rate of what comes back of its messages.

    python -m tools.canaries

Each of many canaries delivers one message after the other, and is judged after every one, as the product does. The
table is in docs/how-we-count.md.
"""

from __future__ import annotations

import numpy as np

from nurture.app.canaries import AT_LEAST, lower_bound
from nurture.settings import CanaryRules

CANARIES = 20_000
ENDS = (500, 2_000, 10_000)
TIMES = (1 / 3, 0.5, 1.0, 2.0, 4.0)


def least(limit: float, until: int) -> np.ndarray:
    """By the number of deliveries, the least count that stops a canary."""
    found, count = np.empty(until + 1, dtype=np.int64), 0
    for whole in range(until + 1):
        while whole < AT_LEAST or lower_bound(count, whole) <= limit:
            if whole < AT_LEAST:
                break
            count += 1
        found[whole] = count if whole >= AT_LEAST else until + 1
    return found


def stopped(limit: float, rate: float, rng: np.random.Generator) -> list[float]:
    """The share of canaries that have been stopped by the end of so many deliveries."""
    needed, counts = least(limit, ENDS[-1]), np.zeros(CANARIES, dtype=np.int64)
    gone, shares = np.zeros(CANARIES, dtype=bool), []
    for whole in range(1, ENDS[-1] + 1):
        counts += rng.random(CANARIES) < rate
        gone |= counts >= needed[whole]
        if whole in ENDS:
            shares.append(float(gone.mean()))
    return shares


def main() -> None:
    rng, rules = np.random.default_rng(20_261_126), CanaryRules()
    print("| limit | true rate | " + " | ".join(f"{end:,} deliveries" for end in ENDS) + " |")
    print("|---|---|" + "---|" * len(ENDS))
    for share in (rules.complaints, rules.hard_bounces):
        limit = share / 10_000
        for times in TIMES:
            found = " | ".join(
                f"{each:.1%}".replace("%", " %") for each in stopped(limit, limit * times, rng)
            )
            print(f"| {limit:.1%} | {limit * times:.2%} |".replace("%", " %") + f" {found} |")


if __name__ == "__main__":
    main()
