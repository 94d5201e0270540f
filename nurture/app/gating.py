"""Asking the gate about many messages at once: what one sends counts towards the next one's cap."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from nurture.app.runtime import Runtime
from nurture.engine.gate import judge
from nurture.model import Allow, GateVerdict, Limits, MessageClass
from nurture.store import gating
from nurture.store.engine import Tx
from nurture.store.gating import Ask


def ask(runtime: Runtime, tx: Tx, asks: Sequence[Ask], now: datetime) -> dict[int, GateVerdict]:
    """The gate's verdict on each message, by the ask's id, under the limits of the version that wrote it."""
    if not asks:
        return {}
    limits = {version: _limits(runtime, tx, version) for version in {one.version_id for one in asks}}
    workspace = runtime.settings.limits
    caps = [
        cap.per.elapsed()
        for each in (workspace, *limits.values())
        for cap in (each.cap, *each.caps.values())
        if cap
    ]
    facts = gating.facts(tx, asks, now - max(caps) if caps else None)
    verdicts: dict[int, GateVerdict] = {}
    sent: dict[int, list[Ask]] = {}
    for one in asks:
        seen = facts[one.id]
        meanwhile = sent.get(one.contact_id, [])
        if meanwhile:
            own = [each for each in meanwhile if each.journey == one.journey]
            seen = seen._replace(
                sent_journey=(*seen.sent_journey, *[now] * len(own)),
                sent_workspace=(*seen.sent_workspace, *[now] * len(meanwhile)),
                sent_channel_journey=(*seen.sent_channel_journey, *[now] * _on(one, own)),
                sent_channel_workspace=(*seen.sent_channel_workspace, *[now] * _on(one, meanwhile)),
            )
        verdict = judge(seen, limits[one.version_id], workspace, now)
        verdicts[one.id] = verdict
        if isinstance(verdict, Allow) and one.message_class is not MessageClass.TRANSACTIONAL:
            sent.setdefault(one.contact_id, []).append(one)
    return verdicts


def _on(one: Ask, others: Sequence[Ask]) -> int:
    """How many of the others go by the same channel."""
    return sum(other.channel is one.channel for other in others)


def _limits(runtime: Runtime, tx: Tx, version_id: int | None) -> Limits:
    return runtime.plan(tx, version_id).limits if version_id is not None else Limits()
