"""`event:` starts a run when something happens."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nurture.criteria import in_words
from nurture.model import Span
from nurture.options.desk import suggestion
from nurture.options.reader import Options
from nurture.options.tables import Kind, Option
from nurture.options.values import EVENT, Length, Matching
from nurture.problems import Mark
from nurture.triggers.base import WHERE, Trigger

_KEY = Matching(
    "a field of the trigger",
    re.compile(r"trigger\.[A-Za-z_][A-Za-z0-9_]*"),
    "write 'trigger.' and the field's name, such as 'trigger.order_id'",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTrigger(Trigger):
    name: str
    max_age: Span | None = None

    KIND = Kind(
        "event",
        "Something that happens starts a run.",
        Option("event", EVENT, "The event that starts a run.", "ebook_downloaded", required=True, default=""),
        (
            WHERE,
            Option(
                "max_age",
                Length(fixed=True),
                "An older event updates the person and starts nothing.",
                "24 hours",
            ),
            Option("key", _KEY, "One run for each value of this field.", "trigger.order_id"),
        ),
        example='event: ebook_downloaded\nwhere: trigger.ebook = "crm-guide"\nmax_age: 24 hours',
    )

    @classmethod
    def parse(cls, options: Options, mark: Mark) -> EventTrigger:
        name = options["event"]
        key = options["key"]
        if key and name:
            field = key.removeprefix("trigger.")
            options.desk.key = field
            known = [each.name for each in options.desk.event_fields.get(name, ())]
            if field not in known:
                hint = suggestion(field, known, "field")
                options.error("N407", f"'{name}' has no field '{field}'", "key", hint)
        return cls(
            mark=mark,
            name=name,
            where=options.condition("where", *([name] if name else [])),
            max_age=options["max_age"],
            key=key.removeprefix("trigger.") if key else None,
        )

    @property
    def event_names(self) -> frozenset[str]:
        return frozenset((self.name,))

    def describe(self) -> str:
        where = f" and {in_words(self.where)}" if self.where else ""
        return f"when {self.name} happens{where}"
