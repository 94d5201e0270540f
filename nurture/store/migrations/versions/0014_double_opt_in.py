"""A yes may wait until the person has confirmed it. Those from before wait for nothing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    pending = sa.Column("pending", sa.Boolean, nullable=False, server_default=sa.text("false"))
    op.add_column("consents", pending)
