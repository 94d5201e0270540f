"""Counting a report's figures in one transaction, so that they agree with each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from nurture.app.ab_tests import Aim, counted, tests_of
from nurture.app.goals import goal_of, goal_rule
from nurture.clock import local
from nurture.criteria import parse_all
from nurture.problems import NurtureError, nearest
from nurture.reports import attribution, metrics
from nurture.reports.ab_tests import ABFigures, Counts
from nurture.reports.attribution import Click, Credit, Order
from nurture.reports.figures import (
    DEFAULT_WINDOW,
    MICROS_PER_CENT,
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
    Trend,
)
from nurture.reports.statistics import Arm
from nurture.reports.surveys import SurveyFigures
from nurture.settings import Settings
from nurture.steps.ab import ABTest
from nurture.store import ab_tests
from nurture.store import report_queries as queries
from nurture.store.criteria import Criteria
from nurture.store.engine import Tx
from nurture.store.report_sets import Cohort, Goal, HeldWindows, Row
from nurture.vocabulary import contact_fields, event_fields

if TYPE_CHECKING:
    from nurture.compiler.plan import Plan

Plans = Mapping[int, "Plan"]  # by version id


@dataclass(frozen=True, slots=True)
class Credits:
    """Orders credited to messages."""

    by_version: Mapping[int, Amount]  # to runs that began in the period, by version id
    buyers: Mapping[str, int]  # the people who placed them, by journey
    books: Amount  # placed in the period, to whichever run
    books_held_out: Amount  # of those, by people held out of some other journey


NO_CREDITS = Credits({}, {}, Amount(), Amount())


@dataclass(frozen=True, slots=True)
class Counting:
    """One transaction's view of a period."""

    tx: Tx
    settings: Settings
    plans: Plans
    period: Period
    now: datetime
    live: Mapping[str, int] = field(default_factory=dict)  # the version that newcomers enter, by journey

    def names(self, journey: str | None) -> list[str]:
        """The journeys to report. Raises NurtureError for one without a plan."""
        names = sorted({plan.journey for plan in self.plans.values()})
        if journey is None:
            return names
        if journey not in names:
            near = nearest(journey, names)
            raise NurtureError(
                f"report: no published journey is called '{journey}'"
                + (f"; did you mean '{near}'?" if near else "")
            )
        return [journey]

    # --- one journey

    def journey(self, name: str, credits: Credits, known: Known | None) -> JourneyFigures:
        plan = self._plan(name)
        rule, goal = self.goal(name)
        cohort = self.cohort(name, rule)
        entries = queries.people(self.tx, cohort)
        parts = self._versions(cohort, goal, entries, credits)
        whole = self._whole(name, parts)
        shares = {version_id: plan.holdout for version_id, plan in self.plans.items()}
        mixed = metrics.is_mixed(shares, [row["version_id"] for row in entries])
        numbers = queries.version_numbers(self.tx)
        written, clicked = queries.funnel(self.tx, cohort)
        return JourneyFigures(
            name=name,
            goal=rule,
            figures=self._answered(whole, parts, mixed=mixed),
            versions={
                numbers[version_id][1]: self._answered(part, [version_id])
                for version_id, part in sorted(parts.items())
            },
            funnel=Funnel(whole.treated.people, written, clicked, credits.buyers.get(name, 0)),
            trend=self._trend(name),
            open_until=self._open_until(entries, rule.window),
            known=known,
            description=plan.description,
            ab_tests=tuple(self._ab_tests(sorted(parts), numbers)),
            surveys=tuple(self._surveys(cohort)),
        )

    def versions(self, name: str) -> dict[int, Figures]:
        """The figures of each version, by its id, without orders credited to it."""
        rule, goal = self.goal(name)
        cohort = self.cohort(name, rule)
        return self._versions(cohort, goal, queries.people(self.tx, cohort), NO_CREDITS)

    def _ab_tests(
        self, versions: Sequence[int], numbers: Mapping[int, tuple[str, int]]
    ) -> Iterator[ABFigures]:
        """The A/B tests of these versions of which a message went out: as they were decided, or as they stand."""
        tests = [(version, *each) for version in versions for each in tests_of(self.plans[version])]
        decided = ab_tests.decided(self.tx) if tests else {}
        for version, step, test in tests:
            found = decided.get((version, step))
            counts = found.figures if found else self._arms(version, step, test)
            counts = {arm.name: counts[arm.name] for arm in test.arms}  # in the order of the file
            if any(people for people, _ in counts.values()):
                yield ABFigures(
                    numbers[version][1],
                    step,
                    test.winner.by,
                    counts,
                    test.winner.after.elapsed(),
                    test.winner.at_least,
                    found.at if found else None,
                    found.winner if found else None,
                )

    def _arms(self, version: int, step: str, test: ABTest) -> Counts:
        return counted(self.tx, version, step, test, Aim(self.plans[version], self._criteria, self.now))

    def _surveys(self, cohort: Cohort) -> Iterator[SurveyFigures]:
        """What the surveys that its messages asked have brought. One that is no longer declared has no scale."""
        asked = queries.asked(self.tx, cohort)
        last: dict[str, dict[int, int]] = {name: {} for name in asked}
        for row in queries.answers(self.tx, cohort) if asked else ():
            last.setdefault(row["survey"], {})[row["run"]] = row["score"]
        for name, count in asked.items():
            if survey := self.settings.surveys.get(name):
                scores = Counter(score for score in last[name].values() if score in survey.scale)
                yield SurveyFigures(name, survey.kind, count, scores)

    def _whole(self, name: str, parts: Mapping[int, Figures]) -> Figures:
        """All versions, with the cost that belongs to none of them."""
        whole = metrics.total(parts.values())
        fixed = int(self.settings.costs.fixed.get(name, Decimal(0)) * 1_000_000)
        return replace(whole, cost=replace(whole.cost, fixed=fixed))

    def _answered(self, figures: Figures, versions: Iterable[int], *, mixed: bool = False) -> Figures:
        """With what it brought, or why that can't be said. `versions` are those that the figures are of."""
        return metrics.with_answer(
            figures,
            self.settings.report,
            self.period,
            self.now,
            mixed=mixed,
            holds_out=any(self.plans[version].holdout for version in versions),
        )

    def _versions(
        self,
        cohort: Cohort,
        goal: Goal,
        entries: Sequence[Row],
        credits: Credits,
    ) -> dict[int, Figures]:
        arms = _arms(entries, queries.outcomes(self.tx, cohort, goal))
        sent = queries.channels(self.tx, cohort)
        discounts = {row["version_id"]: row["discount"] for row in queries.redeemed(self.tx, cohort)}
        found = {version_id for version_id, _ in arms} | {row["version_id"] for row in sent} | set(discounts)
        return {
            version_id: Figures(
                treated=arms.get((version_id, False), Arm()),
                held_out=arms.get((version_id, True), Arm()),
                channels=tuple(_channel(row) for row in sent if row["version_id"] == version_id),
                attributed=credits.by_version.get(version_id, Amount()),
                cost=Cost(
                    messages=sum(row["cost_micros"] for row in sent if row["version_id"] == version_id),
                    coupons=discounts.get(version_id, 0) * MICROS_PER_CENT,
                ),
            )
            for version_id in found
        }

    def _trend(self, name: str) -> Trend:
        return metrics.trend(
            self._days_clicked(name, self.period),
            self._days_clicked(name, self.period.before()),
            self.period,
            self.period.whole_days(self.now),
        )

    def _days_clicked(self, name: str, period: Period) -> list[date]:
        clicks = queries.clicked_at(self.tx, name, period.since, period.until)
        return [local(at, period.zone).date() for at in clicks]

    def _open_until(self, entries: Sequence[Row], window: timedelta) -> datetime | None:
        if not entries:
            return None
        end: datetime = max(row["last_entry"] for row in entries) + window
        return end if end > self.now else None

    def cohort(self, name: str, rule: GoalRule) -> Cohort:
        currency = self.settings.company.currency
        return Cohort(name, self.period.since, self.period.until, self.now, rule.window, currency)

    def _plan(self, name: str) -> Plan:
        """That of the version which newcomers enter (where a canary runs, the one that most of them do), else the newest."""
        if name in self.live:
            return self.plans[self.live[name]]
        return self.plans[max(version_id for version_id, plan in self.plans.items() if plan.journey == name)]

    def goal(self, name: str) -> tuple[GoalRule, Goal]:
        """The live version's goal, for everybody: versions are compared on the same thing."""
        plan = self._plan(name)
        return goal_rule(plan), goal_of(plan, self._criteria)

    def _criteria(self) -> Criteria:
        return Criteria(
            self.tx.dialect.name,
            contact_fields(self.settings.fields),
            event_fields(self.settings.events),
            self.now,
            self.settings.company.zone,
            parse_all(self.settings.segments),
        )

    # --- attribution

    def credits(self) -> Credits:
        """One pass over the orders of everybody who clicked."""
        by_version: dict[int, Amount] = {}
        buyers: dict[str, set[int]] = {}
        books = held = Amount()
        for credit in self.credited():
            order, click = credit.order, credit.click
            if click is None:
                continue
            amount = Amount(1, order.net)
            if self.is_of_period(click):
                by_version[click.version_id or 0] = by_version.get(click.version_id or 0, Amount()) + amount
                buyers.setdefault(click.journey or "", set()).add(order.person)
            if order.at < self.period.until:
                books += amount
                held += amount if order.held_out else Amount()
        return Credits(by_version, {name: len(who) for name, who in buyers.items()}, books, held)

    def is_of_period(self, click: Click) -> bool:
        """Whether the message clicked is of a run that began in the period."""
        return click.began_at is not None and self.period.since <= click.began_at < self.period.until

    def credited(self) -> Iterator[Credit]:
        """The orders, from the period's start to now, of everybody who clicked."""
        span = (self.period.since, self.now)
        window, currency = self.settings.report.attribution_window.elapsed(), self.settings.company.currency
        orders = queries.clickers_orders(self.tx, *span, window, currency, self.held_windows())
        clicks = queries.clicks_before_orders(self.tx, *span, window, currency)
        return attribution.credit(map(order_of, orders), map(click_of, clicks), window)

    def held_windows(self) -> HeldWindows:
        names = {plan.journey for plan in self.plans.values()}
        return HeldWindows({name: self.goal(name)[0].window for name in names}, DEFAULT_WINDOW)

    def books_span(self) -> tuple[datetime, datetime]:
        """From the first instant of the period to its last, or to now."""
        return self.period.since, min(self.now, self.period.until - timedelta(microseconds=1))

    def books(self, credits: Credits) -> Books:
        span, currency = self.books_span(), self.settings.company.currency
        placed = queries.placed(self.tx, *span, currency, self.held_windows())
        cancelled, foreign = queries.left_out(self.tx, *span, currency)
        held, others = (Amount(*placed.get(side, (0, 0))) for side in (True, False))
        others_credited = _less(credits.books, credits.books_held_out)
        return Books(
            attributed=credits.books,
            held_out=_less(held, credits.books_held_out),
            unattributed=_less(others, others_credited),
            cancelled=cancelled,
            foreign=foreign,
        )


