"""The points that people have."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nurture.store import bulk, messages
from nurture.store.engine import Tx
from nurture.store.tables import scores


def locked(tx: Tx, ids: Collection[int]) -> dict[tuple[int, str], int]:
    """Every score of these people by (contact, name), who are locked so that nobody adds in between."""
    messages.lock_contacts(tx, ids)
    return {(row.contact_id, row.name): row.value for row in tx.execute(_OF, {"ids": ids})}


_OF = sa.select(scores.c.contact_id, scores.c.name, scores.c.value).where(bulk.given(scores.c.contact_id))


def put(tx: Tx, points: Mapping[tuple[int, str], int], now: datetime) -> None:
    """Write how many points people have now."""
    rows = [
        {"contact_id": contact, "name": name, "value": value, "updated_at": now}
        for (contact, name), value in points.items()
    ]
    bulk.upsert(tx, scores, rows, key=("contact_id", "name"), merge=_newest)


def _newest(new: Any) -> Mapping[str, Any]:
    return {"value": new.value, "updated_at": new.updated_at}
