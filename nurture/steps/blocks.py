"""Steps that stand inside a step."""

from __future__ import annotations

from typing import Any

from nurture.nodes import Node
from nurture.options import shapes
from nurture.options.desk import Desk
from nurture.options.shapes import Schema
from nurture.options.values import Value


class Steps(Value[tuple[Any, ...]]):
    words = "a list of steps"

    def read(self, node: Node, desk: Desk) -> tuple[Any, ...]:
        return desk.read_steps(node)

    def schema(self, desk: Desk) -> Schema:
        return shapes.steps()
