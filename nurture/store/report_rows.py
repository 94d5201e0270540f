"""The rows behind the figures of a report: a contact, an order, a message or a coupon each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from nurture.model import IMPERSONAL
from nurture.store import report_sets as sets
from nurture.store.engine import Tx
from nurture.store.report_sets import Cohort, Goal, HeldWindows, Row
from nurture.store.tables import contacts, events, messages, orders


def of_people(tx: Tx, cohort: Cohort) -> Iterator[Row]:
    each = sets.entrants(cohort)
    chosen = (
        sa.select(contacts.c.ref, each.c.version_id, each.c.held_out, each.c.entered_at)
        .join(contacts, contacts.c.id == each.c.contact_id)
        .order_by(each.c.entered_at, contacts.c.ref)
    )
    return sets.stream(tx, chosen)


def of_outcomes(tx: Tx, cohort: Cohort, goal: Goal) -> Iterator[Row]:
    """Each order or goal event within its person's window."""
    each = sets.conversions(tx, cohort, goal).subquery()
    chosen = (
        sa.select(contacts.c.ref, *(c for c in each.c if c.name != "contact_id"))
        .join(contacts, contacts.c.id == each.c.contact_id)
        .order_by(each.c.at, contacts.c.ref, each.c.order_id)
    )
    return sets.stream(tx, chosen)


def of_messages(tx: Tx, cohort: Cohort, figure: str) -> Iterator[Row]:
    """`figure` is sent, delivered, opened, clicked, bounced, in_doubt or cost."""
    runs = sets.runs_begun(cohort)
    chosen = (
        sa.select(
            contacts.c.ref,
            messages.c.key,
            messages.c.channel,
            messages.c.step,
            messages.c.state,
            messages.c.handed_at,
            messages.c.delivered_at,
            messages.c.opened_at,
            messages.c.clicked_at,
            messages.c.cost_micros,
            runs.c.version_id,
        )
        .select_from(messages)
        .join(runs, runs.c.id == messages.c.enrollment_id)
        .join(contacts, contacts.c.id == messages.c.contact_id)
        .where(_message_test(figure), messages.c.channel.not_in(IMPERSONAL))
        .order_by(messages.c.id)
    )
    return sets.stream(tx, chosen)


def of_coupons(tx: Tx, cohort: Cohort) -> Iterator[Row]:
    each = sets.coupons_redeemed(cohort).subquery()
    chosen = (
        sa.select(contacts.c.ref, each)
        .join(contacts, contacts.c.id == each.c.contact_id)
        .order_by(each.c.redeemed_at, each.c.code)
    )
    return sets.stream(tx, chosen)


def of_answers(tx: Tx, cohort: Cohort) -> Iterator[Row]:
    """Each answer to a survey, those that somebody changed later too."""
    each = sets.answers_given(cohort).subquery()
    shown = (each.c[name] for name in ("survey", "answered_at", "score", "comment", "key", "version_id"))
    chosen = (
        sa.select(contacts.c.ref, *shown)
        .join(contacts, contacts.c.id == each.c.contact_id)
        .order_by(each.c.answered_at, each.c.id)
    )
    return sets.stream(tx, chosen)


def of_orders(tx: Tx, since: datetime, until: datetime, currency: str, held: HeldWindows) -> Iterator[Row]:
    """Every order that stands, whoever placed it."""
    chosen = sets.standing_orders(since, until, currency, held).order_by(
        orders.c.contact_id, orders.c.ordered_at, orders.c.order_id
    )
    return sets.stream(tx, chosen)


def _message_test(figure: str) -> sa.ColumnElement[bool]:
    if figure == "clicked":
        clicks = sets.human_clicks().with_only_columns(events.c.message_id)
        return messages.c.id.in_(clicks)
    tests: dict[str, sa.ColumnElement[bool]] = {
        "sent": messages.c.state.in_(sets.SENT),
        "delivered": messages.c.delivered_at.is_not(None),
        "opened": messages.c.opened_at.is_not(None),
        "bounced": messages.c.state == "bounced",
        "in_doubt": messages.c.state == "in_doubt",
        "cost": messages.c.state.in_(sets.PAID_FOR),
    }
    return tests[figure]
