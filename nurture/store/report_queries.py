"""What a report counts: a few statements a journey, however many people there are.

What stands behind a figure, row by row, is in `report_rows`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa

from nurture.model import IMPERSONAL
from nurture.store.engine import Tx
from nurture.store.report_sets import (
    PAID_FOR,
    SENT,
    Cohort,
    Goal,
    HeldWindows,
    Row,
    answers_given,
    conversions,
    coupons_redeemed,
    entrants,
    human_clicks,
    runs_begun,
    standing,
    standing_orders,
    stream,
)
from nurture.store.tables import events, journey_versions, messages, orders
from nurture.store.types import Instant

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
        .where(messages.c.state.in_(SENT), messages.c.channel.not_in(IMPERSONAL))
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
        .where(messages.c.channel.not_in(IMPERSONAL))
        .group_by(runs.c.version_id, messages.c.channel)
        .order_by(runs.c.version_id, messages.c.channel)
    )
    return list(found.mappings())


def asked(tx: Tx, cohort: Cohort) -> dict[str, int]:
    """Runs of which a message that asks was sent, by the survey's name."""
    runs = runs_begun(cohort)
    found = tx.execute(
        sa.select(messages.c.survey, sa.func.count(runs.c.id.distinct()))
        .join(runs, runs.c.id == messages.c.enrollment_id)
        .where(messages.c.survey.is_not(None), messages.c.state.in_(SENT))
        .group_by(messages.c.survey)
        .order_by(messages.c.survey)
    )
    return dict(found.all())


def answers(tx: Tx, cohort: Cohort) -> Iterator[Row]:
    """Row by row, earlier answers first: survey, run, score."""
    each = answers_given(cohort).subquery()
    chosen = sa.select(each.c.survey, each.c.run, each.c.score).order_by(each.c.answered_at, each.c.id)
    return stream(tx, chosen)


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
    buyers = sa.select(orders.c.contact_id).where(*standing(since, until, currency))
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


def _count(test: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.sum(sa.case((test, 1), else_=0))
