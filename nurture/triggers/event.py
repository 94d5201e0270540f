"""`event:` starts a run when something happens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nurture.criteria import And, Condition, in_words, parse, to_text
from nurture.model import FieldType, Span
from nurture.options.desk import suggestion
from nurture.options.reader import Options
from nurture.options.tables import Kind, Option
from nurture.options.values import EVENT, Length, Matching
from nurture.problems import Mark
from nurture.triggers.base import WHERE, Trigger

_WORD = r"[A-Za-z_][A-Za-z0-9_]*"
_KEY = Matching(
    "a field of the trigger, or each item of one",
    re.compile(rf"trigger\.{_WORD}|each trigger\.{_WORD}( by {_WORD})?"),
    "write 'trigger.order_id', or 'each trigger.items by item_id'",
)
KEY = Option(
    "key",
    _KEY,
    "One run for each value of this field, or for each item of a list, which the run then knows as "
    "`trigger.item`. Exits, waits and the goal match events of the same key only; they need a field of that name.",
    "trigger.order_id",
)
MAX_AGE = Option(
    "max_age", Length(fixed=True), "An older event updates the person and starts nothing.", "24 hours"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTrigger(Trigger):
    name: str
    max_age: Span | None = None
    told: Mapping[str, Any] = field(default_factory=dict)  # what an event has that this kind listens to

    KIND = Kind(
        "event",
        "Something that happens starts a run.",
        Option("event", EVENT, "The event that starts a run.", "ebook_downloaded", required=True, default=""),
        (
            WHERE,
            MAX_AGE,
            KEY,
        ),
        example='event: ebook_downloaded\nwhere: trigger.ebook = "crm-guide"\nmax_age: 24 hours',
    )

    @classmethod
    def parse(cls, options: Options, mark: Mark) -> EventTrigger:
        name = options["event"]
        items, key = read_key(options, name)
        return cls(
            mark=mark,
            name=name,
            where=options.condition("where", *([name] if name else [])),
            max_age=options["max_age"],
            key=key,
            items=items,
        )

    @property
    def event_names(self) -> frozenset[str]:
        return frozenset((self.name,))

    def describe(self) -> str:
        where = f" and {in_words(self.where)}" if self.where else ""
        each = f", for each of {self.items}" if self.items else ""
        return f"when {self.name} happens{each}{where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SortTrigger(EventTrigger):
    """A kind of trigger that is an event of a certain sort, and says in its own words which."""

    words: str = ""

    def describe(self) -> str:
        return self.words


def of_kind(options: Options, event: str, which: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """What a kind of trigger that is one event of a certain sort has in common: `which` says the sort, `told` what
    such an event has, and the `where` of the journey comes beside it."""
    own = parse(which).condition
    where = options.condition("where", event)
    assert own is not None
    return {"name": event, "told": told, "where": own if where is None else _both(own, where)}


def _both(one: Condition, other: Condition) -> Condition:
    tree = And((one.tree, other.tree))
    return Condition(to_text(tree), tree, to_text(tree))


def and_where(options: Options) -> str:
    """The journey's own `where` in words, behind what the kind says of itself."""
    condition: Condition | None = options["where"]
    return f" and {in_words(condition)}" if condition is not None else ""


def read_key(options: Options, event: str) -> tuple[str | None, str | None]:
    """The list of the event whose items each give a run, and the field that is the run's key."""
    text: str | None = options["key"]
    if not text or not event:
        return None, None
    place, _, by = text.removeprefix("each ").partition(" by ")
    field, each = place.removeprefix("trigger."), text.startswith("each ")
    fields = {one.name: one for one in options.desk.event_fields.get(event, ())}
    if field not in fields:
        hint = suggestion(field, list(fields), "field")
        options.error("N407", f"'{event}' has no field '{field}'", "key", hint)
    elif each and fields[field].type is not FieldType.LIST:
        hint = f"write 'key: {place}', or declare it as a list"
        options.error("N415", f"'{field}' of '{event}' is no list", "key", hint)
    options.desk.key = (by or field) if each else field
    return (field, options.desk.key) if each else (None, field)
