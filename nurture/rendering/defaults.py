"""What a template says where a value is not known: `{{ city | default("sua cidade") }}`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jinja2 import Environment, TemplateSyntaxError, nodes

from nurture.rendering.unknowns import dotted

COMPUTED = "…"  # what stands there is worked out, not written


def defaults(sources: Iterable[str]) -> dict[str, str]:
    """By name, dotted, what `default` or `or` puts in its place; of several the first."""
    found: dict[str, str] = {}
    for source in sources:
        try:
            tree = Environment().parse(source)
        except TemplateSyntaxError:
            continue  # that is said where the template is made ready
        for name, text in _of(tree):
            found.setdefault(name, text)
    return found


def _of(tree: nodes.Template) -> Iterator[tuple[str, str]]:
    for each in tree.find_all(nodes.Filter):
        if each.name in ("default", "d") and each.node is not None:
            yield _name(each.node), _text(each.args[0]) if each.args else ""
    for other in tree.find_all(nodes.Or):
        yield _name(other.left), _text(other.right)


def _name(node: nodes.Node) -> str:
    """The name below filters: `first_name` of `first_name | first_word`."""
    while isinstance(node, nodes.Filter) and node.node is not None:
        node = node.node
    return dotted(node)


def _text(node: nodes.Node) -> str:
    return str(node.value) if isinstance(node, nodes.Const) else COMPUTED
