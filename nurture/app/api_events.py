"""Events that another system tells by HTTP, from JSON to what the inbox takes.

They say what a line of NDJSON says to an import, by the same names and read by the same readers; what differs is that a
time must have its zone, that each event has an id, and that fields and consents may come with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from math import isfinite
from typing import Any

from nurture.app.importing import cells, places, values
from nurture.app.importing.cells import RowError
from nurture.app.importing.mapping import Kind, defaults, known_fields
from nurture.app.importing.rows import TRAITS, event_name
from nurture.model import PERSONAL, Basis, Channel, ConsentRecord, Json, NewEvent, Person
from nurture.problems import nearest
from nurture.settings import ApiKey, Scope, Settings
from nurture.store.types import MOST_MONEY

MOST = 1000  # events in one request
TOLD = "identified"  # the event that only carries what is said of somebody
_LONGEST_ID, _LONGEST_REF, _LONGEST_TEXT = 200, 320, 500
_MOST_NUMBER = 2**63
_EVENT = ("event", "id", "at", "person", "properties", "fields", "consents")
_PERSON = ("ref", "email", "phone")
_CONSENT = ("topic", "given", "channel", "basis", "text_version", "how", "at", "ip", "confirmed")
_ORDERS = ("order_completed", "order_delivered", "order_cancelled", "order_refunded")
_AMOUNTS = {"order_completed": "total", "order_refunded": "total", "coupon_redeemed": "discount"}


@dataclass(frozen=True, slots=True)
class Mistake:
    """Why an event can't be taken: which one, where in it (a JSON pointer), and the way out."""

    index: int
    pointer: str
    detail: str


def needed(said: Sequence[Json]) -> tuple[Scope, ...]:
    """What a key must be allowed to tell these."""
    found: set[Scope] = set()
    for each in said:
        if isinstance(each, Mapping):
            brings = {Scope.PEOPLE} if each.get("fields") else set()
            brings |= {Scope.CONSENTS} if each.get("consents") else set()
            found |= brings if each.get("event") == TOLD and brings else brings | {Scope.EVENTS}
    return tuple(scope for scope in Scope if scope in found)


def read(
    said: Sequence[Json], caller: ApiKey, settings: Settings, now: datetime
) -> tuple[list[NewEvent], list[Mistake]]:
    """The events, and all that is wrong with them. One that comes again is the same event; one that says otherwise under
    the same id is a mistake."""
    teller = _Teller(settings, caller, now)
    events: dict[str, NewEvent] = {}
    mistakes: list[Mistake] = []
    for index, each in enumerate(said):
        sheet = _Sheet()
        event = teller.event(each, sheet)
        if event is not None and events.setdefault(event.source_id, event) != event:
            sheet.wrong.append(("/id", f"an earlier event of the request is called {event.source_id!r}, too"))
        mistakes += [Mistake(index, pointer, detail) for pointer, detail in sheet.wrong]
    return list(events.values()), mistakes


@dataclass
class _Sheet:
    """What is wrong with one event, by place."""

    wrong: list[tuple[str, str]] = field(default_factory=list)

    def say(self, pointer: str, detail: str) -> None:
        self.wrong.append((pointer, detail))

    def take(self, reader: Callable[[Any], Any], value: Json, pointer: str) -> Any:
        """What `reader` makes of a value; None where that is nothing, which is noted."""
        try:
            return reader(value)
        except (ValueError, RowError) as error:
            self.say(pointer, str(error).removeprefix(f"{pointer.rpartition('/')[2]}: "))
            return None

    def table(self, value: Json, pointer: str, keys: Collection[str]) -> Mapping[str, Json]:
        """A table that has none but these keys."""
        if not isinstance(value, Mapping):
            self.say(pointer, "is no table of names and values")
            return {}
        for name in value:
            if name not in keys:
                near = nearest(name, keys)
                hint = f"did you mean {near!r}?" if near else f"there is {', '.join(keys)}"
                self.say(f"{pointer}/{_step(name)}", f"nothing is called {name[:40]!r}; {hint}")
        return {name: each for name, each in value.items() if name in keys and each is not None}

    def need(self, given: Mapping[str, Json], pointer: str, *names: str) -> None:
        for name in names:
            if name not in given:
                self.say(f"{pointer}/{name}", f"'{name}' is missing")


