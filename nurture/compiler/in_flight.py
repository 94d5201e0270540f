"""`in_flight`: what a new version does to the people inside."""

from __future__ import annotations

from nurture.compiler.plan import InFlight
from nurture.nodes import Mapping, Node, Scalar
from nurture.options import shapes
from nurture.options.desk import Desk, suggestion
from nurture.options.reader import Options
from nurture.options.shapes import Schema
from nurture.options.values import STEP_ID, Choice

MODES = ("pin", "migrate", "drain", "eject")
END = "end"  # where a step that is gone may send those who stand there: out of the journey
_MODE = Choice(MODES)


def read(node: Node, desk: Desk) -> InFlight | None:
    """One of the modes, or `migrate:` with a map of the steps that are gone."""
    if not isinstance(node, Mapping):
        mode = _MODE.read(node, desk)
        return InFlight(mode) if mode else None
    moves = node.get("migrate")
    if node.keys != ("migrate",) or not isinstance(moves, Mapping):
        hint = "write 'in_flight: {migrate: {old_step: new_step}}', or one of " + ", ".join(MODES)
        desk.error("N104", "expected a map of steps below 'migrate'", node.mark, hint)
        return None
    found = [(key.text, value.text) for key, value in moves if isinstance(value, Scalar)]
    return InFlight("migrate", tuple(found))


def shape(desk: Desk) -> Schema:
    """What it looks like to an editor."""
    moves = {
        "type": "object",
        "additionalProperties": {"type": "string", "pattern": f"^(?:{STEP_ID.pattern.pattern})$"},
    }
    table = {"type": "object", "properties": {"migrate": moves}, "additionalProperties": False}
    return {"anyOf": [shapes.choice("one of them", MODES), {**table, "required": ["migrate"]}]}


def check(options: Options, steps: frozenset[str]) -> None:
    """A move leads to a step of this journey, or out of it."""
    for old, new in options["in_flight"].moves:
        if new not in steps and new != END:
            hint = suggestion(new, [*steps, END], "step")
            options.error("N406", f"'{old}' can't move to '{new}': no step has that id", "in_flight", hint)
