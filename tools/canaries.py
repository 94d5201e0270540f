"""How often a canary is stopped, by the true rate of what comes back of its messages.

    python -m tools.canaries

Each of many canaries delivers one message after the other, and is judged after every one, as the product does. The
table is in docs/how-we-count.md.
"""

from __future__ import annotations

import numpy as np

from nurture.app.canaries import AT_LEAST
from nurture.app.verdicts import lower_bound
from nurture.reports.statistics import CONFIDENCE
from nurture.settings import CanaryRules

CANARIES = 20_000
ENDS = (500, 2_000, 10_000)
TIMES = (1 / 3, 0.5, 1.0, 2.0, 4.0)


def least(limit: float, until: int, at_least: int, confidence: float = CONFIDENCE) -> np.ndarray:
    """By the number of deliveries, the least count that stops it; what is never judged needs more than there are."""
    found, count = np.full(until + 1, until + 1, dtype=np.int64), 0
    for whole in range(at_least, until + 1):
        while lower_bound(count, whole, confidence) <= limit:
            count += 1
        found[whole] = count
    return found


def percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")


def stopped(limit: float, rate: float, rng: np.random.Generator) -> list[float]:
    """The share of canaries that have been stopped by the end of so many deliveries."""
    needed, counts = least(limit, ENDS[-1], AT_LEAST), np.zeros(CANARIES, dtype=np.int64)
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
            found = " | ".join(map(percent, stopped(limit, limit * times, rng)))
            print(f"| {limit:.1%} | {limit * times:.2%} |".replace("%", " %") + f" {found} |")


if __name__ == "__main__":
    main()
