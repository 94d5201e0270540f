"""Keys of messages to people who were erased and came again.

What is left of somebody keeps its keys, since old links name them. Who comes again with the same ref and events would be
written to under the same ones.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from nurture import digests
from nurture.store import bulk
from nurture.store.direct import Direct
from nurture.store.engine import Tx
from nurture.store.tables import contacts, messages, suppressions

Row = Mapping[str, Any]

_ANYBODY_ERASED = Direct(
    sa.select(suppressions.c.digest)
    .where(suppressions.c.kind == sa.literal_column("'erased'"))
    .limit(sa.literal_column("1"))
)
_TAKEN = Direct(
    sa.select(messages.c.key)
    .join(contacts, contacts.c.id == messages.c.contact_id)
    .where(bulk.given(messages.c.key, "keys"), contacts.c.erased_at.is_not(None))
)


def free(tx: Tx, key: str, contact_id: int) -> str:
    """This key, or another one where a message of somebody who was erased has it."""
    return _other(key, contact_id) if key in _taken(tx, [key]) else key


def apart(tx: Tx, rows: Sequence[Row]) -> Sequence[Row]:
    """New messages, each with a key that is free."""
    taken = _taken(tx, [row["key"] for row in rows]) if rows else ()
    if not taken:
        return rows
    return [
        {**row, "key": _other(row["key"], row["contact_id"])} if row["key"] in taken else row for row in rows
    ]


def _taken(tx: Tx, keys: Collection[str]) -> Collection[str]:
    """Those that messages of people have who were erased. A key of anybody else's is not given way to: it is hers, and
    the message was written before.
    """
    if not _ANYBODY_ERASED.column(tx):
        return ()
    return set(_TAKEN.column(tx, keys=keys))


def _other(key: str, contact_id: int) -> str:
    return digests.keyed(key.encode(), "again", str(contact_id))
