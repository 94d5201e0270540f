"""Double opt-in: a yes that anybody may have typed in allows nothing until its person has pressed the button behind a
link that went to her mailbox."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import httpx
import pytest

from nurture.app import erasing
from nurture.app.deliver import deliver
from nurture.app.explain import explain
from nurture.app.history import history
from nurture.app.ingest import ingest
from nurture.app.process import process
from nurture.cli import telling
from nurture.cli.message import _told
from nurture.model import Basis, Channel, ConsentRecord, NewEvent, Person
from nurture.settings import ChannelConfig, Sender, Topic
from nurture.store import confirmations, keys, tables
from nurture.web.app import create_app
from nurture.web.server import Server
from tests.support.lives import CAST, TITLE, open_lives
from tests.support.shop import Shop, open_shop
from tests.support.visitor import Visitor

TOPICS = {
    "offers": Topic("offers", "Ofertas"),
    "news": Topic("news", "Novidades", double_opt_in=True),
    "tips": Topic("tips", "Dicas", double_opt_in=True),
}
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
HOLDS = {("news", "email"), ("news", "sms")}


def opened(url: str, folder: Path) -> Shop:
    options = {"folder": str(folder / "outbox"), "fsync": "false"}
    sender = Sender("oi@volta.example", "Volta")
    channels = {Channel.EMAIL: ChannelConfig(Channel.EMAIL, "outbox", sender, options)}
    return open_shop(url, folder, topics=TOPICS, channels=channels)


@pytest.fixture
def shop(one_database: str, tmp_path: Path) -> Iterator[Shop]:
    shop = opened(one_database, tmp_path)
    yield shop
    shop.runtime.close()


@pytest.fixture
def either(database: str, tmp_path: Path) -> Iterator[Shop]:
    shop = opened(database, tmp_path)
    yield shop
    shop.runtime.close()


def says(shop: Shop, id_: str = "1", *, silent: bool = False, who: str = "ana", **said: Any) -> None:
    """A form comes in, with her yes to the news unless something else is said, and what is due leaves."""
    yes = ConsentRecord(**{"topic": "news", "given": True, "text_version": "form-1", "how": "form", **said})
    person = Person(who, f"{who}@example.com" if who in shop.people else None)
    form = NewEvent("form_submitted", person, shop.now, "site", id_, consents=(yes,), silent=silent)
    ingest(shop.runtime.store, [form], shop.now)
    later(shop)


def later(shop: Shop, by: timedelta = MINUTE) -> None:
    shop.now += by
    process(shop.runtime, shop.now)
    deliver(shop.runtime, shop.now)


def asking(shop: Shop) -> list[dict[str, Any]]:
    return [row for row in shop.rows(tables.messages) if row["template"] == "double-opt-in"]


def holds(shop: Shop, name: str = "ana") -> set[tuple[str, str]]:
    """To what her yes holds, beside the offers to which she said it long ago."""
    with shop.runtime.store.read() as tx:
        held = confirmations.held(tx, [shop.people[name]])
    return {(topic, channel) for _, topic, channel in held if topic != "offers"}


def records(shop: Shop, topic: str = "news") -> list[dict[str, Any]]:
    return [row for row in shop.rows(tables.consents) if row["topic"] == topic]


def told(shop: Shop) -> list[str]:
    """Which changes of consent journeys heard of."""
    return [row["name"] for row in shop.rows(tables.events) if row["name"].startswith("consent_")]


def mail(shop: Shop) -> str:
    """The text of the last mail that left."""
    last = max((shop.runtime.folder / "outbox").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    body = message_from_bytes(last.read_bytes(), policy=default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def link(shop: Shop) -> str:
    found = re.search(r"https://links\.volta\.example(/d/\S+)", mail(shop))
    assert found
    return found[1]


def in_words(shop: Shop) -> str:
    story = telling.story(explain(shop.runtime, "ana", None, shop.now), "UTC", shop.now)
    return " ".join("\n".join(story).split())


def test_a_form_asks_and_only_the_button_gives(either: Shop) -> None:
    shop = either
    says(shop)
    (asked,) = asking(shop)
    assert (asked["state"], asked["class"], asked["journey"]) == ("accepted", "transactional", None)
    assert (holds(shop), told(shop)) == (set(), [])
    history_told = " ".join("\n".join(_told(history(shop.runtime, asked["key"]), "UTC", shop.now)).split())
    assert "wanted to ask whether it was she who said yes" in history_told
    assert "1: yes to offers" in in_words(shop)
    assert "asked today 15:01 to confirm it, not confirmed" in in_words(shop)
    assert "“Novidades”" in mail(shop)

    shop.runtime.settings = replace(shop.runtime.settings, web_client_ip_header="X-Forwarded-For")
    with (
        Server(create_app(shop.runtime, lambda: shop.now), "127.0.0.1:0") as server,
        httpx.Client(base_url=server.url, headers={"X-Forwarded-For": "203.0.113.7"}) as ana,
    ):
        page = ana.get(link(shop))
        assert ana.head(link(shop)).status_code == page.status_code == 200
        assert "Quer receber “Novidades”?" in page.text
        assert 'method="post"' in page.text
        assert holds(shop) == set()  # scanners follow links
        done = [ana.post(link(shop)) for _ in range(2)]
    assert [(answer.status_code, "está confirmado" in answer.text) for answer in done] == [(200, True)] * 2
    assert holds(shop) == HOLDS
    pending, yes = records(shop)
    assert (pending["pending"], pending["how"], yes["pending"]) == (True, "form", False)
    proof = {name: yes[name] for name in ("given", "how", "text_version", "recorded_by", "ip", "message_id")}
    assert proof == {
        "given": True,
        "how": "double opt-in",
        "text_version": "form-1",
        "recorded_by": "person",
        "ip": "203.0.113.0/24",
        "message_id": asked["id"],
    }
    process(shop.runtime, shop.now)
    assert told(shop) == ["consent_given"]
    assert f"confirmed by {yes['id']}" in in_words(shop)
    assert (
        f"double opt-in, consent, text form-1, recorded by herself, from message {asked['id']}"
        in in_words(shop)
    )


def test_who_took_it_back_since_is_not_brought_back_by_an_old_link(shop: Shop) -> None:
    says(shop)
    path = link(shop)
    with Visitor(create_app(shop.runtime, lambda: shop.now)) as ana:
        assert ana.post(path).status_code == 200
        says(shop, "2", given=False)
        assert ana.post(path).status_code == 404
        assert holds(shop) == set()
        shop.now += DAY
        says(shop, "3", channel=Channel.EMAIL)  # and asks again, for mail alone
        assert ana.post(link(shop)).status_code == 200
    assert holds(shop) == {("news", "email")}


def test_who_said_no_before_she_pressed_the_button_has_said_no(shop: Shop) -> None:
    says(shop)
    path = link(shop)
    says(shop, "2", given=False)
    with Visitor(create_app(shop.runtime, lambda: shop.now)) as ana:
        assert ana.post(path).status_code == 404
    assert holds(shop) == set()


def test_every_channel_that_waits_is_confirmed(shop: Shop) -> None:
    says(shop, channel=Channel.SMS)
    says(shop, "2", channel=Channel.WHATSAPP)
    with Visitor(create_app(shop.runtime, lambda: shop.now)) as ana:
        assert ana.post(link(shop)).status_code == 200
    assert holds(shop) == {("news", "sms"), ("news", "whatsapp")}


@pytest.mark.parametrize(
    ("said", "waits"),
    [
        pytest.param({}, True, id="a form"),
        pytest.param({"silent": True}, True, id="an import"),
        pytest.param({"confirmed": True}, False, id="confirmed elsewhere"),
        pytest.param({"basis": Basis.CONTRACT}, False, id="no consent but a contract"),
        pytest.param({"topic": "offers"}, False, id="a topic without it"),
        pytest.param({"given": False}, False, id="a no"),
    ],
)
def test_what_waits(shop: Shop, said: Mapping[str, Any], waits: bool) -> None:
    says(shop, **said)
    assert shop.rows(tables.consents)[-1]["pending"] == waits
    assert len(asking(shop)) == (waits and "silent" not in said)


def test_one_mail_a_day_for_each_topic(either: Shop) -> None:
    shop = either
    for number in range(3):
        says(shop, f"again-{number}")
    says(shop, "other", topic="tips")
    assert [row["topic"] for row in asking(shop)] == ["news", "tips"]
    shop.now += DAY
    says(shop, "tomorrow")
    assert [row["topic"] for row in asking(shop)] == ["news", "tips", "news"]
    with Visitor(create_app(shop.runtime, lambda: shop.now)) as ana:
        ana.post(link(shop))
    assert holds(shop) == HOLDS
    shop.now += DAY
    says(shop, "once more")
    assert len(asking(shop)) == 3  # her yes holds: there is nothing to ask


def test_who_has_no_address_is_not_asked(shop: Shop) -> None:
    says(shop, who="eva")
    assert (asking(shop), len(records(shop))) == ([], 1)


def test_a_forged_link_and_one_for_something_else_confirm_nothing(shop: Shop) -> None:
    says(shop)
    token = link(shop).removeprefix("/d/")
    leave = shop.links("ana").unsubscribe().rpartition("/")[2]
    with Visitor(create_app(shop.runtime, lambda: shop.now)) as visitor:
        for path in (f"/d/{token[:-1]}", f"/d/{leave}", "/d/x"):
            assert (visitor.get(path).status_code, visitor.post(path).status_code) == (404, 404)
        assert visitor.get(f"/u/{token}").status_code == 404
    assert holds(shop) == set()


def test_a_refusal_by_the_mails_own_way_out_is_recorded(shop: Shop) -> None:
    says(shop)
    found = re.search(r"https://links\.volta\.example(/u/\S+)", mail(shop))
    assert found
    with Visitor(create_app(shop.runtime, lambda: shop.now)) as ana:
        ana.post(found[1])
    assert [(row["given"], row["pending"]) for row in records(shop)] == [(True, True), (False, False)]


LETTER = "journey: letter\nreentry: after_exit\ntopic: news\ntrigger: {event: form_submitted}\nsteps:\n  - email: a\n    id: hello\n"


@pytest.mark.parametrize("double", [False, True])
def test_a_journey_writes_to_nobody_who_has_not_confirmed(
    one_database: str, tmp_path: Path, double: bool
) -> None:
    """The same life with and without `double_opt_in`."""
    case: dict[str, Any] = {"journeys": {"letter": LETTER}, "happens": [{"at": "2026-03-02 10:00"}]}
    lives = open_lives(one_database, tmp_path, case)
    topics = {**lives.runtime.settings.topics, "news": Topic("news", "News", double_opt_in=double)}
    lives.runtime.settings = replace(lives.runtime.settings, topics=topics)
    lives.arrive("ana", {**CAST["ana"], "consents": []})
    lives.publish(["letter"])
    for number in range(2):
        yes = ConsentRecord("news", given=True, how="form")
        lives.tell("ana", "form_submitted", consents=(yes,) if number == 0 else ())
        for _ in range(2):
            lives.work()
            lives.at += timedelta(minutes=5)
        if double and number == 0:
            with lives.runtime.store.read() as tx:
                (asked,) = tx.execute(tables.messages.select().where(tables.messages.c.journey.is_(None)))
            path = asked.variables["confirm_url"].removeprefix("http://127.0.0.1:8025")
            with Visitor(create_app(lives.runtime)) as ana:
                assert ana.post(path).status_code == 200
    with lives.runtime.store.read() as tx:
        rows = tx.execute(tables.messages.select().order_by(tables.messages.c.id)).all()
    lives.close()
    assert [(row.template, row.state, row.reason) for row in rows] == (
        [("double-opt-in", "accepted", None), ("a", "cancelled", "no_consent"), ("a", "accepted", None)]
        if double
        else [("a", "accepted", None)] * 2
    )


def test_a_workspace_says_it_in_its_own_words(shop: Shop) -> None:
    folder = shop.runtime.folder / "templates" / "email"
    folder.mkdir(parents=True)
    words = "{{ topic }}: {{ confirm_url }} {{ unsubscribe_url }}"
    (folder / "double-opt-in.html").write_text(f"{TITLE}<p>{words}</p>")
    (folder / "double-opt-in.txt").write_text(words)
    says(shop)
    assert mail(shop).startswith("Novidades: https://links.volta.example/d/")


def test_without_mail_nobody_can_be_asked(shop: Shop) -> None:
    """`nurture check` refuses such a workspace; one that loses its channel meanwhile still takes its events in."""
    shop.runtime.settings = replace(shop.runtime.settings, channels={})
    says(shop)
    assert (asking(shop), [row["pending"] for row in records(shop)]) == ([], [True])


def test_who_was_erased_confirms_nothing(shop: Shop) -> None:
    says(shop)
    path = link(shop)
    with shop.runtime.store.begin() as tx:
        her = tables.contacts.c.id == shop.people["ana"]
        tx.execute(tables.contacts.update().where(her).values(erased_at=shop.now))
    with Visitor(create_app(shop.runtime, lambda: shop.now)) as somebody:
        assert somebody.post(path).status_code == 404
    assert holds(shop) == set()


def test_a_form_that_comes_again_after_she_was_erased_holds_nothing_up(either: Shop) -> None:
    """She is somebody new, to whom nothing goes, and what comes after her in the inbox has its effect."""
    shop = either
    says(shop)
    erasing.erase(shop.runtime, "ana", shop.now)
    says(shop)
    says(shop, "2", who="bruno")
    assert [row["state"] for row in asking(shop)] == ["accepted", "cancelled", "accepted"]


def test_a_message_gives_way_to_one_of_who_was_erased_and_to_no_other(either: Shop) -> None:
    shop = either
    says(shop)
    says(shop, "2", who="bruno")
    erasing.erase(shop.runtime, "ana", shop.now)
    hers, his = asking(shop)
    with shop.runtime.store.begin() as tx:
        again = keys.apart(tx, [{**row, "contact_id": row["contact_id"] + 10} for row in (hers, his)])
    assert again[0]["key"] != hers["key"]
    assert again[1]["key"] == his["key"]
