"""Renders a template with tokens in place of plain values, so that its structure shows.

Control flow runs for real: loops, conditions, filters and macros see the values. Only what is *printed*
is replaced, through a filter around each printed expression. Messages with the same loops and branches
then give the same text, which is inlined once (see `inline`), and the values are filled in afterwards.

A token must never be looked at. So nothing is replaced inside `{% set %}...{% endset %}` and
`{% filter %}`, nor in macros if one is used as a value (`{{ card(x) | upper }}`, `{% if caller() %}`), nor
at all if blocks are.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, auto
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

from nurture.rendering.errors import HeaderInjection, LimitReached
from nurture.rendering.sandbox import MAX_OUTPUT, Sandbox, is_html, known
from nurture.rendering.sources import Sources

# Text that an HTML parser gives back as it got it, and that text extraction does not fold: words with
# single spaces between. Other values stay real, so that the parser sees them.
_WORD = r"[^\s\x00-\x20\x7f-\x9f\ud800-\udfff\ufffe\uffff]+"
_PLAIN = re.compile(rf"{_WORD}(?:[ \u00a0\u202f]{_WORD})*").fullmatch
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]").search
_ENCODED_WORD = re.compile(r"=\?[^?\s]*\?[bBqQ]\?").search
_SCALARS = (int, float, Decimal, bool)
_MOST = 99_999
_REMEMBERED = 4096  # texts
IN_MACRO = "m"  # how the names of places in macros begin
HTML_HOLE, TEXT_HOLE = "a hole", "a text hole"  # no template can say a name with a blank


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
    real: Set[str] = frozenset()  # sites whose values must stay
    macros: bool = True  # whether there are tokens in macros too
    values: list[str] = field(default_factory=list)
    sites: list[str] = field(default_factory=list)
    size: int = 0  # characters of all values

    def token(self, value: str, site: str, nonce: str) -> str:
        """What stands for `value` from here on."""
        number = len(self.values)
        self.size += len(value)
        if number >= _MOST:
            raise LimitReached(f"the template prints more than {_MOST:,} values")
        if self.size > MAX_OUTPUT:
            raise LimitReached(f"the template makes more than {MAX_OUTPUT:,} characters")
        self.sites.append(site)
        self.values.append(value)
        return _token(nonce, number)

    def takes(self, site: str) -> bool:
        return site not in self.real and (self.macros or site[0] != IN_MACRO)


@lru_cache(maxsize=4096)
def _token(nonce: str, number: int) -> str:
    return f"{nonce}{number:05d}"


class _State(threading.local):
    recording: Recording | None = None


class _Generator(CodeGenerator):
    """Jinja's, but for what the hole of HTML has escaped already."""

    def _output_child_pre(
        self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo
    ) -> None:
        if isinstance(node, nodes.Filter) and node.name == HTML_HOLE:
            self.write("(")
        else:
            super()._output_child_pre(node, frame, finalize)


class HoleSandbox(Sandbox):
    """A sandbox that replaces what is printed. `nonce` must be unknown to those who write the data."""

    code_generator_class = _Generator

    def __init__(self, sources: Sources, locale: str, nonce: str) -> None:
        self.nonce = nonce
        self._state = _State()
        self._sites = 0
        self._plain: set[str] = set()  # values that were looked at and may be replaced
        super().__init__(sources, locale)
        self.filters |= {HTML_HOLE: self._html_hole, TEXT_HOLE: self._text_hole}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        hole = HTML_HOLE if is_html(name) else TEXT_HOLE
        tree = _Holes(hole, self._site).visit(super()._parse(source, name, filename))
        assert isinstance(tree, nodes.Template)
        return tree

    def _site(self, in_macro: bool) -> str:
        self._sites += 1
        return f"{IN_MACRO if in_macro else 'p'}{self._sites}"

    def record(
        self, block: Callable[[jinja2.runtime.Context], Iterable[str]], context: Any, recording: Recording
    ) -> tuple[str, ...]:
        """The text that `block` writes, in pieces; what it replaced stands in `recording`."""
        self.meter.start()
        self._state.recording = recording
        try:
            return tuple(block(context))
        finally:
            self._state.recording = None

    def _html_hole(self, value: Any, site: str) -> Any:
        """Stands around what is printed in HTML."""
        recording = self._state.recording
        if recording is None or recording.mode is not Mode.HTML:
            return escape(self._look(value, recording))
        raw = value if type(value) is str and value in self._plain else self._replaceable(value)
        if raw is None or not recording.takes(site):
            return escape(self._look(value, None))
        return recording.token(raw, site, self.nonce)

    def _replaceable(self, value: Any) -> str | None:
        """The text of a value that a token may stand for in HTML. Texts are remembered: most come again."""
        raw = plain_text(value, self.nonce)
        if raw is None or not _PLAIN(raw):
            return None
        if type(value) is str:
            if len(self._plain) >= _REMEMBERED:
                self._plain.clear()
            self._plain.add(raw)
        return raw

    def _text_hole(self, value: Any, site: str) -> Any:
        """Stands around what is printed in plain text, where any value may be replaced."""
        recording = self._state.recording
        if recording is None or recording.mode is not Mode.TEXT:
            return self._look(value, recording)
        raw = plain_text(value, self.nonce)
        return self._look(value, None) if raw is None else recording.token(raw, site, self.nonce)

    def _look(self, value: Any, recording: Recording | None) -> Any:
        """The value itself, counted; in a header looked at too."""
        if isinstance(value, str):
            self.meter.step(len(value))
            if recording is not None and recording.mode is Mode.HEADER:
                refuse_header_control(value)
        return known(value)


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

    def __init__(self, hole: str, site: Callable[[bool], str]) -> None:
        self._name = hole
        self._site = site
        self._captured = 0
        self._macros = 0

    def visit_Output(self, node: nodes.Output) -> nodes.Output:
        self.generic_visit(node)
        if not self._captured:
            node.nodes = [e if isinstance(e, nodes.TemplateData) else self._hole(e) for e in node.nodes]
        return node

    def _hole(self, expression: nodes.Expr) -> nodes.Filter:
        line = expression.lineno
        return nodes.Filter(
            expression,
            self._name,
            [nodes.Const(self._site(self._macros > 0), lineno=line)],
            [],
            None,
            None,
            lineno=line,
        )

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:
        return self._in_macro(node)

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node:
        return self._in_macro(node)

    def _in_macro(self, node: nodes.Node) -> nodes.Node:
        self._macros += 1
        self.generic_visit(node)
        self._macros -= 1
        return node

    def visit_AssignBlock(self, node: nodes.AssignBlock) -> nodes.Node:
        return self._capture(node)

    def visit_ScopedEvalContextModifier(self, node: nodes.ScopedEvalContextModifier) -> nodes.Node:
        return self._capture(node)  # `{% autoescape false %}`: neither HTML nor text

    def visit_FilterBlock(self, node: nodes.FilterBlock) -> nodes.Node:
        return self._capture(node)

    def _capture(self, node: nodes.Node) -> nodes.Node:
        self._captured += 1
        self.generic_visit(node)
        self._captured -= 1
        return node


