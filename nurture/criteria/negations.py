"""Negative tests are true for those of whom nothing is known: right, and easily overlooked."""

from __future__ import annotations

from collections.abc import Iterator

from nurture.criteria.naming import NEGATED
from nurture.criteria.parser import HELP
from nurture.criteria.places import Places
from nurture.criteria.scope import Scope
from nurture.criteria.tree import (
    And,
    BoolName,
    Compare,
    Contains,
    Expr,
    InList,
    IsEmpty,
    Name,
    Not,
    OlderThan,
    Or,
    Value,
    WithinLast,
    WithinNext,
    atoms,
)
from nurture.problems import Problem, Severity


def negations(tree: Expr, scope: Scope, places: Places) -> Iterator[Problem]:
    """A warning for each negative test of a field of the contact that may be unknown.

    Whoever asks anywhere in the condition whether the field is empty has thought of it.
    """
    seen_to = {str(atom.value) for atom in atoms(tree) if isinstance(atom, IsEmpty)}
    for atom in _negated(tree, False):
        for name in _names(atom):
            known = scope.find(name)
            if known is not None and known.unknown and name.owner == "contact" and str(name) not in seen_to:
                message = f"also true for people whose {str(name).replace('_', ' ')} is unknown"
                hint = f"if that isn't meant, add: and {name} is not empty"
                yield Problem(
                    NEGATED, message, places.of(atom.at), hint, HELP, Severity.WARNING, about=str(name)
                )


_Test = Compare | InList | Contains | OlderThan | WithinLast | WithinNext | BoolName


def _negated(tree: Expr, negative: bool) -> Iterator[_Test]:
    match tree:
        case And(items) | Or(items):
            for item in items:
                yield from _negated(item, negative)
        case Not(item):
            yield from _negated(item, not negative)
        case Compare() | InList() | Contains() | OlderThan() | WithinLast() | WithinNext() | BoolName() if (
            negative
        ):
            yield tree


def _names(atom: _Test) -> Iterator[Name]:
    match atom:
        case Compare(left, _, right) | Contains(left, right):
            values: tuple[Value, ...] = (left, right)
        case BoolName(name):
            values = (name,)
        case _:
            values = (atom.value,)
    return (value for value in values if isinstance(value, Name))
