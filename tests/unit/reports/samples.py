"""A report with every kind of answer, for the tests of its formats."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from nurture.reports.figures import (
    Amount,
    Books,
    ChannelFigures,
    Cost,
    Figures,
    Funnel,
    GoalRule,
    JourneyFigures,
    Known,
    Period,
    Report,
    Trend,
)
from nurture.reports.metrics import with_answer
from nurture.reports.statistics import Arm
from nurture.settings import ReportRules

OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31), "America/Sao_Paulo")
NOW = datetime(2026, 11, 5, 12, tzinfo=UTC)
ORDERS = GoalRule(value="total", declared=True)
NPS = GoalRule("survey_answered", 'event.survey = "nps"', declared=True)
CHANNELS = (
    ChannelFigures("email", 8_890, 8_702, 4_102, 731, 121, 2),
    ChannelFigures("sms", 1_204, None, 0, 96, 3, 0),
)


def figures(treated: Arm, held_out: Arm, cost: int = 0, attributed: Amount | None = None) -> Figures:
    """`cost` of messages in whole units of the currency."""
    return with_answer(
        Figures(treated, held_out, CHANNELS, attributed or Amount(), Cost(messages=cost * 1_000_000)),
        ReportRules(),
        OCTOBER,
        NOW,
    )


def spent(people: int, converted: int, each: int) -> Arm:
    """An arm whose buyers spend `each` (minor units) on average, and unevenly."""
    return Arm(people, converted, converted * each, converted * each * each * 1.6)


def journey(name: str, found: Figures, **fields: object) -> JourneyFigures:
    made = JourneyFigures(
        name,
        ORDERS,
        found,
        {4: found},
        Funnel(found.treated.people, found.treated.people - 20, 90, 12),
        Trend(1, tuple(range(31)), tuple(range(31, 0, -1)), 465, 496),
    )
    return replace(made, **fields)  # type: ignore[arg-type]


BROUGHT = journey(
    "reactivation-60-days",
    figures(spent(9_120, 512, 15_000), spent(1_013, 34, 13_200), 830, Amount(190, 3_170_000)),
    description="Win back people who stopped buying.",
    open_until=datetime(2026, 11, 30, 3, tzinfo=UTC),
    known=Known(rate=0.018, per_person=250.0),
)
LOST = journey(
    "old-customers", figures(spent(8_000, 400, 16_000), spent(900, 90, 16_000), 300, Amount(9, 90_000))
)
CHANCE = journey("welcome", figures(spent(2_100, 88, 17_000), spent(231, 9, 17_000), 88))
FEW = journey("ebook-follow-up", figures(spent(279, 20, 15_000), spent(31, 1, 15_000), 8))
FREE = journey("birthday", figures(spent(1_280, 19, 8_000), Arm()))
SURVEY = journey("post-sale-survey", figures(Arm(3_000, 900), Arm(330, 0), 30), goal=NPS)
VERSIONS = journey("two-versions", BROUGHT.figures, versions={3: LOST.figures, 4: FEW.figures})
EMPTY = journey("empty", Figures(), versions={})

REPORT = Report(
    company="Café & Cia <da Serra>",
    locale="pt-BR",
    currency="BRL",
    period=OCTOBER,
    now=NOW,
    attribution_window=timedelta(days=7),
    minimum_people=100,
    minimum_conversions=10,
    journeys=(BROUGHT, LOST, CHANCE, FEW, FREE, SURVEY, VERSIONS, EMPTY),
    books=Books(Amount(434, 7_024_000), Amount(140, 2_231_055), Amount(1_500, 30_123_456), 12, 3),
)
ENGLISH = replace(REPORT, locale="en-US", currency="USD")
