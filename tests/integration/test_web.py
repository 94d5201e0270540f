"""What people and their mail programs do with the links of a message."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from statistics import median

import pytest
import sqlalchemy as sa

from nurture import digests
from nurture.app import opt_outs
from nurture.app.process import process
from nurture.rendering.links import LinkContext
from nurture.rendering.renderer import offered
from nurture.store import contacts, tables
from nurture.web.app import create_app
from tests.support.shop import SECRETS, Shop, open_shop
from tests.support.visitor import Visitor

URL = "https://volta.example/volta?a=1&b=maçã"


@pytest.fixture
def shop(database: str, tmp_path: Path) -> Iterator[Shop]:
    shop = open_shop(database, tmp_path)
    yield shop
    shop.runtime.close()


@pytest.fixture
def visitor(shop: Shop) -> Iterator[Visitor]:
    with Visitor(create_app(shop.runtime, lambda: shop.now)) as visitor:
        yield visitor


# --- clicks and opens ------------------------------------------------------------------------


def test_a_click_leads_on_and_is_noted(shop: Shop, visitor: Visitor) -> None:
    answer = visitor.get(shop.links("ana").track(URL))
    assert (answer.status_code, answer.headers["location"]) == (
        302,
        "https://volta.example/volta?a=1&b=ma%C3%A7%C3%A3",
    )
    (event,) = shop.rows(tables.events)
    assert (event["name"], event["source"], event["payload"]["class"]) == ("email_clicked", "web", "human")
    assert event["payload"]["link"] == answer.headers["location"]
    assert (event["payload"]["journey"], event["payload"]["step"]) == ("reactivation", "first")
    process(shop.runtime, shop.now)
    assert shop.message(shop.sent["ana"])["clicked_at"] == shop.now


def test_head_leads_on_and_notes_nothing(shop: Shop, visitor: Visitor) -> None:
    assert visitor.head(shop.links("ana").track(URL)).status_code == 302
    assert visitor.head("/o/" + pixel(shop)).status_code == 200
    assert shop.rows(tables.events) == []


def test_the_same_click_within_a_minute_is_one(shop: Shop, visitor: Visitor) -> None:
    link = shop.links("ana").track(URL)
    visitor.get(link)
    visitor.get(link)
    visitor.get(shop.links("ana").track("https://volta.example/other"))
    assert len(shop.rows(tables.events)) == 2
    shop.now += timedelta(minutes=1)
    visitor.get(link)
    assert len(shop.rows(tables.events)) == 3


def test_a_scanner_is_told_apart_and_proves_no_click(shop: Shop, visitor: Visitor) -> None:
    shop.now -= timedelta(minutes=59, seconds=59)
    visitor.get(shop.links("ana").track(URL))
    visitor.get(shop.links("bruno").track(URL), headers={"user-agent": "Barracuda Link Protection"})
    assert [event["payload"]["class"] for event in shop.rows(tables.events)] == ["suspect", "suspect"]
    process(shop.runtime, shop.now)
    assert shop.message(shop.sent["ana"])["clicked_at"] is None


def test_an_open_is_a_tiny_picture(shop: Shop, visitor: Visitor) -> None:
    answer = visitor.get("/o/" + pixel(shop), headers={"user-agent": "Mozilla/5.0"})
    assert (answer.status_code, answer.headers["content-type"], len(answer.content)) == (200, "image/gif", 42)
    (event,) = shop.rows(tables.events)
    assert (event["name"], event["payload"]["class"]) == ("email_opened", "proxy")


def pixel(shop: Shop, name: str = "ana") -> str:
    found = re.search(r'/o/([^"]+)"', shop.links(name).pixel())
    assert found
    return found[1]


def test_a_person_gets_through_when_the_database_does_not(shop: Shop, visitor: Visitor) -> None:
    link = shop.links("ana").track(URL)
    shop.runtime.store.begin = None  # type: ignore[method-assign,assignment]
    assert visitor.get(link).status_code == 302


@pytest.mark.parametrize(
    "path",
    [
        "/c/{token}?u=https%3A%2F%2Felsewhere.example",
        "/c/{token}",
        "/c/nonsense?u=https%3A%2F%2Felsewhere.example",
        "/o/{token}.gif",
        "/u/{token}",
        "/u/k1.none.aaaaaaaaaaaaaaaaaaaaaa",
        "/u/%00",
        "/u/..%2F..%2Fetc%2Fpasswd",
        "/s/{token}?score=9",
        "/nothing",
    ],
)
def test_a_forged_link_is_a_friendly_page(shop: Shop, visitor: Visitor, path: str) -> None:
    """A token for one link opens no other, and leads nowhere else."""
    token = shop.links("ana").track(URL).removeprefix("/c/").partition("?")[0]
    answer = visitor.get(path.format(token=token))
    assert answer.status_code == 404
    assert "location" not in answer.headers
    assert "Volta &amp; Cia" in answer.text
    assert shop.rows(tables.events) == []


# --- unsubscribing -----------------------------------------------------------------------------


def test_looking_at_the_page_changes_nothing(shop: Shop, visitor: Visitor) -> None:
    before = [shop.rows(table) for table in (tables.permissions, tables.messages, tables.events)]
    answer = visitor.get(shop.links("ana").unsubscribe())
    visitor.head(shop.links("ana").unsubscribe())
    assert answer.status_code == 200
    assert 'method="post"' in answer.text
    assert "Ofertas" in answer.text
    assert "ana@example.com" not in answer.text
    assert before == [shop.rows(table) for table in (tables.permissions, tables.messages, tables.events)]


def permissions(shop: Shop, name: str) -> set[tuple[str, str, bool]]:
    rows = shop.rows(tables.permissions)
    return {(r["topic"], r["channel"], r["given"]) for r in rows if r["contact_id"] == shop.people[name]}


def test_the_button_takes_back_the_topic_and_what_is_unsent(shop: Shop, visitor: Visitor) -> None:
    answer = visitor.post(shop.links("ana").unsubscribe())
    assert answer.status_code == 200
    assert permissions(shop, "ana") == {
        ("offers", channel, False) for channel in ("email", "sms", "whatsapp")
    }
    waiting = shop.message(shop.waiting["ana"])
    assert (waiting["state"], waiting["reason"]) == ("cancelled", "consent_withdrawn")
    assert permissions(shop, "davi") == {("offers", "email", True), ("offers", "sms", True)}
    assert shop.message(shop.waiting["davi"])["state"] == "scheduled"


ONE_CLICK = {
    "form": ({"content-type": "application/x-www-form-urlencoded"}, b"List-Unsubscribe=One-Click"),
    "multipart": (
        {"content-type": "multipart/form-data; boundary=x"},
        b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
    ),
}


@pytest.mark.parametrize("kind", ONE_CLICK)
def test_the_mail_programs_own_button(shop: Shop, visitor: Visitor, kind: str) -> None:
    """RFC 8058: no cookie, no redirect, no page in between."""
    headers, body = ONE_CLICK[kind]
    answer = visitor.post(shop.links("ana").unsubscribe(), content=body, headers=headers)
    assert answer.status_code == 200
    assert not {"set-cookie", "location"} & set(answer.headers)
    assert ("offers", "email", False) in permissions(shop, "ana")
    assert {row["how"] for row in shop.rows(tables.consents) if not row["given"]} == {"one-click"}


def test_a_second_click_is_no_second_record(shop: Shop, visitor: Visitor) -> None:
    for _ in range(3):
        assert visitor.post(shop.links("ana").unsubscribe()).status_code == 200
    assert len([row for row in shop.rows(tables.consents) if not row["given"]]) == 1
    assert [event["name"] for event in shop.rows(tables.events)] == ["consent_withdrawn"]


def test_a_later_click_binds_who_said_yes_again_at_the_same_address(shop: Shop, visitor: Visitor) -> None:
    with shop.runtime.store.begin() as tx:
        (ana,) = (row for row in shop.rows(tables.contacts) if row["ref"] == "ana")
        same = {name: ana[name] for name in ("email", "email_digest", "zone", "created_at", "updated_at")}
        shop.people |= contacts.add(tx, [same | {"ref": "ana-2", "hash31": 1}])
    link = shop.links("ana").unsubscribe()
    for what in ({}, {"what": "everything"}):
        visitor.post(link)
        shop.now += timedelta(days=1)
        runtime, person = shop.runtime, shop.people["ana-2"]
        opt_outs.give(
            runtime, person, topic="offers", channel=None, how="form", text_version="1", now=shop.now
        )
        assert ("offers", "email", True) in permissions(shop, "ana-2")
        shop.now += timedelta(days=1)
        assert visitor.post(link, data=what).status_code == 200
        assert not any(given for *_, given in permissions(shop, "ana-2"))
        records = shop.rows(tables.consents)
        visitor.post(link, data=what)
        assert shop.rows(tables.consents) == records


def test_everything_can_be_taken_back_at_once(shop: Shop, visitor: Visitor) -> None:
    visitor.post(shop.links("ana").unsubscribe(), data={"what": "everything"})
    assert {(topic, given) for topic, _, given in permissions(shop, "ana")} == {
        ("offers", False),
        ("news", False),
    }


def test_who_got_a_message_about_the_person_speaks_for_herself_alone(shop: Shop, visitor: Visitor) -> None:
    """A colleague who follows the footer's link of a `notify` silences her own address and takes nobody's consent back."""
    before, digest = (
        permissions(shop, "ana"),
        digests.address(shop.runtime.secret, "email", "rep@volta.example"),
    )
    with shop.runtime.store.begin() as tx:
        about = sa.update(tables.messages).where(tables.messages.c.key == shop.sent["ana"])
        tx.execute(about.values(recipient="rep@volta.example", recipient_digest=digest))
    assert visitor.post(shop.links("ana").unsubscribe(), data={"what": "everything"}).status_code == 200
    assert permissions(shop, "ana") == before
    assert shop.message(shop.waiting["ana"])["state"] == "scheduled"
    (silenced,) = [row for row in shop.rows(tables.suppressions) if row["reason"] == "unsubscribed"]
    assert (silenced["kind"], silenced["digest"]) == ("email", digest)


# --- surveys -------------------------------------------------------------------------------------


def test_the_clicked_score_is_only_preselected(shop: Shop, visitor: Visitor) -> None:
    answer = visitor.get(shop.links("ana").survey(9))
    assert answer.status_code == 200
    assert checked(answer.text) == ["9"]
    assert "Quanto você recomendaria" in answer.text
    assert shop.rows(tables.events) == []


def checked(html: str) -> list[str]:
    inputs = re.findall(r"<input[^>]*type=\"radio\"[^>]*>", html)
    return [value for each in inputs if " checked" in each for value in re.findall(r'value="([^"]*)"', each)]


@pytest.mark.parametrize("score", ["11", "-1", "nine", "9.5", "", "１", "9' or 1=1"])
def test_a_score_that_is_none_selects_none(shop: Shop, visitor: Visitor, score: str) -> None:
    answer = visitor.get(shop.links("ana").survey(), params={"score": score})
    assert (answer.status_code, checked(answer.text)) == (200, [])


@pytest.mark.parametrize(("kind", "lowest", "highest"), [("nps", 0, 10), ("csat", 1, 5), ("ces", 1, 7)])
def test_each_kind_of_survey_has_its_scale(
    shop: Shop, visitor: Visitor, kind: str, lowest: int, highest: int
) -> None:
    asked = replace(shop.runtime.settings.surveys["nps"], kind=kind)
    shop.runtime.settings = replace(shop.runtime.settings, surveys={"nps": asked})
    page = visitor.get(shop.links("ana").survey(highest)).text
    shown = re.findall(r'<input[^>]*type="radio"[^>]*value="(\d+)"', page)
    assert shown == [str(score) for score in range(lowest, highest + 1)]
    assert checked(page) == [str(highest)]
    for score in (lowest - 1, highest + 1):
        assert visitor.post(shop.links("ana").survey(), data={"score": str(score)}).status_code == 400
    assert shop.rows(tables.events) == []
    written = offered(
        shop.runtime.settings,
        LinkContext("key", "https://links.volta.example", survey="nps"),
        shop.links("ana"),
    )
    assert [link["score"] for link in written["survey"]["links"]] == list(range(lowest, highest + 1))


def test_the_button_records_the_answer_once(shop: Shop, visitor: Visitor) -> None:
    for _ in range(2):
        answer = visitor.post(shop.links("ana").survey(9), data={"score": "10", "comment": " Rápido! "})
        assert answer.status_code == 200
        assert "Lemos cada resposta" in answer.text
    (event,) = shop.rows(tables.events)
    assert event["name"] == "survey_answered"
    assert event["payload"] == {
        "survey": "nps",
        "score": 10,
        "comment": "Rápido!",
        "message": shop.sent["ana"],
        "journey": "reactivation",
        "step": "first",
    }
    process(shop.runtime, shop.now)
    assert shop.rows(tables.events)[0]["contact_id"] == shop.people["ana"]


def test_no_score_asks_again_and_keeps_the_comment(shop: Shop, visitor: Visitor) -> None:
    answer = visitor.post(shop.links("ana").survey(), data={"comment": '<script>alert("1")</script>'})
    assert answer.status_code == 400
    assert "&lt;script&gt;" in answer.text
    assert "<script" not in answer.text
    assert shop.rows(tables.events) == []


def test_a_message_without_a_survey_has_no_survey_page(shop: Shop, visitor: Visitor) -> None:
    shop.sent["ana"] = shop.waiting["ana"]
    assert visitor.get(shop.links("ana").survey(9)).status_code == 404


def test_an_endless_comment_is_cut(shop: Shop, visitor: Visitor) -> None:
    visitor.post(shop.links("ana").survey(), data={"score": "3", "comment": "x" * 5000})
    (event,) = shop.rows(tables.events)
    assert len(event["payload"]["comment"]) == 2000


# --- every page ----------------------------------------------------------------------------------


@pytest.fixture
def pages(shop: Shop, visitor: Visitor) -> dict[str, str]:
    links = shop.links("ana")
    asked = {
        "unsubscribe": visitor.get(links.unsubscribe()),
        "survey": visitor.get(links.survey(9)),
        "thanks": visitor.post(links.survey(9), data={"score": "9"}),
        "unsubscribed": visitor.post(links.unsubscribe()),
        "not found": visitor.get("/u/nothing"),
    }
    for answer in asked.values():
        styles = re.findall(r"<style[^>]*>", answer.text)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert policy.count("sha256-") == len(styles)
        assert "unsafe" not in policy
        assert "set-cookie" not in answer.headers
    return {name: answer.text for name, answer in asked.items()}


def test_pages_need_nothing_from_elsewhere_and_no_script(pages: dict[str, str]) -> None:
    for name, html in pages.items():
        assert len(html) < 100_000, name
        assert "<script" not in html, name
        assert not re.search(r"\sstyle=|\son\w+=", html), name  # the policy would block them
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", html), name


def test_pages_are_in_the_readers_language_and_for_her_phone(pages: dict[str, str]) -> None:
    for name, html in pages.items():
        assert re.search(r'<html[^>]* lang="pt', html), name
        assert "width=device-width" in html, name
        assert len(re.findall(r"<h1", html)) == 1, name
        assert "Volta &amp; Cia" in html, name


def test_an_answer_takes_less_than_100_ms(shop: Shop, visitor: Visitor) -> None:
    links = shop.links("ana")
    for url in (links.unsubscribe(), links.survey(9), links.track(URL), "/o/" + pixel(shop), "/health"):
        times = []
        for _ in range(9):
            start = time.perf_counter()
            visitor.get(url)
            times.append(time.perf_counter() - start)
        assert median(times) < 0.1, url


def test_many_at_once_are_all_answered(shop: Shop, visitor: Visitor) -> None:
    ana, bruno = shop.links("ana"), shop.links("bruno")
    clicks = [("GET", ana.track(f"https://volta.example/{n}")) for n in range(20)]
    answers = visitor.together(*clicks, *[("POST", bruno.unsubscribe())] * 5, *[("GET", ana.survey(9))] * 10)
    assert {answer.status_code for answer in answers} == {200, 302}
    assert len([event for event in shop.rows(tables.events) if event["name"] == "email_clicked"]) == 20
    assert shop.message(shop.waiting["bruno"])["state"] == "cancelled"


def test_pages_speak_the_persons_language(shop: Shop, visitor: Visitor) -> None:
    with shop.runtime.store.begin() as tx:
        tx.execute(tables.contacts.update().where(tables.contacts.c.ref == "ana").values(locale="en-US"))
    assert "Stop receiving" in visitor.get(shop.links("ana").unsubscribe()).text
    assert "Parar de receber" in visitor.get(shop.links("davi").unsubscribe()).text


def test_health_tells_a_monitor(shop: Shop, visitor: Visitor) -> None:
    assert visitor.get("/health").json() == {"status": "ok", "database": "ok", "jobs": {}}
    shop.runtime.store.read = None  # type: ignore[method-assign,assignment]
    answer = visitor.get("/health")
    assert (answer.status_code, answer.json()) == (503, {"status": "down", "database": "unreachable"})


def test_old_links_work_after_the_secret_was_replaced(shop: Shop, visitor: Visitor, tmp_path: Path) -> None:
    link = shop.links("ana").unsubscribe()
    rotated = replace(shop.runtime.settings, secrets=(("k2", b"another secret of many characters"), *SECRETS))
    shop.runtime.settings = rotated
    with Visitor(create_app(shop.runtime, lambda: shop.now)) as later:
        assert later.get(link).status_code == 200


@pytest.mark.shared_data
def test_naughty_strings_through_every_door(shop: Shop, visitor: Visitor, shared_data: Path) -> None:
    strings = json.loads((shared_data / "naughty" / "blns.json").read_text(encoding="utf-8"))
    survey = shop.links("ana").survey()
    for number, text in enumerate(strings):
        assert visitor.post(survey, data={"score": str(number % 11), "comment": text}).status_code == 200
    for text in strings[::9]:
        assert visitor.get(survey, params={"score": text}).status_code == 200
        assert visitor.post(survey, content=text.encode("utf-8", "replace")).status_code == 400
        assert visitor.get("/c/x", params={"u": text}).status_code == 404
    process(shop.runtime, shop.now)
    assert len(shop.rows(tables.events)) > len(set(strings)) * 0.9
