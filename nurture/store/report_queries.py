"""What a report counts, as sets: a few statements a journey, however many people there are.

A `Cohort` is the people who entered a journey in a period, each once, by her first run in it. Money
comes in minor units. What stands behind a figure, row by row, is in `report_rows`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import sqlalchemy as sa

from nurture.store.engine import Tx
from nurture.store.tables import (
    contacts,
    coupons,
    enrollments,
    events,
    journey_versions,
    messages,
    orders,
)
from nurture.store.types import Instant

Row: TypeAlias = Mapping[Any, Any]  # by column name
# What a goal asks, as SQL over `contacts` and two aliases of `events`: the goal's, what started the run.
Test: TypeAlias = Callable[[sa.FromClause, sa.FromClause], sa.ColumnElement[bool]]

CLICKED = ("email_clicked", "sms_clicked")
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


# --- journeys ----------------------------------------------------------------------------


def version_numbers(tx: Tx) -> dict[int, tuple[str, int]]:
    """Journey and number of every version, by its id."""
    found = tx.execute(
        sa.select(journey_versions.c.id, journey_versions.c.journey, journey_versions.c.number)
    )
    return {version_id: (journey, number) for version_id, journey, number in found}


# --- people ------------------------------------------------------------------------------


def people(tx: Tx, cohort: Cohort) -> list[Row]:
    """version_id, held_out, people, last_entry."""
    each = entrants(cohort)
    found = tx.execute(
        sa.select(
            each.c.version_id,
            each.c.held_out,
            sa.func.count().label("people"),
            sa.type_coerce(sa.func.max(each.c.entered_at), Instant).label("last_entry"),
        ).group_by(each.c.version_id, each.c.held_out)
    )
    return list(found.mappings())


def outcomes(tx: Tx, cohort: Cohort, goal: Goal) -> list[Row]:
    """version_id, held_out, converted (people), revenue and the squares of each person's revenue."""
    each = conversions(tx, cohort, goal).subquery()
    converts = sa.func.max(each.c.converts).label("converts")
    money = sa.cast(sa.func.sum(each.c.money), sa.BigInteger).label("money")
    person = (
        sa.select(each.c.version_id, each.c.held_out, converts, money)
        .group_by(each.c.contact_id, each.c.version_id, each.c.held_out)
        .subquery()
    )
    real = sa.cast(person.c.money, sa.Double)
    found = tx.execute(
        sa.select(
            person.c.version_id,
            person.c.held_out,
            sa.func.sum(person.c.converts).label("converted"),
            sa.cast(sa.func.sum(person.c.money), sa.BigInteger).label("revenue"),
            sa.func.sum(real * real).label("squares"),
        ).group_by(person.c.version_id, person.c.held_out)
    )
    return list(found.mappings())


def funnel(tx: Tx, cohort: Cohort) -> tuple[int, int]:
    """People written to, and people who clicked, in the runs that began in the period."""
    runs = runs_begun(cohort)
    written = (
        sa.select(sa.func.count(messages.c.contact_id.distinct()))
        .join(runs, runs.c.id == messages.c.enrollment_id)
        .where(messages.c.state.in_(SENT))
    )
    clicks = human_clicks().subquery()
    clicked = sa.select(sa.func.count(clicks.c.contact_id.distinct())).join(
        runs, runs.c.id == clicks.c.enrollment_id
    )
    return tx.execute(written).scalar_one(), tx.execute(clicked).scalar_one()


# --- messages and costs ------------------------------------------------------------------


def channels(tx: Tx, cohort: Cohort) -> list[Row]:
    """version_id, channel, sent, delivered, opened, clicked, bounced, in_doubt, cost_micros."""
    runs = runs_begun(cohort)
    clicks = human_clicks().with_only_columns(events.c.message_id).distinct().subquery()
    sent = messages.c.state.in_(SENT)
    found = tx.execute(
        sa.select(
            runs.c.version_id,
            messages.c.channel,
            _count(sent).label("sent"),
            _count(messages.c.delivered_at.is_not(None)).label("delivered"),
            _count(messages.c.opened_at.is_not(None)).label("opened"),
            _count(clicks.c.message_id.is_not(None)).label("clicked"),
            _count(messages.c.state == "bounced").label("bounced"),
            _count(messages.c.state == "in_doubt").label("in_doubt"),
            sa.cast(
                sa.func.sum(sa.case((messages.c.state.in_(PAID_FOR), messages.c.cost_micros), else_=0)),
                sa.BigInteger,
            ).label("cost_micros"),
        )
        .select_from(messages)
        .join(runs, runs.c.id == messages.c.enrollment_id)
        .outerjoin(clicks, clicks.c.message_id == messages.c.id)
        .group_by(runs.c.version_id, messages.c.channel)
        .order_by(runs.c.version_id, messages.c.channel)
    )
    return list(found.mappings())


def redeemed(tx: Tx, cohort: Cohort) -> list[Row]:
    """version_id, coupons, discount: of orders that were not cancelled."""
    each = coupons_redeemed(cohort).subquery()
    found = tx.execute(
        sa.select(
            each.c.version_id,
            sa.func.count().label("coupons"),
            sa.cast(sa.func.sum(each.c.discount), sa.BigInteger).label("discount"),
        ).group_by(each.c.version_id)
    )
    return list(found.mappings())


