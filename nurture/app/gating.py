"""Asking the gate about many messages at once: what one sends counts towards the next one's cap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from nurture import clock, identity
from nurture.app.runtime import Runtime
from nurture.clock import laws
from nurture.engine.gate import asks_where, judge
from nurture.limits import Allow, GateFacts, GateVerdict, Limits
from nurture.model import BY_PHONE, Channel, MessageClass
from nurture.store import do_not_disturb, gating, messages, talks
from nurture.store.engine import Tx
from nurture.store.gating import Ask
from nurture.store.messages import Waiting

DAY = timedelta(days=1)


def ask(runtime: Runtime, tx: Tx, asks: Sequence[Ask], now: datetime) -> dict[int, GateVerdict]:
    """The gate's verdict on each message, by the ask's id, under the limits of the version that wrote it."""
    if not asks:
        return {}
    limits = {version: _limits(runtime, tx, version) for version in {one.version_id for one in asks}}
    workspace = runtime.settings.limits
    turns = _Turns(runtime, tx, asks, now) if workspace.cap or workspace.caps else None
    caps = [
        cap.per.elapsed()
        for each in (workspace, *limits.values())
        for cap in (each.cap, *each.caps.values())
        if cap
    ]
    everywhere = asks_where(workspace)
    placed = {version for version, each in limits.items() if everywhere or asks_where(each)}
    if placed:
        caps.append(laws.DAY.elapsed())
    facts = gating.facts(tx, asks, now - max(caps) if caps else None)
    if placed:
        facts |= _placed(runtime, tx, [one for one in asks if one.version_id in placed], facts)
    if by_phone := [one for one in asks if one.channel in BY_PHONE]:
        facts |= _listed(tx, by_phone, facts)
    if by_whatsapp := [one for one in asks if one.channel is Channel.WHATSAPP]:
        facts |= _on_whatsapp(runtime, tx, by_whatsapp, facts, now)
    verdicts: dict[int, GateVerdict] = {}
    sent: dict[int, list[Ask]] = {}
    for one in turns.in_order(asks) if turns else asks:
        seen = facts[one.id] if turns is None else turns.seen(one, facts[one.id])
        meanwhile = sent.get(one.contact_id, [])
        if meanwhile:
            own = [each for each in meanwhile if each.journey == one.journey]
            seen = seen._replace(
                sent_journey=(*seen.sent_journey, *[now] * len(own)),
                sent_workspace=(*seen.sent_workspace, *[now] * len(meanwhile)),
                sent_channel_journey=(*seen.sent_channel_journey, *[now] * _on(one, own)),
                sent_channel_workspace=(*seen.sent_channel_workspace, *[now] * _on(one, meanwhile)),
                sent_by_phone=(*seen.sent_by_phone, *[now] * sum(m.channel in BY_PHONE for m in meanwhile)),
            )
        verdict = judge(seen, limits[one.version_id], workspace, now)
        verdicts[one.id] = verdict
        if isinstance(verdict, Allow) and one.message_class is not MessageClass.TRANSACTIONAL:
            sent.setdefault(one.contact_id, []).append(one)
    return verdicts


def _on_whatsapp(
    runtime: Runtime, tx: Tx, asks: Sequence[Ask], facts: Mapping[int, GateFacts], now: datetime
) -> dict[int, GateFacts]:
    """The facts of WhatsApp messages, with what its own rules look at."""
    people = {one.contact_id for one in asks}
    opted_in, wrote = talks.opted_in(tx, people), talks.wrote(tx, people, now)
    written = talks.said(tx, {one.id for one in asks if one.template is None})
    found = {}
    for one in asks:
        template, to_other = written[one.id] if one.template is None else (one.template, False)
        found[one.id] = facts[one.id]._replace(
            opted_in=to_other or one.contact_id in opted_in,  # what she said binds nobody else
            window_open=not to_other and one.contact_id in wrote,
            approved=template in runtime.settings.whatsapp,
        )
    return found


def _listed(tx: Tx, asks: Sequence[Ask], facts: Mapping[int, GateFacts]) -> dict[int, GateFacts]:
    """The facts of advertising by telephone that goes to a number on a do-not-disturb list."""
    selling = [one for one in asks if one.message_class is MessageClass.MARKETING]
    drafts = {one.contact_id for one in selling if one.template is not None}
    people = do_not_disturb.people(tx, drafts) if drafts else set()
    waiting = {one.id for one in selling if one.template is None}
    listed = do_not_disturb.of_messages(tx, waiting) if waiting else set()
    return {
        one.id: facts[one.id]._replace(listed=True)
        for one in selling
        if (one.contact_id in people if one.template is not None else one.id in listed)
    }


def _placed(
    runtime: Runtime, tx: Tx, asks: Sequence[Ask], facts: Mapping[int, GateFacts]
) -> dict[int, GateFacts]:
    """The facts with where people live, for hours that depend on it."""
    native = runtime.settings.company.country
    homes = gating.homes(tx, {one.contact_id for one in asks})
    regions = {contact: identity.region_of(*home, native) or native for contact, home in homes.items()}
    return {one.id: facts[one.id]._replace(region=regions[one.contact_id]) for one in asks}


class _Turns:
    """Whose message goes first, where the workspace's caps have no room for all that is wanted on a day."""

    def __init__(self, runtime: Runtime, tx: Tx, asks: Sequence[Ask], now: datetime) -> None:
        self._runtime, self._tx, self._now = runtime, tx, now
        highest = max([way.plan.rank for live in runtime.live(tx) for way in live.ways], default=0)
        later = {one.contact_id for one in asks if self._rank(one.version_id) < highest}
        asked = {one.key for one in asks}  # of these it is known what becomes of them
        self._waiting: dict[int, list[Waiting]] = defaultdict(list)
        for waiting in messages.waiting_for(tx, later, now, now + DAY) if later else ():
            if waiting.key not in asked:
                self._waiting[waiting.contact_id].append(waiting)

    def _rank(self, version_id: int | None) -> int:
        return self._runtime.plan(self._tx, version_id).rank if version_id is not None else 0

    def in_order(self, asks: Sequence[Ask]) -> Sequence[Ask]:
        return sorted(asks, key=lambda one: -self._rank(one.version_id))

    def seen(self, one: Ask, facts: GateFacts) -> GateFacts:
        """With what goes first today, on the person's clock."""
        if one.contact_id not in self._waiting:
            return facts
        today = clock.local(self._now, facts.zone).date()
        first = [
            waiting
            for waiting in self._waiting[one.contact_id]
            if self._rank(waiting.version_id) > self._rank(one.version_id)
            and clock.local(waiting.due_at, facts.zone).date() <= today
        ]
        return facts._replace(
            ahead=tuple([waiting.due_at for waiting in first]),
            ahead_channel=tuple([waiting.due_at for waiting in first if waiting.channel == one.channel]),
        )


def _on(one: Ask, others: Sequence[Ask]) -> int:
    """How many of the others go by the same channel."""
    return sum(other.channel is one.channel for other in others)


def _limits(runtime: Runtime, tx: Tx, version_id: int | None) -> Limits:
    return runtime.plan(tx, version_id).limits if version_id is not None else Limits()
