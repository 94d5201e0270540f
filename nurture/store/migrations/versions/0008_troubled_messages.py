"""What bounced or was complained of, by version: what a canary is judged by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

TROUBLED = "bounced_at IS NOT NULL OR complained_at IS NOT NULL"


def upgrade() -> None:
    op.create_index(
        "ix_messages_troubled",
        "messages",
        ["version_id"],
        sqlite_where=sa.text(TROUBLED),
        postgresql_where=sa.text(TROUBLED),
    )
