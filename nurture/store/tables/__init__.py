"""The tables. Everything else in the store is built on these definitions.

What of each column is somebody's, and what erasing her does to it, stands in `personal`.
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
