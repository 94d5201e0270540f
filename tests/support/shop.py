"""A small workspace with the usual people and one message to each, for tests of what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from nurture import digests
from nurture.app.runtime import Runtime
from nurture.model import Channel
from nurture.rendering.links import LinkContext, Links, Signer
from nurture.settings import ChannelConfig, Company, Sender, Settings, SurveySpec, Topic
from nurture.store import consents, contacts, messages, tables
from nurture.store.engine import Store

NOW = datetime(2026, 6, 1, 15, tzinfo=UTC)
SECRETS = (("k1", b"a secret of thirty-two characters"),)
TWILIO = {"account": "AC" + "0" * 32, "token": "twilio-token"}
PHONES = {"ana": "+5511981234567", "bruno": "+5511981234568", "davi": "+5592991234567"}


def settings(**changes: Any) -> Settings:
    base: dict[str, Any] = {
        "company": Company(name="Volta & Cia", postal_address="Rua das Flores 10, São Paulo"),
        "channels": {
            Channel.EMAIL: ChannelConfig(Channel.EMAIL, "outbox", Sender("oi@volta.example", "Volta")),
            Channel.SMS: ChannelConfig(Channel.SMS, "twilio", Sender("+15005550006"), TWILIO),
        },
        "topics": {"offers": Topic("offers", "Ofertas"), "news": Topic("news", "Novidades")},
        "web_url": "https://links.volta.example",
        "secrets": SECRETS,
        "surveys": {
            "nps": SurveySpec(
                "nps",
                "Quanto você recomendaria a Volta a um amigo?",
                low="nada provável",
                high="muito provável",
                comment="O que pesou na nota?",
                thanks="Obrigado! Lemos cada resposta.",
            )
        },
    }
    return Settings(**{**base, **changes})


@dataclass
class Shop:
    """The workspace, and the keys of what was sent and of what is still waiting."""

    runtime: Runtime
    now: datetime = NOW
    sent: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)

    def links(self, name: str) -> Links:
        """The links of the mail that `name` got, as they stand on this server."""
        return Links(LinkContext(self.sent[name], ""), Signer(SECRETS))

    def rows(self, table: sa.Table) -> list[dict[str, Any]]:
        with self.runtime.store.read() as tx:
            return [dict(row) for row in tx.execute(sa.select(table).order_by(*table.primary_key)).mappings()]

    def message(self, key: str) -> dict[str, Any]:
        return next(row for row in self.rows(tables.messages) if row["key"] == key)


def open_shop(url: str, folder: Path, **changes: Any) -> Shop:
    """Ana, Bruno and Davi said yes to offers; each got a mail an hour ago and waits for an SMS."""
    shop = Shop(Runtime(Store(url, durable=False), settings(**changes), folder))
    shop.runtime.now = lambda: shop.now
    with shop.runtime.store.begin() as tx:
        shop.people = contacts.add(tx, [_contact(shop, name) for name in PHONES])
        consents.record(tx, [consent(contact_id) for contact_id in shop.people.values()])
        messages.write(tx, [_message(shop, name, channel) for name in PHONES for channel in ("email", "sms")])
    return shop


def _contact(shop: Shop, name: str) -> dict[str, Any]:
    email, phone = f"{name}@example.com", PHONES[name]
    return {
        "ref": name,
        "email": email,
        "phone": phone,
        "email_digest": digests.address(shop.runtime.secret, "email", email),
        "phone_digest": digests.address(shop.runtime.secret, "phone", phone),
        "first_name": name.title(),
        "zone": "America/Manaus" if name == "davi" else "America/Sao_Paulo",
        "hash31": digests.hash31(name),
        "created_at": NOW - timedelta(days=30),
        "updated_at": NOW - timedelta(days=30),
    }


def consent(contact_id: int) -> dict[str, Any]:
    """The record of a yes to offers on every channel, a month ago."""
    return {
        "contact_id": contact_id,
        "topic": "offers",
        "channel": None,
        "given": True,
        "basis": "consent",
        "text_version": "2026-01",
        "how": "form",
        "event_id": None,
        "occurred_at": NOW - timedelta(days=30),
        "recorded_at": NOW - timedelta(days=30),
    }


def _message(shop: Shop, name: str, channel: str) -> dict[str, Any]:
    sent = channel == "email"
    key = digests.keyed(SECRETS[0][1], name, channel)
    (shop.sent if sent else shop.waiting)[name] = key
    at = NOW - timedelta(hours=1) if sent else None
    return {
        "key": key,
        "contact_id": shop.people[name],
        "journey": "reactivation",
        "step": "first" if sent else "nudge",
        "channel": channel,
        "class": "marketing",
        "topic": "offers",
        "template": "reactivation/we-miss-you",
        "survey": "nps" if sent else None,
        "state": "accepted" if sent else "scheduled",
        "planned_at": NOW - timedelta(hours=1),
        "due_at": NOW + timedelta(hours=1),
        "handed_at": at,
        "sent_to": digests.address(shop.runtime.secret, "email", f"{name}@example.com") if sent else None,
        "accepted_at": at,
        "done_at": at,
    }
