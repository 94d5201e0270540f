"""Bounces that aren't for good: a mailbox that has been full for months is as good as gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from nurture.app import opt_outs
from nurture.app.runtime import Runtime
from nurture.model import Channel
from nurture.store import bounces
from nurture.store.engine import Tx

Row = Mapping[str, Any]
REASON = "soft_bounces"
# A mail of which nothing came back for so long has arrived: servers try for 4 to 5 days (RFC 5321, 4.5.4.1).
NEWS_BY = timedelta(days=5)


def look(runtime: Runtime, tx: Tx, rows: Sequence[Row], now: datetime) -> None:
    """Suppress the addresses of these people, of whom a bounce has just come in, if it was one too many."""
    rules = runtime.settings.bounces
    came_in = {row["contact_id"]: row for row in rows}
    before = bounces.soft_days(tx, came_in, now - rules.within.elapsed(), now - NEWS_BY)
    for contact_id, row in came_in.items():
        days = before.get(contact_id, set()) | {row["occurred_at"].date()}
        if len(days) >= rules.suppress_after:
            opt_outs.suppress(runtime, tx, contact_id, Channel.EMAIL.value, REASON, row["source"], now)
