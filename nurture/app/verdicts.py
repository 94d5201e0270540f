"""When what comes back of messages is too bad to go on: a rate that is above its limit beyond doubt.

It is where Wilson's lower bound says so (two-sided).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nurture.reports.statistics import CONFIDENCE, wilson

_WORDS = {"complaints": "complaints", "hard_bounces": "hard bounces", "policy": "refusals by policy"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why something is stopped: so many of so many deliveries on a channel, the lower bound of that rate, and the limit
    that it is above. Rates from 0 to 1."""

    reason: str  # "complaints", "hard_bounces" or "policy"
    channel: str
    count: int
    delivered: int
    low: float
    limit: float

    def in_words(self) -> str:
        return (
            f"{self.count:,} {_WORDS[self.reason]} of {self.delivered:,} deliveries by {self.channel}: "
            f"at least {self.low:.2%}, and the limit is {self.limit:.2%}"
        )


def judge(
    channel: str, delivered: int, found: Iterable[tuple[str, int, int]], confidence: float = CONFIDENCE
) -> Verdict | None:
    """The first that is above its limit of what was `found`: reason, count, and limit in hundredths of a percent."""
    for reason, count, share in found:
        limit, low = share / 10_000, lower_bound(min(count, delivered), delivered, confidence)
        if low > limit:
            return Verdict(reason, channel, count, delivered, low, limit)
    return None


def lower_bound(count: int, whole: int, confidence: float = CONFIDENCE) -> float:
    """The least that a rate may be, by Wilson's interval."""
    return wilson(count, whole, confidence).low
