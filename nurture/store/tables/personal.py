"""What erasing a person does to each column of each table.

It is a list that is executed: a column that isn't in it fails a test, so that nothing personal is forgotten which
somebody adds later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Fate(StrEnum):
    """What becomes of a column of somebody who is erased."""

    KEPT = (
        "kept"  # times, amounts and names that the workspace gave: by themselves they say nothing of anybody
    )
    GONE = "gone"  # null from then on
    EMPTIED = "emptied"  # the same, where null says something else: '', or {}
    RENAMED = "renamed"  # another name, the same wherever the old one stood: what counted together still does
    THINNED = "thinned"  # only what reports count, and what a journey's goal compares with, stays


@dataclass(frozen=True, slots=True)
class Treatment:
    """By which column a table's rows are of somebody (None: they are nobody's), and what becomes of each column.

    `dropped`: her rows go as a whole, but those whose column `but` is a word that a goal names.
    """

    of: str | None
    columns: Mapping[str, Fate] = field(default_factory=dict)
    dropped: bool = False
    but: str | None = None


def _of(column: str | None, **fates: str) -> Treatment:
    """Each fate with the names of its columns."""
    return Treatment(column, {name: Fate(fate) for fate, names in fates.items() for name in names.split()})


def _dropped(column: str, names: str, but: str | None = None) -> Treatment:
    return Treatment(column, dict.fromkeys(names.split(), Fate.GONE), dropped=True, but=but)


def _nobodys(names: str) -> Treatment:
    return _of(None, kept=names)


TREATMENTS: Mapping[str, Treatment] = {
    # --- people
    "contacts": _of(
        "id",
        renamed="ref",
        gone="email phone email_digest phone_digest first_name last_name birthday owner",
        thinned="locale country state city stage fields",
        emptied="told",
        kept="id zone zone_source hash31 created_at updated_at erased_at total_orders lifetime_value first_order_at "
        "last_order_at last_click_at email_suppressed phone_suppressed whatsapp_suppressed merged_into",
    ),
    "contact_tags": _dropped("contact_id", "contact_id tag", but="tag"),
    "scores": _of("contact_id", kept="contact_id name value updated_at"),
    "segment_members": _dropped("contact_id", "segment contact_id since", but="segment"),
    "events": _of(
        "contact_id",
        kept="id name contact_id occurred_at received_at processed_at source message_id silent note",
        gone="person traits consents",
        renamed="source_id",
        thinned="payload",
    ),
    "activity": _of("contact_id", kept="name contact_id times first_at last_at updated_at"),
    "orders": _of(
        "contact_id",
        kept="id contact_id ordered_at delivered_at cancelled_at total refunded currency",
        renamed="order_id",
    ),
    "consents": _of(
        "contact_id",
        kept="id contact_id topic channel given basis text_version how event_id message_id pending occurred_at recorded_at",
        gone="recorded_by ip",
    ),
    "permissions": _of("contact_id", kept="contact_id topic channel given consent_id occurred_at"),
    # --- their runs
    "enrollments": _of(
        "contact_id",
        kept="id journey version_id contact_id trigger_event_id entered_at enrolled_at status step arrived_at due_at "
        "exit_reason ended_at trigger_name backfilled leaving",
        renamed="key anchor",
        emptied="memory",
        gone="item",
    ),
    "splits": _of("contact_id", kept="journey name contact_id arm"),
    "traces": _of("enrollment_id", kept="id enrollment_id at step reason", gone="seen"),
    "tasks": _of(
        "contact_id",
        kept="id enrollment_id step contact_id brief due_at created_at done_at",
        emptied="title assign",
        thinned="outcome",
    ),
    "coupons": _of(
        "contact_id",
        kept="code pool contact_id enrollment_id step issued_at expires_at redeemed_at discount",
        renamed="order_id",
    ),
    # --- what was sent
    "messages": _of(
        "contact_id",
        kept="id key enrollment_id journey version_id step slot contact_id channel class topic template subject survey "
        "on_doubt state reason planned_at due_at expires_at attempts lease_owner lease_until fence consent_id provider "
        "template_hash link_key dated_at sha256 segments cost_micros handed_at done_at accepted_at delivered_at "
        "opened_at clicked_at bounced_at complained_at replied_at recipient_digest on_cap arm merged_from",
        gone="variables values provider_id queue sent_to",
        emptied="recipient",
    ),
    "attempts": _of("message_id", kept="id message_id number at outcome code", gone="detail"),
    "bodies": _dropped("message_id", "message_id body"),
    # --- what is known by keyed digests alone, and outlives her
    "suppressions": _nobodys("kind digest reason source since"),
    "do_not_disturb": _nobodys("digest list since seen_at"),
    # --- nobody's
    "segments": _nobodys("name condition looked_at"),
    "do_not_disturb_lists": _nobodys("name file sha256 numbers since renewed_at"),
    "journeys": _nobodys("name version_id paused_at published_at evaluated_to"),
    "journey_versions": _nobodys(
        "id journey number hash source file context published_at published_by git_commit"
    ),
    "canaries": _nobodys("version_id journey share began_at ended_at outcome figures held settled_at"),
    "ab_tests": _nobodys("version_id step decided_at winner figures"),
    "template_versions": _nobodys("hash name locale sources first_used_at"),
    "buckets": _nobodys("name full_at"),
    "warm_ups": _nobodys("sender day date sent"),
    "tallies": _nobodys("channel hour delivered policy"),
    "stops": _nobodys("channel since reason figures ended_at"),
    "imports": _nobodys("id file_sha256 kind rows accepted known refused at"),
    "jobs": _nobodys("name owner lease_until started_at finished_at counts error failed_at"),
    "workspace": _nobodys("name value"),
}
