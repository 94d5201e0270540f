"""Ignoring case, alike on every database.

Databases differ in what their `lower()` does with letters outside ASCII, and PostgreSQL's depends on the
locale that the server was set up with. So the pairs of letters stand here: Latin, Greek and Cyrillic.
"""

from __future__ import annotations

from collections.abc import Iterator

_BLOCKS = ((0x00C0, 0x0180), (0x0386, 0x03AC), (0x0400, 0x0430))


def _capitals() -> Iterator[str]:
    for first, end in _BLOCKS:
        for letter in map(chr, range(first, end)):
            if letter.isupper() and len(letter.lower()) == 1:
                yield letter


# Capital and small letters outside ASCII, in the same order.
CAPITALS = "".join(_capitals())
SMALL = "".join(letter.lower() for letter in CAPITALS)

_ASCII = {chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)}
_TABLE = str.maketrans({**_ASCII, **dict(zip(CAPITALS, SMALL, strict=True))})


def fold(text: str) -> str:
    """The text in small letters; accents stay."""
    return text.translate(_TABLE)
