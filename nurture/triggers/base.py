"""What every kind of trigger has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from nurture.criteria import Condition
from nurture.model import Field
from nurture.options.reader import Options
from nurture.options.tables import Kind, Option
from nurture.options.values import ConditionText
from nurture.problems import Mark

WHERE = Option(
    "where", ConditionText(), "Only people (and events) for whom this holds enter.", "total_orders >= 1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger(ABC):
    """What starts a run. `event_names` are the events that it listens to: none, if time pulls it."""

    mark: Mark = field(compare=False)
    where: Condition | None = None
    key: str | None = None  # the event's field that gives one run for each of its values
    items: str | None = None  # the event's list whose items each give a run; `key` is then a field of an item

    KIND: ClassVar[Kind]

    @classmethod
    @abstractmethod
    def parse(cls, options: Options, mark: Mark) -> Trigger:
        """Make the trigger from its options."""

    @abstractmethod
    def describe(self) -> str:
        """What it does, in words."""

    @property
    def event_names(self) -> frozenset[str]:
        return frozenset()

    @property
    def parts(self) -> Mapping[str, Trigger]:
        """The triggers that it is made of, by name; one alone has no name."""
        return {"": self}

    def fields(self, events: Mapping[str, tuple[Field, ...]]) -> tuple[Field, ...]:
        """What `trigger.x` may name, beside when it happened."""
        known = {one.name: one for name in sorted(self.event_names) for one in events.get(name, ())}
        return tuple(known.values())

    def conditions(self) -> tuple[Condition, ...]:
        return (self.where,) if self.where is not None else ()
