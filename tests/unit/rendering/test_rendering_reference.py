"""The fast way of rendering gives what the slow way gives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nurture.rendering import structure
from nurture.rendering.reference import Reference, Sample, verify
from nurture.rendering.renderer import Renderer
from nurture.rendering.sources import FixedSources
from nurture.rendering.text import html_to_text
from tests.unit.rendering.constructs import CONSTRUCTS, MACROS, Construct, person
from tests.unit.rendering.shop import SETTINGS, header, links, mail, renderer

EVERYWHERE = Construct(
    "every place",
    "<p>{{ a }}</p><p title='{{ a }} {{ b }}' class='x'>{{ a }}{{ b }}</p><a href='{{ a }}'>{{ b }}</a>"
    '<a href="https://x.example/{{ a }}?b={{ b }}#{{ a }}" name="{{ b }}">x</a><img src="{{ a }}" alt="{{ b }}">'
    "<!-- {{ a }} --><!--[if mso]><v:rect href='{{ b }}' x=\"{{ a }}\"><![endif]-->{{ ui.button(a, b) }}"
    "<ul>{% for x in (a, b) %}<li>{{ x | upper }}</li>{% endfor %}</ul>{% if a %}<b>{{ a | first }}</b>{% endif %}"
    "<textarea>{{ a }}</textarea><table>{{ b }}<tr><td background='{{ a }}'>&nbsp;{{ b }}&{{ a }};</td></tr></table>"
    "<pre>{{ a }}</pre><p>{{ a | e }}{{ b | safe | e }}{{ (a ~ b) | length }}</p>",
    css='p + p { color: red } [title*="b"] { color: blue } a[href^=http] { color: green }',
    subject="Oi",
    more={"email/it.txt": "{{ unsubscribe_url }}"},
)
ODD = {
    "an expression": "{{7*7}}",
    "two blanks": "a  b",
    "blanks around": " x ",
    "nothing": "",
    "an entity": "&amp; &copy &lt;",
    "a tag": "<b class='x'>x</b>",
    "no-break space": "R$\u00a010 \u202f1",
    "a line end": "x\r\ny",
    "control characters": "\x01\x07\x7f\x85",
    "an emoji": "😀 \u200d🏽",
    "the end of a comment": "--> --!> -",
    "quotes": "\"' `",
    "an ampersand": "&",
    "a script macro of HTML 4": "a & &{x<\"'& b} & &{<",
    "right to left": "\u202eabc\ufeff",
    "a script as link": "javascript:alert(1)",
    "a link of our own": "https://mail.volta.example/c/x.y.z",
    "a wide blank": "a\u3000b",
    "a server-side include": '<!--" onclick="x-->',
    "a character that is none": "a\x00b\ufffe",
}


@pytest.fixture(scope="module")
def pair() -> tuple[Renderer, Reference]:
    return renderer(EVERYWHERE.sources), Reference(FixedSources(EVERYWHERE.sources), SETTINGS)


def assert_same(pair: tuple[Renderer, Reference], values: dict[str, Any]) -> None:
    fast, slow = pair
    expected = slow.html("it", "pt-BR", values, links())
    for _ in range(2):
        found = fast.email("it", "pt-BR", values, links(), header()).html
        assert found == expected.removesuffix("\n") + "\n"


def test_there_are_enough_constructs() -> None:
    assert len({construct.name for construct in CONSTRUCTS}) == len(CONSTRUCTS) >= 28


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=lambda c: c.name)
def test_fast_equals_slow(construct: Construct) -> None:
    people = [
        Sample(person(number, change), links(f"M{number}"), header())
        for change in construct.changes
        for number in (1, 2)
    ]
    sources = FixedSources(construct.sources)
    assert verify(renderer(construct.sources), sources, SETTINGS, "it", "pt-BR", people) == []


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
def test_fast_equals_slow_for_odd_values(pair: tuple[Renderer, Reference], value: str) -> None:
    for values in ({"a": value, "b": "b"}, {"a": "a", "b": value}, {"a": value, "b": value}):
        assert_same(pair, values)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(a=st.text(max_size=12), b=st.text(alphabet="ab &<>\"'#;=/:.-\u00a0é😀{%}", max_size=12))
def test_fast_equals_slow_for_any_text(pair: tuple[Renderer, Reference], a: str, b: str) -> None:
    assert_same(pair, {"a": a, "b": b})


def test_the_text_that_the_html_gives_is_the_same_too() -> None:
    sources = {name: text for name, text in EVERYWHERE.sources.items() if name != "email/it.txt"}
    fast, slow = renderer(sources), Reference(FixedSources(sources), SETTINGS)
    for value in ODD.values():
        values = {"a": value, "b": "b"}
        expected = html_to_text(slow.html("it", None, values, links()))
        assert fast.email("it", None, values, links(), header()).text == expected


@pytest.mark.parametrize("first", ["own", "derived"])
def test_a_text_of_its_own_is_not_mixed_up_with_one_that_is_derived(first: str) -> None:
    page = mail("<p>{{ a }}</p>")["email/it.html"]
    ready = renderer({"email/own.html": page, "email/own.txt": "Own {{ a }}", "email/derived.html": page})
    names = [first, *{"own", "derived"} - {first}]
    texts = {name: ready.email(name, None, {"a": "Ana"}, links(), header()).text for name in names * 2}
    assert texts == {"own": "Own Ana\n", "derived": "Ana\n"}


def test_what_a_screen_reader_leaves_out_is_not_in_the_text_either() -> None:
    page = mail('<p><b aria-hidden="true">C</b>Café</p><p aria-hidden="false">Serra Azul</p>')
    assert (
        renderer({"email/it.html": page["email/it.html"]}).email("it", None, {}, links(), header()).text
        == "Café\n\nSerra Azul\n"
    )


def test_messages_of_one_shape_are_inlined_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from nurture.rendering import inline

    calls: list[str] = []
    kept = inline.inline
    monkeypatch.setattr(inline, "inline", lambda html, name: calls.append(name) or kept(html, name))
    construct = next(c for c in CONSTRUCTS if c.name == "attribute selector")
    fast = renderer(construct.sources)
    for number in range(12):
        change = construct.changes[number % len(construct.changes)]
        fast.email("it", "pt-BR", person(number, change), links(f"M{number}"), header())
    assert len(calls) == len(construct.changes)


def test_where_every_message_differs_each_is_inlined_and_right() -> None:
    construct = Construct("all different", '<p style="width: {{ width }}px">{{ city }}</p>')
    fast, slow = renderer(construct.sources), Reference(FixedSources(construct.sources), SETTINGS)
    for number in range(150):
        values = person(number, {"width": number})
        found = fast.email("it", "pt-BR", values, links(f"M{number}"), header())
        if number % 10 == 0:
            assert found.html == slow.html("it", "pt-BR", values, links(f"M{number}")) + "\n"
    assert len(fast._kept) <= 2 * 64 + 2  # it stopped keeping them after the first look


def test_a_difference_is_found_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    construct = CONSTRUCTS[0]
    sources = FixedSources(construct.sources)
    monkeypatch.setattr(structure, "escape_text", str)
    sample = Sample(person(1, {}), links(), header())
    (first, *_) = verify(renderer(construct.sources), sources, SETTINGS, "it", "pt-BR", [sample])
    assert "differs from the slow one in line" in first.message
    assert first.mark is not None
    assert first.mark.file == "templates/email/it.html"


PLANTED = {
    "an entity before a value": ("ampersand before a value", "_follows_ampersand", lambda *a: False),
    "selectors not asked": ("attribute selector", "_tests", lambda source: {}),
}


@pytest.mark.parametrize(("name", "function", "broken"), PLANTED.values(), ids=PLANTED)
def test_the_comparison_notices_a_missing_rule(
    monkeypatch: pytest.MonkeyPatch, name: str, function: str, broken: Any
) -> None:
    from nurture.rendering import shape

    construct = next(c for c in CONSTRUCTS if c.name == name)
    monkeypatch.setattr(shape, function, broken)
    people = [Sample(person(n, change), links(), header()) for n, change in enumerate(construct.changes)]
    assert verify(renderer(construct.sources), FixedSources(construct.sources), SETTINGS, "it", None, people)


def test_macros_used_as_values_turn_tokens_off_in_macros_alone() -> None:
    page = '{% import "parts/ui.html" as ui %}<body><p>{{ a }}</p>{{ ui.button(a, b) | upper }}</body>'
    sources = {"email/it.html": page + "{% block subject %}Oi{% endblock %}", "parts/ui.html": MACROS}
    fast, slow = renderer(sources), Reference(FixedSources(sources), SETTINGS)
    for name in ("Ana", "Bruno"):
        values = {"a": name, "b": "https://x.example/"}
        found = fast.email("it", None, values, links(), header()).html
        assert found == slow.html("it", None, values, links()) + "\n"
    assert fast.program("email", "it", None).habits.tokens
