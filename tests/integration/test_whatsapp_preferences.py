"""Who tells WhatsApp itself that she wants no more marketing, or wants it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from nurture.app import opt_outs
from nurture.app.status import status
from nurture.model import Channel
from nurture.settings import ChannelConfig, Sender
from nurture.store import consents, tables
from nurture.web.app import create_app
from tests.support.proved import proved
from tests.support.shop import NOW, PHONES, Shop, consent, open_shop
from tests.support.visitor import Visitor

SECRET = "a shared secret"
META = {"phone_number_id": "106540352242922", "token": "t", "app_secret": SECRET}
ANA = PHONES["ana"].removeprefix("+")


@pytest.fixture
def shop(database: str, tmp_path: Path) -> Iterator[Shop]:
    """Ana and Davi said yes to offers by WhatsApp, too, and wait for an offer there."""
    channel = ChannelConfig(Channel.WHATSAPP, "meta", Sender(PHONES["bruno"]), META)
    shop = open_shop(database, tmp_path, channels={Channel.WHATSAPP: channel})
    with shop.runtime.store.begin() as tx:
        consents.record(
            tx, [consent(shop.people[name]) | {"channel": "whatsapp"} for name in ("ana", "davi")]
        )
        tx.execute(tables.messages.update().where(due(shop, "ana")).values(channel="whatsapp"))
        tx.execute(
            tables.messages.update()
            .where(due(shop, "davi"))
            .values(channel="whatsapp", **{"class": "transactional"})
        )
    yield shop
    shop.runtime.close()


def due(shop: Shop, name: str) -> sa.ColumnElement[bool]:
    return tables.messages.c.key == shop.waiting[name]


def tell(shop: Shop, value: str, minutes: float = 0, wa_id: str = ANA) -> None:
    """Meta tells of it now; she said it so many minutes after noon."""
    shop.now += timedelta(minutes=30)
    said_at = int((NOW + timedelta(minutes=minutes)).timestamp())
    wish = {"wa_id": wa_id, "category": "marketing_messages", "value": value, "timestamp": said_at}
    note = {"entry": [{"changes": [{"value": {"user_preferences": [wish]}}]}]}
    webhook = proved("meta", note, SECRET, shop.now)
    headers = {"content-type": "application/json", **webhook.headers}
    with Visitor(create_app(shop.runtime, lambda: shop.now)) as visitor:
        assert visitor.post("/webhooks/meta", content=webhook.body, headers=headers).status_code == 200


def held(shop: Shop, name: str = "ana") -> Mapping[tuple[str, str], bool]:
    return {
        (row["topic"], row["channel"]): row["given"]
        for row in shop.rows(tables.permissions)
        if row["contact_id"] == shop.people[name]
    }


def test_no_more_marketing_by_whatsapp_is_that_and_no_more(shop: Shop) -> None:
    for _ in range(2):
        tell(shop, "stop")
    assert held(shop) == {
        ("offers", "whatsapp"): False,
        ("news", "whatsapp"): False,
        ("offers", "email"): True,
        ("offers", "sms"): True,
    }
    ana = next(row for row in shop.rows(tables.contacts) if row["ref"] == "ana")
    assert (ana["phone_suppressed"], ana["whatsapp_suppressed"]) == (None, None)
    cancelled = shop.message(shop.waiting["ana"])
    assert (cancelled["state"], cancelled["reason"]) == ("cancelled", "consent_withdrawn")
    withdrawn = [row for row in shop.rows(tables.consents) if not row["given"]]
    assert {(row["how"], row["recorded_by"]) for row in withdrawn} == {
        ("settings of WhatsApp", "provider:meta")
    }
    assert len(withdrawn) == 2  # of two topics; told again it is nothing new


def test_what_she_bought_is_still_told(shop: Shop) -> None:
    tell(shop, "stop", wa_id=PHONES["davi"].removeprefix("+"))
    assert shop.message(shop.waiting["davi"])["state"] == "scheduled"


def test_who_wants_marketing_again_has_what_she_had_said_yes_to(shop: Shop) -> None:
    tell(shop, "stop")
    tell(shop, "resume", 10)
    assert held(shop)["offers", "whatsapp"] is True
    assert held(shop)["news", "whatsapp"] is False  # she never said yes to it
    (again,) = [
        row for row in shop.rows(tables.consents) if row["how"] == "settings of WhatsApp" and row["given"]
    ]
    assert (again["text_version"], again["basis"], again["channel"]) == ("2026-01", "consent", "whatsapp")


def test_what_she_said_elsewhere_is_not_given_back(shop: Shop) -> None:
    tell(shop, "resume")
    assert ("news", "whatsapp") not in held(shop)
    opt_outs.withdraw(
        shop.runtime, shop.people["ana"], topic="offers", channel=Channel.WHATSAPP, how="page", now=shop.now
    )
    tell(shop, "resume", 60)
    assert held(shop)["offers", "whatsapp"] is False


def test_an_old_wish_takes_no_later_yes_back(shop: Shop) -> None:
    opt_outs.give(
        shop.runtime,
        shop.people["ana"],
        topic="offers",
        channel=Channel.WHATSAPP,
        how="form",
        text_version="2026-06",
        now=NOW + timedelta(minutes=20),
    )
    tell(shop, "stop", 10)
    assert held(shop)["offers", "whatsapp"] is True


def test_a_stranger_changes_nothing_and_who_has_no_number_is_counted(shop: Shop) -> None:
    tell(shop, "stop", wa_id="5521987654321")
    assert not [row for row in shop.rows(tables.consents) if not row["given"]]
    tell(shop, "stop", wa_id="ana.volta")
    unheard = status(shop.runtime, {}, shop.now).unheard
    assert unheard is not None
    assert (unheard.count, unheard.provider) == (1, "meta")
