"""The tables. Everything else in the store is built on these definitions.

Names, e-mail addresses and phone numbers stand in `contacts`, in the payloads of `events`
and in `values`, `variables` and `recipient` of `messages`, and what somebody wrote in answer to a survey also in
the `memory` of her run; nowhere else, so that erasing can reach them all.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)

from nurture.store.types import BigId, Document, Instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

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
    Index("ix_contacts_zone", "zone"),
    Index("ix_contacts_email", "email"),
    Index("ix_contacts_phone", "phone"),
    Index("ix_contacts_email_digest", "email_digest"),
    Index("ix_contacts_phone_digest", "phone_digest"),
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
    Column("contact_id", ForeignKey("contacts.id")),  # null until processed
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
    Column("kind", Text, primary_key=True),  # email; phone: for SMS; whatsapp: the phone for WhatsApp
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

journeys = Table(
    "journeys",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version_id", BigInteger),  # the live one
    Column("paused_at", Instant),
    Column("published_at", Instant, nullable=False),
    Column("evaluated_to", Instant),  # time-driven triggers have been looked at up to here
)

journey_versions = Table(
    "journey_versions",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("journey", ForeignKey("journeys.name"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("hash", Text, nullable=False),  # of its behaviour
    Column("source", Text, nullable=False),  # the YAML as it was published
    Column("file", Text, nullable=False),
    Column("context", Document, nullable=False),  # fields, events, pools, surveys it was compiled with
    Column("published_at", Instant, nullable=False),
    Column("published_by", Text),
    Column("git_commit", Text),
    UniqueConstraint("journey", "number"),
)

# A version that only a share of newcomers enters, beside the live one. One at a time in each journey.
canaries = Table(
    "canaries",
    metadata,
    Column("version_id", ForeignKey("journey_versions.id"), primary_key=True),
    Column("journey", Text, nullable=False),
    Column("share", Integer, nullable=False),  # hundredths of a percent
    Column("began_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("outcome", Text),  # whole, rolled_back, replaced, complaints or hard_bounces
    Column("figures", Document),  # what stopped it
    Column("held", Boolean, nullable=False, server_default=text("false")),  # what it sends waits
    Column("settled_at", Instant),  # somebody has seen that it was stopped
    Index(
        "ix_canaries_running",
        "journey",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

enrollments = Table(
    "enrollments",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("journey", Text, nullable=False),
    Column("version_id", ForeignKey("journey_versions.id"), nullable=False),
    Column("contact_id", ForeignKey("contacts.id"), nullable=False),
    Column("key", Text, nullable=False, server_default=""),
    Column("anchor", Text, nullable=False),  # what started it, the same at every replay
    Column("trigger_event_id", BigInteger),
    Column("entered_at", Instant, nullable=False),
    Column("enrolled_at", Instant, nullable=False),
    Column("status", Text, nullable=False),
    Column("step", Text),
    Column("arrived_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("memory", Document, nullable=False, server_default=text("'{}'")),
    Column("exit_reason", Text),
    Column("ended_at", Instant),
    Column("item", Document),  # the one that the run is of, where an event gives a run for each of its items
    Column("trigger_name", Text),  # which of several triggers it was
    Column(
        "backfilled", Boolean, nullable=False, server_default=text("false")
    ),  # it began before it was enrolled
    Column("leaving", Text),  # the run ends, for this reason, when the step at which it stands is done
    UniqueConstraint("journey", "contact_id", "key", "anchor"),
    Index(
        "ix_enrollments_due",
        "due_at",
        "id",
        sqlite_where=text("status = 'active' AND due_at IS NOT NULL"),
        postgresql_where=text("status = 'active' AND due_at IS NOT NULL"),
    ),
    Index("ix_enrollments_contact", "contact_id", "journey"),
    Index("ix_enrollments_journey", "journey", "entered_at"),
)

# The arm of each split that a person was given: shares that change move only newcomers.
splits = Table(
    "splits",
    metadata,
    Column("journey", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("contact_id", ForeignKey("contacts.id"), primary_key=True),
    Column("arm", Text, nullable=False),
)

# One row a decision: why something happened to somebody. No personal data.
traces = Table(
    "traces",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("enrollment_id", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    Column("step", Text),
    Column("reason", Text, nullable=False),
    Column("seen", Document),  # atoms with their truth and the values they saw
    Index("ix_traces_enrollment", "enrollment_id", "id"),
)

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

# What the A/B test of a step came to: decided once, from what was known then.
ab_tests = Table(
    "ab_tests",
    metadata,
    Column("version_id", ForeignKey("journey_versions.id"), primary_key=True),
    Column("step", Text, primary_key=True),
    Column("decided_at", Instant, nullable=False),
    Column("winner", Text),  # null: no significant difference
    Column("figures", Document, nullable=False),  # of each arm: people, reached
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("message_id", ForeignKey("messages.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("code", Text),
    Column("detail", Text),
    Index("ix_attempts_message", "message_id"),
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

tasks = Table(
    "tasks",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("enrollment_id", BigInteger, nullable=False),
    Column("step", Text, nullable=False),
    Column("contact_id", ForeignKey("contacts.id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("assign", Text, nullable=False),
    Column("brief", Text),
    Column("due_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("done_at", Instant),
    Column("outcome", Text),
    UniqueConstraint("enrollment_id", "step"),
)

coupons = Table(
    "coupons",
    metadata,
    Column("code", Text, primary_key=True),
    Column("pool", Text, nullable=False),
    Column("contact_id", ForeignKey("contacts.id"), nullable=False),
    Column("enrollment_id", BigInteger),
    Column("step", Text),
    Column("issued_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("redeemed_at", Instant),
    Column("order_id", Text),
    Column("discount", BigInteger),  # minor units
    UniqueConstraint("enrollment_id", "step"),
)

imports = Table(
    "imports",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("file_sha256", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("known", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("at", Instant, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text),
    Column("lease_until", Instant),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Column("counts", Document),
    Column("error", Text),
    Column("failed_at", Instant),
)

workspace = Table(
    "workspace",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Document),
)

bodies = Table(
    "bodies",
    metadata,
    Column("message_id", BigInteger, primary_key=True),
    Column("body", LargeBinary, nullable=False),  # zlib, kept as long as `keep_bodies` says
)
