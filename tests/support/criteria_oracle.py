"""What conditions mean, in plain Python over plain dictionaries: nothing here is shared with the product's SQL.

A person is a dictionary with `fields` (by name, as typed Python values or anything else where the data is
bad), `events`, `messages`, `tags`, `topics`, `journeys`, `trigger`, `memory`, `entered_at`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from nurture.criteria import (
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
    WithinLast,
    WithinNext,
)
from nurture.model import FieldType

_COLUMN = {
    "sent": "accepted_at",
    "delivered": "delivered_at",
    "opened": "opened_at",
    "clicked": "clicked_at",
    "bounced": "bounced_at",
    "replied": "replied_at",
}


@dataclass(frozen=True)
class Oracle:
    """`types` are those of `contact`, `event`, `trigger` and of each step, by owner and name."""

    types: Mapping[str, Mapping[str, FieldType]]
    now: datetime
    zone: ZoneInfo
    segments: Mapping[str, Condition]

    def holds(self, tree: Expr, person: Mapping[str, Any], event: Mapping[str, Any] | None = None) -> bool:
        def value(operand: Any) -> Any:
            return operand.value if isinstance(operand, Literal) else self.value(operand, person, event)

        match tree:
            case And(items):
                return all(self.holds(item, person, event) for item in items)
            case Or(items):
                return any(self.holds(item, person, event) for item in items)
            case Not(item):
                return not self.holds(item, person, event)
            case Compare(left, op, right):
                return self.compare(value(left), op, value(right))
            case InList(one, items):
                return any(self.compare(value(one), "=", item.value) for item in items)
            case Contains(one, item):
                return _contains(value(one), value(item))
            case IsEmpty(one):
                return value(one) is None
            case BoolName(name):
                return value(name) is True
            case OlderThan(one, span):
                return self.age(value(one), lambda then, now: then <= now - span.elapsed())
            case WithinLast(one, span):
                return self.age(value(one), lambda then, now: now - span.elapsed() < then <= now)
            case WithinNext(one, span):
                then = value(one)
                if type(then) is date:
                    today = self.now.astimezone(self.zone).date()
                    return today <= then <= today + span.elapsed()
                return then is not None and self.now < then <= self.now + span.elapsed()
            case Did():
                return self.did(tree, person)
            case Call(fn, arg):
                return self.call(fn, arg, person)
        raise AssertionError(tree)

    def value(self, name: Name, person: Mapping[str, Any], event: Mapping[str, Any] | None) -> Any:
        owner, field = ("contact", name.parts[0]) if len(name.parts) == 1 else name.parts
        kind = self.types[owner][field]
        if owner == "contact":
            return _typed(person["fields"].get(field), kind)
        if owner == "score":
            return Decimal(person["scores"].get(field, 0))
        if owner == "event":
            assert event is not None
            found = event["occurred_at"] if field == "occurred_at" else event["payload"].get(field)
        elif owner == "trigger":
            started = person["trigger"]
            if field == "occurred_at":
                found = started["occurred_at"] if started else person["entered_at"]
            else:
                found = started["payload"].get(field) if started else None
        else:
            found = person["memory"].get(owner, {}).get(field)
        return _typed(found, kind)

    def compare(self, left: Any, op: str, right: Any) -> bool:
        if left is None or right is None or "" in (left, right):
            return False
        if isinstance(left, datetime) is not isinstance(right, datetime):
            left, right = self.day(left), self.day(right)
        return {
            "=": lambda: left == right,
            "<": lambda: left < right,
            "<=": lambda: left <= right,
            ">": lambda: left > right,
            ">=": lambda: left >= right,
        }[op]()

    def day(self, moment: Any) -> Any:
        return moment.astimezone(self.zone).date() if isinstance(moment, datetime) else moment

    def age(self, then: Any, test: Any) -> bool:
        if then is None:
            return False
        now = self.now if isinstance(then, datetime) else self.now.astimezone(self.zone).date()
        return bool(test(then, now))

    def did(self, did: Did, person: Mapping[str, Any]) -> bool:
        times = 0
        for event in person["events"]:
            age = self.now - event["occurred_at"]
            counts = event["name"] == did.event and age >= timedelta(0)
            if did.within is not None:
                counts = counts and age < did.within.elapsed()
            if did.since_entry:
                counts = (
                    counts and event["occurred_at"] >= person["entered_at"] and event is not person["trigger"]
                )
            if did.where is not None:
                counts = counts and self.holds(did.where, person, event)
            times += counts
        return {">=": times >= did.count, "<=": times <= did.count, "=": times == did.count}[did.op]

    def call(self, fn: str, arg: str, person: Mapping[str, Any]) -> bool:
        fields = person["fields"]
        match fn:
            case "in_segment":
                return self.holds(self.segments[arg].tree, person)
            case "has_tag":
                return arg in person["tags"]
            case "consents":
                return any(given for topic, _, given in person["topics"] if topic == arg)
            case "in_journey":
                return any(status == "active" for journey, status in person["journeys"] if journey == arg)
            case "reachable":
                address = fields.get({"email": "email"}.get(arg, "phone"))
                closed = {"email": "email", "sms": "phone", "whatsapp": "whatsapp"}[arg]
                suppressed = fields.get(f"{closed}_suppressed")
                return bool(address) and suppressed is None and fields.get("erased_at") is None
            case "answered":
                return any(answered for step, _, answered in person["messages"] if step == arg)
        return any(columns.get(_COLUMN[fn]) for step, columns, _ in person["messages"] if step == arg)


def _typed(found: Any, kind: FieldType) -> Any:
    """The value if it is what the field is declared to be; None for anything else."""
    match kind:
        case FieldType.TEXT:
            return found if isinstance(found, str) and found else None
        case FieldType.NUMBER:
            number = isinstance(found, (int, float, Decimal)) and not isinstance(found, bool)
            return Decimal(str(found)) if number else None
        case FieldType.BOOLEAN:
            return found if isinstance(found, bool) else None
        case FieldType.LIST:
            return found if isinstance(found, list) and found else None
        case FieldType.DATE:
            day = isinstance(found, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", found)
            return date.fromisoformat(found) if day else None
        case FieldType.INSTANT:
            if isinstance(found, str) and re.fullmatch(
                r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?(Z|\+00:00)", found
            ):
                return datetime.fromisoformat(found)
            return found if isinstance(found, datetime) else None


def _contains(whole: Any, part: Any) -> bool:
    if whole is None or not part:
        return False
    if isinstance(whole, list):
        return any(isinstance(item, str) and item.lower() == part.lower() for item in whole)
    return part.lower() in whole.lower()
