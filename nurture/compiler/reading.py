"""Reading steps and the trigger: which kind a table of keys is, and what is wrong with it where it is none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from typing import Any

from nurture.nodes import Mapping, Node, Scalar, Sequence, shorten, sort_of
from nurture.options.desk import Desk
from nurture.options.reader import Options, read_table
from nurture.options.tables import Kind, Option, Table
from nurture.options.values import STEP_ID
from nurture.problems import Mark, nearest
from nurture.steps import STEPS, Step
from nurture.triggers import TRIGGERS, Trigger

STEP_ID_OPTION = Option("id", STEP_ID, "The step's name in conditions, templates and reports.", "first")


@dataclass(frozen=True, slots=True)
class Placed:
    """A step as it stands in the file: with its blocks, and the id that was written, if one was."""

    step: Step
    blocks: Dict[str, tuple[Placed, ...]]
    id: str | None
    id_mark: Mark
    slug: str

    def walk(self) -> Iterator[Placed]:
        """This step and all inside it, in the order of the file."""
        yield self
        for block in self.blocks.values():
            for placed in block:
                yield from placed.walk()


def table_of(kind: Kind, *extra: Option) -> Table:
    options = (kind.argument, *extra, *kind.options)
    return Table(f"'{kind.name}'", options, kind.name)


def homes(kinds: Dict[str, Any]) -> dict[str, str]:
    """For each option, of which kinds it is one."""
    found: dict[str, list[str]] = {}
    for name, kind in kinds.items():
        for option in kind.KIND.options:
            found.setdefault(option.name, []).append(f"'{name}'")
    return {name: f"it belongs to {' or '.join(of)}" for name, of in found.items()}


_STEP_HOMES = {
    **homes(STEPS),
    **dict.fromkeys(("quiet_hours", "cap"), "it belongs to 'limits' of the journey"),
    **dict.fromkeys(
        ("reentry", "holdout", "goal", "limits", "trigger", "owner", "backfill", "steps"),
        "it belongs to the journey, above 'steps'",
    ),
    **dict.fromkeys(
        ("tag", "untag", "set", "subscribe", "unsubscribe", "suppress"), "it belongs to 'update'"
    ),
    **dict.fromkeys(("if", "else"), "it belongs to 'branch'"),
}
_TRIGGER_HOMES = {
    **homes(TRIGGERS),
    **dict.fromkeys(
        ("on_repeat", "reentry", "backfill", "holdout", "goal", "exit", "limits", "steps", "topic"),
        "it belongs to the journey, beside 'trigger'",
    ),
}


def read_steps(node: Node, desk: Desk) -> tuple[Placed, ...]:
    """A list of steps; those that can't be read are left out, with their problems on the desk."""
    if not isinstance(node, Sequence):
        hint = "put '- ' before each step" if isinstance(node, Mapping) else "write a list: '- wait: 1 day'"
        desk.error("N104", f"expected a list of steps, found {sort_of(node)}", node.mark, hint, "steps")
        return ()
    return tuple(placed for item in node.items if (placed := _read_step(item, desk)) is not None)


def _read_step(node: Node, desk: Desk) -> Placed | None:
    if not isinstance(node, Mapping):
        _no_table(node, desk)
        return None
    guessed = _kind(node, tuple(STEPS), "step", desk)
    if guessed is None:
        return None
    kind, node = guessed
    found = STEPS[kind]
    table = table_of(found.KIND, STEP_ID_OPTION)
    node = _unnested(node, kind, table, desk)
    options = read_table(node, table, desk, _STEP_HOMES)
    if options is None:
        return None
    step = found.parse(options, id="", mark=node.key(kind).mark)
    return Placed(
        step, dict(options.blocks), options["id"], options.mark_of("id"), _slug(kind, node.get(kind))
    )


def _no_table(node: Node, desk: Desk) -> None:
    if isinstance(node, Scalar):
        word, _, rest = node.text.partition(" ")
        kind = word if word in STEPS else nearest(word, STEPS)
        hint = (
            f"write '{kind}: {rest.strip(': ') or '...'}'"
            if kind
            else "write a kind and a value: 'wait: 1 day'"
        )
        desk.error("N104", f"a step is a key with a value, found {sort_of(node)}", node.mark, hint, "steps")
    else:
        desk.error("N104", "a list inside the list of steps", node.mark, "steps stand in one list", "steps")


