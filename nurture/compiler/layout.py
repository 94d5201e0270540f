"""The canonical layout of a journey: keys in the registry's order, two spaces, quotes where they are needed.

What a file says is not changed, nor are its comments: a comment on a line of its own goes with the key or step
below it, one at the end of a line stays there, in its column where there is room.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from nurture.compiler.schema import journey_schema
from nurture.compiler.yaml_reader import load
from nurture.compiler.yaml_tree import Branch, Leaf, Tree, Twig, comments, read
from nurture.nodes import Mapping, Node, Scalar, Sequence
from nurture.options.shapes import Schema
from nurture.problems import NurtureError

WIDTH = 100  # a table in braces that fits is written on one line
_OTHERWISE_TYPED = re.compile(
    r"[-+]?(\d[\d_]*(\.\d*)?|\.\d+)(e[-+]?\d+)?|0[xo][\da-f]+|[-+]?\.(inf|nan)"
    r"|~|null|true|false",
    re.IGNORECASE,
)
_SIGN = re.compile(
    r"""[-?:](\s|$)|[,\[\]{}#&*!|>'"%@`“”„‟‘’«»]|---|\.\.\."""
)  # what a text may not begin with
_TIME = re.compile(r"\d{1,2}:\d\d([-–]\d{1,2}:\d\d)?")


def lay_out(text: str, file: str) -> str:
    """The journey's text in the canonical layout.

    Raises NurtureError where it can't be read, or where it uses what can't be laid out safely.
    """
    node, problems = load(text, file)
    if problems or node is None:
        raise NurtureError(f"{file} can't be laid out", tuple(problems))
    tree = read(text)
    if tree is None:
        raise NurtureError(f"{file} uses anchors or tags; write them out to have it laid out")
    made = _Layout(text.lstrip("\ufeff").splitlines(), tree).text()
    if _said(load(made, file)[0]) != _said(node):
        raise NurtureError(f"{file} can't be laid out without changing what it says; it is left as it is")
    return made


def _said(node: Node | None) -> object:
    """What a file says: the order of keys says nothing where the registry knows them."""
    match node:
        case Mapping(pairs):
            return {key.text: _said(value) for key, value in pairs}
        case Sequence(items):
            return [_said(item) for item in items]
        case Scalar(text, _, quoted):
            return text, quoted and not text
        case _:
            return None


