"""Messages to somebody else: where they go, what stops them, and that they are never the person's."""

from __future__ import annotations

from email import message_from_bytes
from pathlib import Path
from typing import Any

from nurture.app.explain import explain
from tests.support.lives import Lives, live, open_lives

JOURNEY = """
journey: a
topic: news
trigger: {event: signed_up}
reentry: after_exit
steps:
  - email: a
    id: bill
    class: transactional
    to: plan
  - notify: a
    id: tell
  - email: a
    id: own
"""
CASE: dict[str, Any] = {
    "people": {"ana": {"owner": "mariana@example.com", "plan": "Accounts@Example.com"}},
    "journeys": {"a": JOURNEY},
    "happens": [{"at": "2026-03-02 10:00", "event": "signed_up"}],
    "until": "2026-03-03 00:00",
}


def mails(lives: Lives) -> list[Any]:
    return [message_from_bytes(path.read_bytes()) for path in sorted(lives.folder.rglob("*.eml"))]


def test_each_goes_to_its_address_and_only_the_persons_own_is_tracked(database: str, tmp_path: Path) -> None:
    lives = open_lives(database, tmp_path, CASE)
    live(lives, CASE)
    found = {mail["To"].split("<")[-1].strip(">"): mail.as_string() for mail in mails(lives)}
    lives.close()
    assert set(found) == {"accounts@example.com", "mariana@example.com", "ana@example.com"}
    assert "List-Unsubscribe" in found["ana@example.com"]
    for address in ("accounts@example.com", "mariana@example.com"):
        assert "List-Unsubscribe" not in found[address]
        assert "/o/" not in found[address]  # the pixel
    assert "/o/" in found["ana@example.com"]


def test_a_bounce_suppresses_that_address_and_not_the_person(database: str, tmp_path: Path) -> None:
    again = {"at": "2026-03-05 10:00", "event": "signed_up"}
    bounce = {"at": "2026-03-02 11:00", "bounces": "bill"}
    case = {**CASE, "happens": [*CASE["happens"], bounce, again], "until": "2026-03-06 00:00"}
    lives = open_lives(database, tmp_path, case)
    live(lives, case)
    words = [words for _, words in lives.lines()]
    told = explain(lives.runtime, "ana", None, lives.at)
    lives.close()
    assert words.count("bill sent by email") == 1
    assert words.count("bill message.skipped.suppressed") == 1
    assert words.count("own sent by email") == 2
    assert told.suppressed == ()
