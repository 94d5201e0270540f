"""What a database says, as one digest a table: the same business, the same digest.

Numbers that a database gives out (ids) are replaced by what they stand for, and what depends on when a
row was written is left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from nurture.store import tables
from nurture.store.engine import Store, Tx

# When something was written down, by whom, who is at it now, and what a provider calls it.
_CIRCUMSTANCES = frozenset(
    [
        "id",
        "received_at",
        "processed_at",
        "recorded_at",
        "updated_at",
        "enrolled_at",
        "published_at",
        "published_by",
        "first_used_at",
        "lease_owner",
        "lease_until",
        "fence",
        "git_commit",
        "context",
        "provider_id",
    ]
)
# The log of imports says that one was made; jobs and workspace say how the machine does.
_NO_BUSINESS = frozenset({"imports", "jobs", "workspace", "template_versions", "traces", "alembic_version"})
# A column that holds an id, and the table it points to.
_POINTS_TO = {
    "contact_id": "contacts",
    "version_id": "journey_versions",
    "enrollment_id": "enrollments",
    "trigger_event_id": "events",
    "event_id": "events",
    "message_id": "messages",
    "consent_id": "consents",
    "merged_into": "contacts",
    "merged_from": "contacts",
}
_NAMES: Mapping[str, tuple[str, ...]] = {
    "contacts": ("ref",),
    "journey_versions": ("journey", "number"),
    "events": ("source", "source_id"),
    "messages": ("key",),
    "consents": ("contact_id", "topic", "channel", "given", "occurred_at"),
    "enrollments": ("journey", "contact_id", "key", "anchor"),
}


def digests(store: Store) -> dict[str, str]:
    """A digest for each business table."""
    with store.read() as tx:
        names: dict[str, dict[int, str]] = {}
        for table in _NAMES:
            names[table] = _names(tx, table, names)
        return {
            table.name: _digest(tx, table, names)
            for table in tables.metadata.sorted_tables
            if table.name not in _NO_BUSINESS
        }


def digest(store: Store) -> str:
    """One digest over all business tables."""
    return hashlib.sha256(_json(digests(store))).hexdigest()


def _names(tx: Tx, table: str, names: Mapping[str, Mapping[int, str]]) -> dict[int, str]:
    """What each id of a table stands for. Tables come after those they point to."""
    columns = _NAMES[table]
    chosen = tables.metadata.tables[table]
    rows = tx.execute(sa.select(chosen.c.id, *(chosen.c[name] for name in columns)))
    return {row[0]: _json(_plain(columns, row[1:], names)).decode() for row in rows}


def _digest(tx: Tx, table: sa.Table, names: Mapping[str, Mapping[int, str]]) -> str:
    columns = [column for column in table.c if column.name not in _CIRCUMSTANCES]
    called = [column.name for column in columns]
    lines = sorted(_json(_plain(called, row, names)) for row in tx.execute(sa.select(*columns)))
    return hashlib.sha256(b"\n".join(lines)).hexdigest()[:16] + f" ({len(lines)} rows)"


def _plain(columns: Sequence[str], row: Sequence[Any], names: Mapping[str, Mapping[int, str]]) -> list[Any]:
    """The row, with what an id stands for in its place."""
    values = list(row)
    for place, column in enumerate(columns):
        if column in _POINTS_TO and values[place] is not None:
            values[place] = names[_POINTS_TO[column]].get(values[place])
    return values


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=str)
