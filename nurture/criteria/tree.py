"""The tree of a condition. Frozen and hashable; places in the text don't count for equality.

Every negative spelling is a `Not` around the positive test, so that an unknown value makes the positive
test false and the negative one true, whichever way it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from operator import itemgetter
from typing import TypeAlias, Union

from nurture.model import Span

At: TypeAlias = tuple[int, int]  # from and up to which character of the source


@dataclass(frozen=True, slots=True)
class Name:
    """A field. One part: of the contact; two: of `event`, of `trigger` or of a step."""

    parts: tuple[str, ...]
    at: At = field(default=(0, 0), compare=False, repr=False)

    @property
    def owner(self) -> str:
        """`contact`, `event`, `trigger`, or a step's id."""
        return self.parts[0] if len(self.parts) > 1 else "contact"

    @property
    def last(self) -> str:
        return self.parts[-1]

    def __str__(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Literal:
    value: str | Decimal | bool | date
    at: At = field(default=(0, 0), compare=False, repr=False)


Value: TypeAlias = Name | Literal


@dataclass(frozen=True, slots=True)
class Compare:
    left: Value
    op: str  # = < <= > >=
    right: Value
    at: At = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class InList:
    value: Value
    items: tuple[Literal, ...]
    at: At = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Contains:
    value: Value
    item: Value
    at: At = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class IsEmpty:
    value: Value
    at: At = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class OlderThan:
    """`span` ago or longer."""

    value: Value
    span: Span
    at: At = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class WithinLast:
    value: Value
    span: Span
    at: At = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class WithinNext:
    value: Value
    span: Span
    at: At = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Did:
    """The person did it `op` `count` times, within the last `within`, counting what `where` is true for."""

    event: str
    op: str = ">="  # >= <= =
    count: int = 1
    within: Span | None = None
    since_entry: bool = False
    where: Expr | None = None
    at: At = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    fn: str
    arg: str
    at: At = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class BoolName:
    name: Name
    at: At = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class And:
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Or:
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Not:
    item: Expr


Atom: TypeAlias = (
    Compare | InList | Contains | IsEmpty | OlderThan | WithinLast | WithinNext | Did | Call | BoolName
)
Expr: TypeAlias = Union[Atom, "And", "Or", "Not"]


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as written and as meant. Two that differ only in spelling are equal."""

    text: str  # canonical
    tree: Expr = field(hash=False)  # the text says as much, and its hash is known
    source: str = field(default="", compare=False, repr=False)  # what the places count in

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class EventMatch:
    """Which events a wait, an exit or a goal looks for."""

    name: str
    where: Condition | None = None
    of: str | None = None  # the step whose message of this run the event must speak of
    since: str = "step"  # step: after the step before was done; entry: after the run began; ever
    key: str | None = None  # the field that must equal the run's key


def conjunction(items: list[Expr]) -> Expr:
    return items[0] if len(items) == 1 else And(tuple(_flat(items, And)))


def disjunction(items: list[Expr]) -> Expr:
    return items[0] if len(items) == 1 else Or(tuple(_flat(items, Or)))


def negation(item: Expr) -> Expr:
    return item.item if isinstance(item, Not) else Not(item)


def _flat(items: list[Expr], kind: type[And] | type[Or]) -> Iterator[Expr]:
    for item in items:
        if isinstance(item, (And, Or)) and isinstance(item, kind):
            yield from item.items
        else:
            yield item


def atoms(condition: Condition | Expr) -> tuple[Atom, ...]:
    """The tests that the condition is made of, each once, in the order of the text."""
    return tuple(dict.fromkeys(_atoms(condition.tree if isinstance(condition, Condition) else condition)))


def is_timed(condition: Condition) -> bool:
    """Whether time alone can make it true or false."""
    return any(
        isinstance(atom, OlderThan | WithinLast | WithinNext)
        or (isinstance(atom, Did) and atom.within is not None)
        for atom in atoms(condition)
    )


def _atoms(tree: Expr) -> Iterator[Atom]:
    match tree:
        case And(items) | Or(items):
            for item in items:
                yield from _atoms(item)
        case Not(item):
            yield from _atoms(item)
        case atom:
            yield atom


def names(condition: Condition | Expr) -> frozenset[str]:
    """Every field that the condition looks at, as it is written: `country`, `event.total`."""
    return frozenset(str(name) for atom in atoms(condition) for name in _names(atom))


def _names(atom: Atom) -> Iterator[Name]:
    match atom:
        case Compare(left, _, right) | Contains(left, right):
            yield from (value for value in (left, right) if isinstance(value, Name))
        case Did(where=None) | Call():
            return
        case Did(where=where):
            assert where is not None
            for inner in atoms(where):
                yield from _names(inner)
        case BoolName(name):
            yield name
        case _:
            if isinstance(atom.value, Name):
                yield atom.value


def combiner(tree: Expr, order: Sequence[Atom]) -> Callable[[Sequence[bool]], bool]:
    """The whole condition's truth as a function of those of its atoms, which come in this order.

    Made once for many people: looking atoms up by what they say would cost more than the rest.
    """
    match tree:
        case And(items):
            parts = [combiner(item, order) for item in items]
            return lambda truths: all(part(truths) for part in parts)
        case Or(items):
            parts = [combiner(item, order) for item in items]
            return lambda truths: any(part(truths) for part in parts)
        case Not(item):
            positive = combiner(item, order)
            return lambda truths: not positive(truths)
        case atom:
            return itemgetter(order.index(atom))
