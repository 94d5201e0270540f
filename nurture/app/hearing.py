"""Which events somebody listens to: journeys that start by them, and runs that wait for them or end by them."""

from __future__ import annotations

from nurture.app.runtime import Runtime
from nurture.store.engine import Tx

# What the product itself tells of changes of a person.
CHANGES = frozenset(
    ("field_changed", "tag_added", "tag_removed", "consent_given", "consent_withdrawn")
    + ("stage_changed", "score_reached")
)


def heard(runtime: Runtime, tx: Tx) -> frozenset[str]:
    """Names of events of which somebody must hear when they happen."""
    listening = [runtime.listens(tx, version_id) for version_id in runtime.in_use(tx)]
    starting = [way.plan.trigger.event_names for live in runtime.live(tx) for way in live.ways]
    return frozenset().union(*starting, *(names for names in listening if names is not None))


def heard_of_changes(runtime: Runtime, tx: Tx) -> frozenset[str]:
    """The same where no event from outside tells of the change: who looks at conditions hears of each."""
    if any(runtime.listens(tx, version_id) is None for version_id in runtime.in_use(tx)):
        return heard(runtime, tx) | CHANGES
    return heard(runtime, tx)
