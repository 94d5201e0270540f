"""A workspace whose mails go out through a provider's API, from the journey to the report that comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.app import advance, deliver, evaluate, ingest, process, publish
from nurture.app.runtime import Runtime
from nurture.app.workspace import load, publishable
from nurture.model import Basis, ConsentRecord, NewEvent, Person
from nurture.problems import NurtureError
from nurture.store import stops, tables
from nurture.store.engine import Store
from nurture.web.app import create_app
from tests.support import providers
from tests.support.api_server import CLOSE, ApiServer, Said, serving
from tests.support.visitor import Visitor

START = datetime(2026, 3, 2, 13, tzinfo=UTC)  # 10:00 in São Paulo
YES = Said(200, '{"ErrorCode": 0, "Message": "OK", "MessageID": "pm-1"}')
FILES = {
    ".env": "SHOP_SECRET=a-secret-of-thirty-two-characters\nMAIL_KEY=a-key\nHOOK={secret}\n",
    "nurture.yaml": """
company: {{name: Café Serra Azul, postal_address: "Rua das Acácias 120, São Paulo", zone: America/Sao_Paulo}}
channels:
  email:
    provider: {provider}
    sender: {{address: ola@cafe.example, name: Café}}
    {key}: ${{MAIL_KEY}}
    webhook_secret: ${{HOOK}}
    api: {api}
topics: {{news: {{title: Novidades}}}}
database: {database}
secret: ${{SHOP_SECRET}}
web: {{url: "https://links.cafe.example"}}
""",
    "journeys/hello.yaml": """
journey: hello
topic: news
trigger: {{event: signed_up}}
steps:
  - email: hello
""",
    "templates/email/hello.html": """<html><body>{{% block subject %}}Olá, {{{{ first_name }}}}!{{% endblock %}}
