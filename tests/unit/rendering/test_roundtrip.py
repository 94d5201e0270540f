"""A few hundred of the mails that `python -m tools.roundtrip` makes, and whether it would notice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from nurture.rendering import message, structure
from tools import roundtrip


def test_generated_mails_come_out_as_they_were_meant() -> None:
    assert [said for number in range(150) for said in differences(number)] == []


def test_some_of_their_subjects_must_be_refused_first() -> None:
    reasons = Counter(roundtrip._refusal(roundtrip.generated(7, number)) for number in range(150))
    assert 5 < reasons["header_injection"] < 50
    assert reasons[None] > 100


def differences(number: int) -> list[str]:
    return roundtrip.differences(roundtrip.generated(7, number))


PLANTS: dict[str, tuple[Any, str, Callable[[Any], Callable[..., Any]], str]] = {
    "dots are not doubled": (roundtrip, "on_the_wire", lambda real: lambda b, s: s(b) + b".\r\n", "text/"),
    "an accent is lost": (
        structure,
        "encode_lines",
        lambda real: lambda t: real(t.replace("é", "e")),
        "text/",
    ),
    "lines are not folded": (structure, "encode_lines", lambda real: lambda t: t.encode(), "octets"),
    "a name loses its end": (
        message,
        "mailbox",
        lambda real: lambda n, *a: real(n and n[:-1], *a),
        "To: got",
    ),
    "a subject loses a word": (
        message,
        "header_text",
        lambda real: lambda t, u: real(t[1:], u),
        "Subject: got",
    ),
    "the text comes in after it was signed": (
        roundtrip,
        "signed",
        lambda real: lambda m, s: real(m, s).replace(b"charset", b"CHARSET"),
        "signature",
    ),
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_mistake_is_noticed(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    where, what, plant, says = PLANTS[name]
    roundtrip._renderer.cache_clear()
    message._frame.cache_clear()
    monkeypatch.setattr(where, what, plant(getattr(where, what)))
    said = [each for number in range(15) for each in _said(number)]
    assert any(says in each for each in said), said[:3]
    roundtrip._renderer.cache_clear()
    message._frame.cache_clear()


def _said(number: int) -> list[str]:
    try:
        return differences(number)
    except AssertionError as noticed:
        return [f"differ: {noticed}"]