def clicked_at(tx: Tx, journey: str, since: datetime, until: datetime) -> list[datetime]:
    """When somebody clicked in a message of `journey`, whichever run it belongs to."""
    each = human_clicks().where(
        messages.c.journey == journey, events.c.occurred_at >= since, events.c.occurred_at < until
    )
    return list(tx.execute(each.with_only_columns(events.c.occurred_at)).scalars())


# --- orders ------------------------------------------------------------------------------


def clickers_orders(
    tx: Tx, since: datetime, until: datetime, window: timedelta, currency: str, held: HeldWindows
) -> Iterator[Row]:
    """Orders of people who clicked anything, by person and time: contact_id, ref, order_id, ordered_at,
    total, refunded, held_out."""
    clicks = human_clicks().where(events.c.occurred_at >= since - window, events.c.occurred_at <= until)
    chosen = (
        standing_orders(since, until, currency, held)
        .where(orders.c.contact_id.in_(clicks.with_only_columns(events.c.contact_id)))
        .order_by(orders.c.contact_id, orders.c.ordered_at, orders.c.order_id)
    )
    return stream(tx, chosen)


def clicks_before_orders(
    tx: Tx, since: datetime, until: datetime, window: timedelta, currency: str
) -> Iterator[Row]:
    """Human clicks that may earn an order of that time, by person and time: contact_id, occurred_at,
    key, journey, step, version_id, entered_at of the run."""
    buyers = sa.select(orders.c.contact_id).where(*_standing(since, until, currency))
    chosen = (
        human_clicks()
        .where(events.c.occurred_at >= since - window, events.c.occurred_at <= until)
        .where(events.c.contact_id.in_(buyers))
        .order_by(events.c.contact_id, events.c.occurred_at, events.c.id)
    )
    return stream(tx, chosen)


def placed(
    tx: Tx, since: datetime, until: datetime, currency: str, held: HeldWindows
) -> dict[bool, tuple[int, int]]:
    """Number and money of the orders that stand, of the held out (True) and of everybody else."""
    each = standing_orders(since, until, currency, held).subquery()
    net = sa.cast(sa.func.sum(each.c.total - each.c.refunded), sa.BigInteger)
    found = tx.execute(sa.select(each.c.held_out, sa.func.count(), net).group_by(each.c.held_out))
    return {bool(held_out): (count, money) for held_out, count, money in found}


def left_out(tx: Tx, since: datetime, until: datetime, currency: str) -> tuple[int, int]:
    """Orders that were cancelled, and those in another currency."""
    found = tx.execute(
        sa.select(
            _count(orders.c.cancelled_at.is_not(None)),
            _count(sa.and_(orders.c.cancelled_at.is_(None), orders.c.currency != currency)),
        ).where(orders.c.ordered_at >= since, orders.c.ordered_at <= until)
    ).one()
    return found[0] or 0, found[1] or 0


# --- building blocks ---------------------------------------------------------------------


def prefer_hash_joins(tx: Tx) -> None:
    """Have PostgreSQL avoid nested loops until this transaction ends.

    A report reads whole tables. Right after an import, before they are analysed, the planner takes
    them for small and loops over them for minutes.
    """
    tx.exec_driver_sql("SET LOCAL enable_nestloop = off")


def stream(tx: Tx, chosen: sa.Select[Any]) -> Iterator[Row]:
    """Rows as they come, never all at once in memory."""
    return iter(tx.execute(chosen.execution_options(yield_per=BATCH)).mappings())


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
        _is_of(event, goal), contacts.c.id == event.c.contact_id, *_meets(goal, event, started, person)
    )
    return chosen.outerjoin(started, started.c.id == person.c.trigger_event_id).where(met)


def _meets(
    goal: Goal, event: sa.FromClause, started: sa.FromClause, person: sa.Subquery
) -> list[sa.ColumnElement[bool]]:
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
    return chosen.where(*_meets(goal, event, started, person))


def _columns_of(person: sa.Subquery) -> tuple[sa.ColumnElement[Any], ...]:
    return person.c.contact_id, person.c.version_id, person.c.held_out


def _within(
    at: sa.ColumnElement[Any], person: sa.Subquery, cohort: Cohort
) -> tuple[sa.ColumnElement[bool], ...]:
    """After the person entered, at most the window later. What started the run is no result of it."""
    end = _later(person.c.entered_at, sa.literal(_micros(cohort.window), sa.BigInteger))
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
        .where(*_standing(since, until, currency))
    )


def _standing(since: datetime, until: datetime, currency: str) -> tuple[sa.ColumnElement[bool], ...]:
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
        sa.type_coerce(orders.c.ordered_at, sa.BigInteger) <= _later(run.c.entered_at, length),
    )


def _cents(tx: Tx, payload: sa.ColumnElement[Any], name: str) -> sa.ColumnElement[Any]:
    """A number of the payload in minor units; NULL where it is no number."""
    found: sa.ColumnElement[Any]
    is_number: sa.ColumnElement[bool]
    if tx.dialect.name == "sqlite":
        path = '$."' + name.replace('"', "") + '"'
        is_number = sa.func.json_type(payload, path).in_(("integer", "real"))
        found = sa.func.json_extract(payload, path)
    else:
        is_number = sa.func.jsonb_typeof(payload[name]) == "number"
        found = sa.cast(payload[name].as_string(), sa.Numeric)
    return sa.cast(sa.func.round(sa.case((is_number, found)) * 100), sa.BigInteger)


def _later(at: sa.ColumnElement[Any], micros: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.type_coerce(at, sa.BigInteger) + micros


def _count(test: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.sum(sa.case((test, 1), else_=0))


def _micros(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