<p>Oi <a href="https://cafe.example/hello">Ver</a> <a href="{{{{ unsubscribe_url }}}}">Sair</a></p>
<p>{{{{ company.postal_address }}}}</p></body></html>""",
}


class Shop:
    """Ana and Bruno signed up a moment ago, and their mail is due."""

    def __init__(self, folder: Path, database: str, server: ApiServer, provider: str, key: str) -> None:
        given = {"api": server.url, "database": database, "secret": providers.SECRET}
        for name, text in FILES.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.format(provider=provider, key=key, **given), encoding="utf-8")
        settings, self.now = load(folder, for_work=True).settings, START
        assert settings is not None, load(folder, for_work=True).problems
        self.runtime = Runtime(Store(settings.database), settings, folder, lambda: self.now)
        publish.publish(self.runtime, publishable(folder, None), START)
        ingest.ingest(self.runtime.store, [_signed_up("ana"), _signed_up("bruno")], START)
        self.now += timedelta(minutes=1)
        for job in (process.process, evaluate.evaluate, advance.advance):
            job(self.runtime, self.now)

    def messages(self) -> list[dict[str, Any]]:
        with self.runtime.store.read() as tx:
            return [dict(row) for row in tx.execute(tables.messages.select()).mappings()]


def _signed_up(name: str) -> NewEvent:
    yes = ConsentRecord("news", True, Basis.CONSENT, text_version="2026-01", how="form")
    person = Person(name, f"{name}@example.com")
    return NewEvent(
        "signed_up", person, START, "test", name, traits={"first_name": name.title()}, consents=(yes,)
    )


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with serving(YES) as server:
        yield server


@pytest.fixture
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, one_database: str, server: ApiServer
) -> Iterator[Shop]:
    shop = Shop(tmp_path, one_database, server, *getattr(request, "param", ("postmark", "token")))
    yield shop
    shop.runtime.close()


def test_a_mail_goes_out_and_its_report_comes_back(shop: Shop, server: ApiServer) -> None:
    assert deliver.deliver(shop.runtime, shop.now)["accepted"] == 2
    asked = next(each.document for each in server.asked if "Ana" in each.document["Subject"])
    assert asked["To"] == '"Ana" <ana@example.com>'
    report = {
        "RecordType": "Delivery",
        "MessageID": "pm-1",
        "Metadata": asked["Metadata"],
        "Recipient": "ana@example.com",
        "DeliveredAt": f"{shop.now:%Y-%m-%dT%H:%M:%S.0000000Z}",
    }
    body = json.dumps(report).encode()
    with Visitor(create_app(shop.runtime, lambda: shop.now)) as postmark:
        for _ in range(2):
            headers = providers.headers("postmark", body, shop.now)
            assert postmark.post("/webhooks/postmark", content=body, headers=headers).status_code == 200
    process.process(shop.runtime, shop.now)
    states = {row["key"]: (row["state"], row["provider"], row["provider_id"]) for row in shop.messages()}
    assert states.pop(asked["Metadata"]["nurture"]) == ("delivered", "postmark", "pm-1")
    assert list(states.values()) == [("accepted", "postmark", "pm-1")]


@pytest.mark.parametrize("bounce_first", [True, False], ids=["bounce first", "list first"])
@pytest.mark.parametrize(
    ("details", "reasons", "refused"),
    [
        ("550 5.7.1 Blocked: poor reputation of the sending IP", [], 1),
        ("550 5.7.1 Sender quota exceeded", [], 1),
        ("550 5.7.1 recipient error", [], 1),
        ("525 5.7.13 User account disabled", [], 0),
        ("550 5.1.1 No such user", ["hard_bounce"], 0),
        ("", ["hard_bounce"], 0),
    ],
)
def test_what_postmark_calls_hard_closes_an_address_unless_it_is_about_us(
    shop: Shop, server: ApiServer, details: str, reasons: list[str], refused: int, bounce_first: bool
) -> None:
    deliver.deliver(shop.runtime, shop.now)
    asked = next(each.document for each in server.asked if "Ana" in each.document["Subject"])
    about = {"MessageID": "pm-1", "Metadata": asked["Metadata"]}
    bounce = {**about, "RecordType": "Bounce", "Type": "HardBounce", "Details": details}
    listed = {**about, "RecordType": "SubscriptionChange", "SuppressionReason": "HardBounce"}
    bounce |= {"Email": "ana@example.com", "BouncedAt": f"{shop.now:%Y-%m-%dT%H:%M:%SZ}"}
    listed |= {"Recipient": "ana@example.com", "SuppressSending": True}
    listed |= {"ChangedAt": f"{shop.now:%Y-%m-%dT%H:%M:%SZ}"}
    with Visitor(create_app(shop.runtime, lambda: shop.now)) as postmark:
        for note in [bounce, listed, bounce] if bounce_first else [listed, bounce, listed]:
            body = json.dumps(note).encode()
            headers = providers.headers("postmark", body, shop.now)
            assert postmark.post("/webhooks/postmark", content=body, headers=headers).status_code == 200
            process.process(shop.runtime, shop.now)
    with shop.runtime.store.read() as tx:
        closed = tx.execute(sa.select(tables.suppressions.c.reason)).scalars().all()
    with shop.runtime.store.begin() as tx:
        came_back = stops.came_back(tx, "email", START)
    assert (closed, came_back.policy, came_back.hard_bounces) == (reasons, refused, len(reasons))
    assert sorted(row["state"] for row in shop.messages()) == ["accepted", "bounced"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            Said(401, '{"ErrorCode": 10, "Message": "No token"}'),
            "user name or password. Check them. (No token)",
        ),
        (Said(422, '{"ErrorCode": 405, "Message": "No credits"}'), "used up or suspended. (No credits)"),
    ],
    ids=["a wrong key", "no credit"],
)
def test_what_is_wrong_with_our_account_is_told_and_nothing_is_lost(
    shop: Shop, server: ApiServer, said: Said, words: str
) -> None:
    server.usual = said
    with pytest.raises(NurtureError) as told:
        deliver.deliver(shop.runtime, shop.now)
    assert "email: " in str(told.value)
    assert words in str(told.value)
    assert {row["state"] for row in shop.messages()} == {"deferred"}
    server.usual = YES
    shop.now += timedelta(minutes=5)
    assert deliver.deliver(shop.runtime, shop.now)["accepted"] == 2


@pytest.mark.parametrize("shop", [("resend", "key")], indirect=True)
def test_a_lost_answer_is_asked_for_again_where_repeats_are_dropped(shop: Shop, server: ApiServer) -> None:
    server.usual = Said(200, '{"id": "re-1"}')
    server.answers = {b"ana@example.com": Said(0, CLOSE)}
    counts = deliver.deliver(shop.runtime, shop.now)
    assert (counts["accepted"], counts["in_doubt"]) == (1, 1)
    server.answers = {}
    shop.now += timedelta(minutes=1)
    assert deliver.deliver(shop.runtime, shop.now)["accepted"] == 1
    first, again = (each for each in server.asked if b"ana@example.com" in each.body)
    assert first.headers["idempotency-key"] == again.headers["idempotency-key"]
    assert first.body == again.body
    assert {row["state"] for row in shop.messages()} == {"accepted"}


def test_a_lost_answer_is_looked_up_where_the_provider_can_be_asked(shop: Shop, server: ApiServer) -> None:
    server.answers = {b"ana@example.com": Said(0, CLOSE)}
    assert deliver.deliver(shop.runtime, shop.now)["in_doubt"] == 1
    key = next(row["key"] for row in shop.messages() if row["state"] == "in_doubt")
    there = {"Messages": [{"MessageID": "pm-9", "Metadata": {"nurture": key}}]}
    server.answers = {b"/messages/outbound": Said(200, json.dumps(there))}
    shop.now += timedelta(minutes=3)
    deliver.deliver(shop.runtime, shop.now)
    states = {row["key"]: (row["state"], row["provider_id"]) for row in shop.messages()}
    assert states.pop(key) == ("accepted", "pm-9")
    assert len([asked for asked in server.asked if b"ana@example.com" in asked.body]) == 1
