"""From counted rows to the figures of a journey: sums over versions, whether there is an answer, trends."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import reduce
from operator import add

from nurture.reports.figures import (
    Amount,
    ChannelFigures,
    Cost,
    Doubt,
    Figures,
    Period,
    TooFew,
    Trend,
)
from nurture.reports.statistics import Arm, Effect, effect
from nurture.settings import ReportRules

MOST_POINTS = 31  # of a line: days up to a month, then weeks, ...


def answer(
    treated: Arm,
    held_out: Arm,
    rules: ReportRules,
    period: Period,
    now: datetime,
    *,
    mixed: bool = False,
    holds_out: bool = False,
) -> Effect | TooFew:
    """The effect, or why there is none yet and when there may be.

    `mixed` says that the share held out changed within the period; `holds_out` that there is such a share,
    though nobody may have fallen into it yet.
    """
    if not treated.people and not held_out.people:
        return TooFew(Doubt.NOBODY)
    if not held_out.people and not holds_out:
        return TooFew(Doubt.NO_HOLDOUT)
    if mixed:
        return TooFew(Doubt.MIXED)
    needs = (
        (Doubt.FEW_HELD_OUT, held_out.people, rules.minimum_people),
        (Doubt.FEW_TREATED, treated.people, rules.minimum_people),
        (Doubt.FEW_CONVERSIONS, treated.converted + held_out.converted, rules.minimum_conversions),
    )
    missing = [(reason, have) for reason, have, need in needs if have < need]
    if missing:
        reason, have = missing[0]
        return TooFew(reason, have, _answer_on([need[1:] for need in needs], period, now))
    return effect(treated, held_out)


def _answer_on(needs: Sequence[tuple[int, int]], period: Period, now: datetime) -> date | None:
    """The day when each count reaches what it needs, if it goes on as in the period so far."""
    elapsed = period.elapsed(now)
    if not elapsed or any(not have for have, _ in needs):
        return None
    days = max((need - have) * elapsed / have for have, need in needs)
    if days > 3650:
        return None
    return (now + timedelta(days=math.ceil(days))).date()


def total(versions: Iterable[Figures]) -> Figures:
    """All versions together, without an answer."""
    parts = list(versions)
    return Figures(
        treated=reduce(add, (part.treated for part in parts), Arm()),
        held_out=reduce(add, (part.held_out for part in parts), Arm()),
        channels=merge_channels(channel for part in parts for channel in part.channels),
        attributed=reduce(add, (part.attributed for part in parts), Amount()),
        cost=reduce(_add_costs, (part.cost for part in parts), Cost()),
    )


def merge_channels(rows: Iterable[ChannelFigures]) -> tuple[ChannelFigures, ...]:
    """One row a channel, by name."""
    merged: dict[str, ChannelFigures] = {}
    for row in rows:
        known = merged.get(row.channel)
        merged[row.channel] = row if known is None else _add_channels(known, row)
    return tuple(merged[name] for name in sorted(merged))


def _add_channels(one: ChannelFigures, other: ChannelFigures) -> ChannelFigures:
    reported = [row.delivered for row in (one, other) if row.delivered is not None]
    return ChannelFigures(
        one.channel,
        sent=one.sent + other.sent,
        delivered=sum(reported) if reported else None,
        opened=one.opened + other.opened,
        clicked=one.clicked + other.clicked,
        bounced=one.bounced + other.bounced,
        in_doubt=one.in_doubt + other.in_doubt,
    )


def _add_costs(one: Cost, other: Cost) -> Cost:
    return Cost(one.messages + other.messages, one.fixed + other.fixed, one.coupons + other.coupons)


def with_answer(
    figures: Figures,
    rules: ReportRules,
    period: Period,
    now: datetime,
    *,
    mixed: bool = False,
    holds_out: bool = False,
) -> Figures:
    found = answer(figures.treated, figures.held_out, rules, period, now, mixed=mixed, holds_out=holds_out)
    return replace(figures, answer=found)


def is_mixed(shares: Mapping[int, int], versions: Collection[int]) -> bool:
    """Whether these versions held out different shares (`shares`: by version), so that people of
    different times would be compared."""
    return len({shares[version] for version in versions if version in shares}) > 1


def trend(now: Sequence[date], before: Sequence[date], period: Period, days: int) -> Trend:
    """Clicks of the first `days` of the period, the whole ones that have passed, and of as many days of
    the period before. The line has complete steps only: a shorter one would look like a fall."""
    step = next(length for length in (1, 7, 14, 28, 91, 365, days) if days <= length * MOST_POINTS)
    passed, earlier = (
        [day - of.first for day in clicks if (day - of.first).days < days]
        for clicks, of in ((now, period), (before, period.before()))
    )
    points = days // step if step else 0
    return Trend(
        step, _counted(passed, step, points), _counted(earlier, step, points), len(passed), len(earlier)
    )


def _counted(since_first: Iterable[timedelta], step: int, points: int) -> tuple[int, ...]:
    found = Counter(since.days // step for since in since_first)
    return tuple(found[index] for index in range(points))
