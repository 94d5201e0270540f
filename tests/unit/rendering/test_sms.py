"""An SMS is counted as it is sent, and written in fewer segments where somebody wants that."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest

from nurture.model import Channel
from nurture.rendering import sms
from nurture.rendering.links import LinkContext
from nurture.rendering.renderer import Renderer, again
from nurture.rendering.sources import FixedSources
from nurture.settings import ChannelConfig, Sender
from tests.support.sms_parts import ALPHABET, EXTENSION, drawn, parts, read
from tools.samples import SETTINGS


@pytest.fixture(scope="module")
def some() -> list[str]:
    """100,000 of them: make segments."""
    return drawn(seed=20, count=1500)


def test_a_text_is_counted_as_its_bytes_are_sent(some: list[str]) -> None:
    for text in some:
        made, counted = parts(text), sms.count(text)
        assert (counted.encoding, counted.units, counted.segments) == (
            made.encoding,
            made.units,
            len(made.bodies),
        ), text


@pytest.mark.parametrize("text", ["", "Oi", "[oi] 5 €", "ção", "👍" * 36, "Oi €" * 60], ids=repr)
def test_what_it_is_compared_with_can_be_read_again(text: str) -> None:
    made = parts(text)
    room, lengths, left = (153 if len(made.bodies) > 1 else 160), [], made.units
    for _ in made.bodies:
        lengths.append(min(room, left))
        left -= room
    assert read(made, lengths) == text


@pytest.mark.parametrize(
    ("text", "units", "segments"),
    [
        pytest.param("a" * 160, 160, 1, id="a full one"),
        pytest.param("a" * 161, 161, 2, id="one letter more"),
        pytest.param("a" * 152 + "€" + "a" * 20, 174, 2, id="a pair is not cut"),
        pytest.param("a" * 305 + "€", 307, 3, id="nor at the end of the second"),
        pytest.param("ã" * 70, 70, 1, id="a full one of UCS-2"),
        pytest.param("ã" * 66 + "👍" * 3, 72, 2, id="nor is an emoji"),
        pytest.param("", 0, 0, id="nothing"),
    ],
)
def test_how_much_a_segment_holds(text: str, units: int, segments: int) -> None:
    counted = sms.count(text)
    assert (counted.units, counted.segments) == (units, segments)


LONG = "Olá, João! Só hoje não perca: “frete grátis” — e mais 20% em café… "


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param(
            LONG * 2,
            'Ola, Joao! So hoje nao perca: "frete gratis" - e mais 20% em café... ' * 2,
            id="only what the alphabet lacks",
        ),
        pytest.param("Olá, João!", "Olá, João!", id="one segment stays as it is"),
        pytest.param(LONG * 2 + "👍", LONG * 2 + "👍", id="an emoji keeps it UCS-2, so nothing is lost"),
        pytest.param("Привет " * 20, "Привет " * 20, id="another script"),
        pytest.param("ação às 10h, nº 1ª " * 5, "acao às 10h, no 1a " * 5, id="ordinals"),
        pytest.param(
            unicodedata.normalize("NFD", "café é não ") * 8,
            "café é nao " * 8,
            id="accents apart from letters",
        ),
        pytest.param("a" * 161, "a" * 161, id="long, and in the alphabet"),
    ],
)
def test_signs_are_replaced_where_that_saves(text: str, written: str) -> None:
    assert sms.transliterate(text) == written


def test_no_text_gets_longer(some: list[str]) -> None:
    for text in some:
        plain = sms.transliterate(text)
        assert sms.count(plain).segments <= sms.count(text).segments
        assert plain == text or sms.count(plain).encoding == "GSM-7"


def test_what_is_in_the_alphabet_stays() -> None:
    allowed = ALPHABET.replace("\x1b", "") + "".join(EXTENSION)
    assert allowed in sms.transliterate(allowed + "ã" * 70)


def _renderer(transliterate: bool) -> Renderer:
    texting = ChannelConfig(Channel.SMS, "outbox", Sender("28000"), transliterate=transliterate)
    settings = replace(SETTINGS, channels={**SETTINGS.channels, Channel.SMS: texting})
    return Renderer(FixedSources({"sms/x/hello.txt": LONG * 2 + "{{ first_name }}"}), settings)


def test_a_message_is_sent_as_it_is_counted_and_can_be_made_again() -> None:
    links = LinkContext("message-1", SETTINGS.web_url)
    plain, written = (
        _renderer(wanted).sms("x/hello", None, {"first_name": "Conceição"}, links) for wanted in (True, False)
    )
    assert (plain.segments, written.segments) == (1, 3)
    assert plain.text.endswith("Conceicao")
    assert plain.as_written == written.text
    bundle = _renderer(True).bundle("x/hello", "sms")
    for made in (plain, written):  # whatever the workspace says by now
        assert again(bundle, made.used, "message-1", made.key_id, None, SETTINGS).sha256 == made.sha256
