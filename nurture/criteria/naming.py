"""The names of a condition, found where it stands or explained."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from nurture.criteria.parser import CALLS, HELP
from nurture.criteria.places import Places
from nurture.criteria.scope import SCORE, Scope
from nurture.criteria.text import quoted
from nurture.criteria.tree import At, Literal, Name, Value
from nurture.criteria.types import literal_type
from nurture.model import FieldType
from nurture.problems import Problem, nearest

UNKNOWN, WRONG_TYPE, WRONG_PLACE, NEGATED, POINTLESS = "N310", "N311", "N312", "N313", "N314"
STAGE = "N529"


@dataclass
class Names:
    """Looks names up in `scope`; what is wrong goes to `problems`."""

    scope: Scope
    places: Places
    problems: list[Problem] = field(default_factory=list)

    def error(self, code: str, message: str, at: At, hint: str | None = None) -> None:
        self.problems.append(Problem(code, message, self.places.of(at), hint, HELP))

    def inside(self, at: At, word: str) -> At:
        """Where `word` stands within `at`."""
        begins = self.places.source.find(word, *at)
        return (begins, begins + len(word)) if begins >= 0 else at

    def type_of(self, value: Value, beside: FieldType | None = None) -> FieldType | None:
        """The value's type; None, with a problem, where its name is unknown."""
        if isinstance(value, Literal):
            return literal_type(value)
        if self.scope.of_item(value):
            return beside or FieldType.TEXT
        found = self.scope.find(value)
        if found is None:
            self.unknown(value, beside)
        return found.type if found else None

    def unknown(self, name: Name, beside: FieldType | None) -> None:
        if len(name.parts) > 2:
            self.error(UNKNOWN, f"'{name}' has more than one dot", name.at, "a field is never inside another")
            return
        fields = self.scope.fields_of(name.owner)
        if fields is None:
            self.unknown_owner(name)
        elif beside is FieldType.TEXT and name.owner == "contact" and not nearest(name.last, fields):
            hint = f"a text goes in quotes: {quoted(name.last)}"
            self.error(UNKNOWN, f"there is no field '{name}'", name.at, hint)
        elif name.owner == SCORE:
            self.error(UNKNOWN, f"there is no score '{name.last}'", name.at, self.field_hint(name, fields))
        else:
            whose = {
                "contact": "",
                "event": "the event has ",
                "trigger": "the trigger has ",
            }
            start = whose.get(name.owner, f"step '{name.owner}' has ") or "there is "
            message = f"{start}no field '{name.last}'"
            self.error(UNKNOWN, message, name.at, self.field_hint(name, fields))

    def field_hint(self, name: Name, fields: Collection[str]) -> str:
        owner = "" if name.owner == "contact" else f"{name.owner}."
        close = nearest(name.last, fields)
        if close:
            return f"did you mean '{owner}{close}'?"
        if name.owner == "contact":
            return self.other_place(name.last) or "declare it in fields.yaml, or put a text in quotes"
        return f"it has {', '.join(sorted(fields))}"

    def other_place(self, word: str) -> str | None:
        """A bare name that is a field of the event or trigger, a step or a function."""
        for owner in ("event", "trigger"):
            if word in (self.scope.fields_of(owner) or {}):
                return f"write {owner}.{word}"
        if word in (self.scope.steps or {}):
            return f"it is a step: write a field of it, such as {word}.at"
        return f"it is a function: {word}(...)" if word in CALLS else None

    def unknown_owner(self, name: Name) -> None:
        owner = name.owner
        if owner == "event":
            self.error(WRONG_PLACE, "no event is looked at here", name.at, "event.x stands in a where")
        elif owner == SCORE:
            self.error(UNKNOWN, f"there is no score '{name.last}'", name.at, "declare it in scores.yaml")
        elif owner == "trigger":
            self.error(
                WRONG_PLACE, "nothing has started a run here", name.at, "trigger.x stands inside a journey"
            )
        elif self.scope.steps is None:
            self.error(
                WRONG_PLACE,
                f"'{name}': steps have names only inside a run",
                name.at,
                "use a field of the contact",
            )
        else:
            self.unknown_step(owner, name.at, f"no step '{owner}' brings anything back", self.scope.steps)

    def unknown_step(self, step: str, at: At, message: str, steps: Collection[str]) -> None:
        close = nearest(step, steps)
        hint = f"did you mean '{close}'?" if close else "give the step this id"
        self.error(UNKNOWN, message, at, hint)
