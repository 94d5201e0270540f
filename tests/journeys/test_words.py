"""Every word of the language is lived: in a timeline of this folder, or in one of a journey that ships."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from nurture.compiler import CompileContext
from nurture.compiler.schema import journey_schema
from nurture.criteria.parser import CALLS
from nurture.vocabulary import EVENTS
from tests.support.drawn_registry import registered, words_of
from tests.support.journeys import as_an_editor_reads, lived, shipped

ANYWHERE = CompileContext()


def journeys() -> Iterator[str]:
    """The text of every journey that a timeline lives through."""
    for _, case in lived():
        yield from case["journeys"].values()
    for path in shipped():
        yield path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def used() -> dict[str, frozenset[str]]:
    """By journey's text its words."""
    schema = journey_schema(ANYWHERE)
    return {text: frozenset(words_of(as_an_editor_reads(text), schema)) for text in set(journeys())}


def test_every_kind_option_and_choice_is_lived(used: dict[str, frozenset[str]]) -> None:
    words = frozenset[str]().union(*used.values())
    assert sorted(registered(ANYWHERE) - words) == []


def test_a_word_that_stands_in_no_journey_is_named(used: dict[str, frozenset[str]]) -> None:
    others = [words for text, words in used.items() if "on_doubt: hold" not in text]
    gone = frozenset[str]().union(*used.values()) - frozenset[str]().union(*others)
    assert gone == {f"{kind}.on_doubt: hold" for kind in ("email", "sms", "whatsapp", "webhook")}


def test_every_event_and_function_is_heard_of_in_a_lived_journey() -> None:
    words = {word for text in journeys() for word in re.findall(r"\w+", text)}
    assert sorted({*EVENTS, *CALLS} - words) == []
