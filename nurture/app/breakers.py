"""Circuit breakers: complaints, addresses that don't exist and refusals by policy stop a channel's marketing.

Never before there are as many deliveries as the rules ask for. What people wait for, such as a password, goes on.
docs/reference/pace.md tells how often that is wrong.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from nurture.app import verdicts
from nurture.app.runtime import Runtime
from nurture.app.verdicts import Verdict
from nurture.model import PERSONAL, Channel
from nurture.problems import NurtureError
from nurture.settings import StopRules
from nurture.store import stops
from nurture.store.engine import Tx
from nurture.store.stops import CameBack

log = logging.getLogger("nurture")
SURE = 0.999  # a channel is looked at for years: what is unlikely once is likely then


def judge(channel: str, came_back: CameBack, rules: StopRules) -> Verdict | None:
    """None: nothing says that this channel must stop."""
    if came_back.delivered < rules.at_least:
        return None
    found = (
        ("complaints", came_back.complaints, rules.complaints),
        ("hard_bounces", came_back.hard_bounces, rules.hard_bounces),
        ("policy", came_back.policy, rules.policy),
    )
    return verdicts.judge(channel, came_back.delivered, found, SURE)


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
        f"marketing by {row['channel']} stopped: {Verdict(**row['figures']).in_words()}. Transactional messages go on; "
        f"`nurture resume --channel {row['channel']}` lets the rest go on"
    )


def go_on(runtime: Runtime, channel: str, now: datetime) -> None:
    """Let a channel's marketing go on. Raises NurtureError where it hasn't stopped."""
    with runtime.store.begin() as tx:
        went_on = stops.go_on(tx, channel, now)
        standing = ", ".join(sorted(stops.stopped(tx))) or "none"
    if not went_on:
        raise NurtureError(f"marketing by {channel!r} has not stopped; stopped channels: {standing}")
