"""`start:` lets the person into another journey. Her run here goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nurture.model import Decision, Json, Run, StartJourney
from nurture.nodes import Mapping as Table
from nurture.options.reader import Options
from nurture.options.tables import Kind, Option
from nurture.options.values import JOURNEY, TableOf, Text
from nurture.problems import Mark
from nurture.steps.base import Facts, Step

DEEPEST = 20  # journeys that start one another in a row: a circle of them ends here


@dataclass(frozen=True, slots=True, kw_only=True)
class Start(Step):
    """Whether she enters is the other journey's word: its `where`, reentry, holdout and pause hold."""

    journey: str
    values: Mapping[str, str] = field(default_factory=dict)
    # where each name and its value are written
    marks: Mapping[str, tuple[Mark, Mark]] = field(default_factory=dict, compare=False)

    KIND = Kind(
        "start",
        "Let the person into another journey; the run here goes on. Its `where`, reentry, control group and pause hold.",
        Option("start", JOURNEY, "The journey.", "welcome", required=True, default=""),
        (
            Option(
                "with",
                TableOf(Text(), "values"),
                "Values that the other journey knows as `trigger.x`: those that its `manual` trigger names in `with`, of "
                "these types. A date and time is on the company's clock unless it says otherwise (`2026-12-01T09:00Z`).",
                "{reason: upsell}",
                default={},
            ),
        ),
        example="start: welcome",
    )

    @classmethod
    def parse(cls, options: Options, **place: Any) -> Start:
        node = options.nodes.get("with")
        marks = {key.text: (key.mark, value.mark) for key, value in node} if isinstance(node, Table) else {}
        return cls(**place, journey=options["start"], values=options["with"], marks=marks)

    def describe(self) -> str:
        return f"start journey '{self.journey}'"

    def decide(self, run: Run, facts: Facts, now: datetime) -> Decision:
        depth = int(facts.trigger().get("depth") or 0) + 1
        if depth > DEEPEST:
            return self.done("start.too_deep", run.arrived_at)
        values: dict[str, Json] = {**self.values, "depth": depth}
        return self.done("start.asked", run.arrived_at, StartJourney(self.journey, values))
