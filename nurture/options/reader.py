"""Reading a table of keys by its declared options, with every problem at once."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from typing import Any

from nurture.criteria import Condition
from nurture.nodes import Mapping, Node, Scalar, sort_of
from nurture.options import shapes
from nurture.options.desk import Asked, Desk
from nurture.options.tables import Option, Table
from nurture.options.values import Custom
from nurture.problems import Mark, nearest


@dataclass
class Options:
    """The options of one table, read. `blocks` are the steps that stand in it, by label."""

    table: Table
    mark: Mark
    desk: Desk
    values: dict[str, Any] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    blocks: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    meant: set[str] = field(default_factory=set)  # keys that are there, misspelt

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def given(self, name: str) -> bool:
        return name in self.nodes

    def written(self) -> dict[str, Any]:
        """The options that were written and could be read, by name."""
        return {name: self.values[name] for name in self.nodes if self.values[name] is not None}

    def mark_of(self, name: str) -> Mark:
        """Where the option's value stands; the table itself, if it isn't given."""
        return self.nodes[name].mark if name in self.nodes else self.mark

    def condition(self, name: str, *events: str, of_the_person: bool = False) -> Condition | None:
        """A condition, with its names to be checked later. `event.x` in it is a field of one of `events`."""
        condition: Condition | None = self.values[name]
        if condition is not None:
            self.desk.asked.append(
                Asked(condition, self.mark_of(name), events, of_the_person, self.desk.in_trigger)
            )
        return condition

    def block(self, label: str, steps: tuple[Any, ...] | None) -> None:
        self.blocks[label] = steps or ()

    def speak_of(self, what: str, *names: str) -> None:
        """Report those of these keys that are given, where there is nothing that they could speak of."""
        for name in filter(self.given, names):
            self.error("N509", f"'{name}' does nothing here: it speaks of {what}", name, "take it away")

    def error(self, code: str, message: str, name: str = "", hint: str | None = None) -> None:
        self.desk.error(code, message, self.mark_of(name), hint, self.table.anchor)


def read_table(node: Node, table: Table, desk: Desk, homes: Dict[str, str] | None = None) -> Options | None:
    """Read the keys that `table` declares; None when `node` is no table at all.

    `homes` tells of keys that belong elsewhere, and where.
    """
    if not isinstance(node, Mapping):
        desk.error("N104", f"expected {table.what} as a table of keys, found {sort_of(node)}", node.mark)
        return None
    options = Options(table, node.mark, desk)
    known = {option.name: option for option in table.options}
    broken = _cut_by_commas(node, known, desk)
    for key, value in node:
        if key.text in known:
            options.nodes[key.text] = value
        elif key.text not in broken:
            _unknown(key, table, options, homes or {})
    for option in table.options:
        options.values[option.name] = _read(option, options, broken)
    return options


def _read(option: Option, options: Options, broken: set[str]) -> Any:
    node = options.nodes.get(option.name)
    if node is None:
        if option.required and option.name not in options.meant:
            hint = f"add '{option.name}: {option.example}'" if option.example else None
            message = f"{options.table.what} needs '{option.name}'"
            options.desk.error("N103", message, options.mark, hint, options.table.anchor)
        return option.default
    if option.name in broken:
        return option.default
    value = option.value.read(node, options.desk)
    return option.default if value is None else value


def _unknown(key: Scalar, table: Table, options: Options, homes: Dict[str, str]) -> None:
    desk, names = options.desk, [option.name for option in table.options]
    near = nearest(key.text, names)
    anchor = table.anchor or None
    if key.text in homes:
        message = f"'{key.text}' does not belong to {table.what}"
        desk.error("N108", message, key.mark, homes[key.text], anchor)
    else:
        options.meant |= {near} if near else set()
        hint = f"did you mean '{near}'?" if near else f"it takes {', '.join(names)}"
        desk.error("N101", f"unknown key '{key.text}' in {table.what}", key.mark, hint, anchor)


def _cut_by_commas(node: Mapping, known: Dict[str, Option], desk: Desk) -> set[str]:
    """Keys that are pieces of a condition that a comma cut inside `{ }`, and the key it belongs to."""
    pieces: set[str] = set()
    open_value: tuple[Scalar, Scalar] | None = None
    for key, value in node:
        if open_value and key.text not in known and isinstance(value, Scalar) and value.is_nothing:
            name, start = open_value
            if name.text not in pieces:
                message = f"the comma inside {{ }} ends the condition of '{name.text}'"
                desk.error(
                    "N109",
                    message,
                    start.mark,
                    "put the condition on its own line or in quotes",
                    "conditions",
                )
            pieces |= {name.text, key.text}
        elif isinstance(value, Scalar) and not value.quoted and value.text.count("(") > value.text.count(")"):
            open_value = key, value
        else:
            open_value = None
    return pieces


def sub_table(table: Table) -> Custom[Options]:
    """A value that is a table itself."""
    return Custom(
        f"a table of {', '.join(option.name for option in table.options)}",
        lambda node, desk: read_table(node, table, desk),
        lambda desk: shapes.table(table, desk),
    )
