"""The tokens of a condition, taken one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nurture.clock import parse_span
from nurture.criteria.tokens import DURATION, KEYWORDS, SPELLING, SYNTAX, Complaint, Kind, Stop, Token
from nurture.model import Span

_UNITS = ("minute", "hour", "day", "week")
_CONNECTIVES = {"e": "and", "y": "and", "et": "and", "und": "and", "ou": "or", "o": "or", "oder": "or"}
_INSTEAD = {
    "month": "a month has no fixed length in conditions",
    "year": "a year has no fixed length in conditions",
    "second": "conditions don't count seconds",
}
_DAYS = {"month": 30, "year": 365}


class Stream:
    """Raises Stop where the text cannot go on as it does."""

    def __init__(self, source: str, tokens: list[Token], complaints: list[Complaint]) -> None:
        self.source = source
        self._tokens = tokens
        self._complaints = complaints
        self._place = 0
        self._depth = 0

    @property
    def next(self) -> Token:
        return self._tokens[self._place]

    @property
    def ended(self) -> bool:
        return self.next.kind is Kind.END

    @property
    def after_next(self) -> Token:
        return self._tokens[min(self._place + 1, len(self._tokens) - 1)]

    @property
    def last(self) -> Token | None:
        return self._tokens[self._place - 1] if self._place else None

    def take(self) -> Token:
        token = self.next
        if token.kind is not Kind.END:
            self._place += 1
        return token

    def replace_next(self, word: str) -> Token:
        """Have the next token say `word` instead."""
        token = self.next
        kind = Kind.WORD if word.isalpha() else Kind.SIGN
        self._tokens[self._place] = Token(kind, word, token.at)
        return self.next

    def accept(self, *words: str) -> Token | None:
        """The next token if it is one of these, taken."""
        return self.take() if self.next.says(*words) else None

    def expect(self, word: str, hint: str) -> Token:
        token = self.accept(word)
        if token is None:
            raise Stop(Complaint(SYNTAX, f"'{word}' is missing{self.before_next()}", self.next.at, hint))
        return token

    def before_next(self) -> str:
        return " at the end" if self.next.kind is Kind.END else f" before {self.shown(self.next)}"

    def shown(self, token: Token) -> str:
        """The token as it was written."""
        return "the end" if token.kind is Kind.END else f"'{self.source[slice(*token.at)]}'"

    def complain(self, complaint: Complaint) -> None:
        self._complaints.append(complaint)

    def is_keyword(self, token: Token) -> bool:
        return token.text in KEYWORDS

    def connective(self, word: str) -> bool:
        """Take `and` or `or`, or what another language calls it, with a complaint."""
        token = self.next
        if token.kind is Kind.WORD and _CONNECTIVES.get(token.text) == word:
            self.complain(Complaint(SPELLING, f"'{token.text}' is '{word}' here", token.at, f"write {word}"))
            self.take()
            return True
        return self.accept(word) is not None

    def close(self, opening: Token) -> Token:
        """Take the parenthesis that closes `opening`."""
        token = self.next
        if token.says(")"):
            return self.take()
        if token.kind is Kind.END:
            raise Stop(
                Complaint(
                    SYNTAX,
                    "the parenthesis that opens here is never closed",
                    opening.at,
                    "write ) at its end",
                )
            )
        message = f"')' or ',' is missing before {self.shown(token)}"
        raise Stop(Complaint(SYNTAX, message, token.at, "the parenthesis before it is still open"))

    @contextmanager
    def deeper(self, most: int) -> Iterator[None]:
        self._depth += 1
        if self._depth > most:
            raise Stop(
                Complaint(SYNTAX, "too many parentheses within each other", self.next.at, "make it simpler")
            )
        yield
        self._depth -= 1

    def duration(self) -> tuple[Span, int]:
        """`60 days` and where it ends."""
        count = self.take()
        if count.kind is Kind.TEXT:
            hint = f"write {count.text}"
            raise Stop(Complaint(DURATION, "a length of time has no quotes", count.at, hint))
        if count.kind is not Kind.NUMBER:
            message = f"a length of time is missing before {self.shown(count)}"
            raise Stop(Complaint(DURATION, message, count.at, "such as 60 days"))
        if not count.text.isdigit():
            hint = "a smaller unit has no fractions: 36 hours"
            raise Stop(Complaint(DURATION, f"'{count.text}' is not a whole number", count.at, hint))
        unit = self.take()
        name = unit.text.lower().removesuffix("s") if unit.kind is Kind.WORD else ""
        if name in _INSTEAD:
            raise Stop(_no_such_unit(count, unit, name))
        if name not in _UNITS:
            message = f"the unit of time is missing after {count.text}"
            raise Stop(Complaint(DURATION, message, count.at, f"such as {count.text} days"))
        return self._span(count, unit, name), unit.at[1]

    def _span(self, count: Token, unit: Token, name: str) -> Span:
        text = f"{int(count.text)} {name}{'' if int(count.text) == 1 else 's'}"
        try:
            return parse_span(text)
        except ValueError as error:
            raise Stop(Complaint(DURATION, str(error), (count.at[0], unit.at[1]))) from None


def _no_such_unit(count: Token, unit: Token, name: str) -> Complaint:
    days = int(count.text) * _DAYS.get(name, 0)
    hint = f"write {days} days" if days else "write minutes, hours, days or weeks"
    return Complaint(DURATION, _INSTEAD[name], (count.at[0], unit.at[1]), hint)
