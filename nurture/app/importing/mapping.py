"""What a mapping says: which column is which field, and how its values are written.

A mapping is a small YAML file (see mapping_file.py). For contacts and orders from well-known programs
none is needed: headers.py knows the names of their columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from nurture.app.importing import values
from nurture.model import Basis, Channel, Field, FieldType
from nurture.settings import Settings
from nurture.vocabulary import CONTACT_FIELDS, EVENT_ALIASES

_T = FieldType


class Kind(StrEnum):
    """What the rows of a file are."""

    CONTACTS = "contacts"
    ORDERS = "orders"
    EVENTS = "events"


# What each kind of row has beside the fields of a contact.
ROW_FIELDS: Mapping[Kind, tuple[Field, ...]] = {
    Kind.CONTACTS: (
        Field("full_name", _T.TEXT, "First and last name in one column."),
        Field("updated_at", _T.INSTANT, "When the row was true; default: now."),
        Field("zone", _T.TEXT, "IANA time zone.", example="America/Manaus"),
    ),
    Kind.ORDERS: (
        Field("order_id", _T.TEXT, "The order's id in the shop.", unknown=False),
        Field("ordered_at", _T.INSTANT, "When it was placed.", unknown=False),
        Field("total", _T.NUMBER, "What was paid.", unknown=False),
        Field("currency", _T.TEXT, "ISO 4217 code; default: the company's."),
        Field("status", _T.TEXT, "The shop's own word for the order's state."),
        Field("delivered_at", _T.INSTANT, "When it reached the customer."),
        Field("cancelled_at", _T.INSTANT, "When it was cancelled."),
        Field("full_name", _T.TEXT, "First and last name in one column."),
        Field("zone", _T.TEXT, "IANA time zone.", example="America/Manaus"),
    ),
    Kind.EVENTS: (
        Field("event", _T.TEXT, "What happened.", unknown=False),
        Field("occurred_at", _T.INSTANT, "When.", unknown=False),
        Field("id", _T.TEXT, "The event's id; default: made from the row."),
        Field("properties", _T.TEXT, "The object with its fields (NDJSON)."),
    ),
}
# What the engine counts itself: no import sets it.
_COUNTED = frozenset(
    ["created_at", "total_orders", "lifetime_value", "first_order_at", "last_order_at", "last_click_at"]
)

# An event in Segment's shape, unless the mapping says otherwise.
SEGMENT = {
    "ref": "userId",
    "email": "context.traits.email",
    "event": "event",
    "id": "messageId",
    "occurred_at": "timestamp",
    "properties": "properties",
}


@dataclass(frozen=True, slots=True)
class ConsentRule:
    """What the people of a file have said yes to, and where that stands."""

    topics: tuple[str, ...]
    basis: Basis
    text_version: str
    how: str
    date: str | None = None  # a fixed day
    date_from: str | None = None  # or the column it stands in; neither: the row's own date
    only_if: str | None = None  # a column that says yes or no
    unless: str | None = None  # a column in which yes means that she wants no more
    yes: frozenset[str] = frozenset()  # the words of `only_if`, where they aren't yes and no; ...
    no: frozenset[str] = frozenset()  # ... every other word then says nothing
    channel: Channel | None = None
    ip_from: str | None = None  # the column with the address that she had
    confirmed: bool = False  # whether they have confirmed it elsewhere

    def says(self, text: str) -> bool | None:
        """What a cell of `only_if` says. Raises ValueError for what is neither yes nor no."""
        if not self.yes and not self.no:
            return values.boolean(text)
        word = text.casefold()
        return True if word in self.yes else False if word in self.no else None


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """How the rows of one file become events."""

    kind: Kind
    columns: Mapping[str, str]  # our field -> the file's column (a dotted path in NDJSON)
    source: str = "import"
    values: Mapping[str, str] = field(default_factory=dict)  # our field -> fixed text, {field} filled in
    zone: str = "UTC"
    country: str = "BR"
    currency: str = "BRL"
    dates: str | None = None
    month_first: bool = False
    decimal: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    consent: ConsentRule | None = None
    names: Mapping[str, str] = field(default_factory=dict)  # the file's event names -> ours
    cancelled: frozenset[str] = frozenset()  # words of `status` that take an order back
    own_fields: Mapping[str, Field] = field(default_factory=dict)

    def type_of(self, name: str) -> FieldType:
        """The type of one of our fields; what is not known is text."""
        return known_fields(self.kind, self.own_fields)[name].type


def known_fields(kind: Kind, own: Mapping[str, Field]) -> dict[str, Field]:
    """The fields that a mapping of this kind may fill."""
    people = {name: found for name, found in CONTACT_FIELDS.items() if name not in _COUNTED}
    if kind is Kind.EVENTS:
        people = {name: people[name] for name in ("ref", "email", "phone")}
        own = {}
    return {**people, **own, **{found.name: found for found in ROW_FIELDS[kind]}}


def defaults(kind: Kind, settings: Settings, columns: Mapping[str, str]) -> ColumnMapping:
    """A mapping that only names columns; the rest is as the company writes."""
    company = settings.company
    return ColumnMapping(
        kind=kind,
        columns=columns,
        zone=company.zone,
        country=company.country,
        currency=company.currency,
        month_first=company.locale in ("en", "en-US"),
        names={**EVENT_ALIASES, **settings.event_aliases},
        own_fields={name: each for name, each in settings.fields.items() if each.computed is None},
    )
