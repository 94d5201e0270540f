"""What is written by the thousand names messages and people that the same transaction has just read and holds. PostgreSQL
looked each of them up once more and locked it, for a twelfth of what it has to do to send a message.
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    for table, constraint in (("attempts", "fk_attempts_message_id"), ("events", "fk_events_contact_id")):
        with op.batch_alter_table(table, reflect_kwargs={"resolve_fks": False}) as batch:
            batch.drop_constraint(constraint, type_="foreignkey")
