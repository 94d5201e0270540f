"""A mail about one item of an order speaks of that item."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.lives import live, open_lives

CASE: dict[str, Any] = {
    "files": {
        "events.yaml": "events:\n  basket_bought: {fields: {lines: list}}\n",
        "templates/email/item.html": "<title>{% block subject %}Your {{ trigger.item.sku }}{% endblock %}</title>"
        '<p>{{ trigger.item.sku }}</p><a href="{{ unsubscribe_url }}">no</a>',
        "templates/email/item.txt": "Your {{ trigger.item.sku }}\n{{ unsubscribe_url }}",
    },
    "journeys": {
        "a": """
journey: a
topic: news
trigger: {event: basket_bought, key: each trigger.lines by sku}
steps:
  - email: item
"""
    },
    "happens": [
        {
            "at": "2026-03-02 10:00",
            "event": "basket_bought",
            "with": {"lines": [{"sku": "cup"}, {"sku": "pot"}]},
        }
    ],
    "until": "2026-03-03 00:00",
}


def test_each_mail_names_its_item(database: str, tmp_path: Path) -> None:
    lives = open_lives(database, tmp_path, CASE)
    try:
        live(lives, CASE)
    finally:
        lives.close()
    subjects = [
        line
        for path in (tmp_path / "outbox").rglob("*.eml")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith("Subject:")
    ]
    assert sorted(subjects) == ["Subject: Your cup", "Subject: Your pot"]
