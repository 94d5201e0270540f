"""`any:` starts a run by whichever of several triggers comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nurture.criteria import Condition
from nurture.model import Field, FieldType
from nurture.nodes import Mapping as Table
from nurture.nodes import Node, sort_of
from nurture.options import shapes
from nurture.options.desk import Desk
from nurture.options.reader import Options
from nurture.options.shapes import Schema
from nurture.options.tables import Kind, Option
from nurture.options.values import ID, Custom
from nurture.problems import Mark
from nurture.triggers.base import Trigger

NAME = Field("name", FieldType.TEXT, "Which of the triggers of `any` it was.", unknown=False)


def _read(node: Node, desk: Desk) -> dict[str, Trigger] | None:
    if not isinstance(node, Table) or not node.pairs:
        hint = "write a name for each: any: {signed: {event: signed_up}}"
        desk.error("N104", f"expected triggers by name, found {sort_of(node)}", node.mark, hint, "any")
        return None
    found: dict[str, Trigger] = {}
    keys: dict[str, str | None] = {}
    for key, value in node:
        if not ID.fullmatch(key.text):
            desk.error(
                "N113", f"'{key.text}' can't be a name: small letters, digits and underscores", key.mark
            )
        desk.key = None
        trigger = desk.read_trigger(value)
        keys[key.text] = desk.key
        if isinstance(trigger, SeveralTriggers):
            desk.error("N108", "'any' can't stand inside another", key.mark, "name its triggers here", "any")
        elif trigger is not None:
            found[key.text] = trigger
    if len(set(keys.values())) > 1:
        first = {key: name for name, key in reversed(keys.items())}
        said = ", ".join(f"'{name}' {f'has {key}' if key else 'has none'}" for key, name in first.items())
        hint = "give all of them the same key, or none"
        desk.error("N516", f"these triggers have different keys: {said}", node.mark, hint, "any")
    return found or None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveralTriggers(Trigger):
    """Each of them by its name; `trigger.name` says which it was."""

    triggers: Mapping[str, Trigger] = field(default_factory=dict)

    KIND = Kind(
        "any",
        "Whichever of these triggers comes starts a run. `trigger.name` says which it was. Reentry and repeats count "
        "them together.",
        Option(
            "any",
            Custom("triggers by name", _read, lambda desk: _shape(desk)),
            "The triggers, each under a name.",
            "{signed: {event: signed_up}, bought: {event: order_completed}}",
            required=True,
            default={},
        ),
        example="any:\n  signed: {event: signed_up}\n  silent: {inactive: order_completed, for: 60 days}",
    )

    @classmethod
    def parse(cls, options: Options, mark: Mark) -> SeveralTriggers:
        triggers: dict[str, Trigger] = options["any"]
        keys = {each.key for each in triggers.values()}
        return cls(mark=mark, triggers=triggers, key=keys.pop() if len(keys) == 1 else None)

    @property
    def parts(self) -> Mapping[str, Trigger]:
        return self.triggers

    @property
    def event_names(self) -> frozenset[str]:
        return frozenset().union(*(each.event_names for each in self.triggers.values()))

    def conditions(self) -> tuple[Condition, ...]:
        return tuple(condition for each in self.triggers.values() for condition in each.conditions())

    def fields(self, events: Mapping[str, tuple[Field, ...]]) -> tuple[Field, ...]:
        """What each of them may know, and which of them it was."""
        known: dict[str, Any] = {
            one.name: one for each in self.triggers.values() for one in each.fields(events)
        }
        return (*(one for one in known.values() if one.name != NAME.name), NAME)

    def describe(self) -> str:
        return "; or ".join(f"{name}: {each.describe()}" for name, each in self.triggers.items())


def _shape(desk: Desk) -> Schema:
    from nurture.triggers import TRIGGERS

    simple = [each.KIND for name, each in TRIGGERS.items() if name != "any"]
    return shapes.table_of(shapes.kinds(simple, desk, what="a trigger"), ID.pattern)
