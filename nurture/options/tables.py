"""Tables of options: read by the compiler, printed as the reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nurture.options.values import Value


@dataclass(frozen=True, slots=True)
class Option:
    """A key that may stand in a table. `default` also stands in where the value can't be read."""

    name: str
    value: Value[Any]
    doc: str
    example: str = ""
    required: bool = False
    default: Any = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of step or trigger: the key that names it, what that key holds, and its options."""

    name: str
    doc: str
    argument: Option
    options: tuple[Option, ...] = ()
    example: str = ""
    brings: str = ""  # in words, for the reference
    rules: tuple[dict[str, Any], ...] = ()  # what no single key can say, as JSON Schema for editors


@dataclass(frozen=True, slots=True)
class Table:
    """The keys of a whole file or of a nested table."""

    what: str  # "a journey", "limits": for messages
    options: tuple[Option, ...]
    anchor: str = ""
    rules: tuple[dict[str, Any], ...] = ()  # what no single key can say, as JSON Schema for editors
