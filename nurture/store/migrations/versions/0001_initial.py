"""The first schema: contacts, events, consent, journeys, enrollments, the outbox and its traces.

Frozen: it says what was, not what `tables` says now. A change is a migration of its own, and a test compares
where the migrations end with `tables`.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

INSTANT = sa.BigInteger()  # UTC microseconds
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    _bodies()
    _contacts()
    _imports()
    _jobs()
    _journeys()
    _suppressions()
    _template_versions()
    _traces()
    _workspace()
    _activity()
    _consents()
    _contact_tags()
    _coupons()
    _events()
    _journey_versions()
    _messages()
    _messages_indexes()
    _orders()
    _tasks()
    _attempts()
    _enrollments()
    _permissions()


def _where(condition: str) -> dict[str, Any]:
    """An index over a part of the rows."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _bodies() -> None:
    op.create_table(
        "bodies",
        sa.Column("message_id", sa.BigInteger),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_bodies"),
    )


def _contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("id", BIG_ID),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("phone", sa.Text),
        sa.Column("email_digest", sa.Text),
        sa.Column("phone_digest", sa.Text),
        sa.Column("first_name", sa.Text),
        sa.Column("last_name", sa.Text),
        sa.Column("locale", sa.Text),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("zone_source", sa.Text, server_default="company", nullable=False),
        sa.Column("country", sa.Text),
        sa.Column("state", sa.Text),
        sa.Column("city", sa.Text),
        sa.Column("birthday", sa.Text),
        sa.Column("owner", sa.Text),
        sa.Column("fields", DOCUMENT, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("told", DOCUMENT, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("hash31", sa.BigInteger, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("erased_at", INSTANT),
        sa.Column("total_orders", sa.Integer, server_default="0", nullable=False),
        sa.Column("lifetime_value", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("first_order_at", INSTANT),
        sa.Column("last_order_at", INSTANT),
        sa.Column("last_click_at", INSTANT),
        sa.Column("email_suppressed", sa.Text),
        sa.Column("phone_suppressed", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_contacts"),
        sa.UniqueConstraint("ref", name="uq_contacts_ref"),
    )
    op.create_index("ix_contacts_birthday", "contacts", [sa.text("substr(birthday, 6, 5)")])
    op.create_index("ix_contacts_email", "contacts", ["email"])
    op.create_index("ix_contacts_email_digest", "contacts", ["email_digest"])
    op.create_index("ix_contacts_phone", "contacts", ["phone"])
    op.create_index("ix_contacts_phone_digest", "contacts", ["phone_digest"])
    op.create_index("ix_contacts_zone", "contacts", ["zone"])


def _imports() -> None:
    op.create_table(
        "imports",
        sa.Column("id", BIG_ID),
        sa.Column("file_sha256", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("accepted", sa.Integer, nullable=False),
        sa.Column("known", sa.Integer, nullable=False),
        sa.Column("refused", sa.Integer, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_imports"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("name", sa.Text),
        sa.Column("owner", sa.Text),
        sa.Column("lease_until", INSTANT),
        sa.Column("started_at", INSTANT),
        sa.Column("finished_at", INSTANT),
        sa.Column("counts", DOCUMENT),
        sa.Column("error", sa.Text),
        sa.Column("failed_at", INSTANT),
        sa.PrimaryKeyConstraint("name", name="pk_jobs"),
    )


def _journeys() -> None:
    op.create_table(
        "journeys",
        sa.Column("name", sa.Text),
        sa.Column("version_id", sa.BigInteger),
        sa.Column("paused_at", INSTANT),
        sa.Column("published_at", INSTANT, nullable=False),
        sa.Column("evaluated_to", INSTANT),
        sa.PrimaryKeyConstraint("name", name="pk_journeys"),
    )


def _suppressions() -> None:
    op.create_table(
        "suppressions",
        sa.Column("kind", sa.Text),
        sa.Column("digest", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("kind", "digest", name="pk_suppressions"),
    )


def _template_versions() -> None:
    op.create_table(
        "template_versions",
        sa.Column("hash", sa.Text),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("locale", sa.Text, nullable=False),
        sa.Column("sources", DOCUMENT, nullable=False),
        sa.Column("first_used_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_template_versions"),
    )


def _traces() -> None:
    op.create_table(
        "traces",
        sa.Column("id", BIG_ID),
        sa.Column("enrollment_id", sa.BigInteger, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("step", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("seen", DOCUMENT),
        sa.PrimaryKeyConstraint("id", name="pk_traces"),
    )
    op.create_index("ix_traces_enrollment", "traces", ["enrollment_id", "id"])


def _workspace() -> None:
    op.create_table(
        "workspace",
        sa.Column("name", sa.Text),
        sa.Column("value", DOCUMENT),
        sa.PrimaryKeyConstraint("name", name="pk_workspace"),
    )


def _activity() -> None:
    op.create_table(
        "activity",
        sa.Column("name", sa.Text),
        sa.Column("contact_id", BIG_ID, sa.ForeignKey("contacts.id", name="fk_activity_contact_id")),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("first_at", INSTANT, nullable=False),
        sa.Column("last_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("name", "contact_id", name="pk_activity"),
    )
    op.create_index("ix_activity_contact", "activity", ["contact_id"])
    op.create_index("ix_activity_last", "activity", ["name", "last_at"])
    op.create_index("ix_activity_updated", "activity", ["name", "updated_at"])


def _consents() -> None:
    op.create_table(
        "consents",
        sa.Column("id", BIG_ID),
        sa.Column(
            "contact_id", BIG_ID, sa.ForeignKey("contacts.id", name="fk_consents_contact_id"), nullable=False
        ),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("channel", sa.Text),
        sa.Column("given", sa.Boolean, nullable=False),
        sa.Column("basis", sa.Text, nullable=False),
        sa.Column("text_version", sa.Text, server_default="", nullable=False),
        sa.Column("how", sa.Text, nullable=False),
        sa.Column("event_id", sa.BigInteger),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
    )
    op.create_index("ix_consents_contact", "consents", ["contact_id", "topic"])


def _contact_tags() -> None:
    op.create_table(
        "contact_tags",
        sa.Column("contact_id", BIG_ID, sa.ForeignKey("contacts.id", name="fk_contact_tags_contact_id")),
        sa.Column("tag", sa.Text),
        sa.PrimaryKeyConstraint("contact_id", "tag", name="pk_contact_tags"),
    )


def _coupons() -> None:
    op.create_table(
        "coupons",
        sa.Column("code", sa.Text),
        sa.Column("pool", sa.Text, nullable=False),
        sa.Column(
            "contact_id", BIG_ID, sa.ForeignKey("contacts.id", name="fk_coupons_contact_id"), nullable=False
        ),
        sa.Column("enrollment_id", sa.BigInteger),
        sa.Column("step", sa.Text),
        sa.Column("issued_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT),
        sa.Column("redeemed_at", INSTANT),
        sa.Column("order_id", sa.Text),
        sa.Column("discount", sa.BigInteger),
        sa.PrimaryKeyConstraint("code", name="pk_coupons"),
        sa.UniqueConstraint("enrollment_id", "step", name="uq_coupons_enrollment_id_step"),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("id", BIG_ID),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("contact_id", BIG_ID, sa.ForeignKey("contacts.id", name="fk_events_contact_id")),
        sa.Column("person", DOCUMENT),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("processed_at", INSTANT),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("source_id", sa.Text, nullable=False),
        sa.Column("payload", DOCUMENT, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("traits", DOCUMENT),
        sa.Column("consents", DOCUMENT),
        sa.Column("message_id", sa.BigInteger),
        sa.Column("silent", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("note", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("source", "source_id", name="uq_events_source_source_id"),
    )
    op.create_index("ix_events_contact_name", "events", ["contact_id", "name", "occurred_at"])
    op.create_index(
        "ix_events_inbox", "events", ["occurred_at", "source", "source_id"], **_where("processed_at IS NULL")
    )
    op.create_index("ix_events_message", "events", ["message_id"], **_where("message_id IS NOT NULL"))
    op.create_index("ix_events_name", "events", ["name", "occurred_at"])


def _journey_versions() -> None:
    op.create_table(
        "journey_versions",
        sa.Column("id", BIG_ID),
        sa.Column(
            "journey",
            sa.Text,
            sa.ForeignKey("journeys.name", name="fk_journey_versions_journey"),
            nullable=False,
        ),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("context", DOCUMENT, nullable=False),
        sa.Column("published_at", INSTANT, nullable=False),
        sa.Column("published_by", sa.Text),
        sa.Column("git_commit", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_journey_versions"),
        sa.UniqueConstraint("journey", "number", name="uq_journey_versions_journey_number"),
    )


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", BIG_ID),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("enrollment_id", sa.BigInteger),
        sa.Column("journey", sa.Text),
        sa.Column("version_id", sa.BigInteger),
        sa.Column("step", sa.Text),
        sa.Column("slot", sa.Integer, server_default="0", nullable=False),
        sa.Column(
            "contact_id", BIG_ID, sa.ForeignKey("contacts.id", name="fk_messages_contact_id"), nullable=False
        ),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("class", sa.Text, nullable=False),
        sa.Column("topic", sa.Text),
        sa.Column("template", sa.Text, nullable=False),
        sa.Column("subject", sa.Text),
        sa.Column("survey", sa.Text),
        sa.Column("on_doubt", sa.Text, server_default="drop", nullable=False),
        sa.Column("variables", DOCUMENT),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("planned_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.Column("lease_owner", sa.Text),
        sa.Column("lease_until", INSTANT),
        sa.Column("fence", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("consent_id", sa.BigInteger),
        sa.Column("provider", sa.Text),
        sa.Column("provider_id", sa.Text),
        sa.Column("template_hash", sa.Text),
        sa.Column("link_key", sa.Text),
        sa.Column("dated_at", INSTANT),
        sa.Column("values", DOCUMENT),
        sa.Column("sha256", sa.Text),
        sa.Column("segments", sa.Integer),
        sa.Column("cost_micros", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("handed_at", INSTANT),
        sa.Column("done_at", INSTANT),
        sa.Column("accepted_at", INSTANT),
        sa.Column("delivered_at", INSTANT),
        sa.Column("opened_at", INSTANT),
        sa.Column("clicked_at", INSTANT),
        sa.Column("bounced_at", INSTANT),
        sa.Column("complained_at", INSTANT),
        sa.Column("replied_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("enrollment_id", "step", "slot", name="uq_messages_enrollment_id_step_slot"),
        sa.UniqueConstraint("key", name="uq_messages_key"),
    )


def _messages_indexes() -> None:
    op.create_index("ix_messages_contact", "messages", ["contact_id", "handed_at"])
    op.create_index(
        "ix_messages_due", "messages", ["due_at", "id"], **_where("state IN ('scheduled', 'deferred')")
    )
    op.create_index(
        "ix_messages_held", "messages", ["state"], **_where("state IN ('leased', 'handover', 'in_doubt')")
    )
    op.create_index("ix_messages_journey", "messages", ["journey", "accepted_at"])
    op.create_index("ix_messages_provider", "messages", ["provider_id"], **_where("provider_id IS NOT NULL"))


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", BIG_ID),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column(
            "contact_id", BIG_ID, sa.ForeignKey("contacts.id", name="fk_orders_contact_id"), nullable=False
        ),
        sa.Column("ordered_at", INSTANT),
        sa.Column("delivered_at", INSTANT),
        sa.Column("cancelled_at", INSTANT),
        sa.Column("total", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("refunded", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
        sa.UniqueConstraint("order_id", name="uq_orders_order_id"),
    )
    op.create_index("ix_orders_contact", "orders", ["contact_id", "ordered_at"])
    op.create_index("ix_orders_ordered_at", "orders", ["ordered_at"])


def _tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", BIG_ID),
        sa.Column("enrollment_id", sa.BigInteger, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column(
            "contact_id", BIG_ID, sa.ForeignKey("contacts.id", name="fk_tasks_contact_id"), nullable=False
        ),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("assign", sa.Text, nullable=False),
        sa.Column("brief", sa.Text),
        sa.Column("due_at", INSTANT),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("done_at", INSTANT),
        sa.Column("outcome", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_tasks"),
        sa.UniqueConstraint("enrollment_id", "step", name="uq_tasks_enrollment_id_step"),
    )


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", BIG_ID),
        sa.Column(
            "message_id", BIG_ID, sa.ForeignKey("messages.id", name="fk_attempts_message_id"), nullable=False
        ),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("detail", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
    )
    op.create_index("ix_attempts_message", "attempts", ["message_id"])


def _enrollments() -> None:
    op.create_table(
        "enrollments",
        sa.Column("id", BIG_ID),
        sa.Column("journey", sa.Text, nullable=False),
        sa.Column(
            "version_id",
            BIG_ID,
            sa.ForeignKey("journey_versions.id", name="fk_enrollments_version_id"),
            nullable=False,
        ),
        sa.Column(
            "contact_id",
            BIG_ID,
            sa.ForeignKey("contacts.id", name="fk_enrollments_contact_id"),
            nullable=False,
        ),
        sa.Column("key", sa.Text, server_default="", nullable=False),
        sa.Column("anchor", sa.Text, nullable=False),
        sa.Column("trigger_event_id", sa.BigInteger),
        sa.Column("entered_at", INSTANT, nullable=False),
        sa.Column("enrolled_at", INSTANT, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("step", sa.Text),
        sa.Column("arrived_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT),
        sa.Column("memory", DOCUMENT, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("exit_reason", sa.Text),
        sa.Column("ended_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_enrollments"),
        sa.UniqueConstraint(
            "journey", "contact_id", "key", "anchor", name="uq_enrollments_journey_contact_id_key_anchor"
        ),
    )
    op.create_index("ix_enrollments_contact", "enrollments", ["contact_id", "journey"])
    op.create_index(
        "ix_enrollments_due",
        "enrollments",
        ["due_at", "id"],
        **_where("status = 'active' AND due_at IS NOT NULL"),
    )
    op.create_index("ix_enrollments_journey", "enrollments", ["journey", "entered_at"])


def _permissions() -> None:
    op.create_table(
        "permissions",
        sa.Column("contact_id", BIG_ID, sa.ForeignKey("contacts.id", name="fk_permissions_contact_id")),
        sa.Column("topic", sa.Text),
        sa.Column("channel", sa.Text),
        sa.Column("given", sa.Boolean, nullable=False),
        sa.Column(
            "consent_id",
            BIG_ID,
            sa.ForeignKey("consents.id", name="fk_permissions_consent_id"),
            nullable=False,
        ),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("contact_id", "topic", "channel", name="pk_permissions"),
    )
