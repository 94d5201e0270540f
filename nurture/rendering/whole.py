"""A template with its layout and its parts in one tree: what Jinja looks up anew for every message is put in place once.

It writes the same text. Where a name could mean something else in one tree than it does in several, there is none, and
the template is used as it is written; so it is to say what went wrong, too: its own file and line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace

from jinja2 import nodes

Parts = Mapping[str, nodes.Template]  # by the names that templates call them

_GIVE_NAMES = (nodes.Import, nodes.FromImport, nodes.Assign)
_CAPTURE = (
    nodes.AssignBlock,
    nodes.FilterBlock,
    nodes.ScopedEvalContextModifier,
    nodes.Macro,
    nodes.CallBlock,
)
_OWN = (nodes.Extends, nodes.Block, nodes.Macro, nodes.CallBlock)  # what isn't put in place of an include
_OF_BLOCKS = {"super", "self"}


class _Several(Exception):
    """It must stay several templates."""


def whole(parts: Parts, name: str) -> nodes.Template | None:
    """The tree of the template `name` with all that it extends and includes; None where it can't be one."""
    try:
        tree = nodes.Template(_statements(parts, name, {}), lineno=1)
    except _Several:
        return None
    return tree


def _statements(parts: Parts, name: str, derived: Mapping[str, nodes.Block]) -> list[nodes.Node]:
    """What the template does, with the blocks `derived` from it in place of its own."""
    tree = parts[name]
    if _loaded(tree) & _OF_BLOCKS:
        raise _Several
    blocks = {block.name: block for block in tree.find_all(nodes.Block)} | dict(derived)
    extends = [at for at, node in enumerate(tree.body) if isinstance(node, nodes.Extends)]
    if not extends:
        _check_layout(tree)
        return _Place(parts, blocks, _stored(tree), (name,), at_top=True).all(tree.body)
    before, after = tree.body[: extends[0]], tree.body[extends[0] + 1 :]
    # Text beside the blocks of a template that extends another says nothing there.
    said = [node for node in after if not isinstance(node, (nodes.Output, nodes.Block))]
    first = [*before, *said]
    if not all(_gives_names(node) or _is_text(node) for node in first):
        raise _Several
    layout = _named(tree.body[extends[0]])
    if not _alike(layout, name):
        raise _Several
    return [*_Place(parts, {}, frozenset(), (), at_top=False).all(first), *_statements(parts, layout, blocks)]


def _check_layout(tree: nodes.Template) -> None:
    """What gives names comes first: nothing asks for one before it is given."""
    rest = list(tree.body)
    while rest and (_gives_names(rest[0]) or _is_text(rest[0])):
        rest.pop(0)
    for node in rest:
        outside = node.find_all(_GIVE_NAMES) if isinstance(node, nodes.If) else ()
        if isinstance(node, (*_GIVE_NAMES, nodes.AssignBlock, nodes.Macro)) or any(outside):
            raise _Several


def _gives_names(node: nodes.Node) -> bool:
    return isinstance(node, _GIVE_NAMES) and not getattr(node, "with_context", False)


def _is_text(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Output) and all(isinstance(one, nodes.TemplateData) for one in node.nodes)


@dataclass(frozen=True, slots=True)
class _Place:
    """Copies statements, with blocks and parts in their places."""

    parts: Parts
    blocks: Mapping[str, nodes.Block]
    stored: Set[str]  # the names that are given around what is copied
    within: tuple[str, ...]  # the templates that it stands in, outermost first
    at_top: bool  # of the layout, where blocks see no names but those that come first
    captured: bool = False

    def all(self, statements: Iterable[nodes.Node]) -> list[nodes.Node]:
        """Copies of the statements; neighbouring outputs are one."""
        made: list[nodes.Node] = []
        for node in (copy for one in statements for copy in self.of(one)):
            if isinstance(node, nodes.Output) and made and isinstance(made[-1], nodes.Output):
                made[-1].nodes += node.nodes
            else:
                made.append(node)
        return made

    def of(self, node: nodes.Node) -> Iterator[nodes.Node]:
        """What stands in place of a node."""
        if isinstance(node, nodes.Block):
            if not self.at_top or node.scoped or node.required:
                raise _Several
            block = self.blocks[node.name]
            yield from _scoped(replace(self, stored=_stored(block), at_top=False), block)
        elif isinstance(node, nodes.Include) and (name := self._part(node)):
            part = self.parts[name]
            around = self.stored | _stored(part)
            yield from _scoped(replace(self, stored=around, within=(*self.within, name), at_top=False), part)
        else:
            yield self._copy(node)

    def _part(self, node: nodes.Include) -> str | None:
        """The name of the part that may stand in place of an include: all its names mean the same there."""
        name = _named(node)
        if (
            name not in self.parts
            or name in self.within
            or not self.within
            or not _alike(name, self.within[0])
        ):
            return None
        part = self.parts[name]
        names = _loaded(part)
        open_ = not node.ignore_missing and not self.captured
        alone = names & (self.stored | _OF_BLOCKS | {"loop", "caller"}) or any(part.find_all(_OWN))
        return name if open_ and not alone else None

    def _copy(self, node: nodes.Node) -> nodes.Node:
        fresh = object.__new__(type(node))
        inner = replace(
            self,
            at_top=self.at_top and isinstance(node, nodes.If),
            captured=self.captured or isinstance(node, _CAPTURE),
        )
        for attribute in node.attributes:
            setattr(fresh, attribute, getattr(node, attribute, None))
        for name, value in node.iter_fields():
            setattr(fresh, name, inner._field(value))
        return fresh

    def _field(self, value: object) -> object:
        if isinstance(value, nodes.Node):
            (copy,) = self.of(value)
            return copy
        if isinstance(value, list):
            if all(isinstance(one, nodes.Stmt) for one in value):
                return self.all(value)
            return [self._field(one) for one in value]
        return value


def _scoped(place: _Place, node: nodes.Block | nodes.Template) -> Iterator[nodes.Node]:
    """The statements of a block or a part; what names they give stay their own."""
    made = place.all(node.body)
    if _stored(node):
        yield nodes.Scope(made, lineno=node.lineno)
    else:
        yield from made


def _named(node: nodes.Node) -> str:
    """The template that is extended or included; Sandbox takes care that it is a name in quotes."""
    template = getattr(node, "template", None)
    return str(template.value) if isinstance(template, nodes.Const) else ""


def _alike(one: str, other: str) -> bool:
    """Whether both escape alike."""
    return one.rpartition(".")[2] == other.rpartition(".")[2]


def _loaded(node: nodes.Node) -> set[str]:
    return {name.name for name in node.find_all(nodes.Name) if name.ctx == "load"}


def _stored(node: nodes.Node) -> set[str]:
    """The names that are given somewhere in a node."""
    found = {name.name for name in node.find_all(nodes.Name) if name.ctx != "load"}
    found |= {one.target for one in node.find_all(nodes.Import)} | {
        one.name for one in node.find_all(nodes.Macro)
    }
    for imported in node.find_all(nodes.FromImport):
        found |= {name if isinstance(name, str) else name[1] for name in imported.names}
    return found
