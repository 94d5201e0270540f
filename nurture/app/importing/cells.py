"""Cells and what is read from them: the field decides how."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from nurture.app.importing import places, values
from nurture.app.importing.mapping import ColumnMapping, known_fields
from nurture.model import FieldType

Reader: TypeAlias = Callable[[str], Any]

PROPERTY = "properties."  # a field of the event itself: `properties.page`
_BLANK = frozenset({"", "null", "none", "nan", "n/a", "#n/a", "#n/d", "\\n"})
_LONGEST = 1000


class RowError(Exception):
    """Why a row was refused, worded for the person who made the file."""


def cell(cells: Mapping[str, Any], path: str) -> Any | None:
    """A cell by its column, or by dotted path inside JSON. None: it says nothing."""
    found: Any = cells
    if path in cells:
        found = cells[path]
    else:
        for part in path.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        found = found.strip()
        if "\x00" in found:
            raise RowError(f"{path}: holds an unreadable sign (NUL)")
        return None if found.casefold() in _BLANK else found
    return found


def filled(template: str, found: Mapping[str, Any]) -> str | None:
    """`{ref}@example.com` with its fields; None if one of them is empty."""
    names = re.findall(r"\{(\w+)\}", template)
    if any(name not in found for name in names):
        return None
    return re.sub(r"\{(\w+)\}", lambda match: str(found[match.group(1)]), template)


def split_name(found: dict[str, Any]) -> None:
    full = str(found.pop("full_name", "")).split()
    if full:
        found.setdefault("first_name", full[0])
        if len(full) > 1:
            found.setdefault("last_name", " ".join(full[1:]))


def as_object(found: Any) -> Mapping[str, Any]:
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError:
            raise RowError("properties: is not a JSON object") from None
    if not isinstance(found, Mapping):
        raise RowError("properties: is not a JSON object")
    return found


def value(name: str, cell: Any, column: str, mapping: ColumnMapping, reader: Reader) -> Any:
    """One of our fields from a cell: text as `reader` reads it, or what JSON has typed. Raises RowError."""
    if isinstance(cell, Mapping | list):
        if name.startswith(PROPERTY):
            return cell
        if isinstance(cell, list) and mapping.type_of(name) is FieldType.LIST:
            return [str(item) for item in cell]
        raise RowError(f"{column}: is an object or a list, not one value")
    typed = isinstance(cell, int | float) and not isinstance(cell, bool) and not name.startswith(PROPERTY)
    if typed and mapping.type_of(name) is FieldType.NUMBER:
        return read(_number, cell, column)
    return read(reader, str(cell), column)


def read(reader: Callable[[Any], Any], cell: Any, column: str) -> Any:
    """What `reader` makes of a cell. Raises RowError where that is nothing."""
    try:
        return reader(cell)
    except ValueError as error:
        raise RowError(f"{column}: {error}") from None


def _number(cell: float) -> Decimal:
    """A number of JSON has one meaning."""
    found = Decimal(str(cell))
    if not found.is_finite():
        raise ValueError("is no number that can be kept")
    return found


def reader(name: str, mapping: ColumnMapping) -> Reader:
    """How the text of one of our fields is read in this file."""
    special: dict[str, Reader] = {
        "email": lambda text: values.email(_first(text)),
        "phone": lambda text: values.phone(_first(text), mapping.country),
        "country": places.country,
        "zone": _zone,
        "currency": _currency,
        "event": str,
    }
    if name in special:
        return special[name]
    if name.startswith(PROPERTY):
        return _property
    kind = known_fields(mapping.kind, mapping.own_fields)[name].type
    if kind is FieldType.INSTANT:
        return instants(mapping)
    if kind is FieldType.DATE:
        return _day(values.date_reader(None, None, month_first=mapping.month_first))
    return {
        FieldType.TEXT: _text,
        FieldType.NUMBER: lambda text: values.number(text, mapping.decimal),
        FieldType.BOOLEAN: values.boolean,
        FieldType.LIST: lambda text: [
            part.strip('" ') for part in re.split(r",|;|:::", text) if part.strip('" ')
        ],
    }[kind]


def consent_day(mapping: ColumnMapping) -> datetime | None:
    """The one day on which all of them agreed, if there is one."""
    if mapping.consent is None or mapping.consent.date is None:
        return None
    return values.date_reader("iso", ZoneInfo(mapping.zone))(mapping.consent.date)


def instants(mapping: ColumnMapping) -> Reader:
    """How the file writes instants."""
    return values.date_reader(mapping.dates, ZoneInfo(mapping.zone), month_first=mapping.month_first)


def _day(instant: Reader) -> Reader:
    def read(text: str) -> date | None:
        if re.fullmatch(r"--\d\d-\d\d", text):  # address books keep birthdays without a year
            return None
        found: datetime = instant(text)
        return found.date()

    return read


def _first(text: str) -> str:
    """The first of several values in one cell, as address books join them."""
    return text.split(" ::: ")[0].strip()


def _text(text: str) -> str:
    return _first(text)[:_LONGEST]


def _property(text: str) -> Any:
    """A number where it is written as programs write one, else text: `0123` stays text."""
    return float(text) if re.fullmatch(r"-?(?:0|[1-9]\d{0,14})(?:\.\d+)?", text) else text


def _currency(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{3}", text):
        raise ValueError(f"{text[:20]!r} is not a currency's code of three letters, like BRL")
    return text.upper()


def _zone(text: str) -> str:
    if text not in places.zones():
        raise ValueError(f"{text[:40]!r} is not a time zone like America/Manaus")
    return text
