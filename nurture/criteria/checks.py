"""Names and types of a condition, held against what is declared, before anything runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from nurture.criteria.parser import CALLS, HELP, STEP_CALLS
from nurture.criteria.places import Places
from nurture.criteria.scope import Scope
from nurture.criteria.text import literal_text, quoted, value_text
from nurture.criteria.tree import (
    And,
    At,
    BoolName,
    Call,
    Compare,
    Condition,
    Contains,
    Did,
    Expr,
    InList,
    IsEmpty,
    Literal,
    Name,
    Not,
    OlderThan,
    Or,
    Value,
    WithinLast,
    WithinNext,
    atoms,
)
from nurture.model import Channel, FieldType, Span
from nurture.problems import Mark, Problem, Severity, nearest

UNKNOWN, TYPES, PLACE, NEGATED, POINTLESS = "N310", "N311", "N312", "N313", "N314"

_TYPES = {
    FieldType.TEXT: "text",
    FieldType.NUMBER: "a number",
    FieldType.BOOLEAN: "true or false",
    FieldType.DATE: "a date",
    FieldType.INSTANT: "a date",
    FieldType.LIST: "a list",
}
_DATES = (FieldType.DATE, FieldType.INSTANT)


def check(condition: Condition, scope: Scope, mark: Mark | None = None) -> list[Problem]:
    """Everything that is wrong with the condition's names and types, and what deserves a second look."""
    checker = _Checker(scope, Places(condition.source or condition.text, mark))
    checker.tree(condition.tree)
    checker.negations(condition.tree)
    return list(dict.fromkeys(checker.problems))


