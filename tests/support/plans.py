"""Journeys and steps written in a test, and facts as a test states them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from textwrap import dedent, indent
from typing import Any

from nurture.compiler import Plan, compile_journey
from nurture.criteria import Condition
from nurture.model import Channel, Json, MessageClass, Run, Seen, Span, Truth
from nurture.problems import render
from nurture.settings import CouponPool
from nurture.steps import Step, StepContext
from tests.problems.shop import SHOP

ENTRY = datetime(2026, 3, 2, 13, tzinfo=UTC)  # a Monday, 10:00 in São Paulo
HEAD = """
journey: welcome
topic: news
trigger: {event: signed_up}
steps:
"""


def plan(text: str) -> Plan:
    """The plan of a journey that is right."""
    compiled = compile_journey(dedent(text), "journey.yaml", SHOP)
    assert compiled.plan is not None, "\n".join(map(render, compiled.problems))
    return compiled.plan


def plan_of(steps: str) -> Plan:
    """The plan of a journey with these steps."""
    return plan(HEAD + indent(dedent(steps), "  "))


def step_of(steps: str, step_id: str | None = None) -> Step:
    """One step of a journey with these steps: the first, unless an id is given."""
    made = plan_of(steps)
    return made.steps[step_id or made.first or ""]


def a_run(**changes: Any) -> Run:
    """Ana's run, which has just arrived."""
    return Run(
        **{
            "id": 1,
            "journey": "welcome",
            "version_id": 1,
            "contact_id": 1,
            "ref": "ana",
            "key": "",
            "anchor": "1",
            "entered_at": ENTRY,
            "step": "",
            "arrived_at": ENTRY,
            "zone": "America/Sao_Paulo",
            "memory": {},
            **changes,
        }
    )


@dataclass
class Known:
    """Facts as a test states them: implements `steps.Facts`."""

    true: frozenset[str] = frozenset()  # canonical texts of conditions
    events: Mapping[str, Seen] = field(default_factory=dict)
    unreachable: Mapping[Channel, str] = field(default_factory=dict)
    at: Mapping[str, datetime] = field(default_factory=dict)
    person: Mapping[str, Any] = field(default_factory=dict)
    run: Run = field(default_factory=a_run)
    happened: Mapping[str, list[Json]] = field(default_factory=dict)
    started: Mapping[str, Any] = field(default_factory=dict)
    arms: Mapping[str, str] = field(default_factory=dict)
    won: str | None = None  # the arm of the step's A/B test
    taken: Collection[str] = ()  # coupon codes
    settings: StepContext = StepContext(
        coupons={"WINBACK15": CouponPool("WINBACK15", "VOLTA-######", Decimal(15), valid=Span(days=14))},
        secret=b"a secret",
    )

    def truth(self, condition: Condition) -> Truth:
        return Truth(condition.text in self.true)

    def seen(self, name: str) -> Seen | None:
        return self.events.get(name)

    def step_at(self, step_id: str) -> datetime | None:
        return self.at.get(step_id)

    def trigger(self) -> Mapping[str, Any]:
        return self.started

    def contact(self) -> Mapping[str, Any]:
        return self.person

    def lasts(self, event: str, count: int) -> list[Json]:
        return list(self.happened.get(event, ()))[:count]

    def arm(self, split: str) -> str | None:
        return self.arms.get(split)

    def winner(self) -> str | None:
        return self.won

    def code(self, draw: Callable[[Run, int], str]) -> str | None:
        return next((code for turn in range(20) if (code := draw(self.run, turn)) not in self.taken), None)

    def reachable(self, channel: Channel, message_class: MessageClass, topic: str | None) -> str | None:
        return self.unreachable.get(channel)
