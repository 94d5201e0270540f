"""The tables. Everything else in the store is built on these definitions.

Names, e-mail addresses and phone numbers stand in `contacts`, in the payloads of `events`
and in `values`, `variables` and `recipient` of `messages`, and what somebody wrote in answer to a survey also in
the `memory` of her run; nowhere else, so that erasing can reach them all.
"""

from __future__ import annotations

from nurture.store.tables.base import metadata
from nurture.store.tables.people import (
    activity,
    consents,
    contact_tags,
    contacts,
    do_not_disturb,
    do_not_disturb_lists,
    events,
    orders,
    permissions,
    scores,
    segment_members,
    segments,
    suppressions,
)
from nurture.store.tables.runs import (
    ab_tests,
    canaries,
    coupons,
    enrollments,
    journey_versions,
    journeys,
    splits,
    tasks,
    traces,
)
from nurture.store.tables.sending import (
    attempts,
    bodies,
    buckets,
    messages,
    stops,
    tallies,
    template_versions,
    warm_ups,
)
from nurture.store.tables.working import imports, jobs, workspace

__all__ = [
    "ab_tests",
    "activity",
    "attempts",
    "bodies",
    "buckets",
    "canaries",
    "consents",
    "contact_tags",
    "contacts",
    "coupons",
    "do_not_disturb",
    "do_not_disturb_lists",
    "enrollments",
    "events",
    "imports",
    "jobs",
    "journey_versions",
    "journeys",
    "messages",
    "metadata",
    "orders",
    "permissions",
    "scores",
    "segment_members",
    "segments",
    "splits",
    "stops",
    "suppressions",
    "tallies",
    "tasks",
    "template_versions",
    "traces",
    "warm_ups",
    "workspace",
]
