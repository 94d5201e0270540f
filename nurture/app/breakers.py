"""Circuit breakers: complaints, addresses that don't exist and refusals by policy stop a channel's marketing.

A rate is above its limit where Wilson's lower bound says so (two-sided, 95 %), and never before there are as many
deliveries as the rules ask for. What people wait for, such as a password, goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from nurture.app.runtime import Runtime
from nurture.model import PERSONAL, Channel
from nurture.problems import NurtureError
from nurture.reports.statistics import wilson
from nurture.settings import StopRules
from nurture.store import stops
from nurture.store.engine import Tx
from nurture.store.stops import CameBack

log = logging.getLogger("nurture")
REASONS = ("complaints", "hard_bounces", "policy")
WORDS = {"complaints": "complaints", "hard_bounces": "hard bounces", "policy": "refusals by policy"}


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why a channel's marketing stopped: so many of so many deliveries, the lower bound of that rate, and the limit
    that it is above. Rates from 0 to 1."""

    reason: str
    channel: str
    count: int
    delivered: int
    low: float
    limit: float

    def in_words(self) -> str:
        return (
            f"{self.count:,} {WORDS[self.reason]} of {self.delivered:,} deliveries by {self.channel}: "
            f"at least {self.low:.2%}, and the limit is {self.limit:.2%}"
        )


def judge(channel: str, came_back: CameBack, rules: StopRules) -> Stopped | None:
    """None: nothing says that this channel must stop."""
    if came_back.delivered < rules.at_least:
        return None
    for reason in REASONS:
        count, limit = getattr(came_back, reason), getattr(rules, reason) / 10_000
        low = wilson(min(count, came_back.delivered), came_back.delivered).low
        if low > limit:
            return Stopped(reason, channel, count, came_back.delivered, low, limit)
    return None


def watch(runtime: Runtime, tx: Tx, channels: Collection[Channel], now: datetime) -> int:
    """Stop the marketing of those of these channels whose messages come back badly; of how many."""
    standing = stops.stopped(tx)
    looked_at = [each for each in runtime.settings.channels if each in channels and each not in standing]
    return sum(_watch(runtime, tx, channel, now) for channel in looked_at)


def _watch(runtime: Runtime, tx: Tx, channel: Channel, now: datetime) -> bool:
    rules = runtime.settings.channels[channel].pace.stop_at
    since = now - rules.within.elapsed()
    went_on = stops.ended(tx, channel)
    if went_on is not None and went_on > since:
        since = went_on  # somebody has seen to what was before
    found = judge(channel, stops.came_back(tx, channel, since), rules)
    if found is None:
        return False
    stops.stop(tx, channel, found.reason, asdict(found), now)
    log.warning("marketing by %s stopped: %s", channel, found.in_words())
    return True


def speaking(names: Collection[str]) -> list[Channel]:
    """The channels of which events of these names tell something bad."""
    return [c for c in PERSONAL if not {f"{c}_complained", f"{c}_bounced"}.isdisjoint(names)]


def in_words(row: Mapping[str, Any]) -> str:
    """What is said of a channel that has stopped."""
    return (
        f"marketing by {row['channel']} stopped: {Stopped(**row['figures']).in_words()}. Transactional messages go on; "
        f"`nurture resume --channel {row['channel']}` lets the rest go on"
    )


def go_on(runtime: Runtime, channel: str, now: datetime) -> None:
    """Let a channel's marketing go on. Raises NurtureError where it hasn't stopped."""
    with runtime.store.begin() as tx:
        went_on = stops.go_on(tx, channel, now)
        standing = ", ".join(sorted(stops.stopped(tx))) or "none"
    if not went_on:
        raise NurtureError(f"marketing by {channel!r} has not stopped; stopped channels: {standing}")
