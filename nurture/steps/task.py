"""`task:` asks a colleague to do something. Its outcome is the event `task_done`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nurture import clock
from nurture.model import Decision, OpenTask, Run
from nurture.options.reader import Options
from nurture.options.tables import Kind, Option
from nurture.options.values import Due, Matching, Named, Text
from nurture.steps.base import Facts, Step

ASSIGNEE = Matching(
    "an assignee",
    re.compile(r"owner|[^@\s]+@[^@\s]+\.[^@\s]+"),
    "write 'owner' (of the person) or an e-mail address",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Step):
    title: str
    assign: str
    due: str | None = None
    brief: str | None = None

    KIND = Kind(
        "task",
        "Work for a person. `nurture tasks done` closes it, and its outcome is an event.",
        Option("task", Text(), "What to do, in a few words.", "Warm call", required=True, default=""),
        (
            Option(
                "assign",
                ASSIGNEE,
                "Who: the person's owner, or an e-mail address.",
                "owner",
                default="owner",
            ),
            Option("due", Due(), "By when.", "1 business day"),
            Option(
                "brief", Named("task template", "N405"), "What the colleague should know.", "tasks/warm-call"
            ),
        ),
        example="task: Warm call\nassign: owner\ndue: 1 business day\nbrief: tasks/warm-call",
        brings="`outcome`",
    )

    @classmethod
    def parse(cls, options: Options, **place: Any) -> Task:
        return cls(
            **place,
            title=options["task"],
            assign=options["assign"],
            due=options["due"],
            brief=options["brief"],
        )

    def describe(self) -> str:
        due = f", due in {self.due}" if self.due else ""
        return f"task '{self.title}' for {self.assign}{due}"

    def decide(self, run: Run, facts: Facts, now: datetime) -> Decision:
        owner = facts.contact().get("owner") if self.assign == "owner" else None
        task = OpenTask(self.title, str(owner or self.assign), self._due_at(run, facts), self.brief)
        return self.done("task.opened", run.arrived_at, task)

    def _due_at(self, run: Run, facts: Facts) -> datetime | None:
        if self.due is None:
            return None
        days = clock.parse_business_days(self.due)
        if days is None:
            return clock.add(run.arrived_at, clock.parse_span(self.due), run.zone)
        return clock.add_business(run.arrived_at, days, run.zone, facts.settings.holidays)
