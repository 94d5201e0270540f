"""`update:` changes the person's record."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from math import isfinite
from typing import Any

from nurture.model import (
    PERSONAL,
    AddPoints,
    Channel,
    Decision,
    Effect,
    Field,
    FieldType,
    Json,
    MoveTo,
    Run,
    SetField,
    Subscription,
    Suppress,
    Tag,
)
from nurture.nodes import Mapping, Node, Scalar, Sequence, sort_of
from nurture.options import shapes
from nurture.options.desk import Desk, suggestion
from nurture.options.reader import Options, read_table
from nurture.options.shapes import DATE, INSTANT, Schema
from nurture.options.tables import Kind, Option, Table
from nurture.options.values import (
    SCORE,
    STAGE,
    TOPIC,
    Choice,
    Custom,
    Integer,
    Matching,
    OneOrMore,
    instant,
    moment,
)
from nurture.steps.base import Facts, Step

# What the product itself keeps, and what names the person.
KEPT = frozenset(
    (
        "ref",
        "email",
        "phone",
        "created_at",
        "total_orders",
        "lifetime_value",
        "first_order_at",
        "last_order_at",
    )
    + ("last_click_at",)
)
WORDS = {
    FieldType.TEXT: "text",
    FieldType.NUMBER: "a number",
    FieldType.BOOLEAN: "true or false",
    FieldType.DATE: "a date such as 2026-12-01",
    FieldType.INSTANT: "a date and time such as 2026-12-01 09:00",
    FieldType.LIST: "a list",
}
POINTS = Integer(-100_000, 100_000)
_TAG = Matching("a tag", re.compile(r"[^\s,]{1,100}"), "write one word, such as 'not-won-back'")


def _fields(node: Node, desk: Desk) -> dict[str, Json] | None:
    if not isinstance(node, Mapping):
        desk.error(
            "N104",
            f"expected fields with their values, found {sort_of(node)}",
            node.mark,
            "set: {city: Campinas}",
        )
        return None
    return {key.text: value for key, item in node if (value := _value(key, item, desk)) is not None}


def shape_of(field: Field) -> Schema:
    """What a value of the field's type looks like."""
    words = WORDS[field.type]
    match field.type:
        case FieldType.NUMBER:
            return shapes.number(words)
        case FieldType.BOOLEAN:
            return shapes.flag()
        case FieldType.DATE:
            return shapes.matching(words, DATE)
        case FieldType.INSTANT:
            return shapes.matching(words, INSTANT)
        case FieldType.LIST:
            return {"anyOf": [shapes.scalar(words), shapes.list_of(shapes.scalar("text"))]}
        case _:
            return shapes.scalar(words)


def _fields_shape(desk: Desk) -> Schema:
    fields = {
        name: field for name, field in desk.contact_fields.items() if name not in KEPT and not field.computed
    }
    if not fields:
        return shapes.table_of({})
    docs = {name: {"description": field.doc or field.name} for name, field in fields.items()}
    return {
        "type": "object",
        "properties": {name: docs[name] | shape_of(field) for name, field in fields.items()},
        "additionalProperties": False,
    }


def _value(key: Scalar, node: Node, desk: Desk) -> Json:
    field = desk.contact_fields.get(key.text)
    if field is None or key.text in KEPT or field.computed:
        known = [name for name, each in desk.contact_fields.items() if name not in KEPT and not each.computed]
        if field is None:
            hint = suggestion(key.text, known, "field")
            desk.error("N407", f"unknown contact field '{key.text}'", key.mark, hint)
        else:
            why = f"it is computed from '{field.computed.base}'" if field.computed else "the product keeps it"
            desk.error("N410", f"'{key.text}' can't be set: {why}", key.mark)
        return None
    if isinstance(node, Sequence) and field.type is FieldType.LIST:
        return [item.text for item in node.items if isinstance(item, Scalar)]
    if not isinstance(node, Scalar) or node.is_nothing:
        desk.error(
            "N104", f"expected {WORDS[field.type]} for '{field.name}', found {sort_of(node)}", node.mark
        )
        return None
    try:
        value = typed(field, node.text, "UTC")
        return node.text if field.type is FieldType.INSTANT else value
    except ValueError:
        desk.error("N105", f"expected {WORDS[field.type]} for '{field.name}', found '{node.text}'", node.mark)
        return None


def typed(field: Field, text: str, zone: str) -> Json:
    """The text as a value of the field's type; a time is on the clocks of `zone` where it says no other.

    Raises ValueError where it is none.
    """
    match field.type:
        case FieldType.NUMBER:
            if not re.fullmatch(r"-?\d+(\.\d+)?", text):
                raise ValueError(text)
            number = Decimal(text)
            return int(number) if number == int(number) else float(number)
        case FieldType.BOOLEAN:
            if text not in ("true", "false"):
                raise ValueError(text)
            return text == "true"
        case FieldType.DATE:
            if len(text) != 10 or moment(text) is None:
                raise ValueError(text)
            return text
        case FieldType.INSTANT:
            return instant(text, zone).isoformat()
        case FieldType.LIST:
            return [text]
        case _:
            return text


