"""From a condition's text to its tokens.

A wrong spelling whose meaning is plain becomes the right token with a complaint beside it, so that one
look shows all of them. Where nothing can be guessed, reading stops.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from nurture.criteria.tokens import (
    DURATION,
    KEYWORDS,
    NUMBER,
    SPELLING,
    SYNTAX,
    UNQUOTED,
    Complaint,
    Kind,
    Stop,
    Token,
    number,
)
from nurture.criteria.tree import At

MOST_DIGITS = 15  # more don't fit a double, in which SQLite keeps the numbers of events

# What other languages write: the sign or word that is meant here.
_SIGNS = {
    "===": "=",
    "==": "=",
    "!==": "!=",
    "<>": "!=",
    "=!": "!=",
    "≠": "!=",
    "=>": ">=",
    "≥": ">=",
    "=<": "<=",
    "≤": "<=",
    "&&": "and",
    "&": "and",
    "||": "or",
    "|": "or",
    "!": "not",
    "=~": "contains",
    "~": "contains",
    "[": "(",
    "]": ")",
}
_CURLY = "“”„‟«»‘’‚‛"
_UNITS = {"d": "days", "h": "hours", "w": "weeks", "m": "minutes", "min": "minutes", "mins": "minutes"}

_PATTERN = re.compile(
    rf"""
    (?P<space>\s+)
  | (?P<text>"(?:[^"]|"")*"|'(?:[^']|'')*')
  | (?P<curly>[{_CURLY}][^{_CURLY}"']*[{_CURLY}"'])
  | (?P<moment>\d{{4}}-\d\d-\d\d[T ]\d\d?:\d\d\S*)
  | (?P<day>\d{{4}}-\d{{1,2}}-\d{{1,2}}(?!\w))
  | (?P<other_day>\d{{1,2}}[/.-]\d{{1,2}}[/.-]\d{{2,4}}(?!\w)|\d{{4}}[/.]\d{{1,2}}[/.]\d{{1,2}}(?!\w))
  | (?P<money>(?:R\$|US\$|[$€£])\s*(?=\d))
  | (?P<grouped>-?\d{{1,3}}(?:\.\d{{3}})+,\d+|-?\d{{1,3}}(?:,\d{{3}})+\.\d+|-?\d{{1,3}}(?:[._']\d{{3}}){{2,}}(?!\d)
      |-?\d{{1,3}}(?:[_']\d{{3}})+(?!\d))
  | (?P<comma>-?\d+,\d+(?![\d.]))
  | (?P<number>-?\d+(?:\.\d+)?)
  | (?P<word>[^\W\d]\w*(?:\.\w+)*)
  | (?P<wrong>===|!==|==|<>|=!|=>|=<|=~|&&|\|\||[≠≥≤&|~\[\]]|!(?!=))
  | (?P<sign><=|>=|!=|[=<>(),])
    """,
    re.VERBOSE,
)

_UP_TO_COMMA = re.compile(r"(?P<number>-?\d+)(?=,)")
_ARGUMENT = re.compile(r"[^),]*[^),\s]")
_IDENTIFIER = re.compile(r"[^\W\d]\w*")


@dataclass
class Reader:
    """Reads a condition's text into `tokens` and `complaints`."""

    source: str
    tokens: list[Token] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)
    _lists: list[bool] = field(default_factory=list)  # for each open parenthesis: does it open a list?

    def read(self) -> list[Token]:
        """The tokens, an END last. Raises Stop."""
        place = 0
        while place < len(self.source):
            found = _PATTERN.match(self.source, place)
            if found is None:
                raise Stop(self._stray(place))
            if found.lastgroup in ("comma", "grouped") and self._in_list():
                found = _UP_TO_COMMA.match(self.source, place) or found  # `in (1,2)`: two numbers
            getattr(self, f"_{found.lastgroup}")(found[0], found.span())
            place = found.end()
        self.tokens.append(Token(Kind.END, "", (place, place)))
        return self.tokens

    # --- one method for each group of the pattern -------------------------------------------

    def _space(self, text: str, at: At) -> None: ...

    def _text(self, text: str, at: At) -> None:
        mark = text[0]
        self._add(Kind.TEXT, text[1:-1].replace(mark * 2, mark), at)

    def _curly(self, text: str, at: At) -> None:
        self._complain(
            SPELLING, "these quotes are curly; a word processor made them", at, f'write "{text[1:-1]}"'
        )
        self._add(Kind.TEXT, text[1:-1], at)

    def _moment(self, text: str, at: At) -> None:
        self._complain(
            NUMBER, f"'{text}' has a time; a condition compares whole days", at, f"write {text[:10]}"
        )
        self._day(text[:10], at)

    def _day(self, text: str, at: At) -> None:
        year, month, day = (int(part) for part in text.split("-"))
        try:
            right = date(year, month, day).isoformat()
        except ValueError:
            raise Stop(Complaint(NUMBER, f"there is no day {text}", at, "write year-month-day")) from None
        if right != text:
            self._complain(NUMBER, f"'{text}': month and day have two digits", at, f"write {right}")
        self._add(Kind.DAY, right, at)

    def _other_day(self, text: str, at: At) -> None:
        hint = "write year-month-day, such as 2026-12-31"
        raise Stop(Complaint(NUMBER, f"'{text}' can be read as several days", at, hint))

    def _money(self, text: str, at: At) -> None:
        self._complain(
            NUMBER, f"'{text.strip()}': amounts have no currency sign", at, "write the number alone"
        )

    def _grouped(self, text: str, at: At) -> None:
        right = _plain_number(text)
        self._complain(
            NUMBER,
            f"'{text}': numbers have no thousands separator, and a point for decimals",
            at,
            f"write {right}",
        )
        self._add(Kind.NUMBER, right, at)

    def _comma(self, text: str, at: At) -> None:
        whole, _, decimals = text.partition(",")
        if len(decimals) == 3 and len(whole.lstrip("-")) <= 3 and whole.lstrip("-") != "0":
            message = f"'{text}' can be read as a thousand or as a fraction"
            self._complain(NUMBER, message, at, f"write {whole}{decimals} or {whole}.{decimals}0")
        else:
            self._complain(
                NUMBER, f"'{text}': decimals stand behind a point", at, f"write {whole}.{decimals}"
            )
        self._add(Kind.NUMBER, f"{whole}.{decimals}", at)

    def _number(self, text: str, at: At) -> None:
        if text.startswith("-") and self._follows_value():
            raise Stop(self._arithmetic(at[0]))
        glued = _IDENTIFIER.match(self.source, at[1])
        if glued:
            self._glued(text, glued[0], (at[0], glued.end()))
        if re.match(r"-?0\d", text):
            raise Stop(
                Complaint(NUMBER, f"'{text}' begins with a zero", at, f'a code is a text: write "{text}"')
            )
        if re.fullmatch(r"-?[1-9]\d{0,2}\.\d{3}", text):
            whole, fraction = text.replace(".", ""), f"{number(text):f}"
            message = f"'{text}' can be read as {whole} or as a fraction"
            self._complain(
                NUMBER, message, at, f"write {whole} or {text + '0' if fraction == text else fraction}"
            )
        if len(text.lstrip("-0.").replace(".", "")) > MOST_DIGITS:
            raise Stop(Complaint(NUMBER, f"'{text}' has more than {MOST_DIGITS} digits", at))
        self._add(Kind.NUMBER, text, at)

    def _glued(self, number: str, word: str, at: At) -> None:
        unit = _UNITS.get(word.lower())
        if unit or word.lower().rstrip("s") in ("minute", "hour", "day", "week", "month", "year"):
            hint = f"write {number} {unit or word}"
            raise Stop(Complaint(DURATION, f"'{number}{word}': number and unit stand apart", at, hint))
        raise Stop(
            Complaint(SPELLING, f"'{number}{word}': a name begins with a letter", at, "texts go in quotes")
        )

    def _word(self, text: str, at: At) -> None:
        lower = text.lower()
        wrong = text != lower and lower in KEYWORDS
        if wrong and (lower in ("true", "false") or not self._wants_value()):
            self._complain(SPELLING, f"'{text}': the language is in small letters", at, f"write {lower}")
            text = lower
        self._add(Kind.WORD, text, at)

    def _wrong(self, text: str, at: At) -> None:
        right = _SIGNS[text]
        if text in "[]":
            self._complain(SPELLING, f"'{text}': lists stand in parentheses", at, f"write {right}")
        else:
            self._complain(SPELLING, f"'{text}' is from another language", at, f"write {right}")
        self._add(Kind.SIGN if right in "!= >= <= ( )" else Kind.WORD, right, at)

    def _sign(self, text: str, at: At) -> None:
        self._add(Kind.SIGN, text, at)

    def _stray(self, place: int) -> Complaint:
        """A character that begins nothing."""
        letter, at = self.source[place], (place, place + 1)
        if letter in "\"'":
            curly = any(mark in self.source[place:] for mark in _CURLY)
            hint = "a curly quote doesn't close it: write \"" if curly else f"close it with {letter}"
            return Complaint(SYNTAX, "the quote that opens here is never closed", at, hint)
        if letter in _CURLY:
            return Complaint(
                SPELLING, f"'{letter}' is a curly quote; a word processor made it", at, 'write "'
            )
        if letter == "%" and self.tokens and self.tokens[-1].kind is Kind.NUMBER:
            return Complaint(NUMBER, "numbers have no percent sign", at, "write the number alone")
        if letter in "+-*/^%" and self._follows_value():
            return self._arithmetic(place)
        if letter in "{}":
            return Complaint(SPELLING, "names stand without braces in conditions", at, "write the name alone")
        if letter == ":":
            return Complaint(SPELLING, "':' belongs to YAML; a condition compares with =", at, "write =")
        return Complaint(SYNTAX, f"'{letter}' has no meaning in a condition", at, "texts go in quotes")

    def _arithmetic(self, place: int) -> Complaint:
        sign = self.source[place]
        if sign == "-" and self._in_call():
            begins = self.tokens[-1].at[0]
            name = _ARGUMENT.match(self.source, begins)
            assert name
            return Complaint(SYNTAX, UNQUOTED, name.span(), f'write "{name[0]}"')
        hint = "names with a hyphen go in quotes" if sign == "-" else None
        return Complaint(SYNTAX, f"'{sign}': conditions don't calculate", (place, place + 1), hint)

    # --- helpers ---------------------------------------------------------------------------

    def _add(self, kind: Kind, text: str, at: At) -> None:
        if kind is Kind.SIGN and text == "(":
            self._lists.append(bool(self.tokens) and self.tokens[-1].says("in"))
        elif kind is Kind.SIGN and text == ")" and self._lists:
            self._lists.pop()
        self.tokens.append(Token(kind, text, at))

    def _complain(self, code: str, message: str, at: At, hint: str | None = None) -> None:
        self.complaints.append(Complaint(code, message, at, hint))

    def _follows_value(self) -> bool:
        if not self.tokens:
            return False
        last = self.tokens[-1]
        if last.kind is Kind.SIGN:
            return last.text == ")"
        return last.kind is not Kind.WORD or last.text not in KEYWORDS

    def _wants_value(self) -> bool:
        """After `=` or in a list `OR` and `IN` are more likely Oregon and India without quotes."""
        if not self.tokens or self.tokens[-1].kind is not Kind.SIGN or self.tokens[-1].text == ")":
            return False
        return self.tokens[-1].text not in "(," or self._in_list()

    def _in_call(self) -> bool:
        """After the first word of a function's argument."""
        if len(self.tokens) < 3 or self.tokens[-1].kind is not Kind.WORD:
            return False
        function, opening = self.tokens[-3:-1]
        is_name = function.kind is Kind.WORD and (function.text == "did" or function.text not in KEYWORDS)
        return is_name and opening.says("(")

    def _in_list(self) -> bool:
        return bool(self._lists) and self._lists[-1]


def _plain_number(text: str) -> str:
    """`1.000,50` and `1,000.50` without their separators."""
    last = max(text.rfind("."), text.rfind(","))
    separators = {letter for letter in text if letter in ".,_'"}
    digits = re.sub(r"[.,_']", "", text)
    if len(separators) == 1:
        return digits
    decimals = len(text) - last - 1
    return f"{digits[:-decimals]}.{digits[-decimals:]}"
