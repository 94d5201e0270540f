"""The sets a report is counted from, as SQL: runs, people, what converted, clicks, orders that stand.

A `Cohort` is the people who entered a journey in a period, each once, by her first run in it. Money
comes in minor units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import sqlalchemy as sa

from nurture.model import PERSONAL
from nurture.store.engine import Tx
from nurture.store.tables import contacts, coupons, enrollments, events, messages, orders
from nurture.store.types import MOST_MONEY

Row: TypeAlias = Mapping[Any, Any]  # by column name
# What a goal asks, as SQL over `contacts` and two aliases of `events`: the goal's, what started the run.
Test: TypeAlias = Callable[[sa.FromClause, sa.FromClause], sa.ColumnElement[bool]]

CLICKED = tuple(f"{channel}_clicked" for channel in PERSONAL)
SENT = ("accepted", "delivered", "bounced", "complained")
PAID_FOR = (*SENT, "in_doubt")  # what is in doubt may have to be paid for
BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Cohort:
    """Who entered `journey` at or after `since` and before `until`, and for how long each is watched."""

    journey: str
    since: datetime
    until: datetime
    now: datetime
    window: timedelta
    currency: str


@dataclass(frozen=True, slots=True)
class Goal:
    """What converts. For orders `value` is None: what was paid, less refunds."""

    event: str = "order_completed"
    test: Test | None = None
    value: str | None = None  # a field of the event's payload, in major units
    key: str | None = None  # a field of it that must equal the run's key

    @property
    def asks(self) -> bool:
        """Whether not every such event is the goal."""
        return self.test is not None or self.key is not None

    @property
    def is_order(self) -> bool:
        return self.event == "order_completed"


@dataclass(frozen=True, slots=True)
class HeldWindows:
    """For how long after entering each journey orders of the held out count as theirs."""

    by_journey: Mapping[str, timedelta]
    otherwise: timedelta


def prefer_hash_joins(tx: Tx) -> None:
    """Have PostgreSQL avoid nested loops until this transaction ends.

    A report reads whole tables. Right after an import, before they are analysed, the planner takes
    them for small and loops over them for minutes.
    """
    tx.exec_driver_sql("SET LOCAL enable_nestloop = off")


def stream(tx: Tx, chosen: sa.Select[Any]) -> Iterator[Row]:
    """Rows as they come, never all at once in memory. Who stops before the last leaves no cursor open."""
    with tx.execute(chosen.execution_options(yield_per=BATCH)) as found:
        yield from found.mappings()


def runs_begun(cohort: Cohort) -> sa.Subquery:
    """Every run that began in the period."""
    return (
        sa.select(
            enrollments.c.id,
            enrollments.c.contact_id,
            enrollments.c.version_id,
            enrollments.c.entered_at,
            enrollments.c.status,
            enrollments.c.trigger_event_id,
            enrollments.c.key,
        )
        .where(
            enrollments.c.journey == cohort.journey,
            enrollments.c.entered_at >= cohort.since,
            enrollments.c.entered_at < cohort.until,
            enrollments.c.entered_at <= cohort.now,
        )
        .subquery("runs")
    )


def entrants(cohort: Cohort) -> sa.Subquery:
    """Each person once, with her first run in the period."""
    runs = runs_begun(cohort)
    order = sa.func.row_number().over(partition_by=runs.c.contact_id, order_by=(runs.c.entered_at, runs.c.id))
    ranked = sa.select(
        runs.c.contact_id,
        runs.c.version_id,
        runs.c.entered_at,
        runs.c.trigger_event_id,
        runs.c.key,
        (runs.c.status == "held_out").label("held_out"),
        order.label("nth"),
    ).subquery()
    return sa.select(ranked).where(ranked.c.nth == 1).subquery("people")


def conversions(tx: Tx, cohort: Cohort, goal: Goal) -> sa.Select[Any] | sa.CompoundSelect[Any]:
    """One row for each order or goal event within its person's window.

    `converts` is 1 where it is the goal, `money` what it brought.
    """
    if goal.is_order:
        return _orders_within(tx, cohort, goal)
    reached = _events_within(tx, cohort, goal)
    if goal.value is not None:
        return reached
    return sa.union_all(reached, _orders_within(tx, cohort, None))


def _orders_within(tx: Tx, cohort: Cohort, goal: Goal | None) -> sa.Select[Any]:
    """Orders in the windows; `goal` None: any order, which brings money and converts nobody."""
    person = entrants(cohort)
    chosen = (
        sa.select(
            *_columns_of(person),
            orders.c.order_id,
            orders.c.ordered_at.label("at"),
            orders.c.total,
            orders.c.refunded,
            sa.literal(1 if goal else 0, sa.Integer).label("converts"),
            _worth(tx, goal).label("money"),
        )
        .join(person, person.c.contact_id == orders.c.contact_id)
        .where(*_within(orders.c.ordered_at, person, cohort))
        .where(orders.c.cancelled_at.is_(None), orders.c.currency == cohort.currency)
    )
    if goal is None or not goal.asks:
        return chosen
    event, started = events.alias("goal"), events.alias("started")
    met = sa.exists().where(
        _is_of(event, goal), contacts.c.id == event.c.contact_id, *meets(goal, event, started, person)
    )
    return chosen.outerjoin(started, started.c.id == person.c.trigger_event_id).where(met)


def meets(
    goal: Goal, event: sa.FromClause, started: sa.FromClause, person: sa.FromClause
) -> list[sa.ColumnElement[bool]]:
    """What the goal asks of its event beside the name; `person` has the key of her run."""
    tests = [] if goal.test is None else [goal.test(event, started)]
    if goal.key is not None:
        tests.append(event.c.payload[goal.key].as_string() == person.c.key)
    return tests


def _worth(tx: Tx, goal: Goal | None) -> sa.ColumnElement[Any]:
    """What an order brought: what was paid less refunds, or what its event says."""
    if goal is None or goal.value is None:
        return orders.c.total - orders.c.refunded
    event = events.alias("worth")
    told = sa.select(sa.func.max(_cents(tx, event.c.payload, goal.value))).where(_is_of(event, goal))
    return sa.func.coalesce(told.scalar_subquery(), 0)


def _events_within(tx: Tx, cohort: Cohort, goal: Goal) -> sa.Select[Any]:
    person, event, started = entrants(cohort), events.alias("goal"), events.alias("started")
    money: sa.ColumnElement[Any] = sa.literal(0, sa.BigInteger)
    if goal.value is not None:
        money = sa.func.coalesce(_cents(tx, event.c.payload, goal.value), 0)
    chosen = (
        sa.select(
            *_columns_of(person),
            sa.cast(sa.null(), sa.Text).label("order_id"),
            event.c.occurred_at.label("at"),
            sa.literal(0, sa.BigInteger).label("total"),
            sa.literal(0, sa.BigInteger).label("refunded"),
            sa.literal(1, sa.Integer).label("converts"),
            money.label("money"),
        )
        .join(person, person.c.contact_id == event.c.contact_id)
        .join(contacts, contacts.c.id == event.c.contact_id)
        .outerjoin(started, started.c.id == person.c.trigger_event_id)
        .where(event.c.name == goal.event, *_within(event.c.occurred_at, person, cohort))
    )
    return chosen.where(*meets(goal, event, started, person))


def _columns_of(person: sa.Subquery) -> tuple[sa.ColumnElement[Any], ...]:
    return person.c.contact_id, person.c.version_id, person.c.held_out


def _within(
    at: sa.ColumnElement[Any], person: sa.Subquery, cohort: Cohort
) -> tuple[sa.ColumnElement[bool], ...]:
    """After the person entered, at most the window later. What started the run is no result of it."""
    end = later(person.c.entered_at, cohort.window)
    return at > person.c.entered_at, sa.type_coerce(at, sa.BigInteger) <= end, at <= cohort.now


def _is_of(event: sa.FromClause, goal: Goal) -> sa.ColumnElement[bool]:
    """The event tells of the row of `orders` in the statement around it."""
    return sa.and_(
        event.c.contact_id == orders.c.contact_id,
        event.c.name == goal.event,
        event.c.payload["order_id"].as_string() == orders.c.order_id,
    )


def human_clicks() -> sa.Select[Any]:
    """Clicks by a person on a message; not those of scanners."""
    return (
        sa.select(
            events.c.contact_id,
            events.c.occurred_at,
            events.c.message_id,
            messages.c.key,
            messages.c.journey,
            messages.c.step,
            messages.c.enrollment_id,
            enrollments.c.version_id,
            enrollments.c.entered_at,
        )
        .select_from(events)
        .join(messages, messages.c.id == events.c.message_id)
        .outerjoin(enrollments, enrollments.c.id == messages.c.enrollment_id)
        .where(events.c.name.in_(CLICKED), events.c.contact_id.is_not(None))
        .where(events.c.payload["class"].as_string() == "human")
    )


def coupons_redeemed(cohort: Cohort) -> sa.Select[Any]:
    runs = runs_begun(cohort)
    return (
        sa.select(
            coupons.c.contact_id,
            runs.c.version_id,
            coupons.c.code,
            coupons.c.order_id,
            coupons.c.redeemed_at,
            sa.func.coalesce(coupons.c.discount, 0).label("discount"),
        )
        .join(runs, runs.c.id == coupons.c.enrollment_id)
        .outerjoin(orders, orders.c.order_id == coupons.c.order_id)
        .where(coupons.c.redeemed_at <= cohort.now, orders.c.cancelled_at.is_(None))
    )


def answers_given(cohort: Cohort) -> sa.Select[Any]:
    """Each answer to a survey that a message of these runs asked, those that somebody changed later too."""
    runs, payload = runs_begun(cohort), events.c.payload
    return (
        sa.select(
            events.c.id,
            messages.c.contact_id,
            messages.c.survey,
            events.c.occurred_at.label("answered_at"),
            payload["score"].as_integer().label("score"),
            payload["comment"].as_string().label("comment"),
            messages.c.key,
            runs.c.id.label("run"),
            runs.c.version_id,
        )
        .select_from(events)
        .join(messages, messages.c.id == events.c.message_id)
        .join(runs, runs.c.id == messages.c.enrollment_id)
        .where(
            events.c.name == "survey_answered",
            messages.c.survey.is_not(None),
            events.c.occurred_at <= cohort.now,
        )
    )


def standing_orders(since: datetime, until: datetime, currency: str, held: HeldWindows) -> sa.Select[Any]:
    return (
        sa.select(
            orders.c.contact_id,
            contacts.c.ref,
            orders.c.order_id,
            orders.c.ordered_at,
            orders.c.total,
            orders.c.refunded,
            _in_held_window(held).label("held_out"),
        )
        .join(contacts, contacts.c.id == orders.c.contact_id)
        .where(*standing(since, until, currency))
    )


def standing(since: datetime, until: datetime, currency: str) -> tuple[sa.ColumnElement[bool], ...]:
    """Placed from `since` to `until`, both included, and not cancelled."""
    return (
        orders.c.ordered_at >= since,
        orders.c.ordered_at <= until,
        orders.c.cancelled_at.is_(None),
        orders.c.currency == currency,
    )


def _in_held_window(held: HeldWindows) -> sa.ColumnElement[bool]:
    run = enrollments.alias("held")
    windows = {journey: _micros(window) for journey, window in held.by_journey.items()}
    length: sa.ColumnElement[Any] = sa.literal(_micros(held.otherwise), sa.BigInteger)
    if windows:
        length = sa.case(windows, value=run.c.journey, else_=length)
    return sa.exists().where(
        run.c.contact_id == orders.c.contact_id,
        run.c.status == "held_out",
        orders.c.ordered_at > run.c.entered_at,
        sa.type_coerce(orders.c.ordered_at, sa.BigInteger) <= later(run.c.entered_at, length),
    )


def _cents(tx: Tx, payload: sa.ColumnElement[Any], name: str) -> sa.ColumnElement[Any]:
    """An amount of the payload in minor units; NULL where it is no number, or more than anybody pays."""
    found: sa.ColumnElement[Any]
    is_number: sa.ColumnElement[bool]
    if tx.dialect.name == "sqlite":
        path = '$."' + name.replace('"', "") + '"'
        is_number = sa.func.json_type(payload, path).in_(("integer", "real"))
        found = sa.func.json_extract(payload, path)
    else:
        is_number = sa.func.jsonb_typeof(payload[name]) == "number"
        found = sa.cast(payload[name].as_string(), sa.Numeric)
    cents = sa.func.round(sa.case((is_number, found)) * 100)
    return sa.cast(sa.case((sa.func.abs(cents) <= MOST_MONEY, cents)), sa.BigInteger)


def later(at: sa.ColumnElement[Any], span: timedelta | sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """So long after an instant, in microseconds; a column of lengths is in microseconds as well."""
    micros = sa.literal(_micros(span), sa.BigInteger) if isinstance(span, timedelta) else span
    return sa.type_coerce(at, sa.BigInteger) + micros


def _micros(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
