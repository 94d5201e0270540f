"""`manual: true`: somebody starts the run, by command or by the API, or another journey's `start`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nurture.criteria import in_words
from nurture.model import Field, FieldType
from nurture.options.reader import Options
from nurture.options.tables import Kind, Option
from nurture.options.values import Choice, Flag, TableOf
from nurture.problems import Mark
from nurture.triggers.base import WHERE, Trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualTrigger(Trigger):
    declared: Mapping[str, Field] = field(default_factory=dict)

    KIND = Kind(
        "manual",
        "Somebody starts the run: by command, by the API, or another journey by `start`.",
        Option("manual", Flag(), "Always true.", "true", required=True, default=True),
        (
            WHERE,
            Option(
                "with",
                TableOf(Choice(tuple(FieldType)), "types by name"),
                "What the API or another journey's `start` may bring: `trigger.x` of these types.",
                "{reason: text}",
                default={},
            ),
        ),
        example="manual: true",
        rules=({"properties": {"manual": {"enum": [True, "true"]}}},),
    )

    @classmethod
    def parse(cls, options: Options, mark: Mark) -> ManualTrigger:
        if not options["manual"]:
            options.error("N105", "a trigger can't be switched off", "manual", "write 'manual: true'")
        types = {name: kind for name, kind in options["with"].items() if kind}
        declared = {name: Field(name, FieldType(kind)) for name, kind in types.items()}
        return cls(mark=mark, where=options.condition("where"), declared=declared)

    def fields(self, events: Mapping[str, tuple[Field, ...]]) -> tuple[Field, ...]:
        return tuple(self.declared.values())

    def describe(self) -> str:
        where = f", if {in_words(self.where)}" if self.where else ""
        return f"when somebody starts it{where}"
