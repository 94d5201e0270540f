"""The nouns of a report. Money in minor units (cents), costs in millionths of the currency's unit.

A journey's figures follow the runs that began in the period; see docs/how-we-count.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from nurture.clock import at_wall, local
from nurture.reports.ab_tests import ABFigures
from nurture.reports.statistics import Arm, Effect, Estimate, roi
from nurture.reports.surveys import SurveyFigures

MICROS_PER_CENT = 10_000
DEFAULT_WINDOW = timedelta(days=30)  # where a goal names none


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days, both ends included, as the company's clocks show them."""

    first: date
    last: date
    zone: str

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"the period ends on {self.last}, before it begins on {self.first}")

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def since(self) -> datetime:
        return at_wall(self.first, 0, self.zone)

    @property
    def until(self) -> datetime:
        """The first instant after it."""
        return at_wall(self.last + timedelta(days=1), 0, self.zone)

    def before(self) -> Period:
        """As many days, just before."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1), self.zone)

    def whole_days(self, now: datetime) -> int:
        """Days of it that are over."""
        return min(self.days, max(0, (local(now, self.zone).date() - self.first).days))

    def elapsed(self, now: datetime) -> float:
        """Days of it that have passed."""
        return max(0.0, (min(now, self.until) - self.since) / timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Amount:
    """So many orders (or redeemed coupons) and what they come to."""

    count: int = 0
    money: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.count + other.count, self.money + other.money)


@dataclass(frozen=True, slots=True)
class ChannelFigures:
    """Messages of one channel. In doubt: handed over, and the answer was lost; counted as nothing else."""

    channel: str
    sent: int = 0
    delivered: int | None = None  # None: the provider reports no deliveries
    opened: int = 0
    clicked: int = 0  # by a person; scanners don't count
    bounced: int = 0
    in_doubt: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """What a journey cost, in micro-units."""

    messages: int = 0
    fixed: int = 0
    coupons: int = 0  # discounts of redeemed coupons

    @property
    def total(self) -> int:
        return self.messages + self.fixed + self.coupons

    @property
    def cents(self) -> float:
        return self.total / MICROS_PER_CENT


@dataclass(frozen=True, slots=True)
class Funnel:
    """People, each stage a part of the one before."""

    entered: int = 0
    written_to: int = 0
    clicked: int = 0
    bought: int = 0  # within the attribution window of a click


class Doubt(StrEnum):
    """Why there is no answer."""

    NOBODY = "nobody"  # nobody entered
    NO_HOLDOUT = "no_holdout"
    FEW_HELD_OUT = "few_held_out"
    FEW_TREATED = "few_treated"
    FEW_CONVERSIONS = "few_conversions"
    MIXED = "mixed"  # the share held out changed, so the arms are from different times


@dataclass(frozen=True, slots=True)
class TooFew:
    """There is no answer yet."""

    reason: Doubt
    count: int = 0
    answer_on: date | None = None  # when there are enough, at this traffic


@dataclass(frozen=True, slots=True)
class Known:
    """The true effect, where somebody knows it: the demo's generator."""

    rate: float | None = None  # difference in the share that converts
    per_person: float | None = None  # difference in revenue per person, minor units


@dataclass(frozen=True, slots=True)
class Figures:
    """What can be said of a journey, or of one of its versions."""

    treated: Arm = field(default_factory=Arm)
    held_out: Arm = field(default_factory=Arm)
    channels: tuple[ChannelFigures, ...] = ()
    attributed: Amount = Amount()
    cost: Cost = Cost()
    answer: Effect | TooFew = TooFew(Doubt.NOBODY)

    @property
    def incremental_roi(self) -> Estimate | None:
        """ROI of what would not have come otherwise; None without an answer or a cost."""
        if isinstance(self.answer, TooFew) or not self.cost.total:
            return None
        return self.answer.revenue.map(lambda revenue: (revenue - self.cost.cents) / self.cost.cents)

    @property
    def attributed_roi(self) -> float | None:
        return roi(self.attributed.money, self.cost.cents)


@dataclass(frozen=True, slots=True)
class GoalRule:
    """What counts as converted. Without an event, an order does."""

    event: str = "order_completed"
    condition: str | None = None  # its text
    value: str | None = None  # a field of the event
    window: timedelta = DEFAULT_WINDOW
    declared: bool = False  # False: the journey names no goal

    @property
    def is_order(self) -> bool:
        return self.event == "order_completed"

    @property
    def is_money(self) -> bool:
        """Whether the goal itself is money, so that the report opens with money."""
        return self.is_order or self.value is not None


@dataclass(frozen=True, slots=True)
class Trend:
    """Clicks by equal steps of days, beside as many days of the period before."""

    step: int  # days
    now: tuple[int, ...]
    before: tuple[int, ...]
    total: int
    total_before: int

    @property
    def days(self) -> int:
        """The days that the steps cover."""
        return self.step * len(self.now)


@dataclass(frozen=True, slots=True)
class JourneyFigures:
    name: str
    goal: GoalRule
    figures: Figures
    versions: Mapping[int, Figures]  # by version number
    funnel: Funnel
    trend: Trend
    open_until: datetime | None = None  # the last person's window ends then; None: all have ended
    known: Known | None = None
    description: str = ""
    ab_tests: tuple[ABFigures, ...] = ()
    surveys: tuple[SurveyFigures, ...] = ()


@dataclass(frozen=True, slots=True)
class Books:
    """Every order that was placed in the period, each in one row."""

    attributed: Amount = Amount()
    held_out: Amount = Amount()
    unattributed: Amount = Amount()
    cancelled: int = 0
    foreign: int = 0  # in another currency: left out everywhere

    @property
    def total(self) -> Amount:
        return self.attributed + self.held_out + self.unattributed


@dataclass(frozen=True, slots=True)
class Report:
    company: str
    locale: str
    currency: str
    period: Period
    now: datetime
    attribution_window: timedelta
    minimum_people: int
    minimum_conversions: int
    journeys: tuple[JourneyFigures, ...] = ()
    books: Books = Books()
    accent: str = "#0b6e4f"

    @property
    def until(self) -> datetime:
        """The end of the period, or now within it."""
        return min(self.now.astimezone(UTC), self.period.until)
