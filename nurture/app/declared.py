"""Fields and events that a workspace declares, in `fields.yaml` and `events.yaml`."""

from __future__ import annotations

import re
from collections.abc import Mapping as Mapping_
from dataclasses import replace

from nurture.clock import parse_span
from nurture.model import Computed, Field, FieldType
from nurture.nodes import Mapping, Node, Scalar, sort_of
from nurture.options import shapes
from nurture.options.desk import Desk, suggestion
from nurture.options.reader import Options, read_table, sub_table
from nurture.options.shapes import Schema
from nurture.options.tables import Option, Table
from nurture.options.values import Choice, Custom, Flag, TableOf, Text, Value
from nurture.vocabulary import CONTACT_FIELDS

DATES = (FieldType.DATE, FieldType.INSTANT)
COMPUTED_FROM = ("birthday",)  # of the built-in dates that which is told; the others the product keeps
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class _Sum(Value[Computed]):
    words = "a date and a length of time such as 'contract_start + 1 year'"
    _FORM = re.compile(r"(?:contact\.)?([A-Za-z_]\w*)\s*([+-])\s*(\d{1,4})\s*([A-Za-z]+)")

    def of(self, text: str) -> Computed:
        found = self._FORM.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"expected {self.words}, found '{text}'")
        base, sign, count, unit = found.groups()
        if unit.lower() in ("year", "years"):
            count, unit = str(int(count) * 12), "months"
        return Computed(base, parse_span(f"{sign.strip('+')}{count} {unit}", signed=True))

    def schema(self, desk: Desk) -> Schema:
        return shapes.matching(self.words, self._FORM.pattern)


FIELD = Table(
    "a field",
    (
        Option(
            "type",
            Choice(tuple(FieldType)),
            "What it holds; a computed one holds what it is made of.",
            "text",
        ),
        Option("is", _Sum(), "A date that is computed from another one.", "contract_start + 1 year"),
        Option("doc", Text(), "What it means.", "Where the person works.", default=""),
        Option("example", Text(), "A value.", "coado", default=""),
        Option("personal", Flag(), "Keep it out of traces and logs.", "true", default=False),
    ),
    anchor="workspace",
    rules=({"anyOf": [{"required": ["type"]}, {"required": ["is"]}]},),
)
EVENT = Table(
    "an event",
    (
        Option("doc", Text(), "What happened.", "The subscription was paused.", default=""),
        Option(
            "fields",
            Custom(
                "fields with their types",
                lambda node, desk: read_fields(node, desk, WORD),
                lambda desk: fields_shape(desk),
            ),
            "What it carries.",
            "{plan: text}",
            default={},
        ),
    ),
    anchor="workspace",
)


EVENTS = Table(
    "events.yaml",
    (
        Option(
            "events",
            TableOf(sub_table(EVENT), "events"),
            "Events of your own.",
            "{subscription_paused: {}}",
            default={},
        ),
        Option(
            "aliases",
            TableOf(Text(), "names"),
            "What else events are called.",
            "{Order Placed: order_completed}",
            default={},
        ),
    ),
    anchor="workspace",
)
LEARNT = "events.learnt.yaml"  # the same of what came in undeclared: `learning` writes it


def events_of(options: Options | None) -> dict[str, tuple[Field, ...]]:
    """The fields of each event."""
    named = (options["events"] or {}) if options is not None else {}
    return {name: tuple(inner["fields"].values()) for name, inner in named.items() if inner}


def fields_shape(desk: Desk) -> Schema:
    """Fields with their types, as an editor is told of them."""
    kind = Choice(tuple(FieldType)).schema(desk)
    return shapes.table_of({"anyOf": [kind, shapes.table(FIELD, desk)]}, WORD.pattern)


def read_fields(node: Node, desk: Desk, form: re.Pattern[str] = WORD) -> dict[str, Field] | None:
    """Fields by name: a type, or a table of it."""
    if not isinstance(node, Mapping):
        desk.error(
            "N104",
            f"expected fields with their types, found {sort_of(node)}",
            node.mark,
            "such as: plan: text",
        )
        return None
    found = {}
    for key, value in node:
        if not form.fullmatch(key.text):
            desk.error(
                "N113", f"'{key.text}' is not a field's name: letters, digits and underscores", key.mark
            )
        elif (field := _field(key.text, value, desk)) is not None:
            found[key.text] = field
            if field.computed is not None and form is WORD:
                message = f"'{key.text}' belongs to an event; only dates of people are computed"
                desk.error("N108", message, key.mark, "write its type, or compute a date in fields.yaml")
    return found


def _field(name: str, node: Node, desk: Desk) -> Field | None:
    if isinstance(node, Scalar):
        kind = Choice(tuple(FieldType)).read(node, desk)
        return Field(name, FieldType(kind)) if kind else None
    options = read_table(node, FIELD, desk)
    if options is None:
        return None
    if not options.given("type") and not options.given("is"):
        if "type" not in options.meant and "is" not in options.meant:
            desk.error("N103", "a field needs 'type'", options.mark, "add 'type: text'", "workspace")
        return None
    return Field(
        name,
        FieldType(options["type"] or FieldType.DATE),
        options["doc"],
        personal=options["personal"],
        example=options["example"],
        computed=options["is"],
    )


def settle(node: Node, found: Mapping_[str, Field], desk: Desk) -> dict[str, Field]:
    """The fields of people, each computed one with the type of what it is made of."""
    return {
        name: _settled(field, node, found, desk) if field.computed else field for name, field in found.items()
    }


def _settled(field: Field, node: Node, found: Mapping_[str, Field], desk: Desk) -> Field:
    assert field.computed is not None
    name, span = field.computed.base, field.computed.plus
    own = node.get(field.name) if isinstance(node, Mapping) else None
    mark = (own.get("is") or own).mark if isinstance(own, Mapping) else node.mark
    given = {**{each: CONTACT_FIELDS[each] for each in COMPUTED_FROM}, **found}
    base = given.get(name)
    dates = [each.name for each in given.values() if each.type in DATES and each.computed is None]
    if base is None and name in CONTACT_FIELDS:
        hint = f"compute from a date that is told: {', '.join(dates)}" if dates else None
        desk.error("N410", f"the product keeps '{name}', so nothing is computed from it", mark, hint)
    elif base is None:
        desk.error("N407", f"there is no field '{name}'", mark, suggestion(name, dates, "date field"))
    elif base.computed is not None:
        hint = "compute from the field that it comes from"
        desk.error("N408", f"'{name}' is computed itself", mark, hint)
    elif base.type not in DATES:
        desk.error("N408", f"'{name}' is not a date", mark, suggestion(name, dates, "date field"))
    elif base.type is FieldType.DATE and span.seconds:
        desk.error(
            "N105", f"'{name}' is a day; {span} is no number of days", mark, "write days, weeks or months"
        )
    elif isinstance(own, Mapping) and "type" in own and field.type is not base.type:
        desk.error("N105", f"'{field.name}' holds what '{name}' does: {base.type}", mark, "leave 'type' out")
    else:
        return replace(field, type=base.type, personal=field.personal or base.personal)
    return replace(field, computed=None)