class Use(Enum):
    """What templates use in another way than by printing it, so that a token in it could be looked at."""

    MACROS = auto()
    BLOCKS = auto()


def captures(trees: Iterable[nodes.Template]) -> set[Use]:
    """What the templates, taken together, use as values.

    Goes by name, so a variable with a macro's name counts as the macro: slower, never wrong.
    """
    trees = tuple(trees)
    names = {"caller"}
    for tree in trees:
        names |= _callable(tree)
    finder = _Captures(names)
    for tree in trees:
        finder.visit(tree, False)
    return finder.found


@lru_cache(maxsize=256)
def _callable(tree: nodes.Template) -> frozenset[str]:
    """The names of macros and imports in one template; found once for all that include it."""
    names = {macro.name for macro in tree.find_all(nodes.Macro)}
    names |= {found.target for found in tree.find_all(nodes.Import)}
    for imported in tree.find_all(nodes.FromImport):
        names |= {n if isinstance(n, str) else n[1] for n in imported.names}
    return frozenset(names)


class _Captures:
    """Walks a tree; `captured` says that what is printed there goes into a value."""

    def __init__(self, macros: set[str]) -> None:
        self._macros = macros
        self.found: set[Use] = set()

    def visit(self, node: nodes.Node, captured: bool) -> None:
        if isinstance(node, nodes.Name):
            self._name(node)
        elif isinstance(node, nodes.Output):
            for child in node.nodes:
                self._printed(child, captured)
        elif isinstance(node, nodes.CallBlock):
            self._printed(node.call, captured)
            self._all((*node.args, *node.defaults, *node.body), captured)
        else:
            if captured and isinstance(node, (nodes.Block, nodes.Include)):
                self.found.add(Use.BLOCKS)
            inside = captured or isinstance(node, (nodes.AssignBlock, nodes.FilterBlock))
            self._all(node.iter_child_nodes(), inside)

    def _all(self, found: Iterable[nodes.Node], captured: bool) -> None:
        for node in found:
            self.visit(node, captured)

    def _name(self, node: nodes.Name) -> None:
        if node.ctx == "load" and node.name in self._macros:
            self.found.add(Use.MACROS)
        elif node.ctx == "load" and node.name in ("super", "self"):
            self.found.add(Use.BLOCKS)

    def _printed(self, node: nodes.Node, captured: bool) -> None:
        if isinstance(node, nodes.Filter) and node.name in (HTML_HOLE, TEXT_HOLE) and node.node is not None:
            node = node.node
        if isinstance(node, nodes.CondExpr):
            self.visit(node.test, captured)
            for chosen in (node.expr1, node.expr2):
                if chosen is not None:
                    self._printed(chosen, captured)
        elif isinstance(node, nodes.Call) and not captured and self._gives_markup(node.node):
            self._all((child for child in node.iter_child_nodes() if child is not node.node), captured)
        else:
            self.visit(node, captured)

    def _gives_markup(self, node: nodes.Expr) -> bool:
        """Whether a call of `node` gives what a macro or block printed."""
        if isinstance(node, nodes.Getattr):
            node = node.node
        return isinstance(node, nodes.Name) and (node.name in self._macros or node.name in ("super", "self"))