class _Teller:
    """Reads what one caller tells."""

    def __init__(self, settings: Settings, caller: ApiKey, now: datetime) -> None:
        self._settings, self._source, self._now = settings, caller.source, now
        self._mapping = defaults(Kind.CONTACTS, settings, {})
        known = known_fields(Kind.CONTACTS, self._mapping.own_fields)
        self._fields = tuple(name for name in known if name not in ("ref", "updated_at"))
        self._readers = {name: cells.reader(name, self._mapping) for name in self._fields}

    def event(self, said: Json, sheet: _Sheet) -> NewEvent | None:
        """The event; None where something is wrong, which stands in the sheet then."""
        given = sheet.table(said, "", _EVENT)
        if isinstance(said, Mapping):
            sheet.need(given, "", "event", "id", "at", "person")
        found = {
            name: sheet.take(reader, given[name], f"/{name}")
            for name, reader in (("event", self._name), ("id", _id), ("at", _instant))
            if name in given
        }
        person = self._person(given["person"], sheet) if "person" in given else None
        properties = given.get("properties", {})
        if not isinstance(properties, Mapping):
            sheet.say("/properties", "is no table of names and values")
            properties = {}
        for pointer in _beyond(properties, "/properties"):
            sheet.say(pointer, "is a number larger than any that is kept")
        _look_at_order(found.get("event"), properties, sheet)
        traits = self._traits(given.get("fields", {}), sheet)
        consents = self._consents(given.get("consents", []), found.get("at"), sheet)
        if sheet.wrong or person is None:
            return None
        return NewEvent(
            found["event"], person, found["at"], self._source, found["id"], properties, traits, consents
        )

    def _name(self, said: Json) -> str:
        return event_name(_text(said), self._mapping.names)

    def _person(self, said: Json, sheet: _Sheet) -> Person | None:
        if isinstance(said, str):
            name = "email" if "@" in said else "phone" if said.lstrip().startswith("+") else "ref"
            found = {name: sheet.take(self._address(name), said, "/person")}
        else:
            given = sheet.table(said, "/person", _PERSON)
            found = {
                name: sheet.take(self._address(name), value, f"/person/{name}")
                for name, value in given.items()
            }
            if not found and isinstance(said, Mapping):
                sheet.say("/person", "names nobody: say a ref, an e-mail address or a phone number")
        return Person(**found) if any(found.values()) else None

    def _address(self, name: str) -> Callable[[Json], str]:
        return _ref if name == "ref" else lambda said: self._readers[name](_text(said))

    def _traits(self, said: Json, sheet: _Sheet) -> dict[str, Any]:
        found = {}
        for name, value in sheet.table(said, "/fields", self._fields).items():
            pointer = f"/fields/{_step(name)}"
            read = sheet.take(partial(self._trait, name), value, pointer)
            if read is not None:
                found[name] = read
        cells.split_name(found)
        if "state" in found:
            found["state"] = places.state(found["state"], found.get("country", self._mapping.country))
        return {
            name: value for name, value in found.items() if name in TRAITS or name in self._mapping.own_fields
        }

    def _trait(self, name: str, said: Json) -> Any:
        cell = cells.cell({name: said}, name)
        if cell is None:
            return None
        value = cells.value(name, cell, name, self._mapping, self._readers[name])
        if not isinstance(value, Decimal):
            return value
        if abs(value) >= _MOST_NUMBER:
            raise ValueError("is a number larger than any that is kept")
        return float(value)

    def _consents(self, said: Json, at: datetime | None, sheet: _Sheet) -> tuple[ConsentRecord, ...]:
        if not isinstance(said, list):
            sheet.say("/consents", "is no list")
            return ()
        found = [self._consent(each, at, sheet, f"/consents/{number}") for number, each in enumerate(said)]
        return tuple(each for each in found if each is not None)

    def _consent(self, said: Json, at: datetime | None, sheet: _Sheet, pointer: str) -> ConsentRecord | None:
        given = sheet.table(said, pointer, _CONSENT)
        readers: dict[str, Callable[[Any], Any]] = {
            "topic": _one_of(self._settings.topics),
            "given": _flag,
            "channel": lambda said: Channel(_one_of([each.value for each in PERSONAL])(said)),
            "basis": lambda said: Basis(_one_of([each.value for each in Basis])(said)),
            "text_version": _short,
            "how": _short,
            "at": _instant,
            "ip": lambda said: values.network(_text(said)),
            "confirmed": _flag,
        }
        found = {name: sheet.take(readers[name], value, f"{pointer}/{name}") for name, value in given.items()}
        # what a message later rests on; to say no nothing is needed
        wanted = ("topic", "given", *(("text_version", "how") if found.get("given") else ()))
        if isinstance(said, Mapping):
            sheet.need(given, pointer, *wanted)
        if sheet.wrong:
            return None
        when = found.get("at") or at
        if when is not None and when > self._now:  # else a later no would lose against it
            found["at"] = self._now
        return ConsentRecord(**found, by=self._source)


