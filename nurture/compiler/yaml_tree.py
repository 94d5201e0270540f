"""A YAML file as it is written: where each word begins and ends, how it is quoted, and the comments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from nurture.compiler.yaml_reader import events


@dataclass(frozen=True, slots=True)
class Leaf:
    """A text. Lines and columns count from 0; `last` and `end` are the line and column behind it."""

    value: str
    style: str  # "", "'", '"', "|" or ">"
    source: str  # as it is written, where it stands on one line
    line: int
    column: int
    last: int
    end: int


@dataclass(frozen=True, slots=True)
class Twig:
    """A list; `flow` is one in brackets."""

    items: tuple[Tree, ...]
    flow: bool
    line: int
    column: int
    last: int
    end: int

    def inner(self) -> Iterator[Tree]:
        yield from self.items


@dataclass(frozen=True, slots=True)
class Branch:
    """A table of keys; `flow` is one in braces."""

    pairs: tuple[tuple[Leaf, Tree], ...]
    flow: bool
    line: int
    column: int
    last: int
    end: int

    def inner(self) -> Iterator[Tree]:
        yield from (value for _, value in self.pairs)


Tree: TypeAlias = Leaf | Twig | Branch


def read(text: str) -> Tree | None:
    """The file's tree; None where it uses anchors, aliases or tags, which a tree can't show."""
    text = text.lstrip("\ufeff")
    found = events("\n".join(text.splitlines()) + "\n")
    if any(getattr(each, "anchor", None) or getattr(each, "tag", None) not in (None, "!") for each in found):
        return None
    return _Reader(found, text.splitlines()).tree()


@dataclass
class _Reader:
    events: list[Any]  # the first one last
    lines: list[str]

    def tree(self) -> Tree:
        self.events = self.events[:-2]  # the stream and the document begin
        return self._node()

    def _node(self) -> Tree:
        event = self.events.pop()
        kind = type(event).__name__
        if kind == "ScalarEvent":
            return self._leaf(event)
        children: list[Tree] = []
        while type(self.events[-1]).__name__ not in ("SequenceEndEvent", "MappingEndEvent"):
            children.append(self._node())
        end = self.events.pop().end_mark
        flow = bool(event.flow_style)
        place = (flow, event.start_mark.line, event.start_mark.column, end.line, end.column)
        if kind == "SequenceStartEvent":
            return Twig(tuple(children), *place)
        pairs = zip(children[::2], children[1::2], strict=True)
        placed = ((key, _beside(key, value)) for key, value in pairs if isinstance(key, Leaf))
        return Branch(tuple(placed), *place)

    def _leaf(self, event: Any) -> Leaf:
        start, end, style = event.start_mark, event.end_mark, event.style or ""
        last, column = end.line, end.column
        if style in ("|", ">"):
            last, column = self._end_of_block(start.line), 0
        elif last >= len(self.lines):
            last, column = len(self.lines) - 1, len(self.lines[-1])
        if start.line >= len(self.lines):  # nothing, behind the last line
            return Leaf("", "", "", last, column, last, column)
        source = self.lines[start.line][start.column : column] if last == start.line else ""
        return Leaf(event.value, style, source, start.line, start.column, last, column)

    def _end_of_block(self, start: int) -> int:
        """The last line of a text that begins behind `|` or `>`."""
        head = self.lines[start]
        indent = len(head) - len(head.lstrip(" "))
        while head[indent : indent + 2] == "- ":
            indent += 2
        last = start
        for number in range(start + 1, len(self.lines)):
            line = self.lines[number]
            if line.strip() and len(line) - len(line.lstrip(" ")) <= indent:
                break
            last = number if line.strip() else last
        return last


def _beside(key: Leaf, value: Tree) -> Tree:
    """Nothing stands at its key, not where the next word begins."""
    nothing = isinstance(value, Leaf) and not value.value and not value.style
    return Leaf("", "", "", key.last, key.end, key.last, key.end) if nothing else value


def comments(lines: list[str], tree: Tree) -> dict[int, tuple[int, str]]:
    """By line: the column and the words of the comment that stands there."""
    taken = [(leaf.line, leaf.column, leaf.last, leaf.end) for leaf in _leaves(tree) if leaf.style]
    found = {}
    for number, line in enumerate(lines):
        for column, sign in enumerate(line):
            if (
                sign == "#"
                and (not column or line[column - 1] in " \t")
                and not _inside(number, column, taken)
            ):
                found[number] = column, line[column:].rstrip()
                break
    return found


def _inside(line: int, column: int, taken: list[tuple[int, int, int, int]]) -> bool:
    place = (line, column)
    return any((first, start) <= place < (last, end or 10_000) for first, start, last, end in taken)


def _leaves(node: Tree) -> Iterator[Leaf]:
    if isinstance(node, Leaf):
        yield node
        return
    if isinstance(node, Branch):
        yield from (key for key, _ in node.pairs)
    for inner in node.inner():
        yield from _leaves(inner)
