"""A subject that a step writes stands in for its template's, in a message, a survey and what a colleague gets."""

from __future__ import annotations

from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from tests.support.lives import live, open_lives

CASE: dict[str, Any] = {
    "people": {"ana": {"owner": "mariana@example.com"}},
    "journeys": {
        "a": """
journey: a
topic: news
trigger: {event: signed_up}
steps:
  - email: a
    id: own
    subject: "{{ first_name }}, a word"
  - email: a
    id: plain
  - survey: nps
    id: own_question
    topic: surveys
    subject: A question, {{ first_name }}
  - survey: nps
    id: plain_question
    topic: surveys
  - notify: a
    id: own_note
    subject: "{{ first_name }} signed up"
  - notify: a
    id: plain_note
"""
    },
    "happens": [{"at": "2026-03-02 10:00", "event": "signed_up"}],
    "until": "2026-03-03 00:00",
}


def test_a_step_may_write_its_own_subject(database: str, tmp_path: Path) -> None:
    lives = open_lives(database, tmp_path, CASE)
    try:
        live(lives, CASE)
    finally:
        lives.close()
    found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in tmp_path.rglob("*.eml")]
    ana, mariana = (
        sorted(mail["Subject"] for mail in found if mail["To"].endswith(who))
        for who in ("<ana@example.com>", "mariana@example.com")
    )
    assert ana == ["A question, Ana", "Ana, a word", "Oi", "Oi"]
    assert mariana == ["Ana signed up", "Oi"]
