"""Working computed dates out anew where their rule has changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from nurture.app import hearing, people
from nurture.app.runtime import Runtime
from nurture.engine import computed
from nurture.store import contacts
from nurture.store.engine import Tx

BATCH = 2_000


def recompute(runtime: Runtime, tx: Tx, now: datetime) -> int:
    """Bring everybody's computed dates to what fields.yaml says now; for how many people one changed.

    No journey starts by it: nothing has happened to them.
    """
    if not runtime.computed:
        return 0
    heard, changed, last = hearing.heard(runtime, tx), 0, 0
    while ids := contacts.after(tx, last, BATCH):
        behind = [row for row in contacts.rows(tx, ids).values() if _behind(runtime, row)]
        people.set_traits(runtime, tx, [_row(each["id"], now) for each in behind], heard, now, again=True)
        changed, last = changed + len(behind), ids[-1]
    return changed


def _behind(runtime: Runtime, row: Any) -> bool:
    """Whether one of the person's computed dates is not what it should be."""
    known = {**row["fields"], "birthday": row["birthday"]}
    made = computed.dates(runtime.computed, known, row["zone"], leap_day=runtime.settings.leap_day)
    return any(row["fields"].get(name) != value for name, value in made.items())


def _row(contact_id: int, now: datetime) -> dict[str, Any]:
    """An event that tells nothing new."""
    return {
        "contact_id": contact_id,
        "traits": {},
        "occurred_at": now,
        "source": "computed",
        "source_id": f"{contact_id}:{now:%Y%m%d%H%M%S}",
        "silent": True,
    }
