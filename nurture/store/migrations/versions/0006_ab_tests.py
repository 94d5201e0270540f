"""A/B tests of messages: the arm of each message, and what a test came to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.add_column("messages", sa.Column("arm", sa.Text))
    op.create_index(
        "ix_messages_arm",
        "messages",
        ["version_id", "step", "accepted_at"],
        sqlite_where=sa.text("arm IS NOT NULL"),
        postgresql_where=sa.text("arm IS NOT NULL"),
    )
    op.create_table(
        "ab_tests",
        sa.Column("version_id", BIG_ID, sa.ForeignKey("journey_versions.id", name="fk_ab_tests_version_id")),
        sa.Column("step", sa.Text),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("winner", sa.Text),
        sa.Column("figures", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("version_id", "step", name="pk_ab_tests"),
    )
