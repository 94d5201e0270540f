"""Types as the language sees them: a day and an instant are both a date."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from nurture.criteria.text import literal_text, quoted
from nurture.criteria.tree import Literal, Value
from nurture.model import FieldType

TYPES = {
    FieldType.TEXT: "text",
    FieldType.NUMBER: "a number",
    FieldType.BOOLEAN: "true or false",
    FieldType.DATE: "a date",
    FieldType.INSTANT: "a date",
    FieldType.LIST: "a list",
}
DATES = (FieldType.DATE, FieldType.INSTANT)


def literal_type(literal: Literal) -> FieldType:
    match literal.value:
        case bool():
            return FieldType.BOOLEAN
        case Decimal():
            return FieldType.NUMBER
        case date():
            return FieldType.DATE
    return FieldType.TEXT


def literal_side(value: Value) -> FieldType | None:
    return literal_type(value) if isinstance(value, Literal) else None


def group_of(kind: FieldType) -> FieldType:
    return FieldType.DATE if kind is FieldType.INSTANT else kind


def rewrite(literal: Literal, wanted: FieldType) -> str | None:
    """The literal as it would have to be written for a field of the type `wanted`."""
    text = literal.value if isinstance(literal.value, str) else literal_text(literal)
    match wanted:
        case FieldType.TEXT:
            return f"write {quoted(text)}"
        case FieldType.NUMBER:
            return f"write {text} without quotes" if _is_number(text) else "write a number"
        case FieldType.BOOLEAN:
            return "write true or false"
        case FieldType.DATE | FieldType.INSTANT:
            return f"write {text} without quotes" if _is_day(text) else "write a day, such as 2026-12-31"
    return None


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).removeprefix("-").isdigit()


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
