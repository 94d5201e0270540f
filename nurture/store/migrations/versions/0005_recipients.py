"""Messages to somebody else than the person, and what becomes of one where a cap is full."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("messages", sa.Column("recipient", sa.Text))
    op.add_column("messages", sa.Column("recipient_digest", sa.Text))
    op.add_column("messages", sa.Column("on_cap", sa.Text))
