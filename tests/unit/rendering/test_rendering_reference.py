"""The fast way gives what the slow way gives."""

from __future__ import annotations

from typing import Any

import pytest

from nurture.rendering.reference import Sample, reference, verify
from nurture.rendering.sources import FixedSources
from tests.unit.rendering.constructs import CONSTRUCTS, Construct, person
from tests.unit.rendering.shop import SETTINGS, header, links, renderer

NAMED = pytest.mark.parametrize("construct", CONSTRUCTS, ids=lambda c: c.name)
ODD = [
    "Ana",
    "{{7*7}}",
    "a  b",
    " x ",
    "",
    "&amp;",
    "<b>x</b>",
    "é\u00a0x",
    "x\ny",
    "\x00\x07",
    "😀",
    "-->",
    "--",
    "\"'",
    "&",
    "\u202e",
]


def samples(construct: Construct, people: int = 2) -> list[Sample]:
    return [
        Sample(person(number, change), links(f"M{number}"), header())
        for change in construct.changes
        for number in range(1, people + 1)
    ]


def test_there_are_enough_constructs() -> None:
    assert len({construct.name for construct in CONSTRUCTS}) == len(CONSTRUCTS) >= 28


@NAMED
def test_fast_equals_slow(construct: Construct) -> None:
    sources = FixedSources(construct.sources)
    found = verify(renderer(construct.sources), sources, SETTINGS, "it", "pt-BR", samples(construct))
    assert found == []


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize(
    "construct", [c for c in CONSTRUCTS if "selector" not in c.name], ids=lambda c: c.name
)
def test_fast_equals_slow_for_odd_values(construct: Construct, value: str) -> None:
    fast = renderer(construct.sources)
    sources = FixedSources(construct.sources)
    for changed in (
        {"city": value},
        {"code": value},
        {"city": value, "code": value, "url": f"https://x.example/{value}"},
    ):
        values = person(1, construct.changes[0]) | changed
        assert_same(fast, sources, values)


def assert_same(fast: Any, sources: FixedSources, values: dict[str, Any]) -> None:
    slow = reference(sources, SETTINGS, "it", "pt-BR", values, links())
    assert fast.email("it", "pt-BR", values, links(), header()).html == slow.removesuffix("\n") + "\n"
