"""Words by which people ask a phone number to write again, or who it is. Those that end it are the carrier's."""

from __future__ import annotations

import unicodedata

START, HELP = "start", "help"

_WORDS = dict.fromkeys(["start", "unstop", "voltar", "iniciar"], START) | dict.fromkeys(
    ["help", "info", "ajuda"], HELP
)


def meaning(text: str) -> str | None:
    """What a message means that is one keyword, in whatever case, accents and punctuation."""
    plain = unicodedata.normalize("NFKD", text[:100]).casefold()
    return _WORDS.get("".join(letter for letter in plain if letter.isalnum() or letter.isspace()).strip())
