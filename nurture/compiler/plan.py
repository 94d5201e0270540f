"""The plan: what a journey's text means, immutable. The engine looks at nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property

from nurture.criteria import Condition, EventMatch
from nurture.limits import Limits
from nurture.model import Span
from nurture.problems import Mark
from nurture.steps.base import Step
from nurture.steps.exit import Exit as LastStep
from nurture.triggers.base import Trigger

PRIORITIES: Mapping[str, int] = {"high": 1, "normal": 0, "low": -1}


@dataclass(frozen=True, slots=True)
class Reentry:
    """When somebody may enter again. `after` counts from the start of the run before; None: once it ended."""

    after: Span | None = None
    at_most: int | None = None  # runs in all


@dataclass(frozen=True, slots=True)
class Goal:
    """What the journey is for. It only measures."""

    match: EventMatch
    within: Span | None = None
    value: str | None = None  # the event's field that is the worth of it: "event.total"


@dataclass(frozen=True, slots=True)
class Exit:
    """A rule that ends runs: exactly one of the three is set."""

    event: EventMatch | None = None
    when: Condition | None = None
    after: Span | None = None
    do: tuple[Step, ...] = ()  # on the way out

    @property
    def reason(self) -> str:
        if self.event is not None:
            return f"exit.event.{self.event.name}"
        return "exit.when" if self.when is not None else "exit.after"


@dataclass(frozen=True, slots=True)
class InFlight:
    """What a new version does to people inside: `pin`, `migrate`, `drain` or `eject`; `moves` says where those go
    whose step is gone."""

    mode: str = "pin"
    moves: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Newcomers:
    """Which of the people who come now: the first `share` hundredths of a percent of `salt`'s permutation, or all
    the others."""

    salt: str
    share: int
    others: bool = False


@dataclass(frozen=True)
class Plan:
    """A journey ready to run. `hash` changes with its behavior, not with its labels."""

    journey: str
    hash: str
    trigger: Trigger
    steps: Mapping[str, Step]
    first: str | None
    topic: str | None = None
    owner: str | None = None
    description: str = ""
    reentry: Reentry | None = None  # None: once in a lifetime
    on_repeat: str = "ignore"
    holdout: int = 0  # hundredths of a percent
    goal: Goal | None = None
    exits: tuple[Exit, ...] = ()
    limits: Limits = field(default_factory=Limits)
    priority: str = "normal"  # one of PRIORITIES
    backfill: str = "none"
    in_flight: InFlight = InFlight()
    trigger_name: str | None = None  # where it is one of several: which
    newcomers: Newcomers | None = None  # where two versions are live: whose it is to enter this one
    unnamed: frozenset[str] = frozenset()  # steps whose id was made of what they say
    marks: Mapping[str, Mark] = field(default_factory=dict)

    @property
    def rank(self) -> int:
        """The higher goes first where a cap has no room for both."""
        return PRIORITIES[self.priority]

    @cached_property
    def longest(self) -> timedelta | None:
        """The longest that a run may last, if the journey says so."""
        spans = [rule.after.elapsed() for rule in self.exits if rule.after is not None]
        return min(spans, default=None)

    @cached_property
    def may_last(self) -> timedelta:
        """How long a run may last, as far as its steps say, and no longer than the journey lets it."""
        left: dict[str | None, timedelta] = {None: timedelta()}
        for step in reversed(tuple(self.steps.values())):
            ways = () if isinstance(step, LastStep) else {*step.starts.values(), step.after}
            left[step.id] = step.at_most + max(
                (left.get(way, timedelta()) for way in ways), default=timedelta()
            )
        whole = left.get(self.first, timedelta())
        return min(whole, self.longest or whole)

    @cached_property
    def parts(self) -> tuple[Plan, ...]:
        """The plan as each of its triggers starts it."""
        if set(self.trigger.parts) == {""}:
            return (self,)
        return tuple(
            replace(self, trigger=each, trigger_name=name) for name, each in self.trigger.parts.items()
        )

    @cached_property
    def following(self) -> Mapping[str, str | None]:
        """What comes after each step; None: the journey's end."""
        return {step.id: step.after for step in self.steps.values()}
