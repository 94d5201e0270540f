"""What a colleague finds of a task: whose it is, until when, and what she should know; and what there is without a word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nurture import clock
from nurture.app.tasks import brief, open_tasks
from tests.support.lives import live, open_lives

CASE: dict[str, Any] = {
    "people": {"ana": {"owner": "mariana@example.com"}, "chloe": {}},
    "journeys": {
        "a": """
journey: a
topic: news
trigger: {event: signed_up}
steps:
  - task: Call
    id: all
    assign: davi@example.com
    due: 1 business day
    brief: tasks/lead
  - task: Write
    id: bare
  - task: Visit
    id: hers
    assign: owner
    due: 4 hours
"""
    },
    "happens": [
        {"at": "2026-03-06 10:00", "event": "signed_up"},  # a Friday
        {"at": "2026-03-06 10:00", "who": "chloe", "event": "signed_up"},
    ],
    "until": "2026-03-06 11:00",
}


def test_whose_it_is_until_when_and_what_to_know(sqlite_database: str, tmp_path: Path) -> None:
    lives = open_lives(sqlite_database, tmp_path, CASE)
    try:
        live(lives, CASE)
        found = {}
        for each in open_tasks(lives.runtime):
            due = f"{clock.local(each.due_at, lives.zone):%m-%d %H:%M}" if each.due_at else None
            found[each.person, each.title] = (each.assign, due, brief(lives.runtime, each.id)[1])
    finally:
        lives.close()
    assert found == {
        ("Ana", "Call"): ("davi@example.com", "03-09 10:00", "Ana signed up."),
        ("Ana", "Write"): ("mariana@example.com", None, None),
        ("Ana", "Visit"): ("mariana@example.com", "03-06 14:00", None),
        ("Chloe", "Call"): ("davi@example.com", "03-09 10:00", "Chloe signed up."),
        ("Chloe", "Write"): ("owner", None, None),
        ("Chloe", "Visit"): ("owner", "03-06 14:00", None),
    }