def read(field: Field, value: Json, zone: str) -> Json:
    """A value as JSON brings it, or as a text, in the field's type. Raises ValueError where it is none."""
    match field.type, value:
        case _, str():
            return typed(field, value, zone)
        case (FieldType.BOOLEAN, bool()):
            return value
        case (FieldType.NUMBER, int() | float()) if not isinstance(value, bool) and isfinite(value):
            return value
        case FieldType.LIST, list() if all(isinstance(each, str) for each in value):
            return value
    raise ValueError(value)


def _points(node: Node, desk: Desk) -> dict[str, int] | None:
    if not isinstance(node, Mapping):
        found = sort_of(node)
        desk.error("N104", f"expected scores with points, found {found}", node.mark, "score: {interest: 10}")
        return None
    named = [(name, SCORE.read(name, desk), POINTS.read(value, desk)) for name, value in node]
    return {name.text: points for name, known, points in named if known and points is not None}


def _points_shape(desk: Desk) -> Schema:
    known = desk.names.get("score", ())
    if not known:
        return shapes.table_of(POINTS.schema(desk))
    return {
        "type": "object",
        "properties": {name: POINTS.schema(desk) for name in known},
        "additionalProperties": False,
    }


CHANGES = Table(
    "'update'",
    (
        Option(
            "set",
            Custom("fields with their values", _fields, _fields_shape),
            "Fields to set. A date and time is on the company's clock unless it says otherwise (`2026-12-01T09:00Z`).",
            "{city: Campinas}",
        ),
        Option("tag", OneOrMore(_TAG), "A tag to put on, or a list.", "not-won-back", default=()),
        Option("untag", OneOrMore(_TAG), "A tag to take off, or a list.", "warm", default=()),
        Option("subscribe", OneOrMore(TOPIC), "A topic that the person said yes to.", "news", default=()),
        Option("unsubscribe", OneOrMore(TOPIC), "A topic to write no more about.", "offers", default=()),
        Option(
            "score",
            Custom("scores with points", _points, _points_shape),
            "Points to add to scores, or to take away.",
            "{interest: -10}",
            default={},
        ),
        Option("stage", STAGE, "The stage to which the person comes.", "mql"),
        Option(
            "suppress", Choice((*(each.value for each in PERSONAL), "all")), "Never write there again.", "sms"
        ),
    ),
    anchor="update",
    rules=({"minProperties": 1},),
)


def _changes(node: Node, desk: Desk) -> Options | None:
    options = read_table(node, CHANGES, desk)
    if options is not None and not options.nodes and isinstance(node, Mapping) and not node.pairs:
        options.error(
            "N103", "'update' changes nothing", hint="write what to change, such as 'update: {tag: vip}'"
        )
    return options


@dataclass(frozen=True, slots=True, kw_only=True)
class Update(Step):
    effects: tuple[Effect, ...]  # an instant as it was written
    instants: frozenset[str] = frozenset()  # the fields set to one

    KIND = Kind(
        "update",
        "Change the person's record: `set`, `tag`, `untag`, `subscribe`, `unsubscribe`, `score`, `stage`, `suppress`.",
        Option(
            "update",
            Custom("what to change", _changes, lambda desk: shapes.table(CHANGES, desk)),
            "What to change.",
            "{tag: vip}",
            required=True,
        ),
        example="update: {tag: not-won-back, set: {city: Campinas}}",
    )

    @classmethod
    def parse(cls, options: Options, **place: Any) -> Update:
        changes: Options | None = options["update"]
        if changes is None:
            return cls(**place, effects=())
        known = changes.desk.contact_fields
        instants = (name for name in changes["set"] or {} if known[name].type is FieldType.INSTANT)
        return cls(**place, effects=tuple(_effects(changes)), instants=frozenset(instants))

    def describe(self) -> str:
        return "update: " + ", ".join(_in_words(effect) for effect in self.effects)

    def decide(self, run: Run, facts: Facts, now: datetime) -> Decision:
        effects = self.effects if not self.instants else self._on(facts.settings.zone)
        return self.done("update.done", run.arrived_at, *effects)

    def _on(self, zone: str) -> list[Effect]:
        """The effects with each instant by the clocks of `zone`."""
        return [
            replace(each, value=instant(str(each.value), zone).isoformat())
            if isinstance(each, SetField) and each.name in self.instants
            else each
            for each in self.effects
        ]


def _effects(changes: Options) -> list[Effect]:
    suppress = changes["suppress"]
    return [
        *(SetField(name, value) for name, value in (changes["set"] or {}).items()),
        *(Tag(name) for name in changes["tag"]),
        *(Tag(name, add=False) for name in changes["untag"]),
        *(Subscription(topic, given=True) for topic in changes["subscribe"]),
        *(Subscription(topic, given=False) for topic in changes["unsubscribe"]),
        *(AddPoints(name, points) for name, points in changes["score"].items()),
        *([MoveTo(changes["stage"])] if changes["stage"] else ()),
        *([Suppress(None if suppress == "all" else Channel(suppress))] if suppress else ()),
    ]


def _in_words(effect: Effect) -> str:
    match effect:
        case SetField(name, value):
            return f"set {name} to {value}"
        case Tag(name, add):
            return f"{'tag' if add else 'untag'} {name}"
        case Subscription(topic, given):
            return f"{'subscribe to' if given else 'unsubscribe from'} {topic}"
        case AddPoints(score, points):
            return f"{points:+} {score}"
        case MoveTo(stage):
            return f"to stage {stage}"
        case Suppress(channel):
            return f"suppress {channel or 'all channels'}"
        case _:
            raise TypeError(effect)
