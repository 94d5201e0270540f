"""Journeys as they were published, and who is where in them."""

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
    text,
)

from nurture.store.tables.base import metadata
from nurture.store.types import BigId, Document, Instant

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
    # active, completed, exited (exit_reason says why), or held_out: of the control group, recorded and never touched
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
    # The run ends, for this reason, when the step at which it stands is done. The same as `exit_reason`: it ended on its
    # own way, so what it wrote may still go again.
    Column("leaving", Text),
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
