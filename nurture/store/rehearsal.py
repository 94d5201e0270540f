"""What a rehearsal counts before it is rolled back."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nurture.store import bulk
from nurture.store.engine import Tx
from nurture.store.tables import contacts, do_not_disturb, enrollments, messages, permissions


def entered(tx: Tx, version_id: int) -> tuple[dict[str, int], list[int]]:
    """People who entered this version, by status, and the runs that are not held out."""
    rows = tx.execute(
        sa.select(enrollments.c.id, enrollments.c.status).where(enrollments.c.version_id == version_id)
    ).all()
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.status] = counts.get(row.status, 0) + 1
    return counts, [row.id for row in rows if row.status != "held_out"]


def planned(tx: Tx, runs: Collection[int], until: datetime) -> dict[str, int]:
    """Messages of these runs that are due before `until`, by channel."""
    found = tx.execute(_planned(tx, messages.c.channel, runs, until))
    return dict(found.all())


def by_whatsapp(tx: Tx, runs: Collection[int], until: datetime) -> dict[str, int]:
    """Those of them that go by WhatsApp, by template."""
    planned = _planned(tx, messages.c.template, runs, until)
    found = tx.execute(planned.where(messages.c.channel == "whatsapp"))
    return dict(found.all())


def _planned(tx: Tx, by: sa.ColumnElement[str], runs: Collection[int], until: datetime) -> Any:
    return (
        sa.select(by, sa.func.count())
        .where(
            bulk.in_ids(tx, messages.c.enrollment_id, runs),
            messages.c.state == "scheduled",
            messages.c.due_at < until,
        )
        .group_by(by)
    )


def messageable(tx: Tx, runs: Collection[int], topic: str | None) -> int:
    """How many of these runs' people have an address that isn't suppressed, a phone on no do-not-disturb list, and
    for a topic consent to it."""
    by_email = contacts.c.email.is_not(None) & contacts.c.email_suppressed.is_(None)
    open_phone = contacts.c.phone_suppressed.is_(None) | contacts.c.whatsapp_suppressed.is_(None)
    listed = sa.exists().where(do_not_disturb.c.digest == contacts.c.phone_digest)
    by_phone = contacts.c.phone.is_not(None) & open_phone & ~listed
    people = (
        sa.select(sa.func.count())
        .select_from(enrollments.join(contacts, contacts.c.id == enrollments.c.contact_id))
        .where(bulk.in_ids(tx, enrollments.c.id, runs), by_email | by_phone)
    )
    if topic is not None:
        people = people.where(
            sa.exists().where(
                permissions.c.contact_id == contacts.c.id, permissions.c.topic == topic, permissions.c.given
            )
        )
    return tx.execute(people).scalar_one()