def _look_at_order(name: str | None, properties: Mapping[str, Json], sheet: _Sheet) -> None:
    """What an order is known by and counts as revenue: without it, it would silently count for nothing."""
    if name in _ORDERS:
        sheet.take(_id, properties.get("order_id", ""), "/properties/order_id")
    amount = _AMOUNTS.get(name or "")
    if amount and (name in _ORDERS or amount in properties):
        sheet.take(_amount, properties.get(amount), f"/properties/{amount}")
    if name in _ORDERS and properties.get("currency") is not None:
        sheet.take(_currency, properties["currency"], "/properties/currency")


# --- values -----------------------------------------------------------------------------------


def _text(said: Json) -> str:
    if not isinstance(said, str) or not said.strip():
        raise ValueError("is no text")
    if "\x00" in said:
        raise ValueError("holds an unreadable sign (NUL)")
    return said.strip()


def _short(said: Json) -> str:
    text = _text(said)
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"has more than {_LONGEST_TEXT} signs")
    return text


def _named(said: Json, longest: int) -> str:
    """An id: text, or a whole number."""
    text = str(said) if isinstance(said, int) and not isinstance(said, bool) else _text(said)
    if len(text) > longest or not text.isprintable():
        raise ValueError(f"is no id of 1 to {longest} visible signs")
    return text


def _id(said: Json) -> str:
    return _named(said, _LONGEST_ID)


def _ref(said: Json) -> str:
    return _named(said, _LONGEST_REF)


def _instant(said: Json) -> datetime:
    return values.instant(_text(said))


def _flag(said: Json) -> bool:
    if not isinstance(said, bool):
        raise ValueError("is neither true nor false")
    return said


def _one_of(known: Collection[str]) -> Callable[[Json], str]:
    def read(said: Json) -> str:
        text = _text(said)
        if text not in known:
            near = nearest(text, known)
            hint = f"did you mean {near!r}?" if near else f"there is {', '.join(known)}"
            raise ValueError(f"there is no {text[:40]!r} here; {hint}")
        return text

    return read


def _amount(said: Json) -> Decimal:
    """An amount that an order may have, in major units; refunds are events of their own."""
    plain = isinstance(said, str) and re.fullmatch(r"\d{1,20}(\.\d{1,20})?", said)
    if not plain and (isinstance(said, bool) or not isinstance(said, int | float) or not isfinite(said)):
        raise ValueError("is no amount such as 129.90")
    found = Decimal(str(said))
    if not 0 <= found * 100 <= MOST_MONEY:
        raise ValueError("is an amount that nobody pays: it is from 0 to 10,000,000,000,000")
    return found


def _currency(said: Json) -> str:
    if not re.fullmatch(r"[A-Z]{3}", _text(said)):
        raise ValueError("is not a currency's code of three capital letters, like BRL")
    return _text(said)


def _beyond(value: Json, pointer: str) -> Iterator[str]:
    """Where numbers stand that no database keeps."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _beyond(each, f"{pointer}/{_step(name)}")
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _beyond(each, f"{pointer}/{number}")
    elif isinstance(value, int | float) and not abs(value) < _MOST_NUMBER:
        yield pointer


def _step(name: str) -> str:
    """A name as a JSON pointer has it (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
