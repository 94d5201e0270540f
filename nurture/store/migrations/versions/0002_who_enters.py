"""Stages, scores and segments of people; which item and which trigger a run is of, and whether it began before it
was enrolled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

INSTANT = sa.BigInteger()  # UTC microseconds
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.add_column("contacts", sa.Column("stage", sa.Text))
    op.add_column("enrollments", sa.Column("item", DOCUMENT))
    op.add_column("enrollments", sa.Column("trigger_name", sa.Text))
    op.add_column(
        "enrollments",
        sa.Column("backfilled", sa.Boolean, server_default=sa.text("false"), nullable=False),
    )
    op.create_table(
        "scores",
        sa.Column("contact_id", BIG_ID, sa.ForeignKey("contacts.id", name="fk_scores_contact_id")),
        sa.Column("name", sa.Text),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("contact_id", "name", name="pk_scores"),
    )
    op.create_table(
        "segments",
        sa.Column("name", sa.Text),
        sa.Column("condition", sa.Text, nullable=False),
        sa.Column("looked_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_segments"),
    )
    op.create_table(
        "segment_members",
        sa.Column("segment", sa.Text),
        sa.Column("contact_id", BIG_ID, sa.ForeignKey("contacts.id", name="fk_segment_members_contact_id")),
        sa.Column("since", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("segment", "contact_id", name="pk_segment_members"),
    )
    op.create_index("ix_segment_members_contact", "segment_members", ["contact_id"])
