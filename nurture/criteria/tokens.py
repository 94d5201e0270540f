"""The tokens of a condition, and complaints about them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from nurture.criteria.tree import At

_KEYWORDS = """
    and or not in is empty contains older than within last next did true false
    at least most exactly time times since entry where
"""
KEYWORDS = frozenset(_KEYWORDS.split())
SIGNS = ("=", "!=", "<", "<=", ">", ">=")


class Kind(StrEnum):
    WORD = "word"
    TEXT = "text"
    NUMBER = "number"
    DAY = "day"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """`text` is what was meant: a word, a sign, the inside of quotes, the digits of a number."""

    kind: Kind
    text: str
    at: At

    def says(self, *words: str) -> bool:
        return self.kind in (Kind.WORD, Kind.SIGN) and self.text in words


@dataclass(frozen=True, slots=True)
class Complaint:
    """A mistake at a place of the text."""

    code: str
    message: str
    at: At
    hint: str | None = None


class Stop(Exception):
    """Nothing after this can be understood."""

    def __init__(self, complaint: Complaint) -> None:
        super().__init__(complaint.message)
        self.complaint = complaint


UNQUOTED = "a name with spaces or hyphens goes in quotes"
SPELLING, SYNTAX, DURATION, NUMBER = "N301", "N302", "N303", "N304"


def number(text: str) -> Decimal:
    """The number, the same for 1.5 and 1.50."""
    found = Decimal(text).normalize()
    return found if found else Decimal(0)
