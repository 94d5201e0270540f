"""The gate: whether one message may go to one person now. It is asked twice, when the message becomes due
and again in the transaction that hands it over.

Reason codes are stable: `erased`, `run_ended`, `no_address`, `suppressed`, `do_not_disturb`, `no_consent`,
`no_opt_in`, `window_closed`, `expired`, `paused`, `quiet_hours`, `weekend`, `holiday: NAME`, `cap`, `priority`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache

from nurture import clock, digests
from nurture.clock import laws
from nurture.clock.laws import Rule
from nurture.limits import (
    PERSON,
    Allow,
    Cancel,
    Cap,
    Defer,
    GateFacts,
    GateVerdict,
    Limits,
    QuietHours,
    QuietWeek,
)
from nurture.model import Basis, Channel, MessageClass

RELEASE = timedelta(minutes=30)  # what waited for the end of quiet hours leaves within this time
PAUSE = timedelta(minutes=5)  # how long until what waits for no set time is looked at again


def judge(facts: GateFacts, limits: Limits, workspace: Limits, now: datetime) -> GateVerdict:
    """Allow, defer or cancel a message at `now`, under the limits of its journey and of the workspace.

    What can't change for the better cancels, and it is asked first; what passes with time defers, but
    never beyond the moment when the message expires.
    """
    if reason := _never(facts, now):
        return Cancel(reason)
    verdict = _not_yet(facts, limits, workspace, now)
    if verdict is None:
        return Allow(facts.consent_id)
    if isinstance(verdict, Defer) and facts.expires_at is not None:
        return Defer(min(verdict.until, facts.expires_at), verdict.reason)
    return verdict


def _never(facts: GateFacts, now: datetime) -> str | None:
    if facts.erased:
        return "erased"
    if not facts.run_active:
        return "run_ended"
    if not facts.has_address:
        return "no_address"
    if facts.suppressed is not None:
        return "suppressed"
    if facts.listed:
        return "do_not_disturb"
    if not _permitted(facts):
        return "no_consent"
    if facts.channel is Channel.WHATSAPP and (reason := _not_by_whatsapp(facts)):
        return reason
    if facts.expires_at is not None and facts.expires_at <= now:
        return "expired"
    return None


def _permitted(facts: GateFacts) -> bool:
    if facts.message_class is MessageClass.TRANSACTIONAL or facts.consent_given:
        return True
    by_law = facts.basis is not Basis.CONSENT and not facts.withdrawn
    return facts.message_class is MessageClass.SURVEY and by_law


def _not_by_whatsapp(facts: GateFacts) -> str | None:
    """Meta's rules: whom the company may write to at all, and what may be said to whom has been silent for a day."""
    if not (facts.consent_given or facts.opted_in or facts.window_open):
        return "no_opt_in"
    return None if facts.approved or facts.window_open else "window_closed"


def _not_yet(facts: GateFacts, limits: Limits, workspace: Limits, now: datetime) -> Defer | Cancel | None:
    if facts.paused:
        return Defer(now + PAUSE, "paused")
    if facts.message_class is MessageClass.TRANSACTIONAL:
        return None
    return _quiet(facts, limits, workspace, now) or _capped(facts, limits, workspace, now)


def _quiet(facts: GateFacts, limits: Limits, workspace: Limits, now: datetime) -> Defer | Cancel | None:
    hours = _quiet_hours(facts.channel, limits, workspace)
    if facts.region is not None:
        hours = _binding(hours, facts.region, clock.local(now, facts.zone).date())
    try:
        opens = _open_to_all(now, hours, facts.zone)
        if opens == now:
            return None
        released = clock.jitter(opens, digests.fraction(facts.key), RELEASE)
        still_open = _open_to_all(released, hours, facts.zone) == released
    except clock.NeverOpen:
        return Cancel("quiet_hours")
    return Defer(released if still_open else opens, _waits_for(now, opens, hours, facts.zone))


def _waits_for(now: datetime, opens: datetime, hours: Sequence[QuietHours], zone: str) -> str:
    """What makes a message wait from `now` until these hours are over: the first day that is quiet as a whole, if it
    lies between."""
    day, last = clock.local(now, zone).date(), clock.local(opens, zone).date()
    while day < last:
        for quiet in hours:
            if (off := clock.day_off(day, quiet)) is not None:
                return off
        day += timedelta(days=1)
    return "quiet_hours"


