"""How many segments an SMS takes: GSM 03.38 and its extension table, else UCS-2 (3GPP TS 23.038, 23.040)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import chain

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")  # an escape character before each: two septets
ALPHABET = "".join(sorted(_BASIC | _EXTENDED))
SINGLE = {"GSM-7": 160, "UCS-2": 70}
# Counterparts of signs that no decomposition of Unicode leads to. Invisible ones have none, and need none.
_COUNTERPARTS = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′´`ʼ", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−•·", "-"),
        **dict.fromkeys("\t\v\u2028\u2029", " "),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff\ufe0e\ufe0f", ""),
        "º": "o",
        "°": "o",
        "ª": "a",
        "©": "(c)",
        "®": "(r)",
        "→": "->",
        "←": "<-",
        "×": "x",
        "÷": "/",
        "⁄": "/",
        "œ": "oe",
        "Œ": "OE",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ı": "i",
        "¢": "c",
    }
)
JOINED = {"GSM-7": 153, "UCS-2": 67}  # a header of 6 bytes says which of how many


@dataclass(frozen=True, slots=True)
class Segments:
    """`units` are septets in GSM-7 and 16-bit units in UCS-2."""

    encoding: str
    units: int
    segments: int


def count(text: str) -> Segments:
    """How `text` is split: a character that takes two units is never cut in half."""
    if all(c in _BASIC or c in _EXTENDED for c in text):
        return _split("GSM-7", [2 if c in _EXTENDED else 1 for c in text])
    return _split("UCS-2", [2 if c > "\uffff" else 1 for c in text])


def _split(encoding: str, sizes: list[int]) -> Segments:
    units = sum(sizes)
    if units <= SINGLE[encoding]:
        return Segments(encoding, units, 1 if units else 0)
    segments, room = 1, JOINED[encoding]
    for size in sizes:
        if size > room:
            segments, room = segments + 1, JOINED[encoding]
        room -= size
    return Segments(encoding, units, segments)


def transliterate(text: str) -> str:
    """`text` in the GSM alphabet where that takes fewer segments: signs outside of it are replaced (ã by a, “ by ",
    – by -), and no others.

    One sign without a counterpart (an emoji, another script) makes all of it UCS-2, so that replacing the others
    would save nothing: then it stays as it is written.
    """
    written = count(text)
    if written.encoding == "GSM-7" or written.segments < 2:
        return text
    composed = unicodedata.normalize("NFC", text)
    found = "".join([c if c in _BASIC or c in _EXTENDED else _counterpart(c) for c in composed])
    made = count(found)
    return found if made.encoding == "GSM-7" and made.segments < written.segments else text


def _counterpart(sign: str) -> str:
    """The same in the GSM alphabet, without its accents; the sign itself where there is nothing like it."""
    plain = sign.translate(_COUNTERPARTS)
    parts = unicodedata.normalize("NFKD", plain) if plain == sign else plain
    bare = "".join([part for part in parts if not unicodedata.combining(part)]).translate(_COUNTERPARTS)
    return bare if all(c in _BASIC or c in _EXTENDED for c in bare) else sign


@cache
def replaceable() -> str:
    """The GSM alphabet, and the Latin letters and the punctuation that `transliterate` replaces."""
    written = map(
        chr, chain(range(0x20, 0x250), range(0x300, 0x370), range(0x1E00, 0x1F00), range(0x2000, 0x2070))
    )
    found = [c for c in written if unicodedata.combining(c) or count(_counterpart(c)).encoding == "GSM-7"]
    return "".join(sorted({*ALPHABET, *found}))


def outside(text: str) -> tuple[str, ...]:
    """The signs that keep `text` out of the GSM alphabet."""
    return tuple(sorted({sign for sign in text if sign not in _BASIC and sign not in _EXTENDED}))
