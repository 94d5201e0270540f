"""WhatsApp: its own list of suppressions, beside that of SMS, and a no to every channel closes it.

Who told us to stop on the phone meant both; a number that can't take an SMS may well have WhatsApp.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

STOPPED = """
INSERT INTO suppressions (kind, digest, reason, source, since)
SELECT 'whatsapp', digest, reason, source, since FROM suppressions
WHERE kind = 'phone' AND reason <> 'hard_bounce'
"""
MARKED = """
UPDATE contacts SET whatsapp_suppressed = phone_suppressed
WHERE phone_suppressed IS NOT NULL AND phone_suppressed <> 'hard_bounce'
"""
# the last word to every channel, where it was a no
CLOSED = """
INSERT INTO permissions (contact_id, topic, channel, given, consent_id, occurred_at)
SELECT c.contact_id, c.topic, 'whatsapp', c.given, c.id, c.occurred_at FROM consents c
WHERE c.channel IS NULL AND NOT c.given AND NOT EXISTS (
    SELECT 1 FROM consents later
    WHERE later.contact_id = c.contact_id AND later.topic = c.topic AND later.channel IS NULL AND NOT later.given
    AND (later.occurred_at > c.occurred_at OR (later.occurred_at = c.occurred_at AND later.id > c.id))
)
"""


def upgrade() -> None:
    op.add_column("contacts", sa.Column("whatsapp_suppressed", sa.Text))
    for statement in (STOPPED, MARKED, CLOSED):
        op.execute(statement)
