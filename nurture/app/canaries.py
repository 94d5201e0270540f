"""A new version for a share of newcomers, and what stops it by itself: complaints or hard bounces of its messages.

The rate of a channel is above its limit where Wilson's lower bound says so (two-sided, 95 %), and never before
`AT_LEAST` deliveries. docs/how-we-count.md tells how often that is wrong.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from nurture.app.runtime import Live, Runtime
from nurture.reports.statistics import wilson
from nurture.settings import CanaryRules
from nurture.store import canaries, journeys
from nurture.store.canaries import Feedback
from nurture.store.engine import Tx

log = logging.getLogger("nurture")
AT_LEAST = 100  # deliveries


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a canary is stopped: so many of so many deliveries on a channel, the lower bound of that rate, and the limit
    that it is above. Rates from 0 to 1."""

    reason: str  # "complaints" or "hard_bounces"
    channel: str
    count: int
    delivered: int
    low: float
    limit: float

    def in_words(self) -> str:
        what = self.reason.replace("_", " ")
        return (
            f"{self.count:,} {what} of {self.delivered:,} deliveries by {self.channel}: at least {self.low:.2%}, "
            f"and the limit is {self.limit:.2%}"
        )


def lower_bound(count: int, whole: int) -> float:
    """The least that a rate may be, by Wilson's interval."""
    return wilson(count, whole).low


def judge(channel: str, came_back: Feedback, rules: CanaryRules) -> Verdict | None:
    """None: nothing says that this version must stop."""
    if came_back.delivered < AT_LEAST:
        return None
    for reason, share in (("complaints", rules.complaints), ("hard_bounces", rules.hard_bounces)):
        count, limit = getattr(came_back, reason), share / 10_000
        low = lower_bound(count, came_back.delivered)
        if low > limit:
            return Verdict(reason, channel, count, came_back.delivered, low, limit)
    return None


def watch(runtime: Runtime, tx: Tx, live: Iterable[Live], now: datetime) -> int:
    """Stop the canaries among these whose messages come back badly; how many. Costs nothing where none is."""
    return sum(_watch(runtime, tx, each, now) for each in live if each.canary is not None)


def _watch(runtime: Runtime, tx: Tx, live: Live, now: datetime) -> bool:
    assert live.canary is not None
    began = canaries.of_journey(tx, live.name)[live.canary.version_id]["began_at"]
    came_back = canaries.feedback(tx, live.canary.version_id, live.name, began)
    found = [judge(channel, each, runtime.settings.canary) for channel, each in came_back.items()]
    verdict = next((each for each in found if each is not None), None)
    if verdict is None:
        return False
    journeys.hold_still(tx, live.name)
    stopped = canaries.end(
        tx,
        live.name,
        verdict.reason,
        now,
        version_id=live.canary.version_id,
        held=True,
        figures=asdict(verdict),
    )
    if stopped:
        log.warning("%s: version %d stopped: %s", live.name, live.canary.number, verdict.in_words())
    return stopped
