"""A new version for a share of newcomers, and what stops it by itself: complaints or hard bounces of its messages.

Never before `AT_LEAST` deliveries. docs/how-we-count.md tells how often that is wrong.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

from nurture.app import verdicts
from nurture.app.runtime import Live, Runtime
from nurture.app.verdicts import Verdict
from nurture.settings import CanaryRules
from nurture.store import canaries, journeys
from nurture.store.canaries import Feedback
from nurture.store.engine import Tx

log = logging.getLogger("nurture")
AT_LEAST = 100  # deliveries


def judge(channel: str, came_back: Feedback, rules: CanaryRules) -> Verdict | None:
    """None: nothing says that this version must stop."""
    if came_back.delivered < AT_LEAST:
        return None
    found = (
        ("complaints", came_back.complaints, rules.complaints),
        ("hard_bounces", came_back.hard_bounces, rules.hard_bounces),
    )
    return verdicts.judge(channel, came_back.delivered, found)


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
