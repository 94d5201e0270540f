"""What comes from data stays data: in HTML, in headers, in links; and every template comes to an end."""

from __future__ import annotations

import json
from dataclasses import replace
from email import message_from_bytes
from email.policy import default as modern
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from nurture.rendering import message
from nurture.rendering.errors import Refused, RenderError
from nurture.rendering.message import HeaderContext
from tests.unit.rendering.shop import SENDER, SENT, header, links, mail, renderer

HELLO = mail("<p title='{{ first_name }}'>Olá, {{ first_name }}</p>", subject="Olá, {{ first_name }}")
PLAIN = mail("<p title='{{ first_name }}'>Olá, {{ first_name }}</p>", subject="Olá")


def hello(first_name: Any, sources: dict[str, str] = HELLO, **more: Any) -> Any:
    return renderer(sources).email("it", "pt-BR", {"first_name": first_name}, links(), header(**more))


def test_a_name_that_looks_like_a_template_is_printed_as_it_is() -> None:
    name = "{{7*7}}{% raw %}{{ company.name }}"
    mail_ = hello(name)
    assert mail_.subject == f"Olá, {name}"
    assert f"Olá, {name}</p>" in mail_.html
    assert "49" not in mail_.html


def test_html_in_a_name_is_text() -> None:
    mail_ = hello("<script>alert(1)</script>'\" onclick=x")
    assert "<script>" not in mail_.html
    assert "Olá, &lt;script&gt;alert(1)&lt;/script&gt;'\" onclick=x</p>" in mail_.html


LEAVERS = {
    "a comment with double quotes": '<!--" onclick="x-->',
    "a comment with single quotes": "<!--' onclick='x-->",
    "a comment with both": "<!--\"' onclick=\"x'-->",
    "a server-side include": '<!--#exec cmd="x" onclick="x" -->',
    "both quotes": "\"' onclick=x \"'",
    "the end of the tag": '"><script onclick="x">',
}


@pytest.mark.parametrize("name", LEAVERS.values(), ids=LEAVERS)
def test_a_name_cannot_leave_its_attribute(name: str) -> None:
    seen = _Seen()
    seen.feed(hello(name, PLAIN).html)
    assert seen.attributes["title"] == [name]
    assert "onclick" not in seen.attributes