@dataclass
class _Checker:
    scope: Scope
    places: Places
    problems: list[Problem] = field(default_factory=list)
    inside_did: bool = False

    def error(self, code: str, message: str, at: At, hint: str | None = None) -> None:
        self.problems.append(Problem(code, message, self.places.of(at), hint, HELP))

    def tree(self, tree: Expr) -> None:
        for atom in atoms(tree):
            self.atom(atom)

    def atom(self, atom: Expr) -> None:
        match atom:
            case Compare(left, op, right, at):
                self.compare(left, op, right, at)
            case InList(value, items, at):
                for item in items:
                    self.compare(value, "=", item, at)
            case Contains(value, item, at):
                self.contains(value, item, at)
            case IsEmpty(value, at):
                self.is_empty(value, at)
            case OlderThan(value, span, at) | WithinLast(value, span, at) | WithinNext(value, span, at):
                self.moment(value, span, at)
            case BoolName(name):
                self.bare(name)
            case Did():
                self.did(atom)
            case Call():
                self.call(atom)

    # --- values ---------------------------------------------------------------------------

    def type_of(self, value: Value, beside: FieldType | None = None) -> FieldType | None:
        """The value's type; None, with a problem, where its name is unknown."""
        if isinstance(value, Literal):
            return _literal_type(value)
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
        else:
            whose = {"contact": "", "event": "the event has ", "trigger": "the trigger has "}
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
            self.error(PLACE, "no event is looked at here", name.at, "event.x stands in a where")
        elif owner == "trigger":
            self.error(PLACE, "nothing has started a run here", name.at, "trigger.x stands inside a journey")
        elif self.scope.steps is None:
            self.error(
                PLACE, f"'{name}': steps have names only inside a run", name.at, "use a field of the contact"
            )
        else:
            self.unknown_step(owner, name.at, f"no step '{owner}' brings anything back", self.scope.steps)

    def unknown_step(self, step: str, at: At, message: str, steps: Collection[str]) -> None:
        close = nearest(step, steps)
        hint = f"did you mean '{close}'?" if close else "give the step this id"
        self.error(UNKNOWN, message, at, hint)

    # --- tests ----------------------------------------------------------------------------

    def compare(self, left: Value, op: str, right: Value, at: At) -> None:
        beside = FieldType.TEXT if op == "=" else None
        kinds = self.type_of(left, _literal_side(right)), self.type_of(right, beside)
        if isinstance(left, Literal) and isinstance(right, Literal):
            self.error(POINTLESS, "two values are compared, no field", at, "one side is the name of a field")
        self.no_empty_text(left, right)
        if None in kinds:
            return
        first, second = kinds
        assert first is not None
        assert second is not None
        if FieldType.LIST in kinds:
            self.error(
                TYPES, "a list isn't equal to one value", at, f"write: {value_text(left)} contains ..."
            )
        elif _group(first) is not _group(second):
            self.mismatch(left, first, right, second, at)
        elif op != "=" and _group(first) in (FieldType.TEXT, FieldType.BOOLEAN):
            self.error(
                TYPES,
                f"{_TYPES[first]} has no order: '{op}' is for numbers and dates",
                at,
                "use =, in or contains",
            )

    def mismatch(self, left: Value, first: FieldType, right: Value, second: FieldType, at: At) -> None:
        message = f"{value_text(left)} is {_TYPES[first]}, {value_text(right)} is {_TYPES[second]}"
        literal, wanted = (right, first) if isinstance(right, Literal) else (left, second)
        hint = _rewrite(literal, wanted) if isinstance(literal, Literal) else None
        self.error(TYPES, message, at, hint or "both sides are of one type")

    def no_empty_text(self, *values: Value) -> None:
        for value in values:
            if isinstance(value, Literal) and value.value == "":
                self.error(
                    POINTLESS, "nothing equals an empty text: it is unknown", value.at, "write: is empty"
                )

    def contains(self, value: Value, item: Value, at: At) -> None:
        first, second = self.type_of(value), self.type_of(item, FieldType.TEXT)
        self.no_empty_text(item)
        if isinstance(value, Literal) and isinstance(item, Literal):
            self.error(POINTLESS, "two values are compared, no field", at, "one side is the name of a field")
        if first is not None and first not in (FieldType.TEXT, FieldType.LIST):
            self.error(
                TYPES,
                f"{value_text(value)} is {_TYPES[first]}: contains is for texts and lists",
                at,
                "write =",
            )
        elif second is not None and second is not FieldType.TEXT:
            hint = f"write {quoted(literal_text(item))}" if isinstance(item, Literal) else None
            self.error(
                TYPES, f"{value_text(item)} is {_TYPES[second]}: contains looks for a text", item.at, hint
            )

    def is_empty(self, value: Value, at: At) -> None:
        self.type_of(value)
        if isinstance(value, Literal):
            self.error(POINTLESS, f"{literal_text(value)} is never empty", at, "write the name of a field")

    def moment(self, value: Value, span: Span, at: At) -> None:
        kind = self.type_of(value)
        if isinstance(value, Literal):
            self.error(POINTLESS, "the age of a fixed value is asked", at, "write the name of a field")
        elif kind is not None and kind not in _DATES:
            self.error(
                TYPES, f"{value} is {_TYPES[kind]}, not a date", value.at, "write a field that is a date"
            )
        elif kind is FieldType.DATE and span.seconds:
            hint = "write days or weeks"
            self.error(TYPES, f"{value} is a day without a time; it can't be compared by {span}", at, hint)

    def bare(self, name: Name) -> None:
        kind = self.type_of(name)
        if kind is not None and kind is not FieldType.BOOLEAN:
            example = {FieldType.LIST: 'contains "..."', FieldType.NUMBER: ">= 1"}.get(kind, "is not empty")
            message = f"'{name}' is {_TYPES[kind]} and alone is no condition"
            self.error(TYPES, message, name.at, f"such as: {name} {example}")

    # --- events, functions ------------------------------------------------------------------

    def did(self, did: Did) -> None:
        if self.inside_did:
            self.error(PLACE, "did() can't stand in the where of another", did.at, "join the two with and")
            return
        if did.since_entry and not self.scope.in_run:
            self.error(
                PLACE, "'since entry' has a meaning only inside a run", did.at, "write: within 30 days"
            )
        if did.count == 0 and did.op == ">=":
            self.error(POINTLESS, "everybody did it at least 0 times", did.at, "write: did not(...)")
        fields = self.scope.events.get(did.event)
        if fields is None:
            self.unknown_event(did)
        if did.where is not None:
            within = replace(self.scope, event=fields or ())
            inner = _Checker(within, self.places, self.problems, inside_did=True)
            if fields is not None:
                inner.tree(did.where)

    def unknown_event(self, did: Did) -> None:
        right = self.scope.aliases.get(did.event) or nearest(did.event, self.scope.events)
        hint = f"did you mean '{right}'?" if right else "declare it in events.yaml"
        self.error(UNKNOWN, f"there is no event '{did.event}'", self.inside(did.at, did.event), hint)

    def call(self, call: Call) -> None:
        if call.fn in STEP_CALLS:
            self.step_call(call)
        elif call.fn == "in_segment":
            self.segment(call)
        elif call.fn != "has_tag":
            known: Collection[str]
            known, sort = {
                "consents": (self.scope.topics, "topic"),
                "reachable": ([channel.value for channel in Channel], "channel"),
                "in_journey": (self.scope.journeys, "journey"),
            }[call.fn]
            if call.arg not in known:
                close = nearest(call.arg, known)
                listed = f"there is {', '.join(sorted(known))}" if known else f"no {sort} is declared"
                hint = f"did you mean '{close}'?" if close else listed
                self.error(UNKNOWN, f"there is no {sort} '{call.arg}'", self.inside(call.at, call.arg), hint)

    def step_call(self, call: Call) -> None:
        at = self.inside(call.at, call.arg)
        if self.scope.steps is None:
            self.error(
                PLACE, f"{call.fn}() asks about a run's message, and this is outside", at, "use did(...)"
            )
            return
        if call.fn == "answered":
            surveys = [
                step for step, fields in self.scope.steps.items() if any(f.name == "score" for f in fields)
            ]
            if call.arg not in surveys:
                self.unknown_step(call.arg, at, f"'{call.arg}' is no survey of this journey", surveys)
        elif call.arg not in self.scope.message_steps:
            message = f"'{call.arg}' is no message of this journey"
            self.unknown_step(call.arg, at, message, self.scope.message_steps)

    def segment(self, call: Call) -> None:
        at = self.inside(call.at, call.arg)
        segments = self.scope.segments
        if not segments:
            self.error(PLACE, "no segments are declared in this workspace", at, "write the condition itself")
        elif call.arg not in segments:
            close = nearest(call.arg, segments)
            hint = f"did you mean '{close}'?" if close else f"there is {', '.join(sorted(segments))}"
            self.error(UNKNOWN, f"there is no segment '{call.arg}'", at, hint)
        elif call.arg in _reached(segments[call.arg].tree, self.scope, set()):
            self.error(
                POINTLESS,
                f"segment '{call.arg}' is defined by itself",
                at,
                "break the circle in segments.yaml",
            )

    def inside(self, at: At, word: str) -> At:
        """Where `word` stands within `at`."""
        begins = self.places.source.find(word, *at)
        return (begins, begins + len(word)) if begins >= 0 else at

    # --- what deserves a second look ----------------------------------------------------------

    def negations(self, tree: Expr) -> None:
        """Warn where the negative of a test is also true for those of whom nothing is known."""
        seen_to = {str(atom.value) for atom in atoms(tree) if isinstance(atom, IsEmpty)}
        for atom in _negated(tree, False):
            for name in _names(atom):
                known = self.scope.find(name)
                if (
                    known is not None
                    and known.unknown
                    and name.owner == "contact"
                    and str(name) not in seen_to
                ):
                    message = f"also true for people whose {str(name).replace('_', ' ')} is unknown"
                    hint = f"if that isn't meant, add: and {name} is not empty"
                    place = self.places.of(atom.at)
                    self.problems.append(Problem(NEGATED, message, place, hint, HELP, Severity.WARNING))


