"""Who people are, what they did and what they said yes to."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)

from nurture.store.tables.base import metadata
from nurture.store.types import BigId, Document, Instant

contacts = Table(
    "contacts",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("ref", Text, nullable=False, unique=True),
    Column("email", Text),
    Column("phone", Text),
    Column("email_digest", Text),  # keyed HMAC: outlives erasure in `suppressions`
    Column("phone_digest", Text),
    Column("first_name", Text),
    Column("last_name", Text),
    Column("locale", Text),
    Column("zone", Text, nullable=False),
    Column(
        "zone_source", Text, nullable=False, server_default="company"
    ),  # given, or inferred: city, state, area_code, country, company
    Column("country", Text),
    Column("state", Text),
    Column("city", Text),
    Column("birthday", Text),  # YYYY-MM-DD
    Column("owner", Text),
    Column("fields", Document, nullable=False, server_default=text("'{}'")),
    Column("told", Document, nullable=False, server_default=text("'{}'")),  # when each field was last told of
    Column("hash31", BigInteger, nullable=False),  # of ref: holdout and splits are arithmetic on it
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("erased_at", Instant),
    Column("total_orders", Integer, nullable=False, server_default="0"),
    Column("lifetime_value", BigInteger, nullable=False, server_default="0"),  # minor units
    Column("first_order_at", Instant),
    Column("last_order_at", Instant),
    Column("last_click_at", Instant),
    Column("email_suppressed", Text),  # the reason, or null
    Column("phone_suppressed", Text),  # for SMS
    Column("stage", Text),  # where she stands on the way to becoming a customer: one of stages.yaml
    Column("whatsapp_suppressed", Text),  # the same phone, for WhatsApp
    Column("merged_into", BigInteger),  # who she is now: the row only leads on, and counts as erased
    Index("ix_contacts_zone", "zone"),
    Index("ix_contacts_email", "email"),
    Index("ix_contacts_phone", "phone"),
    Index("ix_contacts_email_digest", "email_digest"),
    Index("ix_contacts_phone_digest", "phone_digest"),
    Index(
        "ix_contacts_merged_into",
        "merged_into",
        sqlite_where=text("merged_into IS NOT NULL"),
        postgresql_where=text("merged_into IS NOT NULL"),
    ),
)

# whose birthday is on a day, without looking at everybody
Index("ix_contacts_birthday", func.substr(contacts.c.birthday, 6, 5))

contact_tags = Table(
    "contact_tags",
    metadata,
    Column("contact_id", ForeignKey("contacts.id"), primary_key=True),
    Column("tag", Text, primary_key=True),
)

# The points that people have, by the score's name: no row is 0.
scores = Table(
    "scores",
    metadata,
    Column("contact_id", ForeignKey("contacts.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

# Who stood in each segment when it was last looked at: what entering and leaving are told from.
segments = Table(
    "segments",
    metadata,
    Column("name", Text, primary_key=True),
    Column("condition", Text, nullable=False),  # by which its members were found
    Column("looked_at", Instant, nullable=False),
)

segment_members = Table(
    "segment_members",
    metadata,
    Column("segment", Text, primary_key=True),
    Column("contact_id", ForeignKey("contacts.id"), primary_key=True),
    Column("since", Instant, nullable=False),
    Index("ix_segment_members_contact", "contact_id"),
)

# The inbox and the history at once: append-only, processed_at says whether it has had its effect.
events = Table(
    "events",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("name", Text, nullable=False),
    Column("contact_id", BigId),  # null until processed; no foreign key: see migration 0012
    Column("person", Document),  # {ref, email, phone} as it came; null once processed
    Column("occurred_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("processed_at", Instant),
    Column("source", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("payload", Document, nullable=False, server_default=text("'{}'")),
    Column("traits", Document),  # fields to set; null once processed
    Column("consents", Document),  # consent records to write; null once processed
    Column("message_id", BigInteger),
    Column("silent", Boolean, nullable=False, server_default=text("false")),
    Column("note", Text),  # why it had no effect, if it had none
    UniqueConstraint("source", "source_id"),
    Index("ix_events_contact_name", "contact_id", "name", "occurred_at"),
    Index(
        "ix_events_inbox",
        "occurred_at",
        "source",
        "source_id",
        sqlite_where=text("processed_at IS NULL"),
        postgresql_where=text("processed_at IS NULL"),
    ),
    Index(
        "ix_events_message",
        "message_id",
        sqlite_where=text("message_id IS NOT NULL"),
        postgresql_where=text("message_id IS NOT NULL"),
    ),
    Index("ix_events_name", "name", "occurred_at"),
)

# When each person last did each thing: what inactivity triggers read.
activity = Table(
    "activity",
    metadata,
    Column("name", Text, primary_key=True),
    Column("contact_id", ForeignKey("contacts.id"), primary_key=True),
    Column("times", Integer, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("ix_activity_last", "name", "last_at"),
    Index("ix_activity_updated", "name", "updated_at"),
    Index("ix_activity_contact", "contact_id"),
)

orders = Table(
    "orders",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("order_id", Text, nullable=False, unique=True),
    Column("contact_id", ForeignKey("contacts.id"), nullable=False),
    Column("ordered_at", Instant),  # null: only heard of by its cancellation or delivery
    Column("delivered_at", Instant),
    Column("cancelled_at", Instant),
    Column("total", BigInteger, nullable=False, server_default="0"),  # minor units
    Column("refunded", BigInteger, nullable=False, server_default="0"),
    Column("currency", Text, nullable=False),
    Index("ix_orders_contact", "contact_id", "ordered_at"),
    Index("ix_orders_ordered_at", "ordered_at"),
)

consents = Table(
    "consents",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("contact_id", ForeignKey("contacts.id"), nullable=False),
    Column("topic", Text, nullable=False),
    Column("channel", Text),  # null: every channel
    Column("given", Boolean, nullable=False),
    Column("basis", Text, nullable=False),
    Column("text_version", Text, nullable=False, server_default=""),
    Column("how", Text, nullable=False),
    Column("event_id", BigInteger),
    # who recorded it, the network that she was in, and the message whose link it was: see Origin
    Column("recorded_by", Text),
    Column("ip", Text),
    Column("message_id", BigInteger),
    Column("pending", Boolean, nullable=False, server_default=text("false")),  # a yes that allows nothing yet
    Column("occurred_at", Instant, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Index("ix_consents_contact", "contact_id", "topic"),
)

# The consent that holds now, for each channel: what the gate and `consents()` read.
permissions = Table(
    "permissions",
    metadata,
    Column("contact_id", ForeignKey("contacts.id"), primary_key=True),
    Column("topic", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("given", Boolean, nullable=False),
    Column("consent_id", ForeignKey("consents.id"), nullable=False),
    Column("occurred_at", Instant, nullable=False),
)

suppressions = Table(
    "suppressions",
    metadata,
    # email; phone: for SMS; whatsapp: the phone for WhatsApp. Two kinds suppress nothing: erased (who had this address or
    # ref was) and started (when START last came from the phone)
    Column("kind", Text, primary_key=True),
    Column("digest", Text, primary_key=True),  # keyed HMAC of the address
    Column("reason", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("since", Instant, nullable=False),
)

# Numbers that must get no advertising, by the list that says so. `seen_at` is when it last did: what a renewed list
# no longer says is let go. No suppression: those stay.
do_not_disturb = Table(
    "do_not_disturb",
    metadata,
    Column("digest", Text, primary_key=True),  # keyed HMAC of the number
    Column("list", Text, primary_key=True),
    Column("since", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

do_not_disturb_lists = Table(
    "do_not_disturb_lists",
    metadata,
    Column("name", Text, primary_key=True),
    Column("file", Text, nullable=False),  # that it was last renewed from
    Column("sha256", Text, nullable=False),
    Column("numbers", Integer, nullable=False),
    Column("since", Instant, nullable=False),
    Column("renewed_at", Instant, nullable=False),
)
