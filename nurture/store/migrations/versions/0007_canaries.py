"""Canaries: a version that only a share of newcomers enters, and what stopped it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "canaries",
        sa.Column("version_id", BIG_ID, sa.ForeignKey("journey_versions.id", name="fk_canaries_version_id")),
        sa.Column("journey", sa.Text, nullable=False),
        sa.Column("share", sa.Integer, nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("outcome", sa.Text),
        sa.Column("figures", DOCUMENT),
        sa.Column("held", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("settled_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("version_id", name="pk_canaries"),
    )
    op.create_index(
        "ix_canaries_running",
        "canaries",
        ["journey"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