@dataclass
class _Layout:
    lines: list[str]
    tree: Tree
    leading: dict[int, list[str]] = field(default_factory=dict)  # by the line of the entry below
    trailing: dict[int, tuple[int, str]] = field(default_factory=dict)  # by line: column and comment
    footer: list[str] = field(default_factory=list)
    comments: dict[int, tuple[int, str]] = field(init=False)

    def __post_init__(self) -> None:
        self.comments = comments(self.lines, self.tree)

    def text(self) -> str:
        self._place_comments()
        first = min(_starts(self.tree), default=0)
        above = self.leading.pop(first, [])
        header = [*_tidy(above), *([""] if above and not above[-1] else [])]
        body = self._block(self.tree, _root(), 0)
        return "\n".join([*header, *_tidy(body, first=not header), *_tidy(self.footer)]) + "\n"

    def _place_comments(self) -> None:
        starts = sorted(set(_starts(self.tree)))
        ends = set(_ends(self.tree))
        inside = set(_verbatim(self.tree))
        found = self.comments
        waiting: list[str] = []
        for number, line in enumerate(self.lines):
            if number in starts and waiting:
                self.leading[number], waiting = waiting, []
            comment = found.get(number)
            if not line.strip() and number not in inside:
                waiting.append("")
            elif comment is not None and number not in inside:
                column, words = comment
                if number in ends and line[:column].strip():
                    self.trailing[number] = comment
                else:
                    waiting.append(words)
        self.footer = waiting

    # --- blocks ------------------------------------------------------------------------------

    def _block(self, node: Tree, schema: Schema, indent: int) -> list[str]:
        schema = _narrow(schema, node)
        lines: list[str] = []
        if isinstance(node, Branch):
            for key, value in _ordered(node, schema):
                lines += self._above(key.line, indent)
                lines += self._pair(key, value, _of_key(schema, key.value), indent)
            return lines
        assert isinstance(node, Twig)
        for item in node.items:
            lines += self._above(item.line, indent)
            lines += self._item(item, schema.get("items", {}), indent)
        return lines

    def _above(self, line: int, indent: int) -> list[str]:
        return [" " * indent + words if words else "" for words in self.leading.pop(line, [])]

    def _pair(self, key: Leaf, value: Tree, schema: Schema, indent: int) -> list[str]:
        head = " " * indent + _scalar(key, flow=False) + ":"
        if self._is_inline(value):
            said = self._inline(value, schema, indent - key.column)
            first, *rest = said if said else [""]
            lines = [f"{head} {first}".rstrip(), *rest]
            lines[-1] = self._with_comment(lines[-1], value.last if said else key.line)
            return lines
        return [self._with_comment(head, key.line), *self._block(value, schema, indent + 2)]

    def _item(self, item: Tree, schema: Schema, indent: int) -> list[str]:
        dash = " " * indent + "- "
        if self._is_inline(item):
            said = self._inline(item, schema, indent + 2 - item.column)
            first, *rest = said if said else [""]
            lines = [(dash + first).rstrip(), *rest]
            lines[-1] = self._with_comment(lines[-1], item.last)
            return lines
        lines = self._block(item, schema, indent + 2)
        if isinstance(item, Twig):
            return [dash.rstrip(), *lines]
        above = next(
            number for number, line in enumerate(lines) if line and not line.lstrip().startswith("#")
        )
        lines[:above] = [line[2:] for line in lines[:above] if line]
        lines[above] = dash + lines[above][indent + 2 :]
        return lines

    def _with_comment(self, line: str, number: int) -> str:
        column, words = self.trailing.pop(number, (0, ""))
        return f"{line.ljust(column - 2)}  {words}" if words else line

    # --- on one line -------------------------------------------------------------------------

    @staticmethod
    def _is_inline(node: Tree) -> bool:
        return isinstance(node, Leaf) or node.flow

    def _inline(self, node: Tree, schema: Schema, shift: int) -> list[str]:
        """The lines of a value that stands beside its key; those after the first are moved with the key."""
        if isinstance(node, Leaf) and node.line == node.last and node.style not in ("|", ">"):
            said = _scalar(node, flow=False)
            return [said] if said else []
        if not isinstance(node, Leaf):
            line = _flow(node, schema)
            if line is not None and (node.line == node.last or self._fits(node, line)):
                return [line]
        return self._as_written(node, shift)

    def _fits(self, node: Tree, line: str) -> bool:
        return node.column + len(line) <= WIDTH and not any(
            number in range(node.line, node.last + 1) for number in self.comments
        )

    def _as_written(self, node: Tree, shift: int) -> list[str]:
        first = self.lines[node.line][node.column :]
        if node.line == node.last:
            return [first[: node.end - node.column]]
        rest = self.lines[node.line + 1 : node.last + 1]
        if not (isinstance(node, Leaf) and node.style in ("|", ">")):
            rest[-1] = rest[-1][: node.end]
        return [first.rstrip(), *(_moved(line, shift) for line in rest)]


def _moved(line: str, shift: int) -> str:
    if not line.strip():
        return ""
    return " " * shift + line if shift >= 0 else line[min(-shift, len(line) - len(line.lstrip())) :]


def _tidy(lines: list[str], first: bool = False) -> list[str]:
    """At most one empty line at once, and none at the start and end."""
    kept: list[str] = []
    for line in lines:
        if line.strip() or (kept and kept[-1]):
            kept.append(line.rstrip())
        elif not kept and not first:
            kept.append("")
    while kept and not kept[-1]:
        kept.pop()
    return kept


# --- the order of keys -----------------------------------------------------------------------


@lru_cache(maxsize=1)
def _root() -> Schema:
    return journey_schema()


def _narrow(schema: Schema, node: Tree) -> Schema:
    """The part of the schema that is meant where `node` stands."""
    if "$ref" in schema:
        schema = _root()["definitions"][schema["$ref"].rpartition("/")[2]]
    wanted = "object" if isinstance(node, Branch) else "array"
    for each in schema.get("anyOf", ()):
        if each.get("type") == wanted:
            return _narrow(each, node)
    keys = {key.value for key, _ in node.pairs} if isinstance(node, Branch) else set()
    while "if" in schema:
        found = set(schema["if"]["required"]) <= keys
        schema = schema["then"] if found else schema["else"]
    return schema