def _kind(node: Mapping, known: tuple[str, ...], what: str, desk: Desk) -> tuple[str, Mapping] | None:
    """Which of the kinds this table is: the one key that names a kind. A misspelt one is taken as it was
    meant, so that what stands beside it is read too."""
    found = [key for key, _ in node if key.text in known]
    if len(found) > 1:  # `assign` is a step, and an option of `task`
        kinds: Dict[str, Any] = STEPS if what == "step" else TRIGGERS
        beside = {option.name for key in found for option in kinds[key.text].KIND.options}
        found = [key for key in found if key.text not in beside]
    for key in found[1:]:
        hint = (
            f"put '- ' before '{key.text}' to make it a {what} of its own"
            if what == "step"
            else "keep one of them"
        )
        desk.error(
            "N106", f"two {what}s in one: '{found[0].text}' and '{key.text}'", key.mark, hint, f"{what}s"
        )
    if found:
        return (found[0].text, node) if len(found) == 1 else None
    return _guess(node, known, what, desk)


def _guess(node: Mapping, known: tuple[str, ...], what: str, desk: Desk) -> tuple[str, Mapping] | None:
    guesses = [(key, near) for key, _ in node if (near := nearest(key.text, known))]
    if not guesses:
        key = node.pairs[0][0] if node.pairs else Scalar("", node.mark)
        hint = f"it is one of {', '.join(known)}"
        message = f"unknown {what} '{key.text}'" if node.pairs else f"an empty {what}"
        desk.error("N102", message, key.mark, hint, f"{what}s")
        return None
    key, near = guesses[0]
    desk.error("N102", f"unknown {what} '{key.text}'", key.mark, f"did you mean '{near}'?", near)
    pairs = tuple((Scalar(near, name.mark) if name is key else name, value) for name, value in node)
    return near, Mapping(pairs, node.mark)


# What people call the main value of a kind, when they write it under the kind.
_MAIN = {
    "wait_for": "event",
    "wait": "for",
    "coupon": "pool",
    "task": "title",
    "survey": "name",
    "exit": "reason",
}


def _unnested(node: Mapping, kind: str, table: Table, desk: Desk) -> Mapping:
    """Options that were written under the kind, where they should stand beside it, put there."""
    inner = node.get(kind)
    beside = {option.name for option in table.options} | {_MAIN.get(kind, "template")}
    if kind == "update" or not isinstance(inner, Mapping) or not any(key.text in beside for key, _ in inner):
        return node
    mark = inner.pairs[0][0].mark
    hint = f"write '{kind}:' with its main value, and the options below in the same column"
    desk.error("N108", f"options stand beside '{kind}', not under it", mark, hint, kind)
    main = (kind, _MAIN.get(kind, "template"))
    argument = next((value for key, value in inner if key.text in main), Scalar("", mark, quoted=True))
    moved = tuple((key, value) for key, value in inner if key.text not in main and key.text in beside)
    others = tuple((key, value) for key, value in node if key.text != kind)
    taken = {key.text for key, _ in moved}
    return Mapping(
        ((node.key(kind), argument), *moved, *(pair for pair in others if pair[0].text not in taken)),
        node.mark,
    )


def _slug(kind: str, argument: Node | None) -> str:
    text = argument.text if isinstance(argument, Scalar) else ""
    if isinstance(argument, Mapping):
        text = " ".join(f"{key.text} {value.text}" for key, value in argument if isinstance(value, Scalar))
    words = re.sub(r"[^a-z0-9]+", "_", f"{kind} {shorten(text)}".lower())
    return words.strip("_")


def read_trigger(node: Node, desk: Desk) -> Trigger | None:
    if not isinstance(node, Mapping):
        hint = "write one of its kinds below, such as 'event: signed_up'"
        desk.error("N104", f"expected a trigger, found {sort_of(node)}", node.mark, hint, "triggers")
        return None
    guessed = _kind(node, tuple(TRIGGERS), "trigger", desk)
    if guessed is None:
        return None
    kind, node = guessed
    found = TRIGGERS[kind]
    desk.in_trigger = True
    options: Options | None = read_table(node, table_of(found.KIND), desk, _TRIGGER_HOMES)
    desk.in_trigger = True  # one inside has ended, and this one goes on
    trigger = found.parse(options, node.key(kind).mark) if options is not None else None
    desk.in_trigger = False
    return trigger
