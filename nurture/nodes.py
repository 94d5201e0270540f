"""What a YAML file says, with the place of every word: text, lists and tables.

Nothing has a type yet: `21:00`, `NO` and `01310` are the text that was typed, and the key that they
stand under gives them their meaning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from nurture.problems import Mark


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single word or text. `text` is empty where nothing was written; `quoted` tells "" from nothing."""

    text: str
    mark: Mark
    quoted: bool = False

    @property
    def is_nothing(self) -> bool:
        return not self.text and not self.quoted


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[Node, ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Mapping:
    """A table of keys, in the order in which they were written. No key comes twice."""

    pairs: tuple[tuple[Scalar, Node], ...]
    mark: Mark

    def __iter__(self) -> Iterator[tuple[Scalar, Node]]:
        return iter(self.pairs)

    def __contains__(self, key: str) -> bool:
        return any(name.text == key for name, _ in self.pairs)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(name.text for name, _ in self.pairs)

    def get(self, key: str) -> Node | None:
        return next((value for name, value in self.pairs if name.text == key), None)

    def key(self, key: str) -> Scalar:
        """The key itself, with its place. Raises StopIteration where there is none."""
        return next(name for name, _ in self.pairs if name.text == key)


Node: TypeAlias = Scalar | Sequence | Mapping


def sort_of(node: Node) -> str:
    """What kind of thing stands here, for a message."""
    match node:
        case Sequence():
            return "a list"
        case Mapping():
            return "a table of keys"
        case Scalar() if node.is_nothing:
            return "nothing"
        case Scalar():
            return f"'{shorten(node.text)}'"


def shorten(text: str, most: int = 40) -> str:
    """The text on one line, at most so long."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 3].rstrip() + "..."
