"""`repeat:` does its steps several times. The compiler writes each pass out, so a plan stays a tree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nurture import clock
from nurture.criteria import Condition, in_words
from nurture.model import Decision, Go, Run, Span, Stay, Truth
from nurture.options import shapes
from nurture.options.desk import Desk
from nurture.options.reader import Options
from nurture.options.shapes import Schema
from nurture.options.tables import Kind, Option
from nurture.options.values import ConditionText, Length, Value
from nurture.steps.base import Facts, Needs, Step, look_again
from nurture.steps.blocks import Steps

MOST = 52
MOST_INSIDE = 366  # of a repeat inside others, over all their passes: each is written out


class _Times(Value[int]):
    words = f"how often, such as '3 times': from 2 to {MOST}"

    def of(self, text: str) -> int:
        found = re.fullmatch(r"(\d{1,3})(?:\s+times)?", text)
        if not found or not 2 <= int(found[1]) <= MOST:
            raise ValueError(f"expected {self.words}, found '{text}'")
        return int(found[1])

    def schema(self, desk: Desk) -> Schema:
        shape = shapes.matching(self.words, r"([2-9]|[1-4]\d|5[0-2])(\s+times)?")
        return {**shape, "type": ["integer", "string"], "minimum": 2, "maximum": MOST}


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat(Step):
    """The beginning of one pass. Pass n of a repeat with the id `r` is `r[n]`, its steps `first[n]`."""

    times: int
    every: Span | None = None
    until: Condition | None = None
    number: int = 1
    before: str | None = None  # the pass before

    KIND = Kind(
        "repeat",
        "Do the steps several times. In a pass a step's id means that pass; behind the repeat it means the last "
        "one, and in clicked(...) and its like any. Pass 2 of the step `first` is `first[2]`; in a repeat inside a "
        f"repeat `first[2][3]` is the inner pass 3 of the outer pass 2. Together they make at most {MOST_INSIDE} passes.",
        Option("repeat", _Times(), "How often.", "3 times", required=True, default=2),
        (
            Option(
                "every",
                Length(),
                "From the start of a pass to that of the next; without it they follow each other at once.",
                "7 days",
            ),
            Option(
                "until",
                ConditionText(),
                "No further pass once this holds. It is looked at before each pass, and while the person waits for "
                "the next: when something of hers changes, and every hour where time alone can make it true.",
                "clicked(first)",
            ),
            Option(
                "steps",
                Steps(),
                "The steps of a pass.",
                "[{email: welcome/hello}]",
                required=True,
                default=(),
            ),
        ),
        example="repeat: 3 times\nevery: 7 days\nuntil: total_orders >= 1\nsteps:\n  - email: welcome/hello",
    )

    @classmethod
    def parse(cls, options: Options, **place: Any) -> Repeat:
        options.block("steps", options["steps"])
        until = options.condition("until")
        return cls(**place, times=options["repeat"], every=options["every"], until=until)

    def describe(self) -> str:
        every = f", every {self.every}" if self.every else ""
        until = f", until {in_words(self.until)}" if self.until else ""
        return f"pass {self.number} of {self.times}{every}{until}"

    def needs(self) -> Needs:
        return Needs((self.until,)) if self.until is not None else Needs()

    def outcomes(self) -> tuple[str, ...]:
        return ("repeat.pass", "repeat.until") if self.until is not None else ("repeat.pass",)

    def decide(self, run: Run, facts: Facts, now: datetime) -> Decision:
        truths: tuple[Truth, ...] = ()
        start = self._start(run, facts)
        if self.until is not None:
            truths = (facts.truth(self.until),)
            if truths[0].value:
                at = max(run.arrived_at, min(now, start))
                return Decision(Go(self.after, at), "repeat.until", truths=truths)
        if now < start:
            again = look_again(() if self.until is None else (self.until,), now, start)
            return Decision(Stay(again), "repeat.waiting", truths=truths)
        return Decision(Go(self.starts["steps"], start), "repeat.pass", truths=truths)

    @property
    def at_most(self) -> timedelta:
        """From the start of the pass before, with a month as 31 days."""
        span = self.every if self.number > 1 else None
        return timedelta(days=span.months * 31 + span.days, seconds=span.seconds) if span else timedelta()

    def _start(self, run: Run, facts: Facts) -> datetime:
        """When the pass is due: not before the steps of the one before are done."""
        began = facts.step_at(self.before) if self.before is not None and self.every is not None else None
        if began is None or self.every is None:
            return run.arrived_at
        return max(clock.add(began, self.every, run.zone), run.arrived_at)
