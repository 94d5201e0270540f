"""Signatures of webhooks that cover no body, each with the digest of the body that came with it first."""

from __future__ import annotations

import hashlib
from datetime import datetime

import sqlalchemy as sa

from nurture.store import bulk, notes
from nurture.store.engine import Tx
from nurture.store.tables import workspace


def first_body(tx: Tx, provider: str, token: str, body: str, until: datetime, now: datetime) -> str:
    """The digest of the body that came first with this token: `body` itself, where none did. Those whose time is over by
    themselves are forgotten."""
    name = f"{_before(provider, until)}:{hashlib.sha256(token.encode()).hexdigest()[:32]}"
    tx.execute(
        sa.delete(workspace).where(
            workspace.c.name > _before(provider), workspace.c.name < _before(provider, now)
        )
    )
    bulk.insert_new(tx, workspace, [{"name": name, "value": body}])
    kept: str = notes.read(tx, name)
    return kept


def _before(provider: str, at: datetime | None = None) -> str:
    """What stands before all names whose time ends then or later."""
    return f"seal:{provider}:{int(at.timestamp()) if at else 0:012d}"
