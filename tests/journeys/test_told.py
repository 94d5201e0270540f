"""`nurture explain` tells which trigger started a run, of what it is, and that it began before it was enrolled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nurture.app.explain import explain
from nurture.cli.telling import story
from tests.support.lives import live, open_lives

CASE: dict[str, Any] = {
    "journeys": {
        "a": """
journey: a
topic: news
trigger:
  any:
    bought: {event: order_completed, key: trigger.order_id}
    returned: {event: order_refunded, key: trigger.order_id}
steps:
  - wait: 5 days
""",
        "late": """
journey: late
topic: news
trigger: {event: order_completed}
backfill: at_elapsed_step
steps:
  - email: a
  - wait: 1 day
  - email: b
  - wait: 30 days
""",
        "other": """
journey: other
topic: news
trigger: {form: contact}
steps:
  - wait: 1 day
""",
    },
    "happens": [
        {"at": "2026-03-02 10:00", "event": "order_completed", "with": {"order_id": "A1", "total": 10}},
        {"at": "2026-03-03 10:00", "event": "order_refunded", "with": {"order_id": "A2", "total": 10}},
        {"at": "2026-03-03 11:00", "event": "form_submitted", "with": {"form": "newsletter"}},
        {"at": "2026-03-04 10:00", "publish": "late"},
    ],
    "until": "2026-03-05 00:00",
}


def test_what_started_each_run_is_told(database: str, tmp_path: Path) -> None:
    lives = open_lives(database, tmp_path, CASE)
    try:
        live(lives, CASE)
        told = "\n".join(story(explain(lives.runtime, "ana", None, lives.at), lives.zone, lives.at))
    finally:
        lives.close()
    said = " ".join(told.split())
    assert "entered 2026-03-02 10:00 by 'bought' for A1; active" in said
    assert "entered 2026-03-03 10:00 by 'returned' for A2; active" in said
    assert "entered 2026-03-02 10:00, let in 2026-03-04 10:00; active" in said
    assert "email_a: skipped: its time went by before the person entered" in said
    assert 'this does not hold: trigger.form = "contact"' in said
