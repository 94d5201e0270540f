"""Bounces that aren't for good: a mailbox that has been full for months is as good as gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from nurture.app import opt_outs
from nurture.app.runtime import Runtime
from nurture.model import Channel
from nurture.store import bounces, contacts
from nurture.store.engine import Tx

Row = Mapping[str, Any]
REASON = "soft_bounces"
# A mail of which nothing came back for so long has arrived: servers try for 4 to 5 days (RFC 5321, 4.5.4.1).
NEWS_BY = timedelta(days=5)


def look(runtime: Runtime, tx: Tx, told: Sequence[tuple[Row, Row]], now: datetime) -> None:
    """Suppress the addresses from which a bounce has just come in, each with its message, if it was one too many."""
    rules = runtime.settings.bounces
    people = contacts.rows(tx, {row["contact_id"] for row, _ in told})
    before = bounces.soft_days(tx, people, now - rules.within.elapsed(), now - NEWS_BY)
    for row, message in told:
        contact_id = row["contact_id"]
        address = message["sent_to"] or people[contact_id]["email_digest"]
        days = before.get((contact_id, address), set()) | {row["occurred_at"].date()}
        if len(days) >= rules.suppress_after:
            channel = Channel.EMAIL.value
            opt_outs.suppress(runtime, tx, contact_id, channel, REASON, row["source"], now, address)
