"""The first schema: contacts, events, consent, journeys, enrollments, the outbox and its traces."""

from alembic import op

from nurture.store.tables import metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    metadata.create_all(op.get_bind())
