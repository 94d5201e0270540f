"""How often a channel's marketing is stopped, by its volume and the true rate of what comes back.

    python -m tools.breakers [CONFIDENCE]

Each of many channels sends for a year, ten hours a day, and is judged after each of these hours by what came back in
the last seven days, as the product does. The tables are in docs/how-we-count.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

from nurture.app.breakers import SURE
from nurture.settings import StopRules
from tools.canaries import least, percent

Cell: TypeAlias = Callable[[np.ndarray, int], str]

CHANNELS = 4_000
HOURS, DAYS = 10, 365
WEEKLY = (1_000, 10_000, 100_000)  # deliveries
RULES = StopRules()
LIMITS = {"complaints": RULES.complaints, "hard_bounces": RULES.hard_bounces, "policy": RULES.policy}
WITHIN, BAD = (1 / 3, 0.5, 0.8, 1.0), (2.0, 4.0)


def stopped_after(
    limit: float, rate: float, weekly: int, sure: float, rng: np.random.Generator
) -> np.ndarray:
    """After how many hours each channel stopped, from 1; 0: it didn't in its first year."""
    hours = RULES.within.days * HOURS
    counts = rng.binomial(weekly // hours, rate, size=(DAYS * HOURS, CHANNELS))
    whole, needed = weekly // hours * hours, least(limit, weekly // hours * hours, RULES.at_least, sure)
    sums = np.cumsum(counts, axis=0)
    sums[hours:] -= sums[:-hours].copy()
    delivered = np.minimum(np.arange(1, DAYS * HOURS + 1) * (weekly // hours), whole)
    over = sums >= needed[delivered][:, None]
    return np.where(over.any(axis=0), over.argmax(axis=0) + 1, 0)


def _table(sure: float, rng: np.random.Generator, rates: tuple[float, ...], cell: Cell) -> Iterator[str]:
    yield f"| limit | true rate | {' | '.join(f'{each:,} a week' for each in WEEKLY)} |"
    yield "|---|---|" + "---|" * len(WEEKLY)
    for name, share in LIMITS.items():
        for times in rates:
            limit, rate = share / 10_000, share / 10_000 * times
            found = [cell(stopped_after(limit, rate, each, sure, rng), each) for each in WEEKLY]
            true = f"{rate:.2%}".replace("%", " %")
            yield f"| {percent(limit)} {name.replace('_', ' ')} | {true} | {' | '.join(found)} |"


def _share(after: np.ndarray, weekly: int) -> str:
    """The share of channels that stopped at all."""
    return percent(float((after > 0).mean()))


def _deliveries(after: np.ndarray, weekly: int) -> str:
    """After how many deliveries half of them, and 95 of 100, have stopped."""
    hours = np.sort(np.where(after > 0, after, DAYS * HOURS))
    hourly = weekly // (RULES.within.days * HOURS)
    return " / ".join(f"{int(hours[int(CHANNELS * part)]) * hourly:,}" for part in (0.5, 0.95))


def main() -> None:
    rng, sure = np.random.default_rng(20_261_126), float((*sys.argv[1:], SURE)[0])
    for rates, cell in ((WITHIN, _share), (BAD, _deliveries)):
        for line in _table(sure, rng, rates, cell):
            sys.stdout.write(f"{line}\n")
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
