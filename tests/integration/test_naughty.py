"""The naughty strings (https://github.com/minimaxir/big-list-of-naughty-strings) through the doors by which strangers' words
come in: files, events by file and by HTTP, and answers by SMS. Each is kept as it was written, or refused in words."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest

from nurture.app import importing
from nurture.app.api_keys import digest
from nurture.app.explain import explain
from nurture.app.importing.mapping import Kind
from nurture.app.process import process
from nurture.channels.twilio.webhooks import signature
from nurture.problems import NurtureError
from nurture.settings import ApiAccess, ApiKey, Rate, Scope
from nurture.store import tables
from nurture.web.app import create_app
from tests.support.shop import PHONES, TWILIO, Shop, open_shop
from tests.support.visitor import Visitor

pytestmark = pytest.mark.shared_data
INBOUND = "/webhooks/twilio/inbound"
NOTHING = ("", "null", "nan", "none")  # how programs write that a cell is empty


@pytest.fixture(scope="module")
def strings(shared_data: Path) -> list[str]:
    found: list[str] = json.loads((shared_data / "naughty" / "blns.json").read_text(encoding="utf-8"))
    return sorted(set(found))


@pytest.fixture
def shop(one_database: str, tmp_path: Path) -> Iterator[Shop]:
    shop = open_shop(one_database, tmp_path)
    yield shop
    shop.runtime.close()


def load(shop: Shop, name: str, text: str, kind: Kind | None = None) -> importing.Imported:
    path = shop.runtime.folder / name
    path.write_text(text, encoding="utf-8", newline="")
    done = importing.load(shop.runtime.store, path, shop.runtime.settings, shop.now, kind=kind)
    process(shop.runtime, shop.now)
    return done


def test_in_a_file_of_people(shop: Shop, strings: list[str]) -> None:
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["ref", "first_name"])
    rows.writerows([f"n{number}", text] for number, text in enumerate(strings))
    assert load(shop, "people.csv", out.getvalue(), Kind.CONTACTS).accepted == len(strings)
    kept = {row["ref"]: row["first_name"] for row in shop.rows(tables.contacts)}
    for number, text in enumerate(strings):
        written = text.strip()
        assert kept[f"n{number}"] == (None if written.lower() in NOTHING else written)


def test_in_events(shop: Shop, strings: list[str]) -> None:
    """As a value, as the name of one, as the name of the event, and as the person."""
    told = [
        {"type": "track", "event": name, "userId": who, "messageId": f"{number}-{who}", "timestamp": "2026-02-01T10:00Z"}
        | {"properties": {"name": text, text: "x"}}
        for number, text in enumerate(strings)
        for name, who in (("Product Viewed", "ana"), (text, text))[: 2 if number % 4 == 0 else 1]
    ]  # fmt: skip
    done = load(shop, "events.ndjson", "\n".join(map(json.dumps, told)))
    assert done.accepted + done.refused == len(told)
    viewed = [row["payload"]["name"] for row in shop.rows(tables.events) if row["name"] == "product_viewed"]
    assert sorted(viewed) == sorted(strings)


def test_in_events_by_http(shop: Shop, strings: list[str]) -> None:
    """As a value, as the name of one and as a field; and as the event's name, its id and its person."""
    caller = ApiKey("shop", (digest("a key"),), frozenset(Scope))
    often = Rate(1000, timedelta(seconds=1), 1000, "1000/second")
    shop.runtime.settings = replace(shop.runtime.settings, api=ApiAccess((caller,), often))
    plain = {"event": "product_viewed", "at": "2026-02-01T10:00:00Z", "person": "ana"}
    valued = [
        {
            **plain,
            "id": n,
            "person": f"n{n}",
            "properties": {"name": text, text: "x"},
            "fields": {"first_name": text},
        }
        for n, text in enumerate(strings)
    ]
    named = [
        {**plain, "id": f"{key}-{n}", key: text}
        for n, text in enumerate(strings[::16])
        for key in ("event", "id", "person")
    ]
    head = {"authorization": "Bearer a key"}
    with Visitor(create_app(shop.runtime, lambda: shop.now)) as visitor:
        assert visitor.post("/api/events", headers=head, json={"events": valued}).status_code == 200
        for event in named:
            answer = visitor.post("/api/events", headers=head, json=event)
            assert answer.status_code in (200, 422), event
    process(shop.runtime, shop.now)
    told = [row for row in shop.rows(tables.events) if row["source"] == "api:shop"]
    assert all(row["processed_at"] for row in told)
    assert {row["source_id"]: row["payload"]["name"] for row in told if row["payload"]} == dict(
        zip(map(str, range(len(strings))), strings, strict=True)
    )
    kept = {row["ref"]: row["first_name"] for row in shop.rows(tables.contacts)}
    for number, text in enumerate(strings):
        written = text.strip()
        assert kept[f"n{number}"] == (None if written.lower() in NOTHING else written)


def test_in_answers_by_sms(shop: Shop, strings: list[str]) -> None:
    sent = strings[::5]
    url = f"https://links.volta.example{INBOUND}"
    with Visitor(create_app(shop.runtime, lambda: shop.now), agent="TwilioProxy/1.1") as twilio:
        for number, text in enumerate(sent):
            fields = {"From": PHONES["ana"], "Body": text, "MessageSid": f"SM{number}"}
            head = {
                "content-type": "application/x-www-form-urlencoded",
                "x-twilio-signature": signature(TWILIO["token"], url, fields.items()),
            }
            assert twilio.post(INBOUND, content=urlencode(fields), headers=head).status_code == 200, text
    said = [row["payload"]["text"] for row in shop.rows(tables.events) if row["name"] == "sms_replied"]
    assert sorted(said) == sorted(sent)


def test_nobody_is_called_so(shop: Shop, strings: list[str]) -> None:
    for text in strings[::3]:
        with pytest.raises(NurtureError):
            explain(shop.runtime, text, None, shop.now)
