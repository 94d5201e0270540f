"""`assign:` gives the person an owner by a routing rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nurture import digests
from nurture.criteria import Condition, parse
from nurture.model import Decision, Run, SetField, Truth
from nurture.options.reader import Options
from nurture.options.tables import Kind, Option
from nurture.options.values import ROUTE, Choice
from nurture.steps.base import Facts, Needs, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign(Step):
    """The first way of the rule that fits; of several colleagues the one that the person's hash gives."""

    rule: str
    ways: tuple[tuple[Condition | None, tuple[str, ...]], ...]
    if_owned: str = "keep"

    KIND = Kind(
        "assign",
        "Give the person an owner by a rule of routes.yaml: the first way whose `when` holds. Several colleagues in "
        "one way share the people evenly, and the same person always comes to the same one.",
        Option("assign", ROUTE, "The rule.", "sales", required=True, default=""),
        (
            Option(
                "if_owned",
                Choice(("keep", "replace")),
                "What becomes of an owner that she has already.",
                "replace",
                default="keep",
            ),
        ),
        example="assign: sales",
    )

    @classmethod
    def parse(cls, options: Options, **place: Any) -> Assign:
        found = options.desk.routes.get(options["assign"], ())
        ways = tuple((parse(way.when).condition if way.when else None, way.to) for way in found)
        return cls(**place, rule=options["assign"], ways=ways, if_owned=options["if_owned"])

    def describe(self) -> str:
        return f"give an owner by '{self.rule}'"

    def needs(self) -> Needs:
        return Needs(tuple(when for when, _ in self.ways if when is not None))

    def decide(self, run: Run, facts: Facts, now: datetime) -> Decision:
        if self.if_owned == "keep" and facts.contact().get("owner"):
            return self.done("assign.kept", run.arrived_at)
        truths: list[Truth] = []
        for when, colleagues in self.ways:
            if when is not None:
                truths.append(facts.truth(when))
            if when is None or truths[-1].value:
                place = int(digests.fraction("assign", self.rule, run.ref) * len(colleagues))
                effect = SetField("owner", colleagues[place])
                done = self.done("assign.done", run.arrived_at, effect)
                return Decision(done.move, done.reason, done.effects, tuple(truths))
        done = self.done("assign.nobody", run.arrived_at)
        return Decision(done.move, done.reason, truths=tuple(truths))
