"""Names and types of a condition, held against what is declared, before anything runs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from nurture.criteria.naming import POINTLESS, STAGE, UNKNOWN, WRONG_PLACE, WRONG_TYPE, Names
from nurture.criteria.negations import negations
from nurture.criteria.parser import STEP_CALLS
from nurture.criteria.places import Places
from nurture.criteria.scope import Scope
from nurture.criteria.text import literal_text, quoted, value_text
from nurture.criteria.tree import (
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
    OlderThan,
    Value,
    WithinLast,
    WithinNext,
    atoms,
)
from nurture.criteria.types import DATES, TYPES, group_of, literal_side, rewrite
from nurture.model import PERSONAL, FieldType, Span
from nurture.problems import Mark, Problem, nearest


def check(condition: Condition, scope: Scope, mark: Mark | None = None) -> list[Problem]:
    """Everything that is wrong with the condition's names and types, and what deserves a second look."""
    checker = _Checker(scope, Places(condition.source or condition.text, mark))
    checker.tree(condition.tree)
    warnings = negations(condition.tree, scope, checker.places)
    return list(dict.fromkeys([*checker.problems, *warnings]))


@dataclass
class _Checker(Names):
    inside_did: bool = False

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

    # --- tests ----------------------------------------------------------------------------

    def compare(self, left: Value, op: str, right: Value, at: At) -> None:
        beside = FieldType.TEXT if op == "=" else None
        kinds = self.type_of(left, literal_side(right)), self.type_of(right, beside)
        if isinstance(left, Literal) and isinstance(right, Literal):
            self.error(POINTLESS, "two values are compared, no field", at, "one side is the name of a field")
        self.no_empty_text(left, right)
        self.known_stage(left, right)
        if None in kinds:
            return
        first, second = kinds
        assert first is not None
        assert second is not None
        if FieldType.LIST in kinds:
            self.error(
                WRONG_TYPE, "a list isn't equal to one value", at, f"write: {value_text(left)} contains ..."
            )
        elif group_of(first) is not group_of(second):
            self.mismatch(left, first, right, second, at)
        elif op != "=" and group_of(first) in (FieldType.TEXT, FieldType.BOOLEAN):
            self.error(
                WRONG_TYPE,
                f"{TYPES[first]} has no order: '{op}' is for numbers and dates",
                at,
                "use =, in or contains",
            )

    def mismatch(self, left: Value, first: FieldType, right: Value, second: FieldType, at: At) -> None:
        message = f"{value_text(left)} is {TYPES[first]}, {value_text(right)} is {TYPES[second]}"
        literal, wanted = (right, first) if isinstance(right, Literal) else (left, second)
        hint = rewrite(literal, wanted) if isinstance(literal, Literal) else None
        self.error(WRONG_TYPE, message, at, hint or "both sides are of one type")

    def no_empty_text(self, *values: Value) -> None:
        for value in values:
            if isinstance(value, Literal) and value.value == "":
                self.error(
                    POINTLESS, "nothing equals an empty text: it is unknown", value.at, "write: is empty"
                )

    def known_stage(self, *sides: Value) -> None:
        """Who is compared with a stage that nobody can be in never matches."""
        names = [side for side in sides if isinstance(side, Name)]
        if not self.scope.stages or [(name.owner, name.last) for name in names] != [("contact", "stage")]:
            return
        for side in sides:
            if isinstance(side, Literal) and isinstance(side.value, str) and side.value:
                self.declared_stage(side.value, side.at)

    def declared_stage(self, stage: str, at: At) -> None:
        if stage not in self.scope.stages:
            close = nearest(stage, self.scope.stages)
            hint = f"did you mean '{close}'?" if close else f"there is {', '.join(self.scope.stages)}"
            self.error(STAGE, f"there is no stage '{stage}'", at, hint)

    def contains(self, value: Value, item: Value, at: At) -> None:
        first, second = self.type_of(value), self.type_of(item, FieldType.TEXT)
        self.no_empty_text(item)
        if isinstance(value, Literal) and isinstance(item, Literal):
            self.error(POINTLESS, "two values are compared, no field", at, "one side is the name of a field")
        if first is not None and first not in (FieldType.TEXT, FieldType.LIST):
            self.error(
                WRONG_TYPE,
                f"{value_text(value)} is {TYPES[first]}: contains is for texts and lists",
                at,
                "write =",
            )
        elif second is not None and second is not FieldType.TEXT:
            hint = f"write {quoted(literal_text(item))}" if isinstance(item, Literal) else None
            self.error(
                WRONG_TYPE, f"{value_text(item)} is {TYPES[second]}: contains looks for a text", item.at, hint
            )

    def is_empty(self, value: Value, at: At) -> None:
        self.type_of(value)
        if isinstance(value, Literal):
            self.error(POINTLESS, f"{literal_text(value)} is never empty", at, "write the name of a field")

    def moment(self, value: Value, span: Span, at: At) -> None:
        kind = self.type_of(value)
        if isinstance(value, Literal):
            self.error(POINTLESS, "the age of a fixed value is asked", at, "write the name of a field")
        elif kind is not None and kind not in DATES:
            self.error(
                WRONG_TYPE, f"{value} is {TYPES[kind]}, not a date", value.at, "write a field that is a date"
            )
        elif kind is FieldType.DATE and span.seconds:
            hint = "write days or weeks"
            self.error(
                WRONG_TYPE, f"{value} is a day without a time; it can't be compared by {span}", at, hint
            )

    def bare(self, name: Name) -> None:
        kind = self.type_of(name)
        if kind is not None and kind is not FieldType.BOOLEAN:
            example = {FieldType.LIST: 'contains "..."', FieldType.NUMBER: ">= 1"}.get(kind, "is not empty")
            message = f"'{name}' is {TYPES[kind]} and alone is no condition"
            self.error(WRONG_TYPE, message, name.at, f"such as: {name} {example}")

    # --- events, functions ------------------------------------------------------------------

    def did(self, did: Did) -> None:
        if self.inside_did:
            self.error(
                WRONG_PLACE, "did() can't stand in the where of another", did.at, "join the two with and"
            )
            return
        if did.since_entry and not self.scope.in_run:
            self.error(
                WRONG_PLACE, "'since entry' has a meaning only inside a run", did.at, "write: within 30 days"
            )
        if did.count == 0 and did.op == ">=":
            self.error(POINTLESS, "everybody did it at least 0 times", did.at, "write: did not(...)")
        fields = self.scope.events.get(did.event)
        if fields is None:
            self.unknown_event(did)
        if did.where is not None:
            within = replace(self.scope, event=fields or ())
            inner = _Checker(within, self.places, self.problems, True)
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
                "reachable": ([channel.value for channel in PERSONAL], "channel"),
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
                WRONG_PLACE,
                f"{call.fn}() asks about a run's message, and this is outside",
                at,
                "use did(...)",
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
            self.error(
                WRONG_PLACE, "no segments are declared in this workspace", at, "write the condition itself"
            )
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


def _reached(tree: Expr, scope: Scope, seen: set[str]) -> set[str]:
    """Every segment that the condition speaks of, directly or through another."""
    for atom in atoms(tree):
        if isinstance(atom, Call) and atom.fn == "in_segment" and atom.arg not in seen:
            seen.add(atom.arg)
            if atom.arg in scope.segments:
                _reached(scope.segments[atom.arg].tree, scope, seen)
    return seen
