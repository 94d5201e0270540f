"""The outbox, and how fast and to what limits it empties."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from nurture.store.tables.base import metadata
from nurture.store.types import BigId, Document, Instant

# The outbox.
messages = Table(
    "messages",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("key", Text, nullable=False, unique=True),  # the send key
    Column("enrollment_id", BigInteger),
    Column("journey", Text),
    Column("version_id", BigInteger),
    Column("step", Text),
    Column("slot", Integer, nullable=False, server_default="0"),
    Column("contact_id", ForeignKey("contacts.id"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("class", Text, nullable=False),
    Column("topic", Text),
    Column("template", Text, nullable=False),
    Column("subject", Text),
    Column("survey", Text),
    Column("on_doubt", Text, nullable=False, server_default="drop"),
    Column("variables", Document),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("planned_at", Instant, nullable=False),  # when the step wanted it
    Column("due_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("lease_owner", Text),
    Column("lease_until", Instant),
    Column("fence", BigInteger, nullable=False, server_default="0"),
    Column("consent_id", BigInteger),
    Column("provider", Text),
    Column("provider_id", Text),
    Column("template_hash", Text),
    Column("link_key", Text),
    Column("dated_at", Instant),  # the Date header
    Column("values", Document),  # what the template was filled with
    Column("sha256", Text),
    Column("segments", Integer),
    Column("cost_micros", BigInteger, nullable=False, server_default="0"),
    Column("handed_at", Instant),
    Column("done_at", Instant),  # accepted, refused, cancelled or given up
    Column("accepted_at", Instant),
    Column("delivered_at", Instant),
    Column("opened_at", Instant),
    Column("clicked_at", Instant),
    Column("bounced_at", Instant),
    Column("complained_at", Instant),
    Column("replied_at", Instant),
    Column("recipient", Text),  # the address, where it goes to somebody else; null: to the person
    Column("recipient_digest", Text),  # its keyed HMAC: what the list of suppressions knows it by
    Column("on_cap", Text),  # defer or skip, where the step says so
    Column("arm", Text),  # of its step's A/B test
    Column("queue", Text),  # where messages to its recipient's domain wait for their turn
    Column("merged_from", BigInteger),  # the contact to whose address it went, where she was merged since
    Column("sent_to", Text),  # the keyed HMAC of her address that it went to; null: to somebody else
    UniqueConstraint("enrollment_id", "step", "slot"),
    Index(
        "ix_messages_due",
        "due_at",
        "id",
        sqlite_where=text("state IN ('scheduled', 'deferred')"),
        postgresql_where=text("state IN ('scheduled', 'deferred')"),
    ),
    Index(
        "ix_messages_lane",
        text("coalesce(queue, channel)"),
        "class",
        "due_at",
        "id",
        sqlite_where=text("state IN ('scheduled', 'deferred')"),
        postgresql_where=text("state IN ('scheduled', 'deferred')"),
    ),
    Index(
        "ix_messages_held",
        "state",
        sqlite_where=text("state IN ('leased', 'handover', 'in_doubt')"),
        postgresql_where=text("state IN ('leased', 'handover', 'in_doubt')"),
    ),
    Index("ix_messages_contact", "contact_id", "handed_at"),
    Index(
        "ix_messages_journey",
        "journey",
        "accepted_at",
        sqlite_where=text("accepted_at IS NOT NULL"),
        postgresql_where=text("accepted_at IS NOT NULL"),
    ),
    Index(
        "ix_messages_arm",
        "version_id",
        "step",
        "accepted_at",
        sqlite_where=text("arm IS NOT NULL"),
        postgresql_where=text("arm IS NOT NULL"),
    ),
    Index(
        "ix_messages_troubled",
        "version_id",
        sqlite_where=text("bounced_at IS NOT NULL OR complained_at IS NOT NULL"),
        postgresql_where=text("bounced_at IS NOT NULL OR complained_at IS NOT NULL"),
    ),
    Index(
        "ix_messages_provider",
        "provider_id",
        sqlite_where=text("provider_id IS NOT NULL"),
        postgresql_where=text("provider_id IS NOT NULL"),
    ),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("message_id", BigId, nullable=False),  # no foreign key: see migration 0012
    Column("number", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("code", Text),
    Column("detail", Text),
    Index("ix_attempts_message", "message_id"),
)

bodies = Table(
    "bodies",
    metadata,
    Column("message_id", BigInteger, primary_key=True),
    Column("body", LargeBinary, nullable=False),  # zlib, kept as long as `keep_bodies` says
)

# The source of a template with all that it includes, by hash: what was sent can be shown again.
template_versions = Table(
    "template_versions",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("sources", Document, nullable=False),
    Column("first_used_at", Instant, nullable=False),
)

# Tokens for handing over: of a channel, or of it to one domain.
buckets = Table(
    "buckets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("full_at", Instant, nullable=False),  # when it is full again, if nothing is taken
)

# How far each new sender has come in its plan.
warm_ups = Table(
    "warm_ups",
    metadata,
    Column("sender", Text, primary_key=True),  # the channel and the domain, number or id
    Column("day", Integer, nullable=False),  # of the plan, from 1; days without a message don't count
    Column("date", Text, nullable=False),  # the company's day, YYYY-MM-DD
    Column("sent", Integer, nullable=False),  # on that day
)

# What providers answered, hour by hour: what complaints, bounces and refusals are measured against.
tallies = Table(
    "tallies",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("hour", Instant, primary_key=True),
    Column("delivered", Integer, nullable=False),  # accepted, or refused for their address or by policy
    Column("policy", Integer, nullable=False),  # refused by the other side's rules
)

# Channels whose marketing stopped by itself.
stops = Table(
    "stops",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("since", Instant, nullable=False),
    Column("reason", Text, nullable=False),  # complaints, hard_bounces or policy
    Column("figures", Document, nullable=False),
    Column("ended_at", Instant),  # somebody let it go on
)
