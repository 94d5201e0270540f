"""A row becomes events: pure functions from cells to what the inbox takes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from nurture.app.importing import cells, places, values
from nurture.app.importing.cells import PROPERTY, Reader, RowError
from nurture.app.importing.files import Record
from nurture.app.importing.mapping import SEGMENT, ColumnMapping, ConsentRule, Kind
from nurture.model import ConsentRecord, NewEvent, Person
from nurture.vocabulary import CONTACT_FIELDS, OWN_EVENTS

REQUIRED = {
    Kind.CONTACTS: (),
    Kind.ORDERS: ("order_id", "ordered_at", "total"),
    Kind.EVENTS: ("event", "occurred_at"),
}
TRAITS = frozenset(CONTACT_FIELDS) - {"ref", "created_at"} | {"zone"}
_Told = tuple[str, tuple[NewEvent, ...]]  # what the row is about, and its events


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it was understood."""

    key: str  # what it is about: in one file a second row with this key is refused
    digest: str  # of its content
    fields: Mapping[str, Any]
    events: tuple[NewEvent, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    """A row's fields, whom it is about and what she agreed to."""

    fields: Mapping[str, Any]
    person: Person
    consents: tuple[ConsentRecord, ...]

    @property
    def identity(self) -> str:
        return self.person.ref or self.person.email or self.person.phone or ""

    @property
    def digest(self) -> str:
        agreed = [(consent.topic, consent.given, consent.at) for consent in self.consents]
        content = json.dumps(
            [self.identity, self.fields, agreed], sort_keys=True, default=str, ensure_ascii=False
        )
        return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class RowReader:
    """Reads the rows of one file by its mapping. `now` dates contacts that have no date of their own; `by` is who
    records what they consent to."""

    def __init__(
        self, mapping: ColumnMapping, now: datetime, *, silent: bool = True, by: str | None = None
    ) -> None:
        self.mapping, self.now, self.silent, self.by = mapping, now, silent, by
        self._readers = {name: cells.reader(name, mapping) for name in (*mapping.columns, *mapping.values)}
        self._instants = cells.instants(mapping)
        self._consent_day = cells.consent_day(mapping)
        self._tell = {Kind.CONTACTS: self._contact, Kind.ORDERS: self._order, Kind.EVENTS: self._event}[
            mapping.kind
        ]

    def read(self, record: Record) -> Row:
        """The row's events. Raises RowError with the reason why it can't be taken."""
        if record.problem:
            raise RowError(record.problem)
        if self.mapping.columns == SEGMENT and record.cells.get("type", "track") != "track":
            raise RowError(f"type: {str(record.cells['type'])[:20]!r} is not imported; only track events are")
        fields = self._fields(record.cells)
        missing = [name for name in REQUIRED[self.mapping.kind] if name not in fields]
        if missing:
            raise RowError(f"nothing in {' and '.join(self._column(name) for name in missing)}")
        read = _Read(
            fields,
            Person(fields.get("ref"), fields.get("email"), fields.get("phone")),
            self._consents(record.cells),
        )
        if not read.identity:
            named = [self._column(name) for name in ("ref", "email", "phone") if name in self._readers]
            raise RowError(f"names nobody: nothing in {' or '.join(named)}")
        key, events = self._tell(read)
        return Row(key, read.digest, fields, events)

    # --- from cells to fields

    def _fields(self, row: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, column in self.mapping.columns.items():
            cell = cells.cell(row, column)
            value = None if cell is None else self._value(name, cell, column)
            if value is not None:
                found[name] = value
        cells.split_name(found)
        for name, template in self.mapping.values.items():
            text = cells.filled(template, found)
            if name not in found and text:
                found[name] = self._value(name, text, "values")
        if "state" in found:
            found["state"] = places.state(found["state"], found.get("country", self.mapping.country))
        return found

    def _value(self, name: str, cell: Any, column: str) -> Any:
        if name == "properties":
            return cells.as_object(cell)
        return cells.value(name, cell, column, self.mapping, self._readers[name])

    def _column(self, name: str) -> str:
        return self.mapping.columns.get(name, name)

    def _consents(self, row: Mapping[str, Any]) -> tuple[ConsentRecord, ...]:
        rule = self.mapping.consent
        if rule is None:
            return ()
        opted_out = bool(self._from(row, rule.unless, values.boolean))
        given = False if opted_out else self._given(row, rule)
        if given is None:
            return ()
        # the day on which she agreed is not the day on which she left: that is the row's own
        at = None if opted_out else self._consent_day or self._from(row, rule.date_from, self._instants)
        ip = self._from(row, rule.ip_from, values.network)
        return tuple(
            ConsentRecord(
                topic,
                given,
                rule.basis,
                rule.channel,
                rule.text_version,
                rule.how,
                at,
                by=self.by,
                ip=ip,
                confirmed=rule.confirmed,
            )
            for topic in rule.topics
        )

    def _given(self, row: Mapping[str, Any], rule: ConsentRule) -> bool | None:
        """What somebody said who has not opted out; None where she said nothing. Not to be on a list of those who
        left is no consent."""
        if rule.only_if is None:
            return None if rule.unless else True
        given: bool | None = self._from(row, rule.only_if, rule.says)
        return given

    def _from(self, row: Mapping[str, Any], column: str | None, reader: Reader) -> Any | None:
        """What one column says; None where it says nothing or there is none."""
        cell = cells.cell(row, column) if column else None
        return None if cell is None else cells.read(reader, str(cell), column or "")

    # --- from fields to events

    def _contact(self, read: _Read) -> _Told:
        at = read.fields.get("updated_at", self.now)
        return read.identity, (self._new(read, "identified", at, f"contact:{read.digest}", first=True),)

    def _order(self, read: _Read) -> _Told:
        order, at = read.fields["order_id"], read.fields["ordered_at"]
        if read.fields["total"] < 0:
            total = self._column("total")
            raise RowError(f"{total}: an order's total can't be negative; refunds are events of their own")
        payload = {
            "order_id": order,
            "total": float(read.fields["total"]),
            "currency": read.fields.get("currency", self.mapping.currency),
            **({"status": read.fields["status"]} if "status" in read.fields else {}),
        }
        later = {
            "delivered": read.fields.get("delivered_at"),
            "cancelled": read.fields.get("cancelled_at") or (at if self._is_cancelled(read) else None),
        }
        told = [self._new(read, "order_completed", at, f"order:{order}", payload, first=True)]
        told += [
            self._new(read, f"order_{what}", then, f"order:{order}:{what}", payload)
            for what, then in later.items()
            if then is not None
        ]
        return order, tuple(told)

    def _is_cancelled(self, read: _Read) -> bool:
        return str(read.fields.get("status", "")).casefold() in self.mapping.cancelled

    def _event(self, read: _Read) -> _Told:
        name = event_name(read.fields["event"], self.mapping.names)
        payload = dict(read.fields.get("properties", {}))
        payload |= {k.removeprefix(PROPERTY): v for k, v in read.fields.items() if k.startswith(PROPERTY)}
        key = read.fields.get("id") or read.digest
        return key, (self._new(read, name, read.fields["occurred_at"], key, payload, first=True),)

    def _new(
        self,
        read: _Read,
        name: str,
        at: datetime,
        source_id: str,
        payload: Mapping[str, Any] | None = None,
        *,
        first: bool = False,
    ) -> NewEvent:
        """One event of a row; the first one says who the person is and what she agreed to."""
        return NewEvent(
            name=name,
            person=read.person,
            occurred_at=at,
            source=self.mapping.source,
            source_id=source_id,
            payload=payload or {},
            traits=self._traits(read.fields) if first else {},
            consents=read.consents if first else (),
            silent=self.silent,
        )

    def _traits(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """What is said of the person, not of the row."""
        if self.mapping.kind is Kind.EVENTS:
            return {}
        return {
            name: float(value) if isinstance(value, Decimal) else value
            for name, value in fields.items()
            if name in TRAITS or name in self.mapping.own_fields
        }


def event_name(text: str, names: Mapping[str, str]) -> str:
    """Our name of an event: `Order Placed` is order_completed by its alias, `Page Viewed` page_viewed."""
    name = names.get(text) or re.sub(r"[^a-z0-9]+", "_", text.strip().lower()).strip("_")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,79}", name):
        raise RowError(f"event: {text[:40]!r} is not a name for an event")
    if name in OWN_EVENTS:
        raise RowError(f"event: {name} is told by nurture itself and by nobody else")
    return name
