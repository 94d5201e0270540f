"""Conditions written out again, the one way that the reference shows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from nurture.criteria.tokens import KEYWORDS
from nurture.criteria.tree import (
    And,
    BoolName,
    Call,
    Compare,
    Contains,
    Did,
    Expr,
    InList,
    IsEmpty,
    Literal,
    Name,
    Not,
    OlderThan,
    Or,
    Value,
    WithinLast,
    WithinNext,
)


def to_text(tree: Expr) -> str:
    """The canonical text: it parses to the same tree again."""
    match tree:
        case Or(items):
            return " or ".join(to_text(item) for item in items)
        case And(items):
            return " and ".join(_grouped(item, Or) for item in items)
        case Not(Compare(left, "=", right)):
            return f"{value_text(left)} != {value_text(right)}"
        case Not(InList(value, items)):
            return f"{value_text(value)} not in {_list(items)}"
        case Not(IsEmpty(value)):
            return f"{value_text(value)} is not empty"
        case Not(Did() as did):
            return f"did not({_clauses(did)})"
        case Not(item):
            return f"not {_grouped(item, Or, And)}"
        case atom:
            return _atom(atom)


def _atom(atom: Expr) -> str:
    match atom:
        case Compare(left, op, right):
            return f"{value_text(left)} {op} {value_text(right)}"
        case InList(value, items):
            return f"{value_text(value)} in {_list(items)}"
        case Contains(value, item):
            return f"{value_text(value)} contains {value_text(item)}"
        case IsEmpty(value):
            return f"{value_text(value)} is empty"
        case OlderThan(value, span):
            return f"{value_text(value)} older than {span}"
        case WithinLast(value, span):
            return f"{value_text(value)} within last {span}"
        case WithinNext(value, span):
            return f"{value_text(value)} within next {span}"
        case Did():
            return f"did({_clauses(atom)})"
        case Call(fn, arg):
            return f"{fn}({_word(arg)})"
        case BoolName(name):
            return str(name)
    raise TypeError(f"{type(atom).__name__} is no atom")


def _grouped(item: Expr, *kinds: type[Expr]) -> str:
    return f"({to_text(item)})" if isinstance(item, kinds) else to_text(item)


def value_text(value: Value) -> str:
    return str(value) if isinstance(value, Name) else literal_text(value)


def literal_text(literal: Literal) -> str:
    match literal.value:
        case bool(truth):
            return "true" if truth else "false"
        case Decimal() as number:
            return f"{number:f}"
        case date() as day:
            return day.isoformat()
        case text:
            return quoted(text)


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _list(items: tuple[Literal, ...]) -> str:
    return f"({', '.join(literal_text(item) for item in items)})"


def _word(word: str) -> str:
    plain = word.isascii() and word.isidentifier() and word.lower() not in KEYWORDS
    return word if plain else quoted(word)


def _clauses(did: Did) -> str:
    clauses = [quoted(did.event)]
    if (did.op, did.count) != (">=", 1):
        clauses.append(f"{times(did)} time{'' if did.count == 1 else 's'}")
    if did.within is not None:
        clauses.append(f"within {did.within}")
    if did.since_entry:
        clauses.append("since entry")
    if did.where is not None:
        clauses.append(f"where {to_text(did.where)}")
    return ", ".join(clauses)


def times(did: Did) -> str:
    """`at least 2`"""
    return f"{ {'>=': 'at least', '<=': 'at most', '=': 'exactly'}[did.op] } {did.count}"
