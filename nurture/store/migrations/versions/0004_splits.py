"""Which arm of a split each person was given."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "splits",
        sa.Column("journey", sa.Text),
        sa.Column("name", sa.Text),
        sa.Column("contact_id", BIG_ID, sa.ForeignKey("contacts.id", name="fk_splits_contact_id")),
        sa.Column("arm", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("journey", "name", "contact_id", name="pk_splits"),
    )
