"""What mail providers report, through the web application: in the shared frame, once for each kind of proof."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from nurture.app.process import process
from nurture.model import Channel
from nurture.settings import ChannelConfig, Sender
from nurture.store import consents, tables
from nurture.web.app import create_app
from nurture.web.guard import LARGEST_BATCH
from tests.support import providers
from tests.support.shop import Shop, open_shop
from tests.support.visitor import Visitor

AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15"


@pytest.fixture
def shop(one_database: str, tmp_path: Path) -> Iterator[Shop]:
    with _open(tmp_path, "sendgrid", one_database) as shop:
        yield shop


@pytest.fixture
def either(database: str, tmp_path: Path) -> Iterator[Shop]:
    """The same on both databases."""
    with _open(tmp_path, "sendgrid", database) as shop:
        yield shop


@contextmanager
def _open(folder: Path, provider: str, url: str) -> Iterator[Shop]:
    """A shop whose mails are carried by a provider, and its door for webhooks."""
    config = ChannelConfig(Channel.EMAIL, provider, Sender("oi@volta.example"), providers.options(provider))
    shop = open_shop(url, folder, channels={Channel.EMAIL: config})
    yield shop
    shop.runtime.close()


def post(shop: Shop, provider: str, *told: Any, secret: str = providers.SECRET) -> httpx.Response:
    body = json.dumps(told[0] if len(told) == 1 and provider != "sendgrid" else told).encode()
    headers = providers.headers(provider, body, shop.now, secret)
    with Visitor(create_app(shop.runtime, lambda: shop.now)) as visitor:
        return visitor.post(f"/webhooks/{provider}", content=body, headers=headers)


def event(shop: Shop, kind: str, id_: str = "e1", minutes: float = 1, **more: Any) -> dict[str, Any]:
    """What SendGrid tells of Ana's mail, so many minutes after it was accepted."""
    at = shop.message(shop.sent["ana"])["accepted_at"] + timedelta(minutes=minutes)
    told = {"event": kind, "sg_event_id": id_, "sg_message_id": "sg1", "timestamp": at.timestamp()}
    return {**told, "email": "ana@example.com", "nurture": shop.sent["ana"], **more}


def contact(shop: Shop, name: str) -> dict[str, Any]:
    return next(row for row in shop.rows(tables.contacts) if row["ref"] == name)


def names(shop: Shop) -> list[str]:
    return sorted(row["name"] for row in shop.rows(tables.events))


# --- what proves no body -------------------------------------------------------------------------


def by_mailgun(shop: Shop, *told: dict[str, Any]) -> bytes:
    """What Mailgun tells under one signature, which covers a time and a token."""
    at = str(int(shop.now.timestamp()))
    signature = hmac.new(providers.SECRET.encode(), f"{at}token".encode(), "sha256").hexdigest()
    proof = {"timestamp": at, "token": "token", "signature": signature}
    notes = [{"signature": proof, "event-data": each} for each in told]
    return json.dumps(notes if len(notes) > 1 else notes[0]).encode()


def left(name: str) -> dict[str, Any]:
    return {"event": "unsubscribed", "id": f"e-{name}", "recipient": f"{name}@example.com"}


@pytest.fixture
def mailgun(database: str, tmp_path: Path) -> Iterator[Shop]:
    with _open(tmp_path, "mailgun", database) as shop:
        yield shop


def test_a_signature_of_mailguns_holds_for_the_body_that_it_came_with_and_for_no_other(mailgun: Shop) -> None:
    first, other = by_mailgun(mailgun, left("davi")), by_mailgun(mailgun, left("ana"))
    said = []
    for minutes, body in ((0, first), (60, first), (420, other), (0, first)):
        mailgun.now += timedelta(minutes=minutes)
        with Visitor(create_app(mailgun.runtime, lambda: mailgun.now)) as visitor:
            said.append(visitor.post("/webhooks/mailgun", content=body).status_code)
    assert said == [200, 200, 403, 200]
    assert {row["contact_id"] for row in mailgun.rows(tables.consents) if not row["given"]} == {
        contact(mailgun, "davi")["id"]
    }


def test_one_signature_is_not_for_several_people(mailgun: Shop) -> None:
    with Visitor(create_app(mailgun.runtime, lambda: mailgun.now)) as visitor:
        body = by_mailgun(mailgun, left("ana"), left("davi"))
        assert visitor.post("/webhooks/mailgun", content=body).status_code == 403
    assert all(row["given"] for row in mailgun.rows(tables.consents))


def test_a_signature_whose_time_is_over_is_forgotten(mailgun: Shop) -> None:
    for hours in (0, 10):
        mailgun.now += timedelta(hours=hours)
        with Visitor(create_app(mailgun.runtime, lambda: mailgun.now)) as visitor:
            assert (
                visitor.post("/webhooks/mailgun", content=by_mailgun(mailgun, left("ana"))).status_code == 200
            )
        assert len([row for row in mailgun.rows(tables.workspace) if row["name"].startswith("seal:")]) == 1


# --- out of order, again, and late -------------------------------------------------------------


