"""A consent says who recorded it, from which network it came and by which message. Records from before don't."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    for column in (
        sa.Column("recorded_by", sa.Text),
        sa.Column("ip", sa.Text),
        sa.Column("message_id", sa.BigInteger()),
    ):
        op.add_column("consents", column)
