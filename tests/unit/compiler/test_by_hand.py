"""Which journeys somebody can start without an event."""

from __future__ import annotations

import pytest

from nurture.compiler.by_hand import by_hand_of, needs_event
from tests.support.plans import plan

STEPS = "\nsteps:\n  - wait: 1 day\n"


@pytest.mark.parametrize(
    ("trigger", "needs"),
    [
        ("{manual: true}", False),
        ("{event: order_completed}", False),
        ("{event: order_completed, key: trigger.order_id}", True),
        ("{event: order_completed, where: event.total > 100}", True),
        ("{event: order_completed, where: trigger.total > 100}", True),
        ("{event: signed_up, where: 'did(\"order_completed\", where event.total > 100)'}", False),
        ("{event: signed_up, where: 'did(\"signed_up\", where event.page = trigger.page)'}", True),
    ],
)
def test_a_run_begins_without_its_event_unless_something_looks_at_it(trigger: str, needs: bool) -> None:
    made = plan(f"journey: a\ntopic: news\ntrigger: {trigger}{STEPS}")
    assert needs_event(by_hand_of(made).trigger) is needs
