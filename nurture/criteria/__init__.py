"""The condition language: `country = "BR" and lifetime_value >= 1000`.

One grammar for `where`, `if`, `when`, `until` and `send_if`. `parse` reads it, `check` holds its names and
types against what is declared, `in_words` says it in English. What a condition means is the SQL that
`nurture.store.criteria` makes of its tree.
"""

from nurture.criteria.checks import check
from nurture.criteria.folding import fold
from nurture.criteria.parser import Parsed, parse, parse_all
from nurture.criteria.scope import Scope
from nurture.criteria.text import to_text
from nurture.criteria.tree import (
    And,
    Atom,
    BoolName,
    Call,
    Compare,
    Condition,
    Contains,
    Did,
    EventMatch,
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
    atoms,
    combiner,
    is_timed,
    names,
)
from nurture.criteria.words import in_words

__all__ = [
    "And",
    "Atom",
    "BoolName",
    "Call",
    "Compare",
    "Condition",
    "Contains",
    "Did",
    "EventMatch",
    "Expr",
    "InList",
    "IsEmpty",
    "Literal",
    "Name",
    "Not",
    "OlderThan",
    "Or",
    "Parsed",
    "Scope",
    "Value",
    "WithinLast",
    "WithinNext",
    "atoms",
    "check",
    "combiner",
    "fold",
    "in_words",
    "is_timed",
    "names",
    "parse",
    "parse_all",
    "to_text",
]
