"""The reference of providers says what the code does."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from nurture.app.environment import is_secret
from nurture.channels import PROVIDERS, open_carrier
from nurture.channels.api import COMMON
from nurture.channels.base import Forged, Webhook
from nurture.model import Channel
from tools import providers

EVERY = [entry for channel in Channel for entry in providers.entries(channel)]


def test_the_page_is_what_the_code_says() -> None:
    assert providers.page() == providers.PAGE.read_text(encoding="utf-8"), "python -m tools.providers"


def test_every_provider_is_on_it() -> None:
    assert {entry.name for entry in EVERY} == set(PROVIDERS) - {"outbox"}
    assert set(providers.TITLES) == set(Channel)


@pytest.mark.parametrize("entry", EVERY, ids=lambda entry: f"{entry.name}-{entry.channel}")
def test_every_option_is_explained(entry: providers.Entry) -> None:
    words = set(re.findall(r"\w+", entry.says)) if entry.says else set(entry.knows)
    assert set(entry.knows) - set(COMMON) - words == set()
    assert {name for name, _ in entry.needs} <= set(entry.knows)


@pytest.mark.parametrize("entry", EVERY, ids=lambda entry: f"{entry.name}-{entry.channel}")
def test_who_tells_something_says_how_it_is_proved(entry: providers.Entry) -> None:
    assert bool(entry.features.tells) == bool(entry.features.proof) == bool(entry.proved_by)
    assert entry.proved_by is None or entry.proved_by in entry.knows


@pytest.mark.parametrize("entry", EVERY, ids=lambda entry: f"{entry.name}-{entry.channel}")
@pytest.mark.parametrize("body", [b"{}", b"", b"MessageStatus=delivered&Body=STOP"])
def test_what_proves_nothing_does_not_get_in(entry: providers.Entry, body: bytes) -> None:
    webhook = Webhook(
        f"https://links.volta.example/webhooks/{entry.name}?token=", {"authorization": "Bearer "}, body
    )
    carrier = open_carrier(providers._config(entry.name, entry.channel, dict(entry.needs)))
    with pytest.raises(Forged):
        carrier.parse_webhook(webhook, datetime(2026, 11, 26, 12, tzinfo=UTC))
    carrier.close()


@pytest.mark.parametrize("entry", EVERY, ids=lambda entry: f"{entry.name}-{entry.channel}")
def test_a_secret_may_not_stand_in_the_settings(entry: providers.Entry) -> None:
    from_outside = {name for name, value in entry.needs if value.startswith("${")}
    words = ("secret", "token", "password", "signing_key")
    secrets = {name for name in entry.knows if name.endswith(words)} | from_outside
    assert {name for name in secrets if not is_secret(name)} <= {"access_key"}
