"""Coupon codes that were handed out, and what became of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nurture.store import bulk
from nurture.store.engine import Tx
from nurture.store.tables import coupons


def issue(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Record codes as handed out. A code that somebody else holds already is an error."""
    bulk.insert(tx, coupons, rows)


def held(tx: Tx, codes: Collection[str]) -> set[str]:
    """Those of these codes that somebody holds already."""
    return set(tx.execute(_HELD, {"codes": codes}).scalars())


_HELD = sa.select(coupons.c.code).where(bulk.given(coupons.c.code, "codes"))


def redeem(tx: Tx, code: str, order_id: str | None, discount: int, at: datetime) -> bool:
    """Note that a code was used; whether it was ours and unused."""
    used = tx.execute(
        sa.update(coupons)
        .where(coupons.c.code == code, coupons.c.redeemed_at.is_(None))
        .values(redeemed_at=at, order_id=order_id, discount=discount)
        .returning(coupons.c.code)
    )
    return used.first() is not None
