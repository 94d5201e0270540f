"""Renders a template with tokens in place of plain values, so that its structure shows.

Control flow runs for real: loops, conditions, filters and macros see the values. Only what is *printed*
is replaced, through a filter around each printed expression. Messages with the same loops and branches
then give the same text, which is inlined once (see `inline`), and the values are filled in afterwards.

A token must never be looked at. So nothing is replaced inside `{% set %}...{% endset %}` and
`{% filter %}`, and a template whose macros or blocks are used as values (`{{ card(x) | upper }}`,
`{% if caller() %}`) is rendered without tokens.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, auto
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

from nurture.rendering.errors import HeaderInjection
from nurture.rendering.sandbox import Sandbox, known
from nurture.rendering.sources import Sources

# Text that an HTML parser gives back as it got it, and that text extraction does not fold: words with
# single spaces between. Other values stay real, so that the parser sees them.
_WORD = r"[^\s\x00-\x20\x7f-\x9f\ud800-\udfff\ufffe\uffff]+"
_PLAIN = re.compile(rf"{_WORD}(?:[ \u00a0\u202f]{_WORD})*").fullmatch
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]").search
_ENCODED_WORD = re.compile(r"=\?[^?\s]*\?[bBqQ]\?").search
_SCALARS = (int, float, Decimal, bool)
_LONGEST = 20_000
_MOST = 99_999
HOLE = "a hole"  # no template can say a name with a blank


class Mode(Enum):
    REAL = auto()  # print the values
    HTML = auto()  # tokens for plain values
    TEXT = auto()  # tokens for all values
    HEADER = auto()  # print the values, having looked at them


class TokenSeen(Exception):
    """A token was taken for a value: this template must be rendered without."""


@dataclass(slots=True)
class Recording:
    """What one rendering replaced: token number n stands for `values[n]`, printed at `sites[n]`."""

    mode: Mode
    real: set[str] = field(default_factory=set)  # sites whose values must stay
    values: list[str] = field(default_factory=list)
    sites: list[str] = field(default_factory=list)


class _State(threading.local):
    recording: Recording | None = None


class HoleSandbox(Sandbox):
    """A sandbox that replaces what is printed. `nonce` must be unknown to those who write the data."""

    def __init__(self, sources: Sources, locale: str, nonce: str) -> None:
        self.nonce = nonce
        self._state = _State()
        self._sites = 0
        super().__init__(sources, locale)
        self.filters[HOLE] = self._filter()

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = _Holes(self._site).visit(super()._parse(source, name, filename))
        assert isinstance(tree, nodes.Template)
        return tree

    def _site(self) -> str:
        self._sites += 1
        return str(self._sites)

    def record(
        self, block: Callable[[jinja2.runtime.Context], Iterable[str]], context: Any, recording: Recording
    ) -> str:
        """The text that `block` writes; what it replaced stands in `recording`."""
        self.meter.start()
        self._state.recording = recording
        try:
            return "".join(block(context))
        finally:
            self._state.recording = None

    def _filter(self) -> Callable[..., Any]:
        state, nonce, meter = self._state, self.nonce, self.meter

        @jinja2.pass_eval_context
        def hole(context: nodes.EvalContext, value: Any, site: str) -> Any:
            recording = state.recording
            if recording is None or recording.mode is Mode.REAL:
                return known(value)
            raw = plain_text(value, nonce)
            if raw is None:
                return known(value)
            meter.step(len(raw))
            if recording.mode is Mode.HEADER:
                refuse_header_control(raw)
                return value
            if not _replaceable(raw, site, recording, context.autoescape):
                return value
            recording.values.append(raw)
            recording.sites.append(site)
            return f"{nonce}{len(recording.values) - 1:05d}"

        return hole


def plain_text(value: Any, nonce: str) -> str | None:
    """The text that `value` prints as; None for markup and for what is no value.

    Raises TokenSeen if a token is in it.
    """
    kind = type(value)
    if kind is str:
        raw: str = value
    elif kind is Markup:
        if "<" in value or nonce in value:
            return None
        raw = value.unescape()
        if str(escape(raw)) != value:
            return None
    elif kind in _SCALARS:
        return str(value)
    else:
        return None
    if nonce in raw:
        raise TokenSeen
    return raw


def _replaceable(raw: str, site: str, recording: Recording, autoescape: bool) -> bool:
    if site in recording.real or len(recording.values) > _MOST:
        return False
    if recording.mode is Mode.TEXT:
        return not autoescape
    return autoescape and len(raw) <= _LONGEST and _PLAIN(raw) is not None


def refuse_header_control(value: str) -> None:
    """Raise HeaderInjection for a value that could write headers of its own.

    Control characters end a header's line; an encoded-word (RFC 2047) hides them from those who look.
    """
    if _CONTROL(value):
        raise HeaderInjection("a value in the subject has a line end or another control character")
    if _ENCODED_WORD(value):
        raise HeaderInjection("a value in the subject has an encoded-word (=?...?=)")


class _Holes(NodeTransformer):
    """Puts the filter around what is printed, but inside captured text."""

    def __init__(self, site: Callable[[], str]) -> None:
        self._site = site
        self._captured = 0

    def visit_Output(self, node: nodes.Output) -> nodes.Output:
        self.generic_visit(node)
        if not self._captured:
            node.nodes = [e if isinstance(e, nodes.TemplateData) else self._hole(e) for e in node.nodes]
        return node

    def _hole(self, expression: nodes.Expr) -> nodes.Filter:
        line = expression.lineno
        return nodes.Filter(
            expression, HOLE, [nodes.Const(self._site(), lineno=line)], [], None, None, lineno=line
        )

    def visit_AssignBlock(self, node: nodes.AssignBlock) -> nodes.Node:
        return self._capture(node)

    def visit_FilterBlock(self, node: nodes.FilterBlock) -> nodes.Node:
        return self._capture(node)

    def _capture(self, node: nodes.Node) -> nodes.Node:
        self._captured += 1
        self.generic_visit(node)
        self._captured -= 1
        return node


def only_prints(trees: Iterable[nodes.Template]) -> bool:
    """Whether the templates, taken together, only print what their macros and blocks give.

    Goes by name, so a variable with a macro's name counts as the macro: slower, never wrong.
    """
    trees = tuple(trees)
    names = {"caller", "super", "self"}
    for tree in trees:
        names |= {macro.name for macro in tree.find_all(nodes.Macro)}
        names |= {found.target for found in tree.find_all(nodes.Import)}
        for imported in tree.find_all(nodes.FromImport):
            names |= {n if isinstance(n, str) else n[1] for n in imported.names}
    return all(_Printing(names).fine(tree) for tree in trees)


class _Printing:
    """Looks for a macro, block or caller that is used in another way than by printing it."""

    def __init__(self, names: set[str]) -> None:
        self._names = names

    def fine(self, node: nodes.Node, captured: bool = False) -> bool:
        if isinstance(node, nodes.Name):
            return node.ctx != "load" or node.name not in self._names
        if isinstance(node, nodes.Output):
            return all(self._printed(child, captured) for child in node.nodes)
        if isinstance(node, nodes.CallBlock):
            body = (*node.args, *node.defaults, *node.body)
            return self._printed(node.call, captured) and self._all(body, captured)
        if captured and isinstance(node, (nodes.Block, nodes.Include)):
            return False
        inside = captured or isinstance(node, (nodes.AssignBlock, nodes.FilterBlock))
        return self._all(node.iter_child_nodes(), inside)

    def _all(self, found: Iterable[nodes.Node], captured: bool) -> bool:
        return all(self.fine(node, captured) for node in found)

    def _printed(self, node: nodes.Node, captured: bool) -> bool:
        if isinstance(node, nodes.Filter) and node.name == HOLE and node.node is not None:
            node = node.node
        if isinstance(node, nodes.CondExpr):
            chosen = [node.expr1, *([node.expr2] if node.expr2 else [])]
            return self.fine(node.test, captured) and all(self._printed(c, captured) for c in chosen)
        if isinstance(node, nodes.Call) and self._is_ours(node.node):
            passed = [child for child in node.iter_child_nodes() if child is not node.node]
            return not captured and self._all(passed, captured)
        return self.fine(node, captured)

    def _is_ours(self, node: nodes.Expr) -> bool:
        if isinstance(node, nodes.Getattr):
            node = node.node
        return isinstance(node, nodes.Name) and (node.name in self._names or node.name == "loop")
