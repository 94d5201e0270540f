"""Runs that leave when the step at which they stand is done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("enrollments", sa.Column("leaving", sa.Text))
