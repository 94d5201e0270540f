"""When a message that was deferred is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from nurture import digests

FIRST = timedelta(minutes=2)
LONGEST = timedelta(hours=4)
SPREAD = 4  # a pause is made longer by up to a quarter
LONGEST_PAUSE = LONGEST + LONGEST / SPREAD
ATTEMPTS = 12  # two minutes doubled up to four hours: about a day in all


@dataclass(frozen=True, slots=True)
class RetryAt:
    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    reason: str


def after(attempts: int, key: str, now: datetime, expires_at: datetime | None) -> RetryAt | GiveUp:
    """What follows a temporary no at the `attempts`-th attempt (counted from 1).

    The pause doubles from two minutes to four hours and is spread by up to a quarter, by the
    message's key, so that a provider's outage isn't followed by everybody at once. Where a message
    would expire meanwhile, it is tried again in half of that time: an outage that ends in time costs none.
    """
    if attempts >= ATTEMPTS:
        return GiveUp("gave_up")
    spread = 1 + digests.fraction("retry", key, str(attempts)) / SPREAD
    at = now + min(LONGEST, FIRST * 2 ** (attempts - 1)) * spread
    if expires_at is not None and at >= expires_at:
        at = now + max(FIRST, (expires_at - now) / 2) * spread
        if at >= expires_at:
            return GiveUp("expired")
    return RetryAt(at)