def _arms(entries: Sequence[Row], outcomes: Sequence[Row]) -> dict[tuple[int, bool], Arm]:
    arms = {(row["version_id"], bool(row["held_out"])): Arm(people=row["people"]) for row in entries}
    for row in outcomes:
        place = row["version_id"], bool(row["held_out"])
        arms[place] += Arm(0, int(row["converted"]), int(row["revenue"]), float(row["squares"]))
    return arms


def _channel(row: Row) -> ChannelFigures:
    return ChannelFigures(
        row["channel"],
        sent=row["sent"],
        delivered=row["delivered"] or None,
        opened=row["opened"],
        clicked=row["clicked"],
        bounced=row["bounced"],
        in_doubt=row["in_doubt"],
    )


def order_of(row: Row) -> Order:
    return Order(
        row["contact_id"],
        row["ordered_at"],
        row["order_id"],
        row["total"],
        row["refunded"],
        bool(row["held_out"]),
        row["ref"],
    )


def click_of(row: Row) -> Click:
    return Click(
        row["contact_id"],
        row["occurred_at"],
        row["key"],
        row["journey"],
        row["version_id"],
        row["entered_at"],
    )


def _less(one: Amount, other: Amount) -> Amount:
    return Amount(one.count - other.count, one.money - other.money)
