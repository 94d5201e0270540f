"""Where a file is read: what is known, and what was found wrong so far."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from nurture.criteria import Condition
from nurture.model import Field, FieldType, Route
from nurture.nodes import Node
from nurture.problems import Mark, Problem, Severity, nearest

PAGE = "docs/reference/language.md"


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition that was read, to be checked once every name of the journey is known.

    `events` are those of which one is looked at where the condition says `event.x`.
    """

    condition: Condition
    mark: Mark
    events: tuple[str, ...] = ()
    of_the_person: bool = False  # neither trigger nor steps can be named
    of_trigger: bool = False  # a trigger's own: it starts the run, in which no step was yet
    of_goal: bool = False  # a goal's own: it is asked of held-out people, too, who came to no step


@dataclass(frozen=True, slots=True)
class Mention:
    """A step that is spoken of by its id."""

    id: str
    mark: Mark
    sends: bool  # it must be a step that sends a message
    by: str = ""  # the option that speaks of it


@dataclass(frozen=True, slots=True)
class Named:
    """A value that is spoken of by its name outside of a condition: `contact.x`, `trigger.x` or `ID.x`."""

    name: str
    mark: Mark
    types: tuple[FieldType, ...] = ()  # what it may hold; any, where there are none


def _nothing(_: Node) -> None:
    return None


def _no_steps(_: Node) -> tuple[Any, ...]:
    return ()


@dataclass
class Desk:
    """Collects problems, so that one pass shows them all.

    `names` are the words that are known, by their sort: "topic", "event", "email template".
    """

    names: Mapping[str, Collection[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)
    named: list[Named] = field(default_factory=list)
    read_trigger: Callable[[Node], Any] = _nothing
    read_steps: Callable[[Node], tuple[Any, ...]] = _no_steps
    aliases: Mapping[str, str] = field(default_factory=dict)  # what else events are called
    contact_fields: Mapping[str, Field] = field(default_factory=dict)
    event_fields: Mapping[str, tuple[Field, ...]] = field(default_factory=dict)
    routes: Mapping[str, tuple[Route, ...]] = field(default_factory=dict)
    segments: Mapping[str, Condition] = field(default_factory=dict)
    topic: str | None = None  # the journey's own
    in_trigger: bool = False  # what is read now stands in the trigger
    key: str | None = None  # the field that gives one run for each of its values

    def error(
        self,
        code: str,
        message: str,
        mark: Mark | None,
        hint: str | None = None,
        anchor: str | None = None,
        related: tuple[tuple[str, Mark], ...] = (),
    ) -> None:
        page = f"{PAGE}#{anchor}" if anchor else None
        self.problems.append(Problem(code, message, mark, hint, page, related=related))

    def warn(self, code: str, message: str, mark: Mark | None, hint: str | None = None) -> None:
        self.problems.append(Problem(code, message, mark, hint, severity=Severity.WARNING))

    def key_of(self, event: str, any_key: bool, mark: Mark) -> str | None:
        """The field of `event` that must equal the run's key; None where any will do."""
        if self.key is None or any_key:
            return None
        if all(field.name != self.key for field in self.event_fields.get(event, ())):
            self.error(
                "N506",
                f"'{event}' has no field '{self.key}', which is the journey's key",
                mark,
                "add 'any_key: true' to take it whatever the key",
            )
        return self.key


def suggestion(word: str, known: Collection[str], sort: str) -> str:
    near = nearest(word, known)
    if near is not None:
        return f"did you mean '{near}'?"
    if not known:
        return f"there is no {sort} yet"
    listed = sorted(known)
    return f"there is {', '.join(listed)}" if len(listed) <= 8 else f"there is {', '.join(listed[:8])}, ..."
