"""Recursive descent over the tokens of a condition.

    condition = conj , { "or" , conj } ;
    conj      = neg , { "and" , neg } ;
    neg       = "not" , neg | atom ;
    atom      = "(" , condition , ")" | did | call | value , test | name ;
    test      = ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) , value | [ "not" ] , "in" , list
              | "contains" , value | "is" , [ "not" ] , "empty" | "older than" , duration
              | "within" , ( "last" | "next" ) , duration ;

`did` and what people write instead of a test stand in modules of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from nurture.criteria import lenient, mistakes
from nurture.criteria.did import parse_did
from nurture.criteria.places import Places
from nurture.criteria.reader import Reader
from nurture.criteria.stream import Stream
from nurture.criteria.text import to_text
from nurture.criteria.tokens import SIGNS, SYNTAX, Complaint, Kind, Stop
from nurture.criteria.tree import (
    BoolName,
    Call,
    Compare,
    Condition,
    Contains,
    Expr,
    InList,
    IsEmpty,
    Literal,
    Name,
    OlderThan,
    Value,
    WithinLast,
    WithinNext,
    conjunction,
    disjunction,
    negation,
)
from nurture.criteria.values import parse_value
from nurture.problems import Mark, Problem, nearest

HELP = "docs/reference/language.md#conditions"
DEEPEST = 40  # parentheses and `not` within each other

STEP_CALLS = ("sent", "delivered", "opened", "clicked", "bounced", "replied", "answered")
CALLS = ("has_tag", "in_segment", "in_journey", "consents", "reachable", *STEP_CALLS)


@dataclass(frozen=True, slots=True)
class Parsed:
    """The condition, or None, and every mistake that could be told apart."""

    condition: Condition | None
    problems: tuple[Problem, ...] = ()


def parse(text: str, mark: Mark | None = None) -> Parsed:
    """Read a condition. Problems have their place in the file when `mark` says where the text stands."""
    reader = Reader(text)
    tree: Expr | None = None
    complaints = reader.complaints
    try:
        tree = _whole(Stream(text, reader.read(), complaints))
    except Stop as stop:
        complaints.append(stop.complaint)
    places = Places(text, mark)
    ordered = sorted(dict.fromkeys(complaints), key=lambda complaint: complaint.at)
    problems = tuple(Problem(c.code, c.message, places.of(c.at), c.hint, HELP) for c in ordered)
    return Parsed(None if problems or tree is None else Condition(to_text(tree), tree, text), problems)


def parse_all(texts: Mapping[str, str]) -> dict[str, Condition]:
    """Those of the named texts that are conditions, such as the segments of a workspace that was checked."""
    return {name: found for name, text in texts.items() if (found := _known(text)) is not None}


@lru_cache
def _known(text: str) -> Condition | None:
    return parse(text).condition


def _whole(stream: Stream) -> Expr:
    if stream.ended:
        raise Stop(Complaint(SYNTAX, "the condition is empty", stream.next.at, 'such as: country = "BR"'))
    tree = parse_condition(stream)
    if not stream.ended:
        raise Stop(mistakes.left_over(stream))
    return tree


def parse_condition(stream: Stream) -> Expr:
    items = [_conj(stream)]
    while stream.connective("or"):
        items.append(_conj(stream))
    return disjunction(items)


def _conj(stream: Stream) -> Expr:
    items = [_neg(stream)]
    while stream.connective("and"):
        items.append(_neg(stream))
    return conjunction(items)


def _neg(stream: Stream) -> Expr:
    if lenient.is_not(stream):
        with stream.deeper(DEEPEST):
            return negation(_neg(stream))
    return _atom(stream)


def _atom(stream: Stream) -> Expr:
    token = stream.next
    if token.says("("):
        return _group(stream)
    if token.says("did"):
        return parse_did(stream, parse_condition)
    if token.kind is Kind.WORD and stream.after_next.says("(") and not token.says("not", "in"):
        return _call(stream)
    value = parse_value(stream)
    return _test(stream, value)


def _group(stream: Stream) -> Expr:
    opening = stream.take()
    with stream.deeper(DEEPEST):
        tree = parse_condition(stream)
    stream.close(opening)
    return tree


def _call(stream: Stream) -> Call:
    name = stream.take()
    if name.text not in CALLS:
        raise Stop(mistakes.unknown_call(name, nearest(name.text, (*CALLS, "did"))))
    opening = stream.take()
    argument = stream.take()
    if argument.kind not in (Kind.WORD, Kind.TEXT):
        raise Stop(mistakes.no_argument(name, argument))
    if not stream.next.says(")"):
        raise Stop(mistakes.long_argument(stream, name, opening, argument))
    return Call(name.text, argument.text, (name.at[0], stream.take().at[1]))


def _test(stream: Stream, value: Value) -> Expr:
    token = lenient.test_meant(stream)
    if token.says(*SIGNS):
        return _compare(stream, value)
    if token.says("not"):
        stream.take()
        return negation(lenient.after_not(stream, value) or _in_list(stream, value))
    if token.says("in"):
        return _in_list(stream, value)
    if token.says("contains"):
        stream.take()
        item = parse_value(stream)
        return Contains(value, item, (value.at[0], item.at[1]))
    if token.says("is"):
        return _is(stream, value)
    if token.says("older", "within"):
        return _moment(stream, value)
    if isinstance(value, Name):
        return BoolName(value, value.at)
    raise Stop(mistakes.lone_literal(stream, value))


def _compare(stream: Stream, value: Value) -> Expr:
    op = stream.take()
    if lenient.is_nothing(stream):
        return lenient.compared_with_nothing(stream, value, op)
    right = parse_value(stream)
    at = (value.at[0], right.at[1])
    if stream.next.says(*SIGNS):
        raise Stop(mistakes.chain(stream, at))
    if op.text == "!=":
        return negation(Compare(value, "=", right, at))
    return Compare(value, op.text, right, at)


def _in_list(stream: Stream, value: Value) -> InList:
    stream.expect("in", 'write: country not in ("BR", "PT")')
    if not stream.next.says("("):
        raise Stop(mistakes.no_list(stream))
    opening = stream.take()
    items = [_item(stream)]
    while stream.accept(","):
        items.append(_item(stream))
    closing = stream.close(opening)
    return InList(value, tuple(dict.fromkeys(items)), (value.at[0], closing.at[1]))


def _item(stream: Stream) -> Literal:
    token = stream.next
    if token.says(")", ","):
        raise Stop(Complaint(SYNTAX, "a value is missing in the list", token.at, 'such as: in ("BR", "PT")'))
    value = parse_value(stream)
    if isinstance(value, Name):
        stream.complain(mistakes.unquoted_item(token))
        return Literal(token.text, token.at)
    return value


def _is(stream: Stream, value: Value) -> Expr:
    word = stream.take()
    denied = stream.accept("not") is not None
    if stream.next.says("empty"):
        tree: Expr = IsEmpty(value, (value.at[0], stream.take().at[1]))
    else:
        tree = lenient.after_is(stream, value, word, denied) or _test(stream, value)
    return negation(tree) if denied else tree


def _moment(stream: Stream, value: Value) -> OlderThan | WithinLast | WithinNext:
    first = stream.take()
    if first.text == "older":
        stream.expect("than", "write: older than 60 days")
        span, end = stream.duration()
        return OlderThan(value, span, (value.at[0], end))
    which = lenient.last_or_next(stream, first)
    span, end = stream.duration()
    at = (value.at[0], end)
    return WithinLast(value, span, at) if which == "last" else WithinNext(value, span, at)