def test_reports_may_come_again_and_in_any_order(shop: Shop) -> None:
    later = event(shop, "open", "e2", 5, useragent=AGENT)
    for told in ([later], [event(shop, "delivered"), later], [event(shop, "processed", "e0", 0)]):
        assert post(shop, "sendgrid", *told).status_code == 200
        process(shop.runtime, shop.now)
    assert names(shop) == ["email_delivered", "email_opened"]
    message = shop.message(shop.sent["ana"])
    assert message["state"] == "delivered"
    assert message["delivered_at"] < message["opened_at"]


def test_a_bounce_closes_the_address_of_the_message_whatever_address_is_named(shop: Shop) -> None:
    bounce = event(shop, "bounce", status="5.1.1", reason="550 5.1.1 No such user", email="davi@example.com")
    post(shop, "sendgrid", bounce)
    process(shop.runtime, shop.now)
    assert (contact(shop, "ana")["email_suppressed"], contact(shop, "davi")["email_suppressed"]) == (
        "hard_bounce",
        None,
    )
    assert shop.message(shop.sent["ana"])["state"] == "bounced"


@pytest.mark.parametrize(
    ("told", "suppressed"),
    [
        ({"event": "bounce", "type": "blocked", "reason": "550 5.7.1 Listed by our blocklist"}, None),
        ({"event": "bounce", "type": "bounce", "reason": "550 5.7.1 Listed by our blocklist"}, None),
        ({"event": "dropped", "reason": "Unsubscribed Address"}, "opt_out"),
        ({"event": "dropped", "reason": "Bounced Address"}, "provider"),
        ({"event": "dropped", "reason": "Invalid"}, "hard_bounce"),
        ({"event": "dropped", "reason": "Invalid SMTPAPI header"}, None),
        ({"event": "dropped", "reason": "Duplicate message"}, None),
        ({"event": "dropped", "reason": "Something that is new"}, None),
        ({"event": "dropped"}, None),
        ({"event": "spamreport"}, "complaint"),
    ],
    ids=[
        *("blocked", "our reputation", "it opted out there", "it bounced there", "no address"),
        *("our mail", "our list", "unknown", "no reason", "a complaint"),
    ],
)
def test_what_closes_an_address_and_with_which_reason(
    shop: Shop, told: dict[str, Any], suppressed: str | None
) -> None:
    post(shop, "sendgrid", event(shop, told["event"]) | told)
    process(shop.runtime, shop.now)
    assert contact(shop, "ana")["email_suppressed"] == suppressed


# --- an unsubscribe at the provider ---------------------------------------------------------------


def held(shop: Shop, name: str) -> set[tuple[str, bool]]:
    rows = shop.rows(tables.permissions)
    return {
        (row["topic"], row["given"])
        for row in rows
        if row["contact_id"] == shop.people[name] and row["channel"] == "email"
    }


def test_an_unsubscribe_at_the_provider_is_in_force_before_the_answer(either: Shop) -> None:
    shop = either
    with shop.runtime.store.begin() as tx:
        waiting = tables.messages.c.key == shop.waiting["ana"]
        tx.execute(tables.messages.update().where(waiting).values(channel="email"))
    for _ in range(2):
        assert post(shop, "sendgrid", event(shop, "group_unsubscribe")).status_code == 200
    assert held(shop, "ana") == {("offers", False), ("news", False)}
    assert held(shop, "davi") == {("offers", True)}
    assert shop.message(shop.waiting["ana"])["state"] == "cancelled"
    assert names(shop) == ["consent_withdrawn"] * 2
    withdrawn = [row for row in shop.rows(tables.consents) if not row["given"]]
    assert {(row["how"], row["channel"]) for row in withdrawn} == {("unsubscribed at SendGrid", "email")}
    hers = shop.message(shop.sent["ana"])["id"]
    assert {(row["recorded_by"], row["message_id"]) for row in withdrawn} == {("provider:sendgrid", hers)}


def test_an_old_unsubscribe_takes_no_later_yes_back(either: Shop) -> None:
    shop = either
    told = event(shop, "unsubscribe", minutes=1)
    post(shop, "sendgrid", told)
    yes = {**_record(shop, "offers"), "given": True, "occurred_at": shop.now}
    with shop.runtime.store.begin() as tx:
        consents.record(tx, [yes])
    post(shop, "sendgrid", told)
    assert held(shop, "ana") == {("offers", True), ("news", False)}


def _record(shop: Shop, topic: str) -> dict[str, Any]:
    first = next(row for row in shop.rows(tables.consents) if row["contact_id"] == shop.people["ana"])
    return {**{name: value for name, value in first.items() if name != "id"}, "topic": topic}


# --- mails of other systems at the same account ------------------------------------------------------


