"""Two contacts that are one person: the row of who was merged leads on, and messages know to whose address they went."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("contacts", sa.Column("merged_into", sa.BigInteger()))
    op.create_index(
        "ix_contacts_merged_into",
        "contacts",
        ["merged_into"],
        sqlite_where=sa.text("merged_into IS NOT NULL"),
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.add_column("messages", sa.Column("merged_from", sa.BigInteger()))
