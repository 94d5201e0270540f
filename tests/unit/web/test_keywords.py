"""What people write to a number."""

from __future__ import annotations

import pytest

from nurture.web.keywords import meaning


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("START", "start"),
        (" start. ", "start"),
        ("ＳＴＡＲＴ", "start"),
        ("Voltar!", "start"),
        ("ajuda?", "help"),
        ("HELP\n", "help"),
        ("quero voltar à loja", None),
        ("STOP", None),
        ("", None),
        ("👍", None),
        ("start " * 10_000, None),
    ],
)
def test_one_keyword_alone(text: str, found: str | None) -> None:
    assert meaning(text) == found
