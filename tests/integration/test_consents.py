"""Who recorded a consent or a withdrawal, from which network it came, and by which message."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from nurture.app import environment
from nurture.app.explain import explain
from nurture.app.ingest import ingest
from nurture.app.init import init
from nurture.app.process import process
from nurture.cli import telling
from nurture.cli.main import app
from nurture.model import Channel, ConsentRecord, NewEvent, Person
from nurture.store import tables
from nurture.web.app import create_app
from nurture.web.server import Server
from tests.support.lives import CAST, open_lives
from tests.support.shop import Shop, open_shop
from tests.support.visitor import Visitor

ADDRESS, NETWORK = "203.0.113.7", "203.0.113.0/24"
SIGNUPS = f"ref,email,news,ip\nana,ana@example.com,sim,{ADDRESS}\nbruno,bruno@example.com,não,\n"
MAPPING = """\
import: contacts
columns: {ref: ref, email: email}
consent: {topics: [news], basis: consent, only_if: news, text_version: form-1, how: form at /news, ip_from: ip}
"""
SUBSCRIBES = """\
journey: welcome
trigger: {event: signed_up}
steps:
  - update: {subscribe: offers, unsubscribe: news}
    id: chosen
"""


NO, YES = False, True
# What an event tells of offers, by which channel, on which day; what becomes of the SMS that waits.
TOLD: list[tuple[str, list[tuple[Channel | None, bool, int]], str]] = [
    ("no by SMS", [(Channel.SMS, NO, 0)], "cancelled"),
    ("no by e-mail", [(Channel.EMAIL, NO, 0)], "scheduled"),
    ("no by all", [(None, NO, 0)], "cancelled"),
    ("an old no by SMS", [(Channel.SMS, NO, -40)], "scheduled"),
    ("no by all, and a later yes by e-mail", [(None, NO, -2), (Channel.EMAIL, YES, -1)], "cancelled"),
    ("no by all, and a later yes by SMS", [(None, NO, -2), (Channel.SMS, YES, -1)], "scheduled"),
]


@pytest.fixture
def shop(one_database: str, tmp_path: Path) -> Iterator[Shop]:
    shop = open_shop(one_database, tmp_path)
    yield shop
    shop.runtime.close()


def behind(shop: Shop, header: str | None) -> Shop:
    """The workspace behind a proxy that writes this header."""
    shop.runtime.settings = replace(shop.runtime.settings, web_client_ip_header=header)
    return shop


def withdrawals(shop: Shop) -> list[tuple[str | None, str | None, int | None]]:
    found = [row for row in shop.rows(tables.consents) if not row["given"]]
    return [(row["recorded_by"], row["ip"], row["message_id"]) for row in found]


def in_words(shop: Shop) -> str:
    told = explain(shop.runtime, "ana", None, shop.now)
    return " ".join("\n".join(telling.story(told, "America/Sao_Paulo", shop.now)).split())


def test_over_a_real_connection_the_page_says_who_from_where_and_by_which_message(shop: Shop) -> None:
    """Only the last address is the proxy's own word: what she wrote before it is no proof of anything."""
    behind(shop, "X-Forwarded-For")
    with (
        Server(create_app(shop.runtime, lambda: shop.now), "127.0.0.1:0") as server,
        httpx.Client(base_url=server.url) as visitor,
    ):
        told = {"X-Forwarded-For": f"198.51.100.9, {ADDRESS}"}
        answer = visitor.post(shop.links("ana").unsubscribe(), headers=told)
    assert answer.status_code == 200
    hers = shop.message(shop.sent["ana"])["id"]
    assert withdrawals(shop) == [("person", NETWORK, hers)]
    assert f"unsubscribe page, consent, recorded by herself, from message {hers}, IP {NETWORK}" in in_words(
        shop
    )


def test_the_mail_programs_own_button_is_recorded_alike(shop: Shop) -> None:
    with Visitor(create_app(behind(shop, "X-Real-IP").runtime, lambda: shop.now)) as visitor:
        told = {"X-Real-IP": "2001:db8:85a3:8d3:1319:8a2e:370:7348"}
        visitor.post(shop.links("ana").unsubscribe(), content=b"List-Unsubscribe=One-Click", headers=told)
    hers = shop.message(shop.sent["ana"])["id"]
    assert withdrawals(shop) == [("person", "2001:db8:85a3::/48", hers)]


@pytest.mark.parametrize(
    ("header", "said", "peer", "network"),
    [
        pytest.param(None, {}, "8.8.4.4", "8.8.4.0/24", id="nothing stands between"),
        pytest.param(None, {}, "127.0.0.1", None, id="a proxy that nobody told us of"),
        pytest.param(None, {"X-Forwarded-For": ADDRESS}, "127.0.0.1", None, id="anybody may write a header"),
        pytest.param(None, {}, "10.1.2.3", None, id="a proxy in our network"),
        pytest.param("X-Forwarded-For", {}, "8.8.4.4", None, id="a request that came past the proxy"),
        pytest.param(
            "X-Forwarded-For", {"X-Forwarded-For": f"{ADDRESS}:4711"}, "127.0.0.1", NETWORK, id="with a port"
        ),
        pytest.param(
            "X-Forwarded-For",
            {"X-Forwarded-For": "[2001:db8::7]:1"},
            "::1",
            "2001:db8::/48",
            id="IPv6 with one",
        ),
        pytest.param("X-Forwarded-For", {"X-Forwarded-For": "unknown"}, "127.0.0.1", None, id="no address"),
    ],
)
def test_whose_word_counts(
    shop: Shop,
    header: str | None,
    said: dict[str, str],
    peer: str,
    network: str | None,
) -> None:
    with Visitor(create_app(behind(shop, header).runtime, lambda: shop.now), peer=peer) as visitor:
        assert visitor.post(shop.links("ana").unsubscribe(), headers=said).status_code == 200
    assert [ip for _, ip, _ in withdrawals(shop)] == [network]


