"""WhatsApp messages: approved templates filled in, free texts, and what is to be submitted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from nurture import whatsapp
from nurture.rendering.approved import NotFixed, mistakes
from nurture.rendering.errors import RenderError
from nurture.rendering.links import LinkContext, Purpose, Signer
from nurture.rendering.renderer import Rendered, Renderer, again
from nurture.rendering.sources import FixedSources
from nurture.settings import ApprovedTemplate, Company, Settings
from nurture.whatsapp import Button, WhatsAppMessage

BASE = "https://mail.volta.example"
SHIPPED = ApprovedTemplate("utility", "order_shipped", contents={"pt-BR": "HX1"})
SETTINGS = Settings(
    company=Company("Volta", "Rua das Flores 10", website="https://volta.example"),
    channels={},
    topics={},
    secrets=(("k1", b"a key of thirty-two characters.."),),
    web_url=BASE,
    whatsapp={"shipped": SHIPPED},
)
TEXT = """Oi, {{ first_name | default("tudo bem") }}! O pedido {{ trigger.order_id }} saiu hoje.

[Acompanhar]({{ company.website }}/p/{{ trigger.order_id }})
[Parar]
"""
LINKS = LinkContext("abc123", BASE, {"utm_source": "nurture"})
ANA: Mapping[str, Any] = {"first_name": "Ana", "trigger": {"order_id": 1042}}


def renderer(text: str = TEXT, settings: Settings = SETTINGS, **others: str) -> Renderer:
    files = {f"whatsapp/shipped{name}.txt": said for name, said in {"": text, **others}.items()}
    return Renderer(FixedSources(files), settings)


def made(text: str = TEXT, values: Mapping[str, Any] = ANA, settings: Settings = SETTINGS) -> Rendered:
    return renderer(text, settings).whatsapp("shipped", None, values, LINKS)


def test_an_approved_template_is_filled_in_and_its_link_is_counted() -> None:
    message = whatsapp.load(made().body)
    assert message.text == "Oi, Ana! O pedido 1042 saiu hoje."
    assert message.filled is not None
    link, stop = message.filled.buttons
    assert (message.filled.template, message.filled.language) == ("order_shipped", "pt_BR")
    assert (message.filled.category, message.filled.content) == ("utility", "HX1")
    assert message.filled.parameters == ("Ana", "1042")
    assert stop == Button("reply", "Parar")
    assert link.url == f"{BASE}/{link.parameter}"
    target = "https://volta.example/p/1042?utm_source=nurture"
    token = str(link.parameter).partition("?")[0].removeprefix("c/")
    claim = Signer(SETTINGS.secrets).read(token, Purpose.CLICK, target)
    assert claim is not None
    assert claim.key == "abc123"
    assert message.filled.variables == ("Ana", "1042", link.parameter)


def test_its_bytes_are_json_that_a_person_can_read_and_a_carrier_too() -> None:
    body = made().body
    assert json.loads(body)["text"] == "Oi, Ana! O pedido 1042 saiu hoje."
    assert '"O pedido' not in body.decode()  # the text in one piece
    assert whatsapp.load(body).dump() == body
    assert list(json.loads(body)) == sorted(json.loads(body))


def test_it_is_made_again_to_the_byte_though_whatsapp_yaml_says_something_else_by_now() -> None:
    first = made()
    bundle = renderer().bundle("shipped", "whatsapp", None)
    for now in ({}, {"shipped": replace(SHIPPED, name="other", category="marketing")}):
        same = again(bundle, first.used, "abc123", first.key_id, None, replace(SETTINGS, whatsapp=now))
        assert (same.body, same.template_hash, same.category) == (
            first.body,
            first.template_hash,
            first.category,
        )


def test_a_free_text_is_made_again_as_one_though_it_is_approved_by_now() -> None:
    settings = replace(SETTINGS, whatsapp={})
    first = made("Oi, {{ first_name }}!", settings=settings)
    bundle = renderer("Oi, {{ first_name }}!", settings).bundle("shipped", "whatsapp", None)
    same = again(bundle, first.used, "abc123", first.key_id, None, SETTINGS)
    assert same.body == first.body == WhatsAppMessage("Oi, Ana!").dump()
    assert (same.category, first.category) == ("service", "service")


def test_the_language_is_that_of_the_file() -> None:
    own = replace(
        SETTINGS, whatsapp={"shipped": replace(SHIPPED, languages={"en": "en_US", "pt-BR": "pt_BR"})}
    )
    both = renderer(TEXT, own, **{".en": "Hi, {{ first_name }}! It left."})
    for locale, language in (("en", "en_US"), ("en-GB", "en_US"), ("fr", "pt_BR"), (None, "pt_BR")):
        message = whatsapp.load(both.whatsapp("shipped", locale, ANA, LINKS).body)
        assert message.filled is not None
        assert message.filled.language == language


def test_line_ends_and_runs_of_blanks_in_a_value_become_one_blank() -> None:
    message = whatsapp.load(made(values={**ANA, "first_name": "Ana\n\tMaria     Souza "}).body)
    assert message.filled is not None
    assert message.filled.parameters[0] == "Ana Maria Souza"
    assert message.text.startswith("Oi, Ana Maria Souza!")


@pytest.mark.parametrize(
    ("text", "values", "said"),
    [
        pytest.param(
            TEXT, {**ANA, "trigger": {"order_id": " "}}, "{{2}} of the approved template", id="empty"
        ),
        pytest.param(TEXT, {**ANA, "trigger": {"order_id": ["1"]}}, "not a list", id="a list"),
        pytest.param("Oi, {{ first_name }}! Aqui.", {"first_name": "A" * 1100}, "1,024", id="too long"),
        pytest.param(
            "Oi{% if first_name %}!{% endif %}", ANA, "the same text for everybody", id="control flow"
        ),
    ],
)
def test_what_the_provider_would_refuse_is_not_sent(text: str, values: Mapping[str, Any], said: str) -> None:
    with pytest.raises(RenderError, match=re.escape(said)) as error:
        made(text, values)
    assert error.value.problems[0].code == "N810"


def test_a_free_text_may_be_longer_but_not_endless() -> None:
    free = replace(SETTINGS, whatsapp={})
    assert len(made("{{ first_name }}", {"first_name": "A" * 2000}, free).text) == 2000
    with pytest.raises(RenderError, match="4,096"):
        made("{{ first_name }}", {"first_name": "A" * 5000}, free)


def test_what_is_submitted_has_numbers_for_values_and_links() -> None:
    form = renderer(
        "Oi, {{ first_name }}! Veja https://volta.example/p/{{ trigger.order_id }} hoje.\n[Ver](https://volta.example)"
    ).approved("shipped")
    assert form is not None
    assert form.text == "Oi, {{1}}! Veja {{2}} hoje."
    assert form.names == ("first_name", "https://volta.example/p/{{ trigger.order_id }}")
    assert form.to_submit(BASE) == [f"Ver: {BASE}/{{{{1}}}}"]


def test_a_free_text_has_nothing_to_submit() -> None:
    assert renderer(settings=replace(SETTINGS, whatsapp={})).approved("shipped") is None


@pytest.mark.parametrize("text", ["Oi{% for x in items %}!{% endfor %}", "{% include 'parts/x.txt' %}"])
def test_text_that_differs_has_no_form(text: str) -> None:
    files = {"whatsapp/shipped.txt": text, "parts/x.txt": "x"}
    with pytest.raises(NotFixed):
        Renderer(FixedSources(files), SETTINGS).approved("shipped")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(TEXT, [], id="right"),
        pytest.param("{# Nota #}Oi, {{ first_name }}, tudo bem?", [], id="a comment"),
        pytest.param("{{ first_name }}, tudo bem?", ["it begins with a value"], id="begins"),
        pytest.param("Oi, {{ first_name }}.", ["it ends with a value"], id="ends, but for a full stop"),
        pytest.param(
            "Oi, {{ first_name }} {{ last_name }}, tudo bem?",
            ["two values stand side by side"],
            id="side by side",
        ),
        pytest.param("Oi " * 400, ["its text has 1,199 characters"], id="long"),
        pytest.param("Oi\n\n\n\nOi", ["more than one empty line"], id="empty lines"),
        pytest.param(
            "Oi\n" + "\n".join(f"[{n}](https://x.example/{n})" for n in range(3)),
            ["more than 2 buttons that are links"],
            id="links",
        ),
        pytest.param("Oi\n" + "\n".join(f"[{n}]" for n in range(11)), ["it has 11 buttons"], id="buttons"),
        pytest.param("Oi\n[" + "a" * 26 + "]", ["longer than 25 characters"], id="a long button"),
        pytest.param("Oi\n[Ligar](tel:+5511)", ["no address that begins with https://"], id="a call"),
    ],
)
def test_whatsapps_rules(text: str, found: list[str]) -> None:
    form = renderer(text).approved("shipped")
    assert form is not None
    said = list(mistakes(form))
    assert len(said) == len(found)
    assert all(part in whole for part, whole in zip(found, said, strict=True))
