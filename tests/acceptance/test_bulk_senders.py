"""What Gmail, Yahoo and Microsoft ask of bulk senders, each on the bytes that a mail server took in.

- Google, Email sender guidelines: https://support.google.com/a/answer/81126
- Yahoo, Sender requirements: https://senders.yahooinc.com/best-practices/
- Microsoft, Outlook's requirements for high-volume senders:
  https://techcommunity.microsoft.com/blog/microsoftdefenderforoffice365blog/strengthening-email-ecosystem-outlook%E2%80%99s-new-requirements-for-high%E2%80%90volume-senders/4399730

What they ask of the DNS and of the sending host is `nurture doctor`'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path
from urllib.parse import urlsplit

import dkim
import pytest

from nurture import digests
from nurture.app.deliver import deliver
from nurture.channels.smtp import keys
from nurture.model import Channel
from nurture.settings import ChannelConfig, Sender
from nurture.store import messages, tables
from nurture.web.app import create_app
from tests.support.shop import NOW, SECRETS, Shop, open_shop, settings
from tests.support.sink import running
from tests.support.visitor import Visitor

KEY = keys.make("rsa")
CLASSES = ("marketing", "survey", "transactional")
BULK = CLASSES[:2]
FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass
class Arrived:
    """A mail as the server has it, what its envelope said, and the shop that sent it."""

    raw: bytes
    envelope: dict[str, str]
    shop: Shop

    @property
    def mail(self) -> EmailMessage:
        read = message_from_bytes(self.raw, policy=modern)
        assert isinstance(read, EmailMessage)
        return read

    @property
    def unsubscribe(self) -> str:
        return str(self.mail["List-Unsubscribe"]).strip("<>")

    @property
    def signature(self) -> dict[str, str]:
        tags = re.sub(r"\s", "", str(self.mail["DKIM-Signature"])).split(";")
        return dict(tag.split("=", 1) for tag in tags if tag)


@pytest.fixture(scope="module")
def arrived(tmp_path_factory: pytest.TempPathFactory, _migrated_sqlite: Path) -> Iterator[dict[str, Arrived]]:
    """A mail of each class, from the outbox through the gate and over SMTP."""
    folder = tmp_path_factory.mktemp("bulk")
    (folder / "nurture.db").write_bytes(_migrated_sqlite.read_bytes())
    with running(folder / "ledger.jsonl", "--bodies", str(folder / "bodies")) as sink:
        company = replace(settings().company, website="https://volta.example")
        shop = open_shop(
            f"sqlite:///{folder}/nurture.db", folder, channels=_channels(sink.port), company=company
        )
        with shop.runtime.store.begin() as tx:
            messages.write(tx, [_message(shop, each) for each in CLASSES])
        assert deliver(shop.runtime, NOW)["accepted"] == len(CLASSES)
        found = {each["message_id"]: each for each in sink.messages()}
        yield {kind: _arrived(shop, kind, found, folder) for kind in CLASSES}
        shop.runtime.close()


def _channels(port: int) -> dict[Channel, ChannelConfig]:
    options = {
        "host": "127.0.0.1",
        "port": str(port),
        "dkim_selector": "n1",
        "dkim_key": keys.written(KEY).decode(),
    }
    sender = Sender("oi@volta.example", "Volta", "ajuda@volta.example")
    return settings().channels | {Channel.EMAIL: ChannelConfig(Channel.EMAIL, "smtp", sender, options)}


def _key(kind: str) -> str:
    return digests.keyed(SECRETS[0][1], kind)


def _message(shop: Shop, kind: str) -> dict[str, object]:
    return {
        "key": _key(kind),
        "contact_id": shop.people["ana"],
        "journey": "reactivation",
        "step": kind,
        "channel": "email",
        "class": kind,
        "topic": None if kind == "transactional" else "offers",
        "template": "reactivation/we-miss-you",
        "survey": "nps",
        "state": "scheduled",
        "planned_at": NOW,
        "due_at": NOW,
    }


def _arrived(shop: Shop, kind: str, found: dict[str, dict[str, str]], folder: Path) -> Arrived:
    entry = found[f"<{_key(kind)}@volta.example>"]
    return Arrived((folder / "bodies" / f"{entry['sha256']}.eml").read_bytes(), entry, shop)


@pytest.fixture(params=CLASSES)
def each(request: pytest.FixtureRequest, arrived: dict[str, Arrived]) -> Arrived:
    return arrived[request.param]


@pytest.fixture(params=BULK)
def bulk(request: pytest.FixtureRequest, arrived: dict[str, Arrived]) -> Arrived:
    return arrived[request.param]


def test_it_is_signed_with_dkim_and_the_signature_holds(
    each: Arrived, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = {b"n1._domainkey.volta.example.": keys.record(KEY).encode()}
    monkeypatch.setattr(dkim.time, "time", NOW.timestamp)
    assert dkim.verify(each.raw, dnsfunc=lambda name, timeout=5: records.get(name))


def test_the_key_is_as_long_as_gmail_recommends(each: Arrived) -> None:
    assert keys.bits("rsa", keys.record(KEY).rpartition("p=")[2]) >= 2048


def test_from_is_aligned_with_the_signature_and_the_envelope_even_strictly(each: Arrived) -> None:
    (sender,) = each.mail["From"].addresses
    assert sender.domain == each.signature["d"] == each.envelope["sender"].rpartition("@")[2]


def test_there_is_one_from_with_one_address(each: Arrived) -> None:
    assert len(each.mail.get_all("From")) == 1
    assert [str(one) for one in each.mail["From"].addresses] == ["Volta <oi@volta.example>"]


def test_answers_have_an_address(each: Arrived) -> None:
    assert each.mail["Reply-To"] == "ajuda@volta.example"


def test_the_way_out_is_one_click_over_https(bulk: Arrived) -> None:
    assert re.fullmatch(r"<https://links\.volta\.example/[^<>,\s]+>", str(bulk.mail["List-Unsubscribe"]))
    assert bulk.mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_the_signature_covers_the_way_out_as_rfc_8058_wants(bulk: Arrived) -> None:
    assert {"list-unsubscribe", "list-unsubscribe-post"} <= set(bulk.signature["h"].split(":"))


def test_the_way_out_is_also_seen_in_the_text(bulk: Arrived) -> None:
    for kind in ("plain", "html"):
        part = bulk.mail.get_body((kind,))
        assert part is not None
        assert urlsplit(bulk.unsubscribe).path in part.get_content()


def test_a_mail_of_business_promises_no_way_out(arrived: dict[str, Arrived]) -> None:
    mail = arrived["transactional"].mail
    assert mail["List-Unsubscribe"] is None
    assert mail["List-Unsubscribe-Post"] is None


def test_the_format_is_that_of_rfc_5322(each: Arrived) -> None:
    head, _, body = each.raw.partition(b"\r\n\r\n")
    assert each.raw.count(b"\n") == each.raw.count(b"\r") == each.raw.count(b"\r\n")
    assert max(map(len, head.split(b"\r\n"))) <= 998
    assert max(map(len, body.split(b"\r\n"))) <= 78
    assert all(not part.defects for part in each.mail.walk())


@pytest.mark.parametrize("name", ["From", "To", "Subject", "Date", "Message-ID"])
def test_what_must_be_there_is_there_once(each: Arrived, name: str) -> None:
    assert len(each.mail.get_all(name, [])) == 1


def test_the_date_is_that_of_the_sending(each: Arrived) -> None:
    assert each.mail["Date"].datetime == NOW


def test_the_message_id_is_in_the_senders_domain_and_says_nothing(each: Arrived) -> None:
    assert re.fullmatch(r"<[a-z2-7]{32}@volta\.example>", str(each.mail["Message-ID"]))


def test_there_is_no_header_more_than_needed(each: Arrived, arrived: dict[str, Arrived]) -> None:
    own = {
        "marketing": ["List-Unsubscribe", "List-Unsubscribe-Post"],
        "survey": ["List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted"],
        "transactional": ["Auto-Submitted"],
    }
    kind = next(name for name, one in arrived.items() if one is each)
    always = ["DKIM-Signature", "To", "Subject", "Date", "Message-ID", "From", "Reply-To"]
    assert sorted(each.mail.keys()) == sorted([*always, "MIME-Version", "Content-Type", *own[kind]])


def test_the_text_and_the_html_are_there_and_nothing_else(each: Arrived) -> None:
    kinds = [part.get_content_type() for part in each.mail.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]


def test_who_writes_and_where_she_is_stands_in_the_text(bulk: Arrived) -> None:
    text = bulk.mail.get_body(("plain",))
    assert text is not None
    assert "Rua das Flores 10, São Paulo" in text.get_content()


def test_one_click_ends_it_and_looking_does_not(arrived: dict[str, Arrived]) -> None:
    one = arrived["marketing"]
    path = urlsplit(one.unsubscribe).path
    with Visitor(create_app(one.shop.runtime, lambda: NOW)) as visitor:
        assert visitor.get(path).status_code == 200
        assert any(_permitted(one.shop))
        assert visitor.post(path, content=b"List-Unsubscribe=One-Click", headers=FORM).status_code == 200
    assert not any(_permitted(one.shop))


def _permitted(shop: Shop) -> list[bool]:
    rows = shop.rows(tables.permissions)
    return [row["given"] for row in rows if row["contact_id"] == shop.people["ana"]]
