"""Names that a template shows as they are, without saying what stands there where the value is not known."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from jinja2 import Environment, TemplateSyntaxError, nodes

_EMPTY: frozenset[str] = frozenset()


def shown_bare(sources: Iterable[str]) -> frozenset[str]:
    """The names, dotted, that are printed outside of a test of them and without `default` or `or`."""
    return _EMPTY.union(*map(_shown_bare, sources))


@lru_cache(maxsize=256)
def _shown_bare(source: str) -> frozenset[str]:
    """Found once for a source: all mails of a workspace include the same parts."""
    found: set[str] = set()
    try:
        body = Environment().parse(source).body
    except TemplateSyntaxError:
        return _EMPTY  # that is said where the template is made ready
    for node in body:
        _statement(node, _EMPTY, found)
    return frozenset(found)


def _statement(node: nodes.Node, safe: frozenset[str], found: set[str]) -> None:
    if isinstance(node, nodes.If):
        tested = safe | _named(node.test)
        for each in (*node.body, *node.elif_, *node.else_):
            _statement(each, tested, found)
    elif isinstance(node, nodes.Output):
        for each in node.nodes:
            _printed(each, safe, found)
    elif isinstance(node, nodes.Macro | nodes.For):
        inner = (
            safe | _named(node.target) if isinstance(node, nodes.For) else safe | {a.name for a in node.args}
        )
        for each in node.body:
            _statement(each, inner, found)
    elif not isinstance(node, nodes.Expr):
        for each in node.iter_child_nodes():
            _statement(each, safe, found)


def _printed(node: nodes.Node, safe: frozenset[str], found: set[str]) -> None:
    """What of an expression has to be known for it to be printed."""
    match node:
        case nodes.Name() | nodes.Getattr():
            name = dotted(node)
            if name and name not in safe:
                found.add(name)
        case nodes.Filter(name="default" | "d"):
            return
        case nodes.Filter() if node.node is not None:
            _printed(node.node, safe, found)
        case nodes.Or():
            _printed(node.right, safe, found)
        case nodes.CondExpr():
            tested = safe | _named(node.test)
            _printed(node.expr1, tested, found)
            if node.expr2 is not None:
                _printed(node.expr2, tested, found)
        case nodes.Concat() | nodes.Add():
            for each in node.iter_child_nodes():
                _printed(each, safe, found)


def dotted(node: nodes.Node) -> str:
    """`contact.first_name` and the like; nothing for another expression."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        before = dotted(node.node)
        return f"{before}.{node.attr}" if before else ""
    return ""


def _named(node: nodes.Node) -> frozenset[str]:
    names = {dotted(each) for each in (node, *node.find_all((nodes.Name, nodes.Getattr)))}
    return frozenset(name for name in names if name)
