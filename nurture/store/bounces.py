"""On how many days mails bounced that might have arrived, since one last did."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

import sqlalchemy as sa

from nurture.store import bulk
from nurture.store.engine import Tx
from nurture.store.tables import contacts, events, messages


def soft_days(
    tx: Tx, contact_ids: Collection[int], since: datetime, quiet_since: datetime
) -> dict[tuple[int, str | None], set[date]]:
    """By person and digest of her address, the days (UTC) since then with a bounce of a mail to her that isn't for good
    and counts.

    Only those after the last mail that arrived there, as far as anybody told: delivered, opened, clicked, answered, or
    accepted before `quiet_since` and never heard of again. And of the address that she has now only those since she
    has had it.
    """
    found = tx.execute(_ARRIVED, {"ids": contact_ids, "quiet_since": quiet_since})
    arrived = {(contact_id, address): at for contact_id, address, at in found}
    days: dict[tuple[int, str | None], set[date]] = {}
    for contact_id, address, name, at, payload in tx.execute(_TOLD, {"ids": contact_ids, "since": since}):
        if name == "field_changed" and payload.get("field") == "email":
            days.pop((contact_id, address), None)
        elif payload.get("soft") is True and at > (arrived.get((contact_id, address)) or since):
            days.setdefault((contact_id, address), set()).add(at.date())
    return days


# Of a mail that doesn't know where it went, and of what is no mail: the one that she has now.
_ADDRESS = sa.func.coalesce(messages.c.sent_to, contacts.c.email_digest)


_LAST = [messages.c.delivered_at, messages.c.opened_at, messages.c.clicked_at, messages.c.replied_at]
_NEWS = sa.func.coalesce(*reversed(_LAST), messages.c.accepted_at)
_ARRIVED = (
    sa.select(messages.c.contact_id, _ADDRESS, sa.func.max(_NEWS))
    .join(contacts, contacts.c.id == messages.c.contact_id)
    .where(
        bulk.given(messages.c.contact_id),
        messages.c.channel == "email",
        messages.c.recipient_digest.is_(None),
        messages.c.merged_from.is_(None),
        messages.c.bounced_at.is_(None),
        sa.or_(*(each.is_not(None) for each in _LAST), messages.c.accepted_at <= sa.bindparam("quiet_since")),
    )
    .group_by(messages.c.contact_id, _ADDRESS)
)
_TOLD = (
    sa.select(events.c.contact_id, _ADDRESS, events.c.name, events.c.occurred_at, events.c.payload)
    .join(contacts, contacts.c.id == events.c.contact_id)
    .outerjoin(messages, messages.c.id == events.c.message_id)
    .where(
        bulk.given(events.c.contact_id),
        messages.c.recipient_digest.is_(None),
        messages.c.merged_from.is_(None),  # to an address that she had before she was merged
        events.c.name.in_(("email_bounced", "field_changed")),
        events.c.occurred_at > sa.bindparam("since"),
    )
    .order_by(events.c.occurred_at, events.c.id)
)
