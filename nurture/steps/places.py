"""A value by its name, as a step looks at it: a field of the person, of what started the run, or of a step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nurture.model import FieldType, Json, Run
from nurture.nodes import Scalar
from nurture.options import shapes
from nurture.options.desk import Desk, Named
from nurture.options.shapes import Schema
from nurture.options.values import Value
from nurture.steps.base import Facts

_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?")
DATES = (FieldType.DATE, FieldType.INSTANT)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: `owner` is `contact`, `trigger` or a step's id."""

    owner: str
    field: str
    column: str | None = None  # of the person's row; None: inside its JSON
    scale: int = 1

    def __str__(self) -> str:
        return self.field if self.owner == "contact" else f"{self.owner}.{self.field}"

    def value(self, run: Run, facts: Facts) -> Any:
        """The value as it is stored; None: unknown."""
        if self.owner == "trigger":
            return facts.trigger().get(self.field)
        if self.owner != "contact":
            return run.memory.get(self.owner, {}).get(self.field)
        person: Mapping[str, Any] = facts.contact()
        if self.column is None:
            return person["fields"].get(self.field)
        value = person.get(self.column)
        return value / self.scale if self.scale != 1 and value is not None else value

    def shown(self, run: Run, facts: Facts) -> Json:
        """The value as JSON has it."""
        value = self.value(run, facts)
        return value.isoformat() if isinstance(value, datetime) else value


@dataclass(frozen=True)
class PlaceName(Value[Place]):
    """The name of a value, of one of these types if any are given: the compiler looks it up."""

    words: str
    types: tuple[FieldType, ...] = ()

    def convert(self, scalar: Scalar, desk: Desk) -> Place | None:
        if not _NAME.fullmatch(scalar.text):
            desk.error("N105", f"expected {self.words}, found '{scalar.text}'", scalar.mark)
            return None
        desk.named.append(Named(scalar.text, scalar.mark, self.types))
        owner, _, name = scalar.text.rpartition(".")
        if owner not in ("", "contact"):
            return Place(owner, name)
        known = desk.contact_fields.get(name)
        return Place("contact", name, known.column if known else None, known.scale if known else 1)

    def schema(self, desk: Desk) -> Schema:
        return shapes.matching(self.words, _NAME.pattern)
