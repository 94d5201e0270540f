"""The arms of splits that people were given: kept, so that shares that change move only newcomers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from nurture.store import bulk
from nurture.store.engine import Tx
from nurture.store.tables import splits


def keep(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows: journey, name, contact_id, arm. An arm that is gone gives way to the new one."""
    if rows:
        tx.execute(_keeping(tx.dialect.name), list(rows))


@lru_cache
def _keeping(dialect: str) -> Any:
    made = (postgresql if dialect == "postgresql" else sqlite).insert(splits)
    key = ("journey", "name", "contact_id")
    return made.on_conflict_do_update(index_elements=key, set_={"arm": made.excluded.arm})


def arms(tx: Tx, journey: str, name: str, people: Collection[int]) -> dict[int, str]:
    """The arms that these people have."""
    return dict(tx.execute(_ARMS, {"journey": journey, "name": name, "ids": people}).all())


_ARMS = sa.select(splits.c.contact_id, splits.c.arm).where(
    splits.c.journey == sa.bindparam("journey"),
    splits.c.name == sa.bindparam("name"),
    bulk.given(splits.c.contact_id),
)
