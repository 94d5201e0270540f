"""Spellings that aren't the language but whose meaning is plain: complained of, and read all the same."""

from __future__ import annotations

from nurture.criteria.stream import Stream
from nurture.criteria.text import quoted, value_text
from nurture.criteria.tokens import KEYWORDS, SIGNS, SPELLING, SYNTAX, Complaint, Kind, Stop, Token
from nurture.criteria.tree import Compare, Contains, Expr, IsEmpty, Name, Value, negation
from nurture.criteria.values import parse_value

_NOTHING = ("null", "none", "nil", "undefined", "blank", "unknown", "missing", "nothing", "nulo", "vazio")
_NOT = ("não", "nao", "no")
_TESTS = {
    "equals": "=",
    "equal": "=",
    "eq": "=",
    "like": "contains",
    "ilike": "contains",
    "matches": "contains",
    "includes": "contains",
    "include": "contains",
    "contain": "contains",
    "contém": "contains",
    "has": "contains",
    "before": "<",
    "after": ">",
    "em": "in",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
}


def is_not(stream: Stream) -> bool:
    """Take a `not`, or what another language calls it."""
    token = stream.next
    if token.kind is Kind.WORD and token.text in _NOT and not stream.after_next.says(*SIGNS, "."):
        stream.complain(Complaint(SPELLING, f"'{token.text}' is 'not' here", token.at, "write not"))
        stream.take()
        return True
    return stream.accept("not") is not None


def test_meant(stream: Stream) -> Token:
    """The token that begins a test. Another word for one is complained of and stands for it."""
    token = stream.next
    if token.kind is not Kind.WORD or token.text in KEYWORDS:
        return token
    lower = token.text.lower()
    if lower == "between":
        hint = "write: x >= 1 and x <= 5"
        raise Stop(Complaint(SPELLING, "'between' is two comparisons here", token.at, hint))
    if lower in ("does", "doesn"):
        raise Stop(
            Complaint(
                SPELLING, f"'{token.text}': negatives begin with not", token.at, "write: not x contains ..."
            )
        )
    if lower not in _TESTS:
        return token
    right = _TESTS[lower]
    stream.complain(Complaint(SPELLING, f"'{token.text}' is '{right}' here", token.at, f"write {right}"))
    return stream.replace_next(right)


def after_not(stream: Stream, value: Value) -> Expr | None:
    """`x not contains y`: the test that follows, complained of; None where `in` follows."""
    token = stream.next
    if token.says("contains"):
        stream.complain(_not_first(token, f"write: not {value_text(value)} contains ..."))
        stream.take()
        item = parse_value(stream)
        return Contains(value, item, (value.at[0], item.at[1]))
    if token.says("in"):
        return None
    if token.says("older", "within", "empty"):
        written = "is not empty" if token.text == "empty" else f"not {value_text(value)} {token.text} ..."
        raise Stop(_not_first(token, f"write: {written}"))
    raise Stop(Complaint(SYNTAX, "'in' is missing after not", token.at, 'such as: not in ("BR", "PT")'))


def _not_first(token: Token, hint: str) -> Complaint:
    return Complaint(SPELLING, f"not can't stand before '{token.text}'", token.at, hint)


def after_is(stream: Stream, value: Value, word: Token, denied: bool) -> Expr | None:
    """What follows `is [not]` and isn't `empty`; None: a test follows that `is` should not stand before."""
    token = stream.next
    name = value_text(value)
    if token.kind is Kind.WORD and token.text.lower() in _NOTHING:
        stream.take()
        hint = f"write: {name} is {'not ' if denied else ''}empty"
        stream.complain(Complaint(SPELLING, f"'{token.text}' is called empty here", token.at, hint))
        return IsEmpty(value)
    if token.says("in", "older", "within", "contains", *SIGNS):
        hint = f"write: {'not ' if denied else ''}{name} {token.text} ..."
        stream.complain(Complaint(SPELLING, f"'is' can't stand before '{token.text}'", word.at, hint))
        return None
    sign = "!=" if denied else "="
    message = "is only asks whether something is empty"
    if token.kind is Kind.END:
        raise Stop(Complaint(SYNTAX, "'empty' is missing after is", word.at, "write: is empty"))
    right = parse_value(stream)
    hint = f"write: {name} {sign} {_meant(right)}"
    stream.complain(Complaint(SPELLING, message, (word.at[0], right.at[1]), hint))
    return Compare(value, "=", right)


def _meant(right: Value) -> str:
    """A word that follows `is` is a text, rather than another field."""
    return quoted(right.last) if isinstance(right, Name) and len(right.parts) == 1 else value_text(right)


def is_nothing(stream: Stream) -> bool:
    return (
        stream.next.kind is Kind.WORD
        and stream.next.text.lower() in _NOTHING
        and not stream.after_next.says("(")
    )


def compared_with_nothing(stream: Stream, value: Value, op: Token) -> Expr:
    token = stream.take()
    denied = op.text == "!="
    hint = f"write: {value_text(value)} is {'not ' if denied else ''}empty"
    at = (op.at[0], token.at[1])
    stream.complain(Complaint(SPELLING, f"'{token.text}' is no value", at, hint))
    return negation(IsEmpty(value)) if denied else IsEmpty(value)


def last_or_next(stream: Stream, within: Token) -> str:
    """Take `last` or `next`; without either, the past is meant."""
    token = stream.next
    if token.says("last", "next"):
        return stream.take().text
    if token.kind is Kind.WORD and token.text in ("the", "past"):
        stream.take()
        stream.complain(
            Complaint(SPELLING, f"'{token.text}' is too much", token.at, "write: within last 30 days")
        )
        return stream.take().text if stream.next.says("last", "next") else "last"
    hint = "write: within last 30 days, or within next 30 days"
    stream.complain(Complaint(SYNTAX, "'last' or 'next' is missing after within", within.at, hint))
    return "last"
