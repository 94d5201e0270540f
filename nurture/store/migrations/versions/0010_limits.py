"""What may leave when: a queue for each limited domain, buckets of tokens, warm-ups, tallies and stops of channels.

What is most urgent is found by index, lane by lane. What was accepted is indexed from its acceptance on: before it a
message changes three times, and each change wrote that index again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"

DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
WAITING = "state IN ('scheduled', 'deferred')"
ACCEPTED = "accepted_at IS NOT NULL"


def upgrade() -> None:
    op.add_column("messages", sa.Column("queue", sa.Text))
    op.create_index(
        "ix_messages_lane",
        "messages",
        [sa.text("coalesce(queue, channel)"), "class", "due_at", "id"],
        sqlite_where=sa.text(WAITING),
        postgresql_where=sa.text(WAITING),
    )
    op.drop_index("ix_messages_journey", "messages")
    op.create_index(
        "ix_messages_journey",
        "messages",
        ["journey", "accepted_at"],
        sqlite_where=sa.text(ACCEPTED),
        postgresql_where=sa.text(ACCEPTED),
    )
    op.create_table(
        "buckets",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("full_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_buckets"),
    )
    op.create_table(
        "warm_ups",
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("date", sa.Text, nullable=False),
        sa.Column("sent", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("sender", name="pk_warm_ups"),
    )
    op.create_table(
        "tallies",
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("delivered", sa.Integer, nullable=False),
        sa.Column("policy", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("channel", "hour", name="pk_tallies"),
    )
    op.create_table(
        "stops",
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("figures", DOCUMENT, nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("channel", name="pk_stops"),
    )
