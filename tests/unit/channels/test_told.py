"""What mail providers tell: each recorded webhook says what was expected of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from nurture.channels.base import Heard
from tests.support.providers import open_provider, proved

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)

# What others call it, and what it is to us. A mail that the provider took and then dropped did not arrive either; of
# what is still under way there is nothing to tell but that the provider has it.
OURS = {
    "delivered": "email_delivered",
    "bounced": "email_bounced",
    "rejected": "email_bounced",
    "failed": "email_bounced",
    "complained": "email_complained",
    "opened": "email_opened",
    "clicked": "email_clicked",
    "unsubscribed": "a stop",
    "queued": "nothing",
    "sent": "nothing",
    "deferred": "nothing",
    # only the person's own consent opens an address again
    "subscribed": "nothing",
    # a person's mail is read from the mailbox, not from here
    "inbound": "nothing",
    None: "email_delivered",  # the case asks for its id alone
}
# Why an address is closed afterwards, by what was expected of it.
CLOSED = {"invalid": "hard_bounce", "spam": "opt_out", "unsubscribed": "opt_out", "blocked": "provider"}


def _cases(folder: Path) -> list[Mapping[str, Any]]:
    return json.loads((folder / "webhooks" / "labelled_cases.json").read_text(encoding="utf-8"))


def _said(heard: Heard) -> str:
    (told,) = [*(event.name for event in heard.events), *("a stop" for _ in heard.stops)] or ["nothing"]
    return told


@pytest.mark.shared_data
def test_every_recorded_webhook_says_what_was_expected(shared_data: Path) -> None:
    cases = _cases(shared_data)
    assert len(cases) == 44
    seen: dict[str, int] = {}
    for case in cases:
        name, expected = case["provider"].split("_")[0], case["expected"]
        heard = _hear(name, case["payload"])
        where = f"{case['provider']} {case['test']}"
        seen[case["provider"]] = seen.get(case["provider"], 0) + 1
        assert _said(heard) == OURS[expected.get("event_type")], where
        _compare(heard, expected, where)
    assert seen == {
        "brevo_webhooks": 16,
        "postmark_inbound": 1,
        "postmark_webhooks": 9,
        "resend_webhooks": 8,
        "sendgrid_webhooks": 10,
    }


def _hear(name: str, payload: object) -> Heard:
    provider = open_provider(name)
    return provider.parse_webhook(proved(name, json.dumps(payload).encode(), NOW), NOW)


def _compare(heard: Heard, expected: Mapping[str, Any], where: str) -> None:
    for stop in heard.stops:
        assert stop.person.email == expected.get("recipient", stop.person.email), where
    for event in heard.events:
        told = event.payload
        assert event.person.email == expected.get("recipient", event.person.email), where
        assert told.get("link") == expected.get("click_url"), where
        assert event.occurred_at <= NOW, where
        if event.source != "postmark":  # there two notes may tell of one bounce: the message makes them one
            assert event.source_id == expected.get("event_id", event.source_id), where
        if event.source != "sendgrid":  # what is expected there is somebody else's own argument
            assert told["provider_id"] == expected.get("message_id", told["provider_id"]), where
        if event.name == "email_bounced":
            assert told["reason"].endswith("."), where
            assert _words(told.get("said")) == _words(expected.get("mta_response", told.get("said"))), where
            closed = CLOSED.get(expected.get("reject_reason") or "")
            assert told["suppress"] in ((closed,) if closed else ("hard_bounce", None)), where


def _words(said: str | None) -> str:
    """Without the spaces around it; nothing is as good as none."""
    return (said or "").strip()


# --- made by us ------------------------------------------------------------------------------------
