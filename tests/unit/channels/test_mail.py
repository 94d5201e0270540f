"""A mail that the renderer built comes back as the values that it was built of."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from nurture.channels.api import Unfit
from nurture.channels.mail import Mailbox, key_in, read
from nurture.model import MessageClass
from nurture.rendering.message import build
from nurture.rendering.structure import encode_lines
from nurture.settings import Sender
from tests.unit.rendering.shop import header, links, mail, renderer

ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyz ",
    "áçãéüñøßŁž ",
    "日本語한국어Привет",
    "👋🏽👩‍👩‍👧🇧🇷é",
    "=?_<>@\"'\\,;:()[].&%",
)


def _drawn(draw: random.Random, most: int) -> str:
    letters = "".join(draw.sample(ALPHABETS, draw.randint(1, 3)))
    return "".join(draw.choice(letters) for _ in range(draw.randint(1, most)))


def _line(draw: random.Random, most: int) -> str:
    return " ".join(_drawn(draw, most).replace("=?", "=").split()) or "x"


def test_what_was_built_is_what_is_read() -> None:
    draw = random.Random(20261126)
    for number in range(400):
        subject, name, from_name = _line(draw, 150), _line(draw, 60), _line(draw, 60)
        text, html = (
            "".join(f"{_drawn(draw, 120)}\n" for _ in range(draw.randint(1, 6))).replace("\n\n", "\n")
            for _ in range(2)
        )
        sender = Sender("oi@volta.example", from_name, "ajuda@volta.example")
        about = header(sender=sender, to_name=name)
        raw, notes = build(
            about, subject, f"k{number}", "https://v.example/u/1", encode_lines(text), encode_lines(html)
        )
        found = read(raw)
        assert notes == ()
        assert (found.subject, found.to, found.sender) == (
            subject,
            Mailbox("ana@example.com", name),
            Mailbox("oi@volta.example", from_name),
        )
        assert (f"{found.text}\n", f"{found.html}\n") == (text, html)  # the last line end is the boundary's


@pytest.mark.shared_data
def test_naughty_strings_come_back(shared_data: Path) -> None:
    naughty = json.loads((shared_data / "naughty" / "blns.json").read_text(encoding="utf-8"))
    ready = renderer(mail("<p title='{{ first_name }}'>Olá, {{ first_name }}</p>"))
    for text in naughty:
        made = ready.email("it", "pt-BR", {"first_name": text}, links(), header(to_name=text))
        found = read(made.body)
        assert (f"{found.html}\n", f"{found.text}\n", found.subject) == (made.html, made.text, "Oi")
        assert found.to.address == "ana@example.com"


@pytest.mark.parametrize("kind", MessageClass)
def test_the_headers_that_are_ours_are_kept(kind: MessageClass) -> None:
    made = renderer(mail("<p>Oi</p>")).email("it", None, {}, links(), header(message_class=kind))
    found = read(made.body)
    wanted = {"Message-ID": "<M1@volta.example>"}
    if kind is not MessageClass.TRANSACTIONAL:
        wanted["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if kind is not MessageClass.MARKETING:
        wanted["Auto-Submitted"] = "auto-generated"
    link = found.headers.get("List-Unsubscribe")
    assert found.others("List-Unsubscribe") == wanted
    assert (link is not None and link.startswith("<https://mail.volta.example/u/")) == (
        "List-Unsubscribe-Post" in wanted
    )
    assert (found.reply_to, found.date) == (
        Mailbox("ajuda@volta.example"),
        "Mon, 23 Nov 2026 12:30:00 +0000",
    )


def test_headers_in_utf8_are_read_as_they_are() -> None:
    raw = 'From: volta@example.com\r\nTo: "Ána" <aná@example.com>\r\nSubject: Olá,\r\n você\r\n\r\nOi, é!\r\n'
    found = read(raw.encode())
    assert (found.to, found.subject, found.text) == (
        Mailbox("aná@example.com", "Ána"),
        "Olá, você",
        "Oi, é!\n",
    )


WRONG = {
    "no sender": b"To: ana@example.com\r\n\r\nOi",
    "no recipient": b"From: volta@example.com\r\n\r\nOi",
    "no address": b"From: volta@example.com\r\nTo: Ana\r\n\r\nOi",
    "an attachment": b"From: v@example.com\r\nTo: a@example.com\r\nContent-Type: application/pdf\r\n\r\n%PDF",
    "a text that is a file": b"From: v@example.com\r\nTo: a@example.com\r\nContent-Type: text/plain\r\n"
    b'Content-Disposition: attachment; filename="a.txt"\r\n\r\nOi',
    "nothing": b"",
}


@pytest.mark.parametrize("raw", WRONG.values(), ids=WRONG)
def test_a_mail_that_has_more_or_less_is_unfit(raw: bytes) -> None:
    with pytest.raises(Unfit, match="The mail"):
        read(raw)


KEYS = {
    "<M1@volta.example>": "M1",
    "M1@volta.example": "M1",
    " <abc-_9@volta.example> ": "abc-_9",
    "<201803062010.27287306012@smtp-relay.mailin.fr>": None,
    "<a b@volta.example>": None,
    "M1": None,
    "": None,
}


@pytest.mark.parametrize(("message_id", "key"), KEYS.items())
def test_the_key_in_a_message_id(message_id: str, key: str | None) -> None:
    assert key_in(message_id) == key
