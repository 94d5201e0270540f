"""Random conditions that `check` has nothing against, for hypothesis: over whatever a scope knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from hypothesis import strategies as st

from nurture.clock import parse_span
from nurture.criteria import (
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
    OlderThan,
    Scope,
    WithinLast,
    WithinNext,
)
from nurture.criteria.parser import STEP_CALLS
from nurture.criteria.scope import SCORE
from nurture.criteria.tree import Value, conjunction, disjunction, negation
from nurture.model import PERSONAL, FieldType

_T = FieldType
T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[Any]], Any]
_ORDERS = ("=", "<", "<=", ">", ">=")
_COUNTS = ((">=", 1), (">=", 1), (">=", 2), ("<=", 1), ("=", 0), ("=", 2), ("<=", 0))
_DAYS = [parse_span(text) for text in ("1 day", "7 days", "60 days", "1 week")]
_SPANS = [*_DAYS, *(parse_span(text) for text in ("3 hours", "90 minutes"))]
_DATES = (_T.DATE, _T.INSTANT)


@dataclass(frozen=True)
class Words:
    """What conditions compare with, and of which events and tags they speak."""

    texts: Sequence[str]
    numbers: Sequence[Any]
    days: Sequence[date]
    events: Sequence[str]
    tags: Sequence[str]
    texts_of: Mapping[str, Sequence[str]] = field(default_factory=dict)  # for fields that hold few words


def conditions(scope: Scope, words: Words, leaves: int = 6) -> st.SearchStrategy[Expr]:
    """Trees of at most so many tests over all that the scope knows."""

    @st.composite
    def tree(draw: Draw) -> Expr:
        return _Writer(draw, scope, words).tree(leaves)

    return tree()


def calls(scope: Scope, words: Words) -> list[Expr]:
    """Every function with everything that it may be asked."""
    asked: dict[str, Collection[str]] = {
        "has_tag": words.tags,
        "consents": scope.topics,
        "reachable": [channel.value for channel in PERSONAL],
        "in_journey": scope.journeys,
        "in_segment": scope.segments,
    }
    if scope.steps is not None:
        asked |= {fn: scope.message_steps for fn in STEP_CALLS if fn != "answered"}
        surveys = [name for name, fields in scope.steps.items() if any(f.name == "score" for f in fields)]
        asked["answered"] = surveys
    return [Call(fn, arg) for fn, args in asked.items() for arg in args]


class _Writer:
    """Draws one tree."""

    def __init__(self, draw: Draw, scope: Scope, words: Words, inside_did: bool = False) -> None:
        self.draw, self.scope, self.words = draw, scope, words
        self.inside_did = inside_did
        self.names = _names(scope)
        self.calls = calls(scope, words)

    def one_of(self, items: Sequence[T]) -> T:
        found: T = self.draw(st.sampled_from(items))
        return found

    def tree(self, leaves: int) -> Expr:
        grown = self.draw(st.integers(0, 5))
        if leaves < 2 or grown > 2:
            return negation(self.leaf()) if grown == 5 else self.leaf()
        if grown == 0:
            return negation(self.tree(leaves - 1))
        several = [self.tree(leaves // 2) for _ in range(self.draw(st.integers(2, 3)))]
        return conjunction(several) if grown == 1 else disjunction(several)

    def leaf(self) -> Expr:
        forms = [self.compared, self.compared, self.listed, self.containing, self.empty, self.aged]
        forms += [self.flag] if self.names[_T.BOOLEAN] else []
        forms += [self.did, self.did] if self.words.events and not self.inside_did else []
        forms += [self.called, self.called] if self.calls else []
        return self.one_of(forms)()

    # --- tests ----------------------------------------------------------------------------------

    def compared(self) -> Expr:
        kind = self.one_of([kind for kind in self.names if kind is not _T.LIST and self.names[kind]])
        orders = ("=",) if kind in (_T.TEXT, _T.BOOLEAN) else _ORDERS
        name = self.name(kind)
        other: Value = self.name(kind) if self.draw(st.integers(0, 2)) == 0 else self.literal(kind, name)
        turned = kind not in (_T.TEXT, _T.BOOLEAN) and self.draw(st.integers(0, 4)) == 0
        left, right = (other, name) if turned else (name, other)
        return Compare(left, self.one_of(orders), right)

    def listed(self) -> Expr:
        name = self.any_name(_T.TEXT, _T.NUMBER, *_DATES)
        kind = self.kind(name)
        items = [self.literal(kind, name) for _ in range(self.draw(st.integers(1, 3)))]
        return InList(name, tuple(dict.fromkeys(items)))

    def containing(self) -> Expr:
        name = self.any_name(_T.TEXT, _T.LIST)
        word: Value = self.name(_T.TEXT) if self.draw(st.integers(0, 2)) == 0 else self.literal(_T.TEXT, name)
        return Contains(name, word)

    def empty(self) -> Expr:
        return IsEmpty(self.any_name(*_T))

    def flag(self) -> Expr:
        return BoolName(self.name(_T.BOOLEAN))

    def aged(self) -> Expr:
        name = self.any_name(*_DATES)
        span = self.one_of(_DAYS if self.kind(name) is _T.DATE else _SPANS)
        return self.one_of((OlderThan, WithinLast, WithinNext))(name, span)

    def did(self) -> Expr:
        event = self.one_of(self.words.events)
        op, count = self.one_of(_COUNTS)
        within = self.one_of(_SPANS) if self.draw(st.booleans()) else None
        since = self.scope.in_run and self.draw(st.booleans())
        where = None
        if self.draw(st.booleans()):
            inside = replace(self.scope, event=self.scope.events[event])
            where = _Writer(self.draw, inside, self.words, inside_did=True).tree(3)
        return Did(event, op, count, within, since, where)

    def called(self) -> Expr:
        fn = self.one_of(sorted({call.fn for call in self.calls if isinstance(call, Call)}))
        return self.one_of([call for call in self.calls if isinstance(call, Call) and call.fn == fn])

    # --- values ---------------------------------------------------------------------------------

    def name(self, kind: FieldType) -> Name:
        return self.any_name(*(_DATES if kind in _DATES else (kind,)))

    def any_name(self, *kinds: FieldType) -> Name:
        """A name of one of these types: first whose, since the person has the most."""
        owners: dict[str, list[Name]] = defaultdict(list)
        for kind in kinds:
            for name in self.names[kind]:
                owners[name.owner].append(name)
        return self.one_of(owners[self.one_of(sorted(owners))])

    def kind(self, name: Name) -> FieldType:
        return next(kind for kind, names in self.names.items() if name in names)

    def literal(self, kind: FieldType, beside: Name) -> Literal:
        texts = self.words.texts_of.get(str(beside), self.words.texts)
        pools: dict[FieldType, Sequence[Any]] = {
            _T.TEXT: texts,
            _T.NUMBER: [Decimal(str(number)).normalize() for number in self.words.numbers],
            _T.BOOLEAN: (True, False),
            _T.DATE: self.words.days,
            _T.INSTANT: self.words.days,
        }
        return Literal(self.one_of(pools[kind]))


def _names(scope: Scope) -> dict[FieldType, list[Name]]:
    """Every name that may stand here, by its type."""
    found: dict[FieldType, list[Name]] = {kind: [] for kind in FieldType}
    owners = ["contact", SCORE, "event", "trigger", *(scope.steps or {})]
    for owner in owners:
        for one in (scope.fields_of(owner) or {}).values():
            found[one.type].append(Name((one.name,) if owner == "contact" else (owner, one.name)))
    if scope.items:
        found[_T.TEXT].append(Name(("trigger", "item", "item_id")))
    return found
