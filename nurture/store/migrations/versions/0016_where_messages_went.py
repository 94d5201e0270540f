"""Messages know to which of the person's addresses they went: what comes back is about that one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("messages", sa.Column("sent_to", sa.Text))
