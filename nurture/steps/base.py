"""What every kind of step has: what it needs to know, and a pure decision.

A step stands in a plan with the steps that follow it: `after` comes when it is done, and `starts` names
the first step of each of its blocks (`then`, `if.1`, `timeout`), or what follows where a block is empty.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol

from nurture.criteria import Condition, EventMatch, is_timed
from nurture.model import Channel, Decision, Effect, Go, Json, LeapDay, MessageClass, Run, Seen, Truth
from nurture.options.reader import Options
from nurture.options.tables import Kind
from nurture.problems import Mark
from nurture.settings import CouponPool

ANY_PASS = "[*]"  # behind a step's id: whichever pass of its repeat


LOOK_AGAIN = timedelta(hours=1)  # how often a condition that time alone can make true is looked at


def base_of(step_id: str) -> str:
    """The id as it was written: `first` of `first[2]`."""
    return step_id.partition("[")[0]


def around(step_id: str) -> Iterator[str]:
    """The ids that mean this pass once it is the last one: of `first[2][3]` they are `first[2]` and `first`."""
    while step_id.endswith("]"):
        step_id = step_id.rpartition("[")[0]
        yield step_id


def look_again(conditions: Iterable[Condition], now: datetime, end: datetime) -> datetime:
    """When conditions are looked at again if nothing of the person changes: at the end, and until then where time
    alone can make one true."""
    timed = any(is_timed(condition) for condition in conditions)
    return min(end, now + LOOK_AGAIN) if timed else end


@dataclass(frozen=True, slots=True)
class Needs:
    """What a step looks at: conditions, and by a name of its own the events it waits for."""

    conditions: tuple[Condition, ...] = ()
    events: tuple[tuple[str, EventMatch], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.conditions or self.events)


@dataclass(frozen=True, slots=True)
class StepContext:
    """What steps use of the workspace's settings."""

    coupons: Mapping[str, CouponPool] = field(default_factory=dict)
    secret: bytes = b""  # makes coupon codes that nobody can guess
    holidays: str | None = None  # whose days off are no business days: "BR-SP"
    leap_day: LeapDay = LeapDay.FEBRUARY_28
    zone: str = "UTC"  # the company's: of a date and time that a journey writes down


class Facts(Protocol):
    """What is known of one run and its person when a step is decided. The store answers."""

    @property
    def settings(self) -> StepContext: ...

    def truth(self, condition: Condition) -> Truth:
        """A condition of the step's needs, looked at now."""
        ...

    def seen(self, name: str) -> Seen | None:
        """The first event that matches the needs' entry of this name."""
        ...

    def step_at(self, step_id: str) -> datetime | None:
        """When a step of this run was done; None: it was not reached."""
        ...

    def trigger(self) -> Mapping[str, Any]:
        """The fields of what started the run."""
        ...

    def contact(self) -> Mapping[str, Any]: ...

    def lasts(self, event: str, count: int) -> list[Json]:
        """The fields of the person's last events of this name, at most so many, the newest first."""
        ...

    def arm(self, split: str) -> str | None:
        """The arm of a split that the person was given before."""
        ...

    def winner(self) -> str | None:
        """The arm that won the A/B test of the step at which the run stands."""
        ...

    def code(self, draw: Callable[[Run, int], str]) -> str | None:
        """The first of the codes `draw(run, 0)`, `draw(run, 1)`, ... that nobody holds; None: none is free."""
        ...

    def reachable(self, channel: Channel, message_class: MessageClass, topic: str | None) -> str | None:
        """None: yes; else why not (`no_address`, `suppressed`, `no_consent`)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(ABC):
    """A step of a plan. `sends` tells whether its run has messages to look at."""

    id: str
    mark: Mark = field(compare=False)
    after: str | None = None
    starts: Mapping[str, str | None] = field(default_factory=dict)

    KIND: ClassVar[Kind]
    sends: ClassVar[bool] = False
    reaches: ClassVar[bool] = True  # what it sends is meant for somebody; a webhook is a call to a system
    forks: ClassVar[bool] = False  # one of its blocks is always taken

    @classmethod
    @abstractmethod
    def parse(cls, options: Options, **place: Any) -> Step:
        """Make the step from its options; `place` is its id and mark."""

    @abstractmethod
    def describe(self) -> str:
        """What it does, in words."""

    def needs(self) -> Needs:
        return Needs()

    def outcomes(self) -> tuple[str, ...]:
        """The reasons among which the step chooses: a test of the journey should have seen each."""
        return ()

    @abstractmethod
    def decide(self, run: Run, facts: Facts, now: datetime) -> Decision:
        """Where the run goes from here, with the reason. Pure: the same for the same facts and `now`."""

    @property
    def at_most(self) -> timedelta:
        """How long it may hold a run, as far as it says."""
        return timedelta()

    def done(
        self, reason: str, at: datetime, *effects: Effect, brings: Mapping[str, Json] | None = None
    ) -> Decision:
        """On to what follows."""
        return Decision(Go(self.after, at), reason, effects, brings=brings or {})