class _Seen(HTMLParser):
    """What a browser takes for elements and for attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, list[str | None]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value)


IN_HEADERS = {
    "CR LF": ("Ana\r\nBcc: x@example.com", "line end"),
    "LF": ("Ana\nBcc: x@example.com", "line end"),
    "CR": ("Ana\rBcc: x@example.com", "line end"),
    "a line separator": ("Ana\u2028Bcc: x", "line end"),
    "NUL": ("Ana\x00", "control character"),
    "an encoded-word": ("=?utf-8?q?hi=0D=0ABcc:x?=", "encoded-word"),
    "another encoded-word": ("=?iso-8859-1?B?SGk=?=", "encoded-word"),
}


@pytest.mark.parametrize(("name", "why"), IN_HEADERS.values(), ids=IN_HEADERS)
def test_a_name_that_could_write_headers_is_refused_with_the_reason(name: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        hello(name)
    assert refused.value.reason == "header_injection"
    assert why in str(refused.value)
    assert "templates/email/it.html:1" in str(refused.value)
    assert "Bcc" not in str(refused.value)


@pytest.mark.parametrize("name", ["From", "Reply-To", "MIME-Version"])
@pytest.mark.parametrize("times", [0, 2], ids=["missing", "twice"])
def test_a_head_without_what_each_mail_has_does_not_leave(
    monkeypatch: pytest.MonkeyPatch, name: str, times: int
) -> None:
    """Whatever bug should ever write it."""
    whole = message._frame(replace(SENDER, reply_to="ajuda@volta.example"))
    lines = [
        line * (times if line.startswith(name.encode()) else 1) for line in whole.written.splitlines(True)
    ]
    monkeypatch.setattr(message, "_frame", lambda sender: replace(whole, written=b"".join(lines)))
    with pytest.raises(Refused, match="do not read back"):
        hello("Ana")


def test_an_encoded_word_that_two_values_make_together_is_refused() -> None:
    sources = mail("x", subject="{{ a }}{{ b }}")
    with pytest.raises(Refused, match="encoded-word"):
        renderer(sources).email("it", None, {"a": "=?utf-8?q", "b": "?hi=0D=0A?="}, links(), header())


def test_the_journeys_own_subject_is_guarded_as_well() -> None:
    own = "{{ first_name }}, 15% para voltar"
    assert hello("Ana & Bia", subject=own).subject == "Ana & Bia, 15% para voltar"
    with pytest.raises(Refused):
        hello("Ana\r\nBcc: x", subject=own)


@pytest.mark.parametrize("name", [row[0] for row in IN_HEADERS.values()], ids=IN_HEADERS)
def test_a_display_name_that_could_write_headers_is_left_out_and_said(name: str) -> None:
    mail_ = hello("Ana", to_name=name)
    read = message_from_bytes(mail_.body, policy=modern)
    assert read["To"] == "ana@example.com"
    assert read["Bcc"] is None
    assert mail_.notes == (
        "the recipient's name was left out: it has a control character or an encoded-word",
    )


ADDRESSES = {
    "a line end": "ana@example.com\r\nBcc: x@example.com",
    "two addresses": "ana@example.com, x@example.com",
    "angle brackets": "<ana@example.com>",
    "no domain": "ana@",
    "blanks": "ana maria@example.com",
    "an invisible sign": "an\u200ba@example.com",
    "a blank beyond ASCII": "an\u00a0a@example.com",
    "a dot at the end": "ana.@example.com",
    "no such domain": "ana@-é-.example",
    "longer than any address": f"ana@{'a' * 60}.{'a' * 60}.{'a' * 60}.{'a' * 60}.example.com",
}


@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(Refused) as refused:
        hello("Ana", to_address=address)
    assert refused.value.reason == "bad_address"


def test_naughty_strings_stay_what_they_are(shared_data: Path) -> None:
    naughty = json.loads((shared_data / "naughty" / "blns.json").read_text(encoding="utf-8"))
    assert len(naughty) > 400
    ready = renderer(PLAIN)
    for text in naughty:
        mail_ = ready.email("it", "pt-BR", {"first_name": text}, links(), header(to_name=text))
        read = message_from_bytes(mail_.body, policy=modern)
        assert set(read.keys()) == {
            "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "From",
            "Reply-To", "MIME-Version", "Content-Type",
        }  # fmt: skip
        assert not read.defects
        html = read.get_body(("html",)).get_content().replace("\r\n", "\n")
        assert f"{html}\n" == mail_.html  # the line end before a boundary is the boundary's (RFC 2046, 5.1.1)
        seen = _Seen()
        seen.feed(mail_.html)
        assert seen.tags == ["html", "head", "title", "body", "p", "img"]


def test_naughty_strings_in_a_subject_are_themselves_or_refused(shared_data: Path) -> None:
    naughty = json.loads((shared_data / "naughty" / "blns.json").read_text(encoding="utf-8"))
    ready = renderer(HELLO)
    refused = 0
    for text in naughty:
        try:
            mail_ = ready.email("it", "pt-BR", {"first_name": text}, links(), header())
        except Refused:
            refused += 1
            continue
        read = message_from_bytes(mail_.body, policy=modern)
        assert " ".join(read["Subject"].split()) == " ".join(f"Olá, {text}".split())
    assert 0 < refused < 20


_TURNS = "{{% set n = namespace(x={}) %}}{{% for i in range(40) %}}{{% set n.x = {} %}}{{% endfor %}}{{{{ n.x | string | length }}}}"
ENDLESS = {
    "nested loops": "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
    "a long range": "{% for a in range(1000000000) %}x{% endfor %}",
    "much text": "{% for a in range(9999) %}" + "x" * 300 + "{% endfor %}",
    "values that make much text": "{% for a in range(9999) %}{{ long }}{% endfor %}",
    "doubling": "{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}",
    "doubling by +": "{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
    "doubling by replace": (
        "{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = n.x | replace('b', n.x) %}{% endfor %}"
    ),
    "a macro that calls itself": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "a macro that calls itself twice": (
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}"
    ),
    "an include of itself": "{% include 'email/it.html' %}",
    "text times a number": "{{ 'x' * 1000000000 }}",
    "a power": "{{ 9 ** 999999999 }}",
    "a wide format": "{{ '%999999999d' % 1 }}",
    "squaring": _TURNS.format("10", "n.x * n.x"),
    "lists doubled": _TURNS.format("[1]", "n.x + n.x"),
    "lists in lists": _TURNS.format("[1]", "[n.x, n.x]"),
    "pairs in pairs": _TURNS.format("1", "(n.x, n.x)"),
    "mappings in mappings": _TURNS.format("1", "{{'a': n.x, 'b': n.x}}"),
    "mappings made by a call": _TURNS.format("1", "dict(a=n.x, b=n.x)"),
    "namespaces in namespaces": _TURNS.format("1", "namespace(a=n.x, b=n.x)"),
    "lists filled up": _TURNS.format("1", "[1] | batch(3, n.x) | list"),
    "a long text split again and again": (
        "{% for a in range(9999) %}{% set words = spaced.split() %}{% endfor %}"
    ),
}


@pytest.mark.parametrize("content", ENDLESS.values(), ids=ENDLESS)
def test_an_endless_template_is_stopped_and_its_place_named(content: str) -> None:
    sources = {"email/it.html": f"{{% block subject %}}Oi{{% endblock %}}\n<body>\n{content}\n</body>"}
    values = {"long": "x" * 5000, "spaced": "x " * 50_000}
    with pytest.raises(RenderError) as stopped:
        renderer(sources).email("it", None, values, links(), header())
    said = str(stopped.value)
    assert "templates/email/it.html:3:1: error[N80" in said
    assert "Traceback" not in said


FORBIDDEN = {
    "Python's insides": "{{ ''.__class__.__mro__ }}",
    "a function's globals": "{{ range.__globals__ }}",
    "changing what was given": "{{ items.append(1) }}",
    "str.format": "{{ '{0.__class__}'.format(1) }}",
    "an environment": "{{ self._TemplateReference__context.environment }}",
    "randomness": "{{ [1, 2] | random }}",
    "a computed name": "{% include name %}",
    "a file outside": "{% include '../secret.html' %}",
    "an absolute file": "{% include '/etc/passwd' %}",
    "a filter of ours": "{{ 'x' | lipsum }}",
}


@pytest.mark.parametrize("content", FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_template_cannot_reach_out(content: str) -> None:
    with pytest.raises(RenderError):
        renderer(mail(content)).email("it", None, {"items": [1], "name": "email/it.html"}, links(), header())


def test_finished_bytes_of_many_subjects_read_back() -> None:
    ready = renderer(mail("x", subject="{{ first_name }}"))
    for subject in (
        "a" * 300,
        "é" * 300,
        "日本語のとても長い件名です " * 9,
        "a 😀 " * 30,
        "x =? y",
        "=",
        "a" * 68,
    ):
        body = ready.email("it", None, {"first_name": subject}, links(), header()).body
        read = message_from_bytes(body, policy=modern)
        assert read["Subject"] == " ".join(subject.split())
        assert max(map(len, body.split(b"\r\n"))) <= 998


def test_a_name_is_shown_on_one_line_with_single_blanks() -> None:
    read = message_from_bytes(hello("Ana", to_name=" Ana  Maria\u00a0Sá ").body, policy=modern)
    assert read["To"].addresses[0].display_name == "Ana Maria Sá"


def test_letters_before_the_at_stand_in_the_header_as_they_are() -> None:
    body = hello("Ana", to_address="joão@straße.example").body
    assert "To: Ana <joão@xn--strae-oqa.example>\r\n".encode() in body


FOLDED = {
    "a long subject is cut at its blanks": ("word " * 30).strip(),
    "at the last column": "a" * 33 + " " + "b" * 33 + " c",
    "with its punctuation": 'What "she" said, (in short): yes; no <maybe> @ noon. ' * 3,
}


@pytest.mark.parametrize("subject", FOLDED.values(), ids=FOLDED)
def test_a_plain_subject_is_not_encoded(subject: str) -> None:
    body = (
        renderer(mail("x", subject="{{ s | safe }}"))
        .email("it", None, {"s": subject}, links(), header())
        .body
    )
    assert message_from_bytes(body, policy=modern)["Subject"] == " ".join(subject.split())
    lines = body.partition(b"\r\nDate:")[0].split(b"\r\n")
    assert max(map(len, lines)) <= 76
    assert b"=?" not in b"".join(lines)


def test_a_sender_is_guarded_too() -> None:
    about = HeaderContext("ana@example.com", type(SENDER)("oi@volta.example", "Volta\r\nBcc: x"), SENT)
    with pytest.raises(Refused, match="sender's name"):
        renderer(PLAIN).email("it", None, {"first_name": "Ana"}, links(), about)
