"""Reading the outbox as the people do, and fetching links without a network."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest

from nurture.channels.base import Envelope
from nurture.demo.browser import Browser
from nurture.demo.mailbox import Mail, Mailbox, Post
from nurture.model import Channel

BASE = "http://127.0.0.1:8025"
CLICK = f"{BASE}/c/k.key.sig?u=https%3A%2F%2Fshop.example%2F%3Fa%3D1%26b%3D2"


def mail(folder: Path, key: str, cte: str) -> None:
    message = EmailMessage()
    message["To"] = "Ana <ana@example.com>"
    message["List-Unsubscribe"] = f"<{BASE}/u/k.{'x' * 60}.sig>"
    message.set_content("Olá, Ana\n", cte=cte)
    html = (
        f'<a href="{CLICK.replace("&", "&amp;")}">Ver</a><img src="{BASE}/o/k.gif"> VOLTA-AB12CD {"ç" * 90}'
    )
    message.add_alternative(html, subtype="html", cte=cte)
    (folder / f"{key}.eml").write_bytes(message.as_bytes())


def come(folder: Path, name: str) -> list[Mail]:
    box = Mailbox(folder)
    box.put(name)
    return box.take()


@pytest.mark.parametrize("cte", ["quoted-printable", "base64", "8bit"])
def test_a_mail_is_read_as_a_mail_program_reads_it(tmp_path: Path, cte: str) -> None:
    mail(tmp_path, "abc", cte)
    (found,) = come(tmp_path, "abc.eml")
    assert found.links("c") == [CLICK]
    assert found.links("o") == [f"{BASE}/o/k.gif"]
    assert found.unsubscribe == f"{BASE}/u/k.{'x' * 60}.sig"
    assert found.coupon == "VOLTA-AB12CD"


def test_a_text_message_is_plain(tmp_path: Path) -> None:
    (tmp_path / "abc.txt").write_text(f"Ana, seu café: {CLICK}")
    (found,) = come(tmp_path, "abc.txt")
    assert (found.channel, found.links("c"), found.coupon) == (Channel.SMS, [CLICK], None)


def test_each_message_is_found_once_and_only_when_it_has_been_written(tmp_path: Path) -> None:
    box = Mailbox(tmp_path)
    post = Post(tmp_path, Channel.SMS, box)
    wave = [
        Envelope(number, key, Channel.SMS, "+5511900000000", "+5511987654321", b"Oi")
        for number, key in enumerate("cba")
    ]
    prepared = post.prepare(wave)
    assert box.take() == []
    post.hand_over(prepared, {1, 2})
    assert [found.path.read_text() for found in box.take()] == ["Oi", "Oi"]
    assert box.take() == []
    post.hand_over(prepared, {0})
    assert [found.key for found in box.take()] == ["c"]


async def echo(scope, receive, send):  # type: ignore[no-untyped-def]
    body = (await receive())["body"]
    said = f"{scope['method']} {scope['path']}?{scope['query_string'].decode()} {body.decode()}"
    await send({"type": "http.response.start", "status": 201, "headers": [(b"X-Seen", b"yes")]})
    await send({"type": "http.response.body", "body": said.encode()})


def test_the_browser_asks_the_application_itself() -> None:
    browser = Browser(echo)
    page = browser.get(f"{BASE}/c/token?u=1")
    assert (page.status, page.text, page.headers["x-seen"]) == (201, "GET /c/token?u=1 ", "yes")
    assert browser.post(f"{BASE}/s/token", {"score": "9"}).text == "POST /s/token? score=9"
    browser.close()