def test_a_file_tells_the_network_and_who_imported_it(tmp_path: Path, one_database: str) -> None:
    folder = tmp_path / "shop"
    init(folder)
    settings = folder / "nurture.yaml"
    settings.write_text(settings.read_text().replace("sqlite:///nurture.db", one_database))
    (tmp_path / "signups.csv").write_text(SIGNUPS)
    (tmp_path / "signups.yaml").write_text(MAPPING)
    run(folder, "import", "contacts", str(tmp_path / "signups.csv"), "-m", str(tmp_path / "signups.yaml"))
    told = {name: json.loads(run(folder, "explain", name, "--json"))["consents"] for name in ("ana", "bruno")}
    me = f"user:{environment.user()}"
    assert [(each["recorded_by"], each["ip"]) for each in told["ana"]] == [(me, NETWORK)]
    assert [(each["given"], each["recorded_by"], each["ip"]) for each in told["bruno"]] == [(False, me, None)]
    said = " ".join(run(folder, "explain", "ana").split())
    assert f"text form-1, recorded by {environment.user()}, IP {NETWORK}" in said
    assert ADDRESS not in everything(one_database)
    assert NETWORK in everything(one_database)


@pytest.mark.parametrize(
    ("options", "confirmed", "said"),
    [
        pytest.param([], "", "an import asks nobody, --trigger-journeys does", id="silently"),
        pytest.param(["--trigger-journeys"], "", "each is asked by mail", id="asking"),
        pytest.param([], ", confirmed: true", None, id="confirmed elsewhere"),
    ],
)
def test_an_import_says_what_waits_to_be_confirmed(
    tmp_path: Path, one_database: str, options: list[str], confirmed: str, said: str | None
) -> None:
    folder = tmp_path / "shop"
    init(folder)
    settings = folder / "nurture.yaml"
    text = settings.read_text().replace("sqlite:///nurture.db", one_database)
    settings.write_text(
        text.replace("  news: Novidades e dicas", "  news: {title: News, double_opt_in: true}")
    )
    (tmp_path / "signups.csv").write_text(SIGNUPS)
    (tmp_path / "signups.yaml").write_text(MAPPING.replace("ip_from: ip", f"ip_from: ip{confirmed}"))
    file, mapping = str(tmp_path / "signups.csv"), str(tmp_path / "signups.yaml")
    printed = " ".join(run(folder, "import", "contacts", file, "-m", mapping, *options).split())
    assert ("A yes to news counts once" in printed, said is None or said in printed) == (
        said is not None,
        True,
    )
    (yes,) = json.loads(run(folder, "explain", "ana", "--json"))["consents"]
    assert yes["pending"] == (said is not None)
    assert bool(yes.get("asked_at")) == ("--trigger-journeys" in options)


def run(folder: Path, *arguments: str) -> str:
    done = CliRunner().invoke(app, [*arguments, "--workspace", str(folder)])
    assert done.exit_code == 0, done.output or done.exception
    return done.output


def everything(url: str) -> str:
    """All that a database holds, as text."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = [str(connection.execute(sa.select(table)).all()) for table in tables.metadata.sorted_tables]
    engine.dispose()
    return "\n".join(found)


def test_a_step_that_subscribes_is_named(database: str, tmp_path: Path) -> None:
    case: dict[str, Any] = {"journeys": {"welcome": SUBSCRIBES}, "happens": [{"at": "2026-03-02 10:00"}]}
    lives = open_lives(database, tmp_path, case)
    lives.arrive("ana", CAST["ana"])
    lives.publish(["welcome"])
    lives.tell("ana", "signed_up")
    lives.work()
    told = explain(lives.runtime, "ana", None, lives.at)
    lives.close()
    by_step = [each for each in told.consents if each["recorded_by"] == "journey:welcome/chosen"]
    assert {(each["topic"], each["given"]) for each in by_step} == {("offers", True), ("news", False)}
    said = " ".join("\n".join(telling.story(told, "UTC", lives.at)).split())
    assert "journey:welcome, consent, recorded by step 'chosen' of welcome" in said


@pytest.mark.parametrize(("said", "state"), [row[1:] for row in TOLD], ids=[row[0] for row in TOLD])
def test_a_no_that_an_event_tells_cancels_what_waits_by_that_channel(
    shop: Shop, said: list[tuple[Channel | None, bool, int]], state: str
) -> None:
    consents = tuple(
        ConsentRecord("offers", given, channel=channel, at=shop.now + timedelta(days=days))
        for channel, given, days in said
    )
    event = NewEvent("identified", Person("ana"), shop.now, "shop", "1", consents=consents)
    ingest(shop.runtime.store, [event], shop.now)
    process(shop.runtime, shop.now)
    waiting = shop.message(shop.waiting["ana"])
    reason = "consent_withdrawn" if state == "cancelled" else None
    assert (waiting["state"], waiting["reason"]) == (state, reason)
    assert shop.message(shop.waiting["davi"])["state"] == "scheduled"


def test_who_has_no_name_on_this_machine_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs as a user of its own, whom /etc/passwd doesn't know."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 987_654)
    assert environment.user() == "uid 987654"
