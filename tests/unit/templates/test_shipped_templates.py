"""What a customer gets: each mail, SMS and page that ships, for people like most and for awkward ones."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from functools import cache
from pathlib import Path

import pytest
from lxml import html as lxml_html

from nurture import whatsapp
from nurture.app import library
from nurture.app.workspace import load
from nurture.rendering.links import LinkContext
from nurture.rendering.message import HeaderContext
from nurture.rendering.renderer import Rendered, Renderer
from nurture.rendering.sources import TemplateSources, shipped
from tools.roundtrip import LINE, LONGEST, carry
from tools.samples import COMPANY, NOW, PAGES, PEOPLE, SENDER, SETTINGS, SURVEY
from tools.shots import HEAVIEST, PREHEADER, found

IN_TWO_LANGUAGES = ("welcome/", "survey/", "double-opt-in")
MAILS = found("email", ".html")
TO_COLLEAGUES = [
    (template, locale)
    for template, locale in MAILS
    if "layouts/colleague.html" in (shipped() / "email" / f"{template}.html").read_text(encoding="utf-8")
]
TEXTS = found("sms", ".txt")
ON_WHATSAPP = found("whatsapp", ".txt")
APPROVED = load(library.templates() / "workspace", for_work=False).as_read.whatsapp
BRIEFS = found("tasks", ".txt")
KIND = pytest.mark.parametrize("kind", [pytest.param(kind, id=kind or "ana") for kind in PEOPLE])
MAIL = pytest.mark.parametrize(("template", "locale"), MAILS)


@cache
def renderer() -> Renderer:
    return Renderer(TemplateSources(shipped()), SETTINGS)


@cache
def mail(template: str, locale: str, kind: str = "") -> Rendered:
    links = LinkContext("message-1", SETTINGS.web_url, survey=SURVEY.name)
    return renderer().email(
        template, locale, PEOPLE[kind], links, HeaderContext("ana@example.com", SENDER, NOW)
    )


def tree(source: str | None) -> lxml_html.HtmlElement:
    assert source is not None
    return lxml_html.document_fromstring(source)


def words(element: lxml_html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


@KIND
@pytest.mark.parametrize(("template", "locale"), [each for each in MAILS if each not in TO_COLLEAGUES])
def test_a_mail_says_who_writes_why_and_how_to_leave(template: str, locale: str, kind: str) -> None:
    rendered = mail(template, locale, kind)
    (footer,) = tree(rendered.html).find_class("foot")
    leave = [link.get("href") for link in footer.iter("a")]
    assert len(leave) == 1
    assert leave[0].startswith(f"{SETTINGS.web_url}/u/")
    assert leave[0] in rendered.text
    for part in (words(footer), rendered.text):
        assert COMPANY.name in part
        assert COMPANY.postal_address in part
    why = words(footer.find("p"))
    assert why.startswith({"pt-BR": "Você recebe", "en": "You are getting this because"}[locale])
    assert why in rendered.text


@KIND
@pytest.mark.parametrize(("template", "locale"), TO_COLLEAGUES)
def test_a_colleague_cant_unsubscribe_the_person_by_accident(template: str, locale: str, kind: str) -> None:
    rendered = mail(template, locale, kind)
    assert COMPANY.name in words(tree(rendered.html).find_class("foot")[0])
    assert f"{SETTINGS.web_url}/u/" not in (rendered.html or "") + rendered.text


@MAIL
def test_a_mail_is_shown_in_standards_mode_and_names_its_sender_at_once(template: str, locale: str) -> None:
    rendered = mail(template, locale)
    assert (rendered.html or "").startswith("<!DOCTYPE html>\n")
    head = rendered.body.partition(b"\r\n\r\n")[0].decode("ascii")
    assert re.search(r"^From: \S", head, re.MULTILINE)  # a From that begins with a fold is taken amiss
    sender = message_from_bytes(rendered.body, policy=default)["From"].addresses[0]
    assert (sender.display_name, sender.addr_spec) == (SENDER.name, SENDER.address)


HEADERS = "DKIM-Signature To Subject Date Message-ID List-Unsubscribe List-Unsubscribe-Post From MIME-Version"


@KIND
@MAIL
def test_a_mail_reads_back_from_the_bytes_that_a_server_takes_in(
    template: str, locale: str, kind: str
) -> None:
    made = mail(template, locale, kind)
    raw = carry(made.body)
    read = message_from_bytes(raw, policy=default)
    parts = list(read.walk())
    assert [part.get_content_type() for part in parts] == ["multipart/alternative", "text/plain", "text/html"]
    assert not [defect for part in parts for defect in part.defects]
    assert not [defect for part in parts for value in part.values() for defect in value.defects]
    assert read.keys() == [*HEADERS.split(), "Content-Type"]
    assert (read["Subject"], read["To"], read["Date"].datetime) == (made.subject, "ana@example.com", NOW)
    assert read["List-Unsubscribe"].startswith(f"<{SETTINGS.web_url}/u/")
    for part, meant in zip(parts[1:], (made.text, made.html), strict=True):
        assert part.get_content().replace("\r\n", "\n").rstrip() == (meant or "").rstrip()
    assert raw.isascii()
    assert raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n")
    head, _, body = raw.partition(b"\r\n\r\n")
    assert max(map(len, head.split(b"\r\n"))) <= LONGEST  # an address of a way out is in one piece
    assert max(map(len, body.split(b"\r\n"))) <= LINE


@KIND
@MAIL
def test_a_mail_fits_inbox_and_phone(template: str, locale: str, kind: str) -> None:
    rendered = mail(template, locale, kind)
    page = tree(rendered.html)
    assert len((rendered.html or "").encode()) < HEAVIEST
    assert len(words(page.find_class("preheader")[0])) in PREHEADER
    assert 10 <= len(rendered.subject or "") <= 80
    assert len(page.find_class("button")) <= 1
    assert page.get("lang") == locale
    assert not list(page.iter("script", "link", "iframe", "form"))
    assert not [
        table for table in page.iter("table") if table.get("role") is None and not list(table.iter("th"))
    ]
    assert not [image for image in page.iter("img") if image.get("alt") is None or not image.get("width")]
    assert "prefers-color-scheme: dark" in (rendered.html or "")


@MAIL
def test_a_mail_sounds_like_a_person(template: str, locale: str) -> None:
    rendered = mail(template, locale)
    for said in (rendered.subject or "", rendered.text.replace("VOLTA-7K3M9P", "")):
        assert not re.search(r"\b[A-ZÀ-Ý]{4,}\b", said), "nothing in capitals"
        assert "!!" not in said
        assert not re.match(r"(?i)re:|fwd:|enc:", said)


@MAIL
def test_the_text_part_is_a_letter_with_the_same_links(template: str, locale: str) -> None:
    rendered = mail(template, locale)
    assert "<" not in rendered.text
    assert "\n\n\n" not in rendered.text
    for button in tree(rendered.html).find_class("button"):
        href = button.find("a").get("href")
        if href == PEOPLE[""]["confirm_url"]:  # a page of ours: who opens it is not counted
            assert href in rendered.text
            continue
        target = re.search(r"u=([^&]+)", href)
        assert target is not None
        assert html.unescape(target[1]).partition("%3F")[0].rpartition("%2F")[2] in rendered.text


def test_who_has_no_name_is_greeted_too() -> None:
    for template, locale in MAILS:
        rendered = mail(template, locale, "nameless")
        assert "None" not in rendered.text
        assert not re.search(r" [.,](\s|$)|,[.,]", rendered.text)


def test_a_name_with_markup_is_shown_and_not_obeyed() -> None:
    person = PEOPLE[""] | {"first_name": "<b>Ana</b>"}
    links = LinkContext("message-1", SETTINGS.web_url)
    rendered = renderer().email(
        "birthday/present", "pt-BR", person, links, HeaderContext("ana@example.com", SENDER, NOW)
    )
    assert "<b>Ana" not in (rendered.html or "")
    assert "&lt;b&gt;Ana" in (rendered.html or "")


@pytest.mark.parametrize(
    "template", [t for t, locale in MAILS if locale == "pt-BR" and t.startswith(IN_TWO_LANGUAGES)]
)
def test_two_journeys_speak_english_as_well(template: str) -> None:
    rendered = mail(template, "en-GB")
    assert (template, "en") in MAILS
    assert "Best wishes" in rendered.text
    assert not re.search(r"[ãõç]|você", rendered.text.replace(COMPANY.postal_address, ""))


WAYS_OUT = {"pt": "responda SAIR.", "es": "responde BAJA."}


@KIND
@pytest.mark.parametrize(("template", "locale"), TEXTS)
def test_an_sms_is_one_segment_and_says_how_to_stop(template: str, locale: str, kind: str) -> None:
    rendered = renderer().sms(template, locale, PEOPLE[kind], LinkContext("message-1", SETTINGS.web_url))
    assert (rendered.segments, rendered.encoding) == (1, "GSM-7")
    assert rendered.text.startswith(COMPANY.name)
    assert rendered.text.endswith(WAYS_OUT[locale[:2]])


@KIND
@pytest.mark.parametrize(("template", "locale"), ON_WHATSAPP)
def test_a_whatsapp_message_fits_whoever_gets_it(template: str, locale: str, kind: str) -> None:
    settings = replace(SETTINGS, whatsapp=APPROVED)
    made = Renderer(TemplateSources(shipped()), settings).whatsapp(
        template, locale, PEOPLE[kind], LinkContext("message-1", SETTINGS.web_url)
    )
    message = whatsapp.load(made.body)
    assert "None" not in message.text
    if template in APPROVED:
        assert message.filled is not None
        assert all(message.filled.variables)
        assert not any("\n" in each for each in message.filled.variables)


@KIND
@pytest.mark.parametrize(("template", "locale"), BRIEFS)
def test_a_brief_says_who_and_what_to_do(template: str, locale: str, kind: str) -> None:
    brief = renderer().task(template, PEOPLE[kind], locale)
    assert "ana@example.com" in brief
    assert "O que fazer" in brief
    assert "None" not in brief


@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize("locale", ["pt-BR", "en"])
def test_a_page_asks_one_thing_and_needs_nothing_from_elsewhere(kind: str, locale: str) -> None:
    name, values = PAGES[kind]
    source = renderer().page(name, {"locale": locale, **values}, locale)
    page = tree(source)
    assert page.get("lang") == locale
    assert len(page.findall(".//h1")) == 1
    assert len([b for b in page.iter("button") if "plain" not in (b.get("class") or "")]) <= 1
    assert not list(page.iter("script", "link", "img"))
    assert not [element for element in page.iter() if element.get("style") or element.get("onclick")]
    assert "url(" not in source
    for form in page.iter("form"):
        assert (form.get("method"), form.get("action")) == ("post", None)


def test_the_score_of_the_link_is_chosen_on_the_page() -> None:
    name, values = PAGES["survey"]
    page = tree(renderer().page(name, {"locale": "pt-BR", **values}, "pt-BR"))
    inputs = [box for box in page.iter("input") if box.get("name") == "score"]
    assert [box.get("value") for box in inputs] == [str(score) for score in range(11)]
    assert [box.get("value") for box in inputs if box.get("checked") is not None] == ["8"]


def test_every_mail_has_its_text() -> None:
    folder = shipped() / "email"
    letters = {path.with_suffix("") for path in folder.rglob("*.txt")}
    assert letters == {path.with_suffix("") for path in folder.rglob("*.html")}


def test_no_template_is_left_over() -> None:
    """Each part and layout is used by something that ships."""
    texts = {
        path: path.read_text(encoding="utf-8")
        for path in shipped().rglob("*.*")
        if path.suffix in (".html", ".txt")
    }
    for path in (*(shipped() / "parts").iterdir(), *(shipped() / "layouts").iterdir()):
        plain = Path(path.parent.name) / f"{path.name.split('.')[0]}{path.suffix}"
        assert any(plain.as_posix() in text for other, text in texts.items() if other != path), path