def test_what_is_told_of_other_systems_mails_is_not_kept(shop: Shop) -> None:
    strange = {"nurture": None, "email": "someone@example.net", "sg_message_id": "other"}
    hers = {"nurture": None, "email": "bruno@example.com", "sg_message_id": "other"}
    told = [event(shop, kind, f"{kind}1") | strange for kind in ("delivered", "open", "click", "bounce")]
    told.append(event(shop, "spamreport", "s1") | hers)
    told.append(event(shop, "unsubscribe", "u1") | strange | {"email": "another@example.net"})
    assert post(shop, "sendgrid", *told).status_code == 200
    process(shop.runtime, shop.now)
    assert names(shop) == []
    assert len(shop.rows(tables.contacts)) == 3
    assert contact(shop, "bruno")["email_suppressed"] == "complaint"
    assert sorted(row["reason"] for row in shop.rows(tables.suppressions)) == [
        "complaint",
        "hard_bounce",
        "unsubscribed",
    ]


def test_a_message_is_also_known_by_the_providers_own_id(either: Shop) -> None:
    shop = either
    with shop.runtime.store.begin() as tx:
        ours = tables.messages.c.key == shop.sent["ana"]
        tx.execute(tables.messages.update().where(ours).values(provider_id="sg1"))
    post(shop, "sendgrid", event(shop, "delivered") | {"nurture": None, "email": None})
    process(shop.runtime, shop.now)
    assert shop.message(shop.sent["ana"])["state"] == "delivered"


# --- who opened and clicked ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "minutes", "visitor"),
    [
        ({"useragent": AGENT}, 3, "human"),
        ({"useragent": AGENT}, 0.01, "suspect"),
        ({"useragent": "python-requests/2.32"}, 3, "suspect"),
        ({}, 3, "suspect"),
        ({"useragent": AGENT, "sg_machine_open": True}, 3, "proxy"),
    ],
    ids=["a person", "sooner than anybody reads", "a machine", "nobody knows", "a proxy"],
)
def test_opens_are_told_apart_as_our_own_are(
    shop: Shop, told: dict[str, Any], minutes: float, visitor: str
) -> None:
    post(shop, "sendgrid", event(shop, "open", minutes=minutes, **told))
    (row,) = shop.rows(tables.events)
    assert row["payload"]["class"] == visitor
    assert AGENT not in json.dumps(row["payload"])


# --- proof -----------------------------------------------------------------------------------------


def reports(shop: Shop) -> dict[str, Any]:
    """That Ana's mail was delivered, as a provider of each kind of proof tells it."""
    key = shop.sent["ana"]
    return {
        "sendgrid": event(shop, "delivered"),
        "resend": {"type": "email.delivered", "data": {"email_id": "re1", "tags": {"nurture": key}}},
        "postmark": {"RecordType": "Delivery", "MessageID": "pm1", "Metadata": {"nurture": key}},
    }


@pytest.mark.parametrize("provider", ["sendgrid", "resend", "postmark"])
def test_only_what_is_proved_gets_in(one_database: str, tmp_path: Path, provider: str) -> None:
    with _open(tmp_path, provider, one_database) as shop:
        told = reports(shop)[provider]
        forged = post(shop, provider, told, secret="whsec_Z3Vlc3NlZCBieSBzb21lYm9keQ==")
        assert (forged.status_code, names(shop)) == (403, [])
        assert post(shop, provider, told).status_code == 200
        assert names(shop) == ["email_delivered"]
        (row,) = shop.rows(tables.events)
        assert (row["source"], row["person"]["message"]) == (provider, shop.sent["ana"])


@pytest.mark.parametrize(("hours", "status"), [(-26, 403), (24, 200), (26, 403)])
def test_what_sendgrid_signed_longer_ago_than_it_repeats_is_refused(
    shop: Shop, hours: int, status: int
) -> None:
    body = json.dumps([event(shop, "spamreport")]).encode()
    headers = providers.headers("sendgrid", body, shop.now - timedelta(hours=hours))
    with Visitor(create_app(shop.runtime, lambda: shop.now)) as visitor:
        assert visitor.post("/webhooks/sendgrid", content=body, headers=headers).status_code == status
    assert names(shop) == (["email_complained"] if status == 200 else [])


def test_without_a_secret_nothing_gets_in(one_database: str, tmp_path: Path) -> None:
    config = ChannelConfig(Channel.EMAIL, "postmark", Sender("oi@volta.example"), {"token": "pm-token"})
    shop = open_shop(one_database, tmp_path, channels={Channel.EMAIL: config})
    assert post(shop, "postmark", reports(shop)["postmark"], secret="").status_code == 403
    shop.runtime.close()


def test_a_thousand_reports_come_in_one_request_and_no_flood_does(shop: Shop) -> None:
    many = [event(shop, "processed", f"e{number}", padding="x" * 600) for number in range(1000)]
    assert post(shop, "sendgrid", *many).status_code == 200
    flood = event(shop, "processed", padding="x" * LARGEST_BATCH)
    assert post(shop, "sendgrid", flood).status_code == 413


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b'[1, "a", null]', b"\xff", b'[{"event": {}}]'])
def test_odd_bodies_that_are_proved_are_no_error_of_ours(shop: Shop, body: bytes) -> None:
    headers = providers.headers("sendgrid", body, shop.now)
    with Visitor(create_app(shop.runtime, lambda: shop.now)) as visitor:
        assert visitor.post("/webhooks/sendgrid", content=body, headers=headers).status_code == 200
    assert names(shop) == []
