"""Orders, as their events tell: in whatever order these come in, the row comes out the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from nurture.store import bulk
from nurture.store.engine import Tx
from nurture.store.tables import orders


def completed(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows: order_id, contact_id, ordered_at, total, currency."""
    _merge(tx, rows, ("contact_id", "ordered_at", "total", "currency"))


def delivered(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows: order_id, contact_id, delivered_at, currency."""
    _merge(tx, rows, ("delivered_at",))


def cancelled(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows: order_id, contact_id, cancelled_at, currency."""
    _merge(tx, rows, ("cancelled_at",))


def refunded(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows: order_id, contact_id, refunded (what has been given back by this event), currency."""
    bulk.upsert(tx, orders, rows, key=("order_id",), merge=_added)


def _added(new: Any) -> Mapping[str, Any]:
    return {"refunded": orders.c.refunded + new.refunded}


def _merge(tx: Tx, rows: Sequence[Mapping[str, Any]], columns: tuple[str, ...]) -> None:
    bulk.upsert(tx, orders, rows, key=("order_id",), merge=_taking(columns))


@lru_cache
def _taking(columns: tuple[str, ...]) -> Callable[[Any], Mapping[str, Any]]:
    """Take these columns as they have come."""
    return lambda new: {name: new[name] for name in columns}
