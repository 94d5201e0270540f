"""Small things that a workspace must not forget, by name: how far a mailbox was read, which key its digests have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from nurture.store import bulk
from nurture.store.engine import Tx
from nurture.store.tables import contacts, do_not_disturb, suppressions, workspace

DIGEST_KEY = "digest_key"  # the fingerprint of the key that digests of addresses are made with


def read(tx: Tx, name: str) -> Any:
    """What was kept under this name; None for nothing."""
    return tx.execute(sa.select(workspace.c.value).where(workspace.c.name == name)).scalar_one_or_none()


def keep(tx: Tx, name: str, value: Any) -> None:
    bulk.upsert(tx, workspace, [{"name": name, "value": value}], key=("name",), merge=_value)


def any_digest(tx: Tx) -> bool:
    """Whether anything was ever written with the key of digests."""
    return bool(tx.execute(_ANY_DIGEST).scalar_one())


_ANY_DIGEST = sa.select(
    sa.or_(
        *(
            sa.exists(sa.select(sa.literal(1)).select_from(each))
            for each in (contacts, suppressions, do_not_disturb)
        )
    )
)


def _value(new: Any) -> Mapping[str, Any]:
    return {"value": new.value}