def _of_key(schema: Schema, key: str) -> Schema:
    found = schema.get("properties", {}).get(key) or schema.get("additionalProperties")
    return found if isinstance(found, dict) else {}


def _ordered(node: Branch, schema: Schema) -> list[tuple[Leaf, Tree]]:
    """The pairs in the registry's order, blocks of steps last; in a table of the writer's own names, as written."""
    names = list(schema.get("properties", {}))
    if not names:
        return list(node.pairs)

    def place(pair: tuple[Leaf, Tree]) -> tuple[bool, int]:
        name = pair[0].value
        if name not in names:
            return True, len(names)
        at = names.index(name)
        return bool(at) and _holds_steps(schema["properties"][name]), at

    return sorted(node.pairs, key=place)


def _holds_steps(schema: Schema) -> bool:
    """A list of steps, or a table of such lists or of tables with one."""
    if "$ref" in schema.get("items", {}):
        return True
    each = schema.get("additionalProperties")
    inner = [each, *each.get("properties", {}).values()] if isinstance(each, dict) else []
    return any(_holds_steps(one) for one in inner)


# --- words -----------------------------------------------------------------------------------


def _flow(node: Tree, schema: Schema) -> str | None:
    """A table or list in brackets on one line; None where it has to stay as it was written."""
    if isinstance(node, Leaf):
        simple = node.line == node.last and node.style not in ("|", ">") and (node.value or node.style)
        return _scalar(node, flow=True) if simple else None
    schema = _narrow(schema, node)
    if isinstance(node, Twig):
        parts = [_flow(item, schema.get("items", {})) for item in node.items]
        known = [part for part in parts if part is not None]
        return f"[{', '.join(known)}]" if len(known) == len(parts) else None
    pairs = [
        (_scalar(key, flow=True), _flow(value, _of_key(schema, key.value)))
        for key, value in _ordered(node, schema)
    ]
    if any(value is None for _, value in pairs):
        return None
    return "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"


def _scalar(leaf: Leaf, flow: bool) -> str:
    """The text, in quotes where YAML or a reader of YAML would take it for something else."""
    if leaf.style not in ("'", '"'):
        return f'"{leaf.value}"' if _TIME.fullmatch(leaf.value) else leaf.source
    value = leaf.value
    if not value.isprintable():
        return leaf.source
    if _is_plain(value, flow):
        return value
    if '"' not in value and "\\" not in value:
        return f'"{value}"'
    return "'" + value.replace("'", "''") + "'"


def _is_plain(value: str, flow: bool) -> bool:
    if not value or value != value.strip() or _SIGN.match(value):
        return False
    if _OTHERWISE_TYPED.fullmatch(value) or _TIME.fullmatch(value):
        return False
    if ": " in value or " #" in value or value.endswith(":"):
        return False
    return not (flow and set(value) & set(",[]{}"))


# --- where things stand ----------------------------------------------------------------------


def _starts(node: Tree) -> Iterator[int]:
    """The lines on which keys and items of blocks begin."""
    if isinstance(node, Leaf) or node.flow:
        return
    children = [*(key for key, _ in node.pairs)] if isinstance(node, Branch) else list(node.items)
    for child in children:
        yield child.line
    for inner in node.inner():
        yield from _starts(inner)


def _ends(node: Tree) -> Iterator[int]:
    """The lines on which a comment may stand behind what is written."""
    if isinstance(node, Leaf) or node.flow:
        yield node.last
        return
    if isinstance(node, Branch):
        yield from (
            key.line for key, value in node.pairs if value.last != key.line or value.column <= key.column
        )
    for inner in node.inner():
        yield from _ends(inner)


def _verbatim(node: Tree) -> Iterator[int]:
    """The lines inside of values that go over several lines."""
    if isinstance(node, Leaf) or node.flow:
        last = node.last + 1 if isinstance(node, Leaf) and node.style in ("|", ">") else node.last
        yield from range(node.line, last)
        return
    for inner in node.inner():
        yield from _verbatim(inner)
