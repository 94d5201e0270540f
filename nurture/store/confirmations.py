"""Double opt-in: what a person has said of a topic, and who was asked to confirm it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nurture.store import bulk
from nurture.store.engine import Tx
from nurture.store.tables import consents, messages, permissions

Row = Mapping[str, Any]


def said(tx: Tx, contact_id: int, topic: str) -> Sequence[Row]:
    """All that this person is recorded to have said of a topic, oldest first."""
    of = consents.c.contact_id == contact_id, consents.c.topic == topic
    return [*tx.execute(sa.select(consents).where(*of).order_by(consents.c.id)).mappings()]


def asked(tx: Tx, people: Collection[int], template: str, since: datetime) -> set[tuple[int, str]]:
    """Whom of these people a message asked since then, and of which topic, unless it was cancelled."""
    sent = messages.c.journey.is_(None), messages.c.template == template, messages.c.planned_at > since
    found = sa.select(messages.c.contact_id, messages.c.topic).where(
        bulk.in_ids(tx, messages.c.contact_id, people), *sent, messages.c.state != "cancelled"
    )
    return {(contact_id, topic) for contact_id, topic in tx.execute(found)}


def held(tx: Tx, people: Collection[int]) -> set[tuple[int, str, str]]:
    """To what these people's yes holds now, and on which channels."""
    said = permissions.c
    found = sa.select(said.contact_id, said.topic, said.channel).where(
        bulk.in_ids(tx, said.contact_id, people), said.given
    )
    return {(contact_id, topic, channel) for contact_id, topic, channel in tx.execute(found)}