_Test = Compare | InList | Contains | OlderThan | WithinLast | WithinNext | BoolName


def _negated(tree: Expr, negative: bool) -> Iterator[_Test]:
    match tree:
        case And(items) | Or(items):
            for item in items:
                yield from _negated(item, negative)
        case Not(item):
            yield from _negated(item, not negative)
        case Compare() | InList() | Contains() | OlderThan() | WithinLast() | WithinNext() | BoolName() if (
            negative
        ):
            yield tree


def _names(atom: _Test) -> Iterator[Name]:
    match atom:
        case Compare(left, _, right) | Contains(left, right):
            values: tuple[Value, ...] = (left, right)
        case BoolName(name):
            values = (name,)
        case _:
            values = (atom.value,)
    return (value for value in values if isinstance(value, Name))


def _reached(tree: Expr, scope: Scope, seen: set[str]) -> set[str]:
    """Every segment that the condition speaks of, directly or through another."""
    for atom in atoms(tree):
        if isinstance(atom, Call) and atom.fn == "in_segment" and atom.arg not in seen:
            seen.add(atom.arg)
            if atom.arg in scope.segments:
                _reached(scope.segments[atom.arg].tree, scope, seen)
    return seen


def _literal_type(literal: Literal) -> FieldType:
    match literal.value:
        case bool():
            return FieldType.BOOLEAN
        case Decimal():
            return FieldType.NUMBER
        case date():
            return FieldType.DATE
    return FieldType.TEXT


def _literal_side(value: Value) -> FieldType | None:
    return _literal_type(value) if isinstance(value, Literal) else None


def _group(kind: FieldType) -> FieldType:
    return FieldType.DATE if kind is FieldType.INSTANT else kind


def _rewrite(literal: Literal, wanted: FieldType) -> str | None:
    """The literal as it would have to be written for a field of the type `wanted`."""
    text = literal.value if isinstance(literal.value, str) else literal_text(literal)
    match wanted:
        case FieldType.TEXT:
            return f"write {quoted(text)}"
        case FieldType.NUMBER:
            return f"write {text} without quotes" if _is_number(text) else "write a number"
        case FieldType.BOOLEAN:
            return "write true or false"
        case FieldType.DATE | FieldType.INSTANT:
            return f"write {text} without quotes" if _is_day(text) else "write a day, such as 2026-12-31"
    return None


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).removeprefix("-").isdigit()


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