def _quiet_hours(channel: Channel, limits: Limits, workspace: Limits) -> tuple[QuietHours, ...]:
    own, all_ = limits.quiet_hours.get(channel), workspace.quiet_hours.get(channel)
    return tuple([hours for hours in (own, all_) if hours is not None])


@lru_cache(maxsize=4096)
def _binding(hours: tuple[QuietHours, ...], region: str, day: date) -> tuple[QuietHours, ...]:
    """These hours for somebody who lives there, with what laws say on that day."""
    own = [
        replace(quiet, holidays=clock.known_region(region)) if quiet.holidays == PERSON else quiet
        for quiet in hours
    ]
    return (*own, *(rule.hours for rule in _rules(hours, region, day)))


def _rules(hours: Sequence[QuietHours], region: str, day: date) -> list[Rule]:
    named = dict.fromkeys(law for quiet in hours if isinstance(quiet, QuietWeek) for law in quiet.laws)
    return [rule for law in named for rule in laws.rules(law, region, day)]


def asks_where(limits: Limits) -> bool:
    """Whether these limits depend on where a person lives."""
    return any(
        quiet.holidays == PERSON or (isinstance(quiet, QuietWeek) and bool(quiet.laws))
        for quiet in limits.quiet_hours.values()
    )


@lru_cache(maxsize=4096)
def _open_to_all(instant: datetime, hours: tuple[QuietHours, ...], zone: str) -> datetime:
    """The first instant outside all these quiet hours. Raises NeverOpen where there is none."""
    for _ in range(64):
        before = instant
        for quiet in hours:
            instant = clock.next_open(instant, quiet, zone)
        if instant == before:
            return instant
    raise clock.NeverOpen("these quiet hours leave no time to write")


def _capped(facts: GateFacts, limits: Limits, workspace: Limits, now: datetime) -> Defer | Cancel | None:
    caps = [(limits.cap, facts.sent_journey, ()), (workspace.cap, facts.sent_workspace, facts.ahead)]
    if limits.caps or workspace.caps:
        caps.append((limits.caps.get(facts.channel), facts.sent_channel_journey, ()))
        caps.append((workspace.caps.get(facts.channel), facts.sent_channel_workspace, facts.ahead_channel))
    if facts.region is not None:
        hours = _quiet_hours(facts.channel, limits, workspace)
        for rule in _rules(hours, facts.region, clock.local(now, facts.zone).date()):
            caps.append((rule.cap, facts.sent_by_phone, ()))
    full = [
        (cap, held)
        for cap, sent, ahead in caps
        if cap is not None and (held := _held(cap, sent, ahead, now)) is not None
    ]
    if not full:
        return None
    patience = min(facts.planned_at + cap.defer_at_most.elapsed() for cap, _ in full)
    if patience <= now or any((facts.on_cap or cap.on_cap) == "skip" for cap, _ in full):
        return Cancel("cap")
    until, reason = max(held for _, held in full)
    return Defer(min(until, patience), reason)


def _held(
    cap: Cap, sent: Sequence[datetime], ahead: Sequence[datetime], now: datetime
) -> tuple[datetime, str] | None:
    """Until when a cap holds one more message back, and why: it is reached, or what goes first will reach it."""
    frees = _frees(cap, sent, now)
    if frees > now:
        return frees, "cap"
    if ahead and len(ahead) + sum(at + cap.per.elapsed() > now for at in sent) >= cap.at_most:
        return max(now, ahead[-1]) + PAUSE, "priority"
    return None


def _frees(cap: Cap, sent: Sequence[datetime], now: datetime) -> datetime:
    """When the cap lets one more message through: `now` while it isn't reached."""
    if len(sent) < cap.at_most:
        return now
    window = cap.per.elapsed()
    recent = sorted(at for at in sent if at + window > now)
    if len(recent) < cap.at_most:
        return now
    return recent[-cap.at_most] + window if cap.at_most else datetime.max.replace(tzinfo=now.tzinfo)
