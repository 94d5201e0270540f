"""`exit:` ends the run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nurture.model import Decision, Leave, Run
from nurture.options.reader import Options
from nurture.options.tables import Kind, Option
from nurture.options.values import Text
from nurture.steps.base import Facts, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit(Step):
    reason: str

    KIND = Kind(
        "exit",
        "End the run here.",
        Option("exit", Text(), "Why, in a few words.", "not interested", required=True, default=""),
        example="exit: not interested",
    )

    @classmethod
    def parse(cls, options: Options, **place: Any) -> Exit:
        return cls(**place, reason=options["exit"])

    def describe(self) -> str:
        return f"end the run: {self.reason}"

    def decide(self, run: Run, facts: Facts, now: datetime) -> Decision:
        return Decision(Leave(self.reason, run.arrived_at), "exit.step")
