"""What WhatsApp's rules look at: who said yes to it, who wrote to us lately, and what is to be said; and whom we answered."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa

from nurture.model import Channel
from nurture.store import bulk
from nurture.store.direct import Direct
from nurture.store.engine import Tx
from nurture.store.tables import events, messages, permissions

WINDOW = timedelta(hours=24)  # how long a person's message to us lets us answer in our own words

_OPTED_IN = Direct(
    sa.select(permissions.c.contact_id)
    .where(
        bulk.given(permissions.c.contact_id),
        permissions.c.channel == sa.literal_column(f"'{Channel.WHATSAPP}'"),
        permissions.c.given,
    )
    .distinct()
)
_WROTE = Direct(
    sa.select(events.c.contact_id)
    .where(
        bulk.given(events.c.contact_id),
        events.c.name == sa.literal_column(f"'{Channel.WHATSAPP}_replied'"),
        events.c.occurred_at > sa.bindparam("since", type_=events.c.occurred_at.type),
    )
    .distinct()
)
_SAID = Direct(
    sa.select(messages.c.id, messages.c.template, messages.c.recipient.is_not(None)).where(
        bulk.given(messages.c.id)
    )
)
_ANSWERED = Direct(
    sa.select(messages.c.contact_id)
    .where(
        bulk.given(messages.c.contact_id),
        messages.c.journey.is_(None),
        messages.c.template == sa.bindparam("template", type_=sa.Text),
        messages.c.planned_at > sa.bindparam("since", type_=messages.c.planned_at.type),
        messages.c.state != sa.literal_column("'cancelled'"),
    )
    .distinct()
)


def opted_in(tx: Tx, people: Collection[int]) -> set[int]:
    """Those of these people who said yes to some topic on WhatsApp."""
    return set(_OPTED_IN.column(tx, ids=people))


def wrote(tx: Tx, people: Collection[int], now: datetime) -> set[int]:
    """Those of these people whose window is open: they wrote to us within the last 24 hours."""
    return set(_WROTE.column(tx, ids=people, since=now - WINDOW))


def answered(tx: Tx, people: Collection[int], template: str, since: datetime) -> set[int]:
    """Those of these people to whom this answer was written since then, unless it was cancelled."""
    return set(_ANSWERED.column(tx, ids=people, template=template, since=since))


def said(tx: Tx, message_ids: Collection[int]) -> dict[int, tuple[str, bool]]:
    """The template of each of these messages, and whether it goes to somebody else than its person."""
    return {id_: (template, to_other) for id_, template, to_other in _SAID.all(tx, ids=message_ids)}
