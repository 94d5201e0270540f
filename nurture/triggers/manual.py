"""`manual: true`: somebody starts the run, by command."""

from __future__ import annotations

from dataclasses import dataclass

from nurture.criteria import in_words
from nurture.options.reader import Options
from nurture.options.tables import Kind, Option
from nurture.options.values import Flag
from nurture.problems import Mark
from nurture.triggers.base import WHERE, Trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualTrigger(Trigger):
    KIND = Kind(
        "manual",
        "Somebody starts the run, by command.",
        Option("manual", Flag(), "Always true.", "true", required=True, default=True),
        (WHERE,),
        example="manual: true",
        rules=({"properties": {"manual": {"enum": [True, "true"]}}},),
    )

    @classmethod
    def parse(cls, options: Options, mark: Mark) -> ManualTrigger:
        if not options["manual"]:
            options.error("N105", "a trigger can't be switched off", "manual", "write 'manual: true'")
        return cls(mark=mark, where=options.condition("where"))

    def describe(self) -> str:
        where = f", if {in_words(self.where)}" if self.where else ""
        return f"when somebody starts it{where}"
