"""A signature is over the bytes that came: a body that says the same in other bytes is not what was signed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from nurture.channels import open_carrier
from nurture.channels.base import Carrier, Forged, Webhook
from nurture.model import Channel
from nurture.settings import ChannelConfig, Sender
from tests.support import proved, providers

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
SECRET = "a shared secret"
SAID = {"type": "email.sent", "event": "processed", "status": "submitted", "entry": []}


def _phone(name: str, channel: Channel, **options: str) -> Callable[[], tuple[Carrier, Webhook]]:
    config = ChannelConfig(channel, name, Sender("+15005550006"), options)
    return lambda: (open_carrier(config), proved.proved(name, SAID, SECRET, NOW))


def _mail(name: str) -> Callable[[], tuple[Carrier, Webhook]]:
    return lambda: (
        providers.open_provider(name),
        providers.proved(name, json.dumps(SAID).encode(), NOW),
    )


SIGNED = {
    "sendgrid": _mail("sendgrid"),
    "resend": _mail("resend"),
    "meta": _phone(
        "meta",
        Channel.WHATSAPP,
        phone_number_id="106540352242922",
        token="t",
        app_secret=SECRET,
        verify_token="v",
    ),
    "vonage": _phone("vonage", Channel.SMS, key="k", secret="s", signature_secret=SECRET),
}


@pytest.mark.parametrize("name", SIGNED)
def test_the_same_in_other_bytes_is_forged(name: str) -> None:
    carrier, webhook = SIGNED[name]()
    carrier.parse_webhook(webhook, NOW)
    other = replace(webhook, body=json.dumps(SAID, indent=1).encode())
    assert json.loads(other.body) == json.loads(webhook.body)
    with pytest.raises(Forged):
        carrier.parse_webhook(other, NOW)
    carrier.close()
