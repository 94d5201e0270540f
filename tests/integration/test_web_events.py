"""Another system tells events by HTTP: what they do, which are refused and why, and that each counts once."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from nurture import faults
from nurture.app import importing
from nurture.app.api_keys import digest
from nurture.app.importing.mapping import Kind
from nurture.cli.api_keys import api_key
from nurture.settings import ApiAccess, Scope
from nurture.store import consents, tables
from nurture.web.app import create_app
from nurture.web.guard import LARGEST_BATCH
from nurture.web.server import Server
from tests.support.documents import fences
from tests.support.lives import CAST, Lives, open_lives
from tests.support.visitor import Visitor

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "tell-events-by-http.md"
WHO = {
    "shop": "events, people",
    "crm": "consents, enter",
    "all": "events, people, consents, enter",
    "new": "events",
}
KEYS = "api:\n  keys:\n" + "".join(
    f"    {name}: {{sha256: [{digest(f'key of {name}').hex()}, {digest(f'old key of {name}').hex()}], may: [{may}]}}\n"
    for name, may in WHO.items()
)
JOURNEYS = {
    "back": "journey: back\ntopic: news\ntrigger: {inactive: [order_completed], for: 10 days}\n"
    "exit: [{event: order_completed}]\nsteps:\n  - wait: 2 days\n  - email: a\n",
    "thanks": "journey: thanks\ntopic: news\ntrigger: {event: order_completed, max_age: 24 hours}\nsteps:\n"
    "  - {email: b, class: transactional}\n",
}
BUYS: dict[str, Any] = {
    "event": "Order Placed",
    "id": "order-1",
    "at": "2026-03-02T10:00:00-03:00",
    "person": {"ref": "ana"},
    "properties": {"order_id": "1001", "total": 129.90, "currency": "BRL"},
}


@contextmanager
def opened(database: str, folder: Path) -> Iterator[Lives]:
    case = {"journeys": JOURNEYS, "happens": [{"at": "2026-03-02 10:00"}], "workspace": KEYS, "tick": "1 day"}
    lives = open_lives(database, folder, case)
    try:
        for who in ("ana", "bruno"):
            lives.arrive(who, CAST[who])
        lives.at = lives.moment("2026-03-02 10:00")
        yield lives
    finally:
        lives.close()


@pytest.fixture
def lives(database: str, tmp_path: Path) -> Iterator[Lives]:
    with opened(database, tmp_path) as lives:
        yield lives


@pytest.fixture
def on_one(one_database: str, tmp_path: Path) -> Iterator[Lives]:
    """Where the database has no say."""
    with opened(one_database, tmp_path) as lives:
        yield lives


def head(name: str = "all") -> dict[str, str]:
    return {"authorization": f"Bearer key of {name}"}


def told(lives: Lives, *events: Any, by: str = "all") -> httpx.Response:
    with Visitor(create_app(lives.runtime)) as visitor:
        return post(visitor, *events, by=by)


def post(visitor: Visitor, *events: Any, by: str = "all") -> httpx.Response:
    return visitor.post("/api/events", headers=head(by), json={"events": list(events)})


def rows(lives: Lives, table: sa.Table, *where: sa.ColumnElement[bool]) -> list[dict[str, Any]]:
    with lives.runtime.store.read() as tx:
        found = tx.execute(sa.select(table).where(*where).order_by(*table.primary_key)).mappings()
        return [dict(row) for row in found]


def from_outside(lives: Lives) -> list[tuple[str, str, str]]:
    return [
        (row["source"], row["source_id"], row["name"])
        for row in rows(lives, tables.events, tables.events.c.source.startswith("api:"))
    ]


def test_over_a_real_connection_an_event_counts_once_however_often_it_is_told(lives: Lives) -> None:
    seen = {"product_id": "moka", "a\x00b": ["c\x00d"]}  # what PostgreSQL does not keep
    views = [{**BUYS, "event": "product_viewed", "id": n, "properties": seen} for n in range(3)]
    with (
        Server(create_app(lives.runtime), "127.0.0.1:0") as server,
        httpx.Client(base_url=server.url, headers=head("shop")) as shop,
    ):
        one = shop.post("/api/events", json=BUYS)
        assert from_outside(lives) == [
            ("api:shop", "order-1", "order_completed")
        ]  # before anything else was done
        many = [shop.post("/api/events", json={"events": [*views, BUYS, views[0]]}) for _ in range(2)]
        backwards = shop.post("/api/events", json={"events": [BUYS, *reversed(views)]})
    assert [answer.status_code for answer in [one, *many, backwards]] == [200] * 4
    assert [answer.json() for answer in [one, *many, backwards]] == [
        {"new": 1, "known": 0},
        {"new": 3, "known": 2},
        {"new": 0, "known": 5},
        {"new": 0, "known": 4},
    ]
    assert len(from_outside(lives)) == 4
    assert [
        row["payload"] for row in rows(lives, tables.events, tables.events.c.name == "product_viewed")
    ] == [{"product_id": "moka", "a\ufffdb": ["c\ufffdd"]}] * 3


def test_the_same_id_of_another_key_is_another_event_and_an_old_key_of_the_same_name_is_the_same(
    on_one: Lives,
) -> None:
    answers = [told(on_one, BUYS, by="shop"), told(on_one, BUYS, by="new")]
    with Visitor(create_app(on_one.runtime)) as visitor:
        answers.append(
            visitor.post("/api/events", headers={"authorization": "Bearer old key of shop"}, json=BUYS)
        )
    assert [answer.json()["new"] for answer in answers] == [1, 1, 0]


def test_what_the_command_prints_is_what_the_key_needs(
    one_database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api_key("shop", [Scope.EVENTS, Scope.PEOPLE])
    said = capsys.readouterr().out.splitlines()
    key, lines = said[0], said[said.index("api:") :]
    assert len(key) >= len("nurture_") + 43  # 256 bits
    case = {"journeys": {}, "happens": [{"at": "2026-03-02 10:00"}], "workspace": "\n".join(lines)}
    lives = open_lives(one_database, tmp_path, case)
    try:
        with Visitor(create_app(lives.runtime)) as visitor:
            known = visitor.post("/api/events", headers={"authorization": f"Bearer {key}"}, json=BUYS)
            other = visitor.post("/api/events", headers={"authorization": f"Bearer {key}x"}, json=BUYS)
        assert (known.status_code, other.status_code) == (200, 401)
        assert not [
            file for file in tmp_path.rglob("*") if file.is_file() and key.encode() in file.read_bytes()
        ]
    finally:
        lives.close()


def test_an_order_that_is_told_ends_the_journey_that_wanted_it(on_one: Lives) -> None:
    on_one.publish(["back", "thanks"])
    on_one.tell("ana", "order_completed", payload={"order_id": "1", "total": 10}, silent=True)
    on_one.tell("bruno", "order_completed", payload={"order_id": "2", "total": 10}, silent=True)
    on_one.work()
    on_one.go_to(on_one.moment("2026-03-13 10:00"))
    late = {**BUYS, "id": "late", "at": "2026-03-08T10:00:00Z", "person": "bruno@example.com"}
    answer = told(on_one, {**BUYS, "at": "2026-03-13T12:59:00Z", "person": "ANA@example.com"}, by="shop")
    assert answer.json() == {"new": 1, "known": 0}
    on_one.work()
    on_one.go_to(on_one.moment("2026-03-17 10:00"))
    after = told(on_one, {**late, "properties": {"order_id": "3", "total": "5.10"}}, by="shop")
    assert after.status_code == 200
    on_one.work()
    runs = [(row["journey"], row["status"]) for row in rows(on_one, tables.enrollments)]
    assert sorted(runs) == [("back", "completed"), ("back", "exited"), ("thanks", "completed")]
    # what was too old to be thanked for counts all the same
    assert [
        (on_one.contact(who)["total_orders"], on_one.contact(who)["lifetime_value"])
        for who in CAST
        if who < "c"
    ] == [
        (2, 139_90),
        (2, 15_10),
    ]


def test_an_order_has_the_effect_of_an_imported_one(on_one: Lives) -> None:
    line = {
        "type": "track", "event": "Order Placed", "userId": "bruno", "messageId": "order-1", "timestamp": BUYS["at"],
        "properties": {**BUYS["properties"], "order_id": "1002"},
    }  # fmt: skip
    file = on_one.folder / "orders.ndjson"
    file.write_text(json.dumps(line), encoding="utf-8")
    importing.load(on_one.runtime.store, file, on_one.runtime.settings, on_one.at, kind=Kind.EVENTS)
    told(on_one, BUYS, by="shop")
    on_one.work()
    ana, bruno = rows(on_one, tables.orders)
    whose = dict.fromkeys(("id", "order_id", "contact_id"))
    assert {**ana, **whose} == {**bruno, **whose}
    facts = ("total_orders", "lifetime_value", "first_order_at", "last_order_at")
    assert [on_one.contact("ana")[name] for name in facts] == [
        on_one.contact("bruno")[name] for name in facts
    ]


def test_fields_and_consents_come_with_who_told_them(lives: Lives) -> None:
    yes = {
        "topic": "offers",
        "given": True,
        "text_version": "2026-03",
        "how": "checkout",
        "ip": "198.51.100.7",
    }
    answer = told(
        lives,
        {
            "event": "identified",
            "id": "c1",
            "at": "2026-03-02T12:00:00Z",
            "person": {"ref": "zoe", "email": "Zoe@Example.com"},
            "fields": {
                "first_name": "Chloe",
                "birthday": "1990-04-02",
                "plan": "pro",
                "state": "São Paulo",
                "city": None,
            },
            "consents": [yes, {"topic": "news", "given": False}],
        },
    )
    assert answer.status_code == 200
    lives.work()
    zoe = lives.contact("zoe")
    assert (zoe["email"], zoe["first_name"], zoe["state"], zoe["fields"]["plan"]) == (
        "zoe@example.com",
        "Chloe",
        "SP",
        "pro",
    )
    with lives.runtime.store.read() as tx:
        said = consents.history(tx, zoe["id"])
    assert [
        (each["topic"], each["given"], each["how"], each["recorded_by"], each["ip"]) for each in said
    ] == [
        ("offers", True, "checkout", "api:all", "198.51.100.0/24"),
        ("news", False, "api:all", "api:all", None),
    ]


def test_a_consent_is_never_given_ahead_of_its_time(on_one: Lives) -> None:
    """Else a no that follows would lose against it."""
    yes = {"topic": "offers", "given": True, "text_version": "1", "how": "form", "at": "2027-01-01T00:00:00Z"}
    said = {
        "event": "identified",
        "id": "c1",
        "at": "2026-03-02T13:00:00Z",
        "person": "bruno",
        "consents": [yes],
    }
    assert told(on_one, said, by="crm").status_code == 200
    on_one.work()
    on_one.go_to(on_one.moment("2026-03-02 11:00"))
    no = {**said, "id": "c2", "at": "2026-03-02T14:00:00Z", "consents": [{"topic": "offers", "given": False}]}
    assert told(on_one, no, by="crm").status_code == 200
    on_one.work()
    with on_one.runtime.store.read() as tx:
        assert not consents.given(tx, on_one.contact("bruno")["id"], "offers")


def test_what_is_dated_ahead_waits_and_is_counted(on_one: Lives) -> None:
    answer = told(
        on_one, BUYS, {**BUYS, "id": "later", "event": "order_delivered", "at": "2026-03-05T10:00:00Z"}
    )
    assert answer.json() == {"new": 2, "known": 0, "ahead": 1}


SCOPES: list[tuple[str, dict[str, Any], str | None]] = [
    ("shop", {}, None),
    ("shop", {"fields": {"city": "Campinas"}}, None),
    ("shop", {"consents": [{"topic": "news", "given": False}]}, "'consents'"),
    ("new", {}, None),
    ("new", {"fields": {"city": "Campinas"}}, "'people'"),
    ("crm", {}, "'events'"),
    ("crm", {"event": "identified"}, "'events'"),
    ("crm", {"event": "identified", "consents": [{"topic": "news", "given": False}]}, None),
    ("crm", {"event": "identified", "fields": {"city": "Campinas"}}, "'people'"),
    ("crm", {"fields": {"city": "Campinas"}}, "'events' and 'people'"),
]


def test_a_key_does_what_its_scopes_say_and_no_more(on_one: Lives) -> None:
    with Visitor(create_app(on_one.runtime)) as visitor:
        for number, (who, more, lacking) in enumerate(SCOPES):
            answer = post(visitor, {**BUYS, "id": number, **more}, by=who)
            if lacking is None:
                assert answer.status_code == 200, (who, more, answer.text)
                continue
            assert answer.status_code == 403, (who, more)
            assert answer.json()["detail"] == (
                f"the key '{who}' may not do this: {lacking} is missing in api.keys.{who}.may in nurture.yaml"
            )
        assert len(from_outside(on_one)) == sum(lacking is None for *_, lacking in SCOPES)
        enter = {"headers": {**head("shop"), "idempotency-key": "k"}, "json": {"person": "ana"}}
        assert visitor.post("/api/journeys/thanks/enter", **enter).status_code == 403


MISTAKES: list[tuple[Any, str, str]] = [
    ({"event": "email_bounced"}, "#/events/1/event", "email_bounced is told by nurture itself and by nobody else"),
    ({"event": "WhatsApp Replied"}, "#/events/1/event", "whatsapp_replied is told by nurture itself"),
    ({"event": "SMS Delivered"}, "#/events/1/event", "sms_delivered is told by nurture itself"),
    ({"event": "consent_given"}, "#/events/1/event", "is told by nurture itself"),
    ({"event": 7}, "#/events/1/event", "is no text"),
    ({"id": ""}, "#/events/1/id", "is no text"),
    ({"id": None}, "#/events/1/id", "'id' is missing"),
    ({"id": "x" * 201}, "#/events/1/id", "is no id of 1 to 200 visible signs"),
    ({"id": "a\x00b"}, "#/events/1/id", "NUL"),
    ({"id": "a\nb"}, "#/events/1/id", "visible signs"),
    ({"id": BUYS["id"], "person": "bruno"}, "#/events/1/id", "an earlier event of the request is called 'order-1'"),
    ({"at": "2026-03-02 10:00"}, "#/events/1/at", "says no zone: end it with one, such as -03:00, or with Z for UTC"),
    ({"at": "2026-03-02"}, "#/events/1/at", "says no zone"),
    ({"at": "2026-02-30T10:00:00Z"}, "#/events/1/at", "is not a date that exists"),
    ({"at": 1772456400}, "#/events/1/at", "is no text"),
    ({"at": "9999-12-31T23:59:59-12:00"}, "#/events/1/at", "outside 1900 to 2199"),
    ({"person": {}}, "#/events/1/person", "names nobody"),
    ({"person": []}, "#/events/1/person", "is no table"),
    ({"person": {"mail": "a@example.com"}}, "#/events/1/person/mail", "did you mean 'email'?"),
    ({"person": {"email": "ana@"}}, "#/events/1/person/email", "'ana@' is not an e-mail address"),
    ({"person": "+55 11"}, "#/events/1/person", "is no phone number"),
    ({"propertys": {}}, "#/events/1/propertys", "did you mean 'properties'?"),
    ({"properties": []}, "#/events/1/properties", "is no table"),
    ({"properties": {**BUYS["properties"], "a/b": [1, {"c": 2**63}]}}, "#/events/1/properties/a~1b/1/c", "larger"),
    ({"properties": {"order_id": "1"}}, "#/events/1/properties/total", "is no amount such as 129.90"),
    ({"properties": {"order_id": "1", "total": -1}}, "#/events/1/properties/total", "that nobody pays"),
    ({"properties": {"order_id": "1", "total": 1e17}}, "#/events/1/properties/total", "that nobody pays"),
    ({"properties": {"total": 1}}, "#/events/1/properties/order_id", "is no text"),
    ({"properties": {**BUYS["properties"], "currency": "reais"}}, "#/events/1/properties/currency", "three capital"),
    ({"fields": {"grind": "fine"}}, "#/events/1/fields/grind", "nothing is called 'grind'"),
    ({"fields": {"lifetime_value": 7}}, "#/events/1/fields/lifetime_value", "nothing is called"),
    ({"fields": {"renewal_on": "2027-01-01"}}, "#/events/1/fields/renewal_on", "nothing is called"),
    ({"fields": {"birthday": "31/02/1990"}}, "#/events/1/fields/birthday", "is not a date"),
    ({"fields": {"city": {"name": "Campinas"}}}, "#/events/1/fields/city", "is an object or a list"),
    ({"fields": {"city": "Cam\x00pinas"}}, "#/events/1/fields/city", "NUL"),
    ({"consents": [{"topic": "offres", "given": True}]}, "#/events/1/consents/0/topic", "did you mean 'offers'?"),
    ({"consents": [{"topic": "news", "given": "yes"}]}, "#/events/1/consents/0/given", "is neither true nor false"),
    ({"consents": [{"topic": "news", "given": True}]}, "#/events/1/consents/0/text_version", "is missing"),
    ({"consents": [{"topic": "news"}]}, "#/events/1/consents/0/given", "is missing"),
    ({"consents": [{"topic": "news", "given": False, "channel": "fax"}]}, "#/events/1/consents/0/channel", "'fax'"),
    ({"consents": [{"topic": "news", "given": False, "ip": "10.0.0"}]}, "#/events/1/consents/0/ip", "not an IP"),
    ({"consents": {"topic": "news"}}, "#/events/1/consents", "is no list"),
]  # fmt: skip


def test_one_that_can_not_be_taken_is_pointed_at_and_none_is_taken(on_one: Lives) -> None:
    with Visitor(create_app(on_one.runtime)) as visitor:
        for more, pointer, detail in MISTAKES:
            on_one.at += timedelta(seconds=1)
            answer = post(visitor, BUYS, {**BUYS, "id": "order-2", **more})
            said = answer.json()
            assert (answer.status_code, said["status"]) == (422, 422), (more, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
            assert said["detail"] == "1 of 2 events can't be taken, so none was"
            (error,) = [each for each in said["errors"] if each["pointer"] == pointer]
            assert error["index"] == 1
            assert detail in error["detail"], (more, error)
        assert post(visitor, 7, "x").json()["errors"][0]["pointer"] == "#/events/0"
    assert from_outside(on_one) == []


def test_all_is_told_at_once_and_no_more_than_anybody_reads(on_one: Lives) -> None:
    said = told(on_one, *({**BUYS, "id": number, "at": "today", "person": 7} for number in range(200))).json()
    assert said["detail"] == "200 of 200 events can't be taken, so none was"
    assert len(said["errors"]) == 100
    assert [each["pointer"] for each in said["errors"][:3]] == [
        "#/events/0/at",
        "#/events/0/person",
        "#/events/1/at",
    ]


ODD: list[tuple[str, bytes, int]] = [
    ("nothing", b"", 400),
    ("a list", b"[]", 400),
    ("a key twice", b'{"event": "a", "event": "b"}', 400),
    ("a key twice inside", b'{"events": [{"properties": {"a": 1, "a": 1}}]}', 400),
    ("NaN", b'{"properties": {"total": NaN}}', 400),
    ("half a sign", b'{"event": "\\ud800"}', 400),
    ("half a sign as a name", b'{"properties": {"\\udfff": 1}}', 400),
    ("not UTF-8", b'{"event": "caf\xe9"}', 400),
    ("deep", b'{"properties": ' + b"[" * 40 + b"]" * 40 + b"}", 400),
    ("very deep", b"[" * 500_000, 400),
    ("another key beside", b'{"events": [], "source": "x"}', 422),
    ("no list", b'{"events": {}}', 422),
    ("an endless number", json.dumps(BUYS).replace("129.9", "1e400").encode(), 422),
    ("a number of many digits", json.dumps(BUYS).replace("129.9", "9" * 6000).encode(), 422),
    ("too many", json.dumps({"events": [BUYS] * 1001}).encode(), 413),
    ("too large", b'{"event": "' + b"x" * LARGEST_BATCH + b'"}', 413),
]


def test_odd_requests_are_refused_and_change_nothing(on_one: Lives) -> None:
    with Visitor(create_app(on_one.runtime)) as visitor:
        for what, body, status in ODD:
            on_one.at += timedelta(seconds=1)
            answer = visitor.post("/api/events", headers=head(), content=body)
            assert (answer.status_code, answer.json()["status"]) == (status, status), (what, answer.text)
        nobody = visitor.post("/api/events", json=BUYS)
        assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")
        assert visitor.get("/api/events", headers=head()).status_code == 405
        answers = [visitor.post("/api/events", headers=head("new"), content=b"") for _ in range(21)]
        assert [answer.status_code for answer in answers] == [400] * 20 + [429]
        assert answers[-1].headers["retry-after"] == "1"
    on_one.runtime.settings = replace(on_one.runtime.settings, api=ApiAccess())
    assert told(on_one, BUYS).status_code == 403
    assert from_outside(on_one) == []


def test_a_database_that_fails_keeps_nothing_and_the_same_again_is_taken(on_one: Lives) -> None:
    def fail() -> None:
        raise OSError("the disk is full")

    faults.arm("ingest.before_commit", fail)
    try:
        answer = told(on_one, BUYS)
    finally:
        faults.arm(None)
    assert (answer.status_code, answer.headers["retry-after"]) == (500, "60")
    assert answer.json()["detail"].startswith("ask again in a minute by the same ids")
    assert from_outside(on_one) == []
    assert told(on_one, BUYS).json() == {"new": 1, "known": 0}


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_page_shows_a_request_and_its_answer(on_one: Lives) -> None:
    request, answer = (
        next(fence.body for fence in fences(PAGE) if fence.language == language)
        for language in ("sh", "json")
    )
    with Server(create_app(on_one.runtime), "127.0.0.1:0") as server:
        command = request.replace("https://mail.shop.example", server.url).replace("$KEY", "key of shop")
        said = subprocess.check_output(command, shell=True, text=True, stderr=subprocess.DEVNULL)
    assert json.loads(said) == json.loads(answer)
    on_one.work()
    assert on_one.contact("ana")["total_orders"] == 1
