"""Small things that a workspace must not forget, by name: how far a mailbox was read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from nurture.store import bulk
from nurture.store.engine import Tx
from nurture.store.tables import workspace


def read(tx: Tx, name: str) -> Any:
    """What was kept under this name; None for nothing."""
    return tx.execute(sa.select(workspace.c.value).where(workspace.c.name == name)).scalar_one_or_none()


def keep(tx: Tx, name: str, value: Any) -> None:
    bulk.upsert(tx, workspace, [{"name": name, "value": value}], key=("name",), merge=_value)


def _value(new: Any) -> Mapping[str, Any]:
    return {"value": new.value}
