"""Random conditions that `check` has nothing against, for hypothesis."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

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
    WithinLast,
    WithinNext,
)
from nurture.criteria.parser import STEP_CALLS
from nurture.criteria.tree import conjunction, disjunction, negation
from nurture.model import FieldType
from tests.support.criteria_world import DAYS, NUMBERS, TEXTS

_T = FieldType
_ORDERS = st.sampled_from(["=", "<", "<=", ">", ">="])
_DAYS = st.sampled_from(["1 day", "7 days", "60 days", "1 week"]).map(parse_span)
_SPANS = st.one_of(_DAYS, st.sampled_from(["3 hours", "90 minutes"]).map(parse_span))

_CONTACT = {
    _T.TEXT: ["country", "city", "plan"],
    _T.NUMBER: ["total_orders", "lifetime_value", "points"],
    _T.BOOLEAN: ["vip"],
    _T.DATE: ["birthday", "renews_on"],
    _T.INSTANT: ["created_at", "last_order_at", "trial_ends_at"],
    _T.LIST: ["interests"],
}
_ORDER = {
    _T.TEXT: ["product"],
    _T.NUMBER: ["total"],
    _T.BOOLEAN: ["gift"],
    _T.DATE: ["ships_on"],
    _T.INSTANT: ["ships_at", "occurred_at"],
    _T.LIST: ["items"],
}
_STEP = {_T.TEXT: ["nps.comment"], _T.NUMBER: ["nps.score"], _T.INSTANT: ["nps.at", "first.at"]}


CALLS: list[Expr] = [
    *(Call("has_tag", tag) for tag in ("vip", "a b")),
    *(Call("consents", topic) for topic in ("offers", "news")),
    *(Call("reachable", channel) for channel in ("email", "sms")),
    *(Call("in_journey", journey) for journey in ("welcome", "other-1")),
]
RUN_CALLS: list[Expr] = [
    *(Call(fn, step) for fn in STEP_CALLS if fn != "answered" for step in ("first", "nps")),
    Call("answered", "nps"),
]


def conditions(*, event: bool = False, trigger: bool = False, run: bool = False) -> st.SearchStrategy[Expr]:
    """Trees over the contact, and over the event, the trigger and the run where these are there."""
    tests, calls = _tests(event, trigger, run), st.sampled_from(CALLS + (RUN_CALLS if run else []))
    return _trees(st.one_of(tests, tests, _did(trigger, run), calls))


def _trees(leaves: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    def grow(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
        several = st.lists(inner, min_size=2, max_size=3)
        return st.one_of(several.map(conjunction), several.map(disjunction), inner.map(negation))

    return st.recursive(leaves, grow, max_leaves=6)


def _names(kind: FieldType, event: bool, trigger: bool, run: bool) -> st.SearchStrategy[Name]:
    names = list(_CONTACT[kind])
    names += [f"event.{name}" for name in _ORDER[kind] if event]
    names += [f"trigger.{name}" for name in _ORDER[kind] if trigger]
    names += _STEP.get(kind, []) if run else []
    return st.sampled_from(names).map(lambda name: Name(tuple(name.split("."))))


def _literals(kind: FieldType) -> st.SearchStrategy[Literal]:
    pools: dict[FieldType, list[Any]] = {
        _T.TEXT: TEXTS,
        _T.NUMBER: [Decimal(str(number)).normalize() for number in NUMBERS] + [Decimal("0.005")],
        _T.BOOLEAN: [True, False],
        _T.DATE: DAYS,
    }
    return st.sampled_from(pools[kind]).map(Literal)


def _tests(event: bool, trigger: bool, run: bool) -> st.SearchStrategy[Expr]:
    def name(kind: FieldType) -> st.SearchStrategy[Name]:
        return _names(kind, event, trigger, run)

    dates = st.one_of(name(_T.DATE), name(_T.INSTANT))
    literal_days = _literals(_T.DATE)
    equal = st.just("=")
    texts, numbers, flags = name(_T.TEXT), name(_T.NUMBER), name(_T.BOOLEAN)
    return st.one_of(
        st.builds(Compare, texts, equal, st.one_of(_literals(_T.TEXT), texts)),
        st.builds(Compare, numbers, _ORDERS, st.one_of(_literals(_T.NUMBER), numbers)),
        st.builds(Compare, _literals(_T.NUMBER), _ORDERS, numbers),
        st.builds(Compare, flags, equal, st.one_of(_literals(_T.BOOLEAN), flags)),
        st.builds(Compare, dates, _ORDERS, st.one_of(literal_days, dates)),
        st.builds(Compare, literal_days, _ORDERS, dates),
        _in(texts, _literals(_T.TEXT)),
        _in(numbers, _literals(_T.NUMBER)),
        _in(dates, literal_days),
        st.builds(Contains, st.one_of(texts, name(_T.LIST)), st.one_of(_literals(_T.TEXT), texts)),
        st.builds(IsEmpty, st.one_of(texts, numbers, flags, dates, name(_T.LIST))),
        st.builds(BoolName, flags),
        _ages(name(_T.INSTANT), _SPANS),
        _ages(name(_T.DATE), _DAYS),
    )


def _in(values: st.SearchStrategy[Name], items: st.SearchStrategy[Literal]) -> st.SearchStrategy[Expr]:
    return st.builds(InList, values, st.lists(items, min_size=1, max_size=3, unique=True).map(tuple))


def _ages(values: st.SearchStrategy[Name], spans: st.SearchStrategy[Any]) -> st.SearchStrategy[Expr]:
    return st.one_of(*(st.builds(kind, values, spans) for kind in (OlderThan, WithinLast, WithinNext)))


def _did(trigger: bool, run: bool) -> st.SearchStrategy[Expr]:
    inside = _trees(st.one_of(_tests(True, trigger, run), st.sampled_from(CALLS)))
    counts = st.sampled_from([(">=", 1), (">=", 1), (">=", 2), ("<=", 1), ("=", 0), ("=", 2), ("<=", 0)])
    return st.builds(
        lambda count, within, since, where: Did("order_completed", *count, within, since, where),
        counts,
        st.none() | _SPANS,
        st.booleans() if run else st.just(False),
        st.none() | inside,
    )
