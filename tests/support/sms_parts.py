"""SMS written from the specifications, for comparison: the parts of a text as bytes, and back.

3GPP TS 23.038: the default alphabet and its extension table (6.2.1), seven bits a character (6.1.2.1.1), UCS2.
3GPP TS 23.040: 140 octets of user data (9.2.3.24); of a text in several parts each begins with a header of six octets
(9.2.3.24.1, a reference of 8 bits), and septets begin at the next multiple of seven bits.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

OCTETS = 140
HEADER = 6
# by code, 16 a row; 0x1B is the escape to the extension table
ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
ESCAPE = 0x1B
EXTENSION = {
    "\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65,
}  # fmt: skip


@dataclass(frozen=True)
class Parts:
    encoding: str
    bodies: tuple[bytes, ...]  # with their headers
    units: int


def parts(text: str) -> Parts:
    """A text as a phone would send it: in the default alphabet where it can be, in as many parts as it takes."""
    codes = [_septets(sign) for sign in text]
    if all(codes):
        return _default(codes)
    return _ucs2(text)


def _septets(sign: str) -> list[int]:
    if sign in EXTENSION:
        return [ESCAPE, EXTENSION[sign]]
    at = ALPHABET.find(sign)
    return [at] if at >= 0 and at != ESCAPE else []


def _default(codes: list[list[int]]) -> Parts:
    whole = [code for pair in codes for code in pair]
    if len(whole) * 7 <= OCTETS * 8:
        return Parts("GSM-7", (_pack(whole, 0),) if whole else (), len(whole))
    room = (OCTETS * 8 - _first_bit(HEADER)) // 7
    runs: list[list[int]] = [[]]
    for pair in codes:
        if len(runs[-1]) + len(pair) > room:
            runs.append([])
        runs[-1] += pair
    return Parts(
        "GSM-7", tuple(_header(runs, n) + _pack(run, HEADER) for n, run in enumerate(runs)), len(whole)
    )


def _ucs2(text: str) -> Parts:
    signs = [sign.encode("utf-16-be", "surrogatepass") for sign in text]
    units = sum(map(len, signs)) // 2
    if units * 2 <= OCTETS:
        return Parts("UCS-2", (b"".join(signs),), units)
    runs = [b""]
    for sign in signs:
        if HEADER + len(runs[-1]) + len(sign) > OCTETS:
            runs.append(b"")
        runs[-1] += sign
    return Parts("UCS-2", tuple(_header(runs, n) + run for n, run in enumerate(runs)), units)


def _header(runs: list[list[int]] | list[bytes], number: int) -> bytes:
    return bytes((HEADER - 1, 0x00, 3, 0x2A, len(runs) % 256, (number + 1) % 256))


def _first_bit(header: int) -> int:
    """Where the septets after a header begin."""
    return -(-header * 8 // 7) * 7


def _pack(septets: list[int], header: int) -> bytes:
    """Septets, the lowest bits first; without the header's own octets."""
    bits = 0
    start = _first_bit(header) - header * 8
    for place, septet in enumerate(septets):
        bits |= septet << (start + 7 * place)
    packed = bits.to_bytes(-(-(start + 7 * len(septets)) // 8), "little")
    assert header + len(packed) <= OCTETS
    return packed


def read(found: Parts, lengths: list[int]) -> str:
    """What a phone shows that got these parts; `lengths` are the septets of each (TP-UDL without the header)."""
    header = HEADER if len(found.bodies) > 1 else 0
    bodies = [body[header:] for body in found.bodies]
    if found.encoding == "UCS-2":
        return b"".join(bodies).decode("utf-16-be", "surrogatepass")
    return "".join(_shown(body, length, header) for body, length in zip(bodies, lengths, strict=True))


def _shown(body: bytes, length: int, header: int) -> str:
    bits = int.from_bytes(body, "little") >> (_first_bit(header) - header * 8)
    septets = [bits >> (7 * place) & 0x7F for place in range(length)]
    text, escaped = "", False
    for septet in septets:
        if septet == ESCAPE and not escaped:
            escaped = True
            continue
        text += next(s for s, code in EXTENSION.items() if code == septet) if escaped else ALPHABET[septet]
        escaped = False
    return text


_PLAIN = ALPHABET.replace("\x1b", "")
_KINDS = (
    _PLAIN,
    "abcdefghijklmnopqrstuvwxyz ",
    "".join(EXTENSION),
    "áâãçêíóôõúÁÂÃÊÍÓÔÕÚ",
    "“”‘’–—…•\u00a0",
    "😀🎉👍🏽👨\u200d👩\u200d👧🇧🇷",
    "Привет日本語عربي",
)
_EDGES = (0, 1, 69, 70, 71, 134, 135, 152, 153, 154, 159, 160, 161, 201, 202, 306, 307, 459, 460)


def drawn(seed: int, count: int) -> list[str]:
    """Texts of all kinds of letters, many of them about as long as a part holds."""
    draw = random.Random(seed)
    return [_text(draw) for _ in range(count)]


def _text(draw: random.Random) -> str:
    length = (
        max(0, draw.choice(_EDGES) + draw.randint(-2, 2)) if draw.random() < 0.7 else draw.randint(0, 700)
    )
    kinds = (
        draw.sample(_KINDS, draw.randint(1, 3))
        if draw.random() < 0.5
        else [_PLAIN, *draw.choices(_KINDS[1:3])]
    )
    weights = [100, *([draw.choice((1, 10, 50))] * (len(kinds) - 1))]
    return "".join(draw.choice(draw.choices(kinds, weights)[0]) for _ in range(length))
