"""YAML as typed text with places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.compiler import yaml_reader
from nurture.compiler.yaml_reader import load
from nurture.nodes import Mapping, Scalar, Sequence


def read(text: str) -> Mapping:
    node, problems = load(text, "f.yaml")
    assert problems == []
    assert isinstance(node, Mapping)
    return node


@pytest.mark.parametrize(
    "typed", ["21:00", "NO", "01310", "2026-12-01", "on", "1e3", "null", "~", "0x1F", "15%"]
)
def test_every_value_is_what_was_typed(typed: str) -> None:
    assert read(f"key: {typed}\n").get("key") == Scalar(typed, read(f"key: {typed}\n").get("key").mark)  # type: ignore[union-attr]


def test_an_emoji_as_json_writes_it_is_one_sign() -> None:
    found = read('{"key": "Oi \\ud83d\\ude00"}').get("key")
    assert isinstance(found, Scalar)
    assert found.text == "Oi 😀"


def test_nothing_is_told_from_an_empty_text() -> None:
    node = read('a:\nb: ""\n')
    a, b = node.get("a"), node.get("b")
    assert isinstance(a, Scalar)
    assert isinstance(b, Scalar)
    assert a.is_nothing
    assert not b.is_nothing


def test_places_count_from_one_and_hold_the_line() -> None:
    node = read("steps:\n  - wait: 2 days\n")
    steps = node.get("steps")
    assert isinstance(steps, Sequence)
    step = steps.items[0]
    assert isinstance(step, Mapping)
    mark = step.get("wait").mark  # type: ignore[union-attr]
    assert (mark.line, mark.column, mark.length, mark.text) == (2, 11, 6, "  - wait: 2 days")


def test_a_byte_order_mark_is_no_text() -> None:
    assert read("\ufeffjourney: welcome\n").keys == ("journey",)


# nine letters that name nine each: nine to the fifth values in a few lines
LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in pairwise("abcdef")
)


def test_an_alias_stands_for_its_anchor() -> None:
    node = read("a: &hours {email: x}\nb: *hours\n")
    assert node.get("a") == node.get("b")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: " + "[" * 200 + "]" * 200, "N007"),
        ("a: x" + " " * 600_000, "N007"),
        ("a: *nobody\n", "N008"),
        ("a: !!python/object:os.system x\n", "N008"),
        (LAUGHS, "N007"),
    ],
    ids=["deep", "large", "unknown alias", "tag", "aliases of aliases"],
)
def test_limits(text: str, code: str) -> None:
    assert [problem.code for problem in load(text, "f.yaml")[1]] == [code]


def test_sixty_levels_are_read_and_not_one_more() -> None:
    assert load("[" * 61 + "]" * 61, "f.yaml")[1] == []
    (problem,) = load("[" * 62 + "]" * 62, "f.yaml")[1]
    assert "more than 60 levels" in problem.message
    assert problem.mark is not None
    assert problem.mark.column == 62


def test_what_is_far_too_deep_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser takes the square of the depth: 11 seconds for 6 kB."""
    taken = 0

    def counting(events: Iterable[Any]) -> Iterator[Any]:
        nonlocal taken
        for event in events:
            taken += 1
            yield event

    within = yaml_reader._within_limits
    monkeypatch.setattr(yaml_reader, "_within_limits", lambda events: within(counting(events)))
    assert [problem.code for problem in load("[" * 3000 + "]" * 3000, "f.yaml")[1]] == ["N007"]
    assert taken < 70


@given(st.text(alphabet="ab:-{}[]\"'#&*!|>%@`\t\n ,?.", max_size=60))
def test_whatever_is_written_is_read_or_explained(text: str) -> None:
    node, problems = load(text, "f.yaml")
    assert node is not None or problems
    assert all(problem.mark is not None for problem in problems)
