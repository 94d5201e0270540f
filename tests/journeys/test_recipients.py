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


CARTS = """
journey: a
topic: news
trigger: {event: form_submitted}
steps:
  - email: cart
    id: with_three
    with: {products: last 2 cart_added, offer: "15"}
  - email: cart
    id: without
    with: {products: "none", offer: "0"}
"""


def test_a_mail_shows_her_last_events(database: str, tmp_path: Path) -> None:
    carts = [
        {"at": f"2026-03-02 1{n}:00", "event": "cart_added", "with": {"product_id": name}}
        for n, name in enumerate(("Kettle", "Coffee", "Mug"))
    ]
    page = "<title>{% block subject %}Oi{% endblock %}</title>"
    shown = "{% if products is string %}none{% else %}{% for one in products %}[{{ one.product_id }}]{% endfor %}{% endif %}"
    case = {
        "files": {
            "templates/email/cart.html": f'{page}<p>{shown} {{{{ offer }}}}</p><a href="{{{{ unsubscribe_url }}}}">no</a>',
            "templates/email/cart.txt": f"{shown} {{{{ offer }}}}\n{{{{ unsubscribe_url }}}}",
        },
        "people": {"ana": {}, "chloe": {}},
        "journeys": {"a": CARTS},
        "happens": [
            *carts,
            {"at": "2026-03-02 15:00", "event": "form_submitted"},
            {"at": "2026-03-02 16:00", "who": "chloe", "event": "form_submitted"},
        ],
        "until": "2026-03-03 00:00",
    }
    lives = open_lives(database, tmp_path, case)
    live(lives, case)
    texts = sorted(
        mail.get_payload()[0].get_payload(decode=True).decode().split("\n")[0].strip()
        for mail in mails(lives)
    )
    lives.close()
    assert texts == ["15", "[Mug][Coffee] 15", "none 0", "none 0"]
