"""Conditions in plain English, for `plan`, `explain` and the description of a journey."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from nurture.criteria.text import times
from nurture.criteria.tree import (
    And,
    BoolName,
    Call,
    Compare,
    Condition,
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

_ORDER = {"<": "less than", "<=": "at most", ">": "more than", ">=": "at least"}
_DAYS = {"<": "before", "<=": "on or before", ">": "after", ">=": "on or after"}
_CALLS = {  # what is said of `x`, and its opposite
    "has_tag": ("has the tag {x}", "doesn't have the tag {x}"),
    "in_segment": ("is in the segment {x}", "isn't in the segment {x}"),
    "in_journey": ("is in the journey {x}", "isn't in the journey {x}"),
    "consents": ("consents to {x}", "doesn't consent to {x}"),
    "reachable": ("can be reached by {x}", "can't be reached by {x}"),
    "sent": ("'{x}' was sent", "'{x}' wasn't sent"),
    "delivered": ("'{x}' was delivered", "'{x}' wasn't delivered"),
    "opened": ("'{x}' was opened", "'{x}' wasn't opened"),
    "clicked": ("'{x}' was clicked", "'{x}' wasn't clicked"),
    "bounced": ("'{x}' bounced", "'{x}' didn't bounce"),
    "replied": ("'{x}' got a reply", "'{x}' got no reply"),
    "answered": ("'{x}' was answered", "'{x}' wasn't answered"),
}


def in_words(condition: Condition | Expr) -> str:
    """The condition as one would say it: `country is BR and total orders is at least 1`."""
    return _say(condition.tree if isinstance(condition, Condition) else condition)


def _say(tree: Expr) -> str:
    match tree:
        case Or(items):
            return " or ".join(_say(item) for item in items)
        case And(items):
            return " and ".join(f"({_say(item)})" if isinstance(item, Or) else _say(item) for item in items)
        case Not(And() | Or() as group):
            return f"it isn't so that ({_say(group)})"
        case Not(atom):
            return _atom(atom, False)
        case atom:
            return _atom(atom, True)


def _atom(atom: Expr, positive: bool) -> str:
    match atom:
        case Call(fn, arg):
            return _CALLS[fn][0 if positive else 1].format(x=arg.replace("_", " "))
        case Did():
            return _did(atom, positive)
        case IsEmpty(value):
            return f"{_value(value)} is {'un' if positive else ''}known"
        case Contains(value, item):
            return f"{_value(value)} {'contains' if positive else 'does not contain'} {_value(item)}"
        case BoolName(name):
            return f"{_value(name)} is {'true' if positive else 'not true'}"
        case _:
            subject, rest = _test(atom)
            return f"{subject} is {'' if positive else 'not '}{rest}"


def _test(atom: Expr) -> tuple[str, str]:
    """Subject and predicate of a test that is said with `is`."""
    match atom:
        case Compare(left, "=", right):
            return _value(left), _value(right)
        case Compare(left, op, right):
            table = _DAYS if _is_day(left) or _is_day(right) else _ORDER
            return _value(left), f"{table[op]} {_value(right)}"
        case InList(value, items):
            listed = ", ".join(_value(item) for item in items)
            return _value(value), f"one of {listed}" if len(items) > 1 else listed
        case OlderThan(value, span):
            return _value(value), f"at least {span} ago"
        case WithinLast(value, span):
            return _value(value), f"within the last {span}"
        case WithinNext(value, span):
            return _value(value), f"within the next {span}"
    raise TypeError(f"{type(atom).__name__} is no test")


def _did(did: Did, positive: bool) -> str:
    parts = [f"{'did' if positive else 'did not do'} {did.event.replace('_', ' ')}"]
    if (did.op, did.count) != (">=", 1):
        parts.append(f"{times(did)} time{'' if did.count == 1 else 's'}")
    if did.within is not None:
        parts.append(f"within the last {did.within}")
    if did.since_entry:
        parts.append("since entering")
    if did.where is not None:
        parts.append(f"where {_say(did.where)}")
    return " ".join(parts)


def _is_day(value: Value) -> bool:
    return isinstance(value, Literal) and isinstance(value.value, date)


def _value(value: Value) -> str:
    match value:
        case Name(parts) if len(parts) == 1:
            return parts[0].replace("_", " ")
        case Name((owner, *rest)):
            words = " ".join(rest).replace("_", " ")
            return f"the {owner}'s {words}" if owner in ("event", "trigger") else f"{words} of '{owner}'"
        case Literal(bool(truth)):
            return "true" if truth else "false"
        case Literal(Decimal() as number):
            return f"{number:,f}"
        case Literal(date() as day):
            return f"{day.day} {day:%B %Y}"
        case Literal(text):
            return f"'{text}'"
    raise TypeError(f"{type(value).__name__} is no value")
