"""A share of newcomers in a version on trial, and runs that leave when the step at which they stand is done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

INSTANT = sa.BigInteger()  # UTC microseconds


def upgrade() -> None:
    op.add_column("enrollments", sa.Column("leaving", sa.Text))
    op.add_column("journeys", sa.Column("canary_id", sa.BigInteger))
    op.add_column("journeys", sa.Column("canary_share", sa.Integer))
    op.add_column("journeys", sa.Column("canary_since", INSTANT))
    op.add_column("journeys", sa.Column("canary_stopped", sa.Text))
