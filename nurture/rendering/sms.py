"""How many segments an SMS takes: GSM 03.38 and its extension table, else UCS-2 (3GPP TS 23.038, 23.040)."""

from __future__ import annotations

from dataclasses import dataclass

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")  # an escape character before each: two septets
SINGLE = {"GSM-7": 160, "UCS-2": 70}
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
