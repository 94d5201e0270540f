"""The Jinja environment that templates run in: no code, no files, an end to everything.

Jinja's sandbox keeps templates away from Python's insides but not from the processor, so loops, calls,
lists and output are counted, and what makes much from little (`*` on text, `center`, ...) is missing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, TypeVar

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer

from nurture.rendering.errors import LimitReached, UnknownValue
from nurture.rendering.sources import Sources, locate

MAX_STEPS = 200_000  # turns of loops, calls and includes in one rendering
MAX_OUTPUT = 2_000_000  # characters; Gmail cuts a mail off at 102 kB
MAX_SECONDS = 2.0  # of processor time: on a busy machine a good message takes longer
LOOKS = 32  # steps from one look at the clock to the next
MAX_RANGE = 10_000
MAX_BITS = 1_024  # of a whole number, which has 308 digits then

_FILTERS = frozenset({
    "abs", "attr", "batch", "capitalize", "count", "dictsort", "e", "escape", "first", "float", "forceescape",
    "groupby", "int", "items", "join", "last", "length", "list", "lower", "map", "max", "min", "reject",
    "rejectattr", "replace", "reverse", "round", "safe", "select", "selectattr", "sort", "string", "striptags",
    "sum", "title", "tojson", "trim", "truncate", "unique", "upper", "urlencode", "wordcount", "xmlattr",
})  # fmt: skip
_TEXT_METHODS = frozenset({
    "upper", "lower", "title", "capitalize", "strip", "lstrip", "rstrip", "startswith", "endswith", "split",
    "isdigit", "unescape", "striptags",
})  # fmt: skip


class Meter(threading.local):
    """What the rendering that goes on in this thread has used up."""

    steps = 0
    size = 0
    deadline = float("inf")

    def start(self) -> None:
        self.steps = self.size = 0
        self.deadline = time.thread_time() + MAX_SECONDS

    def step(self, size: int = 0) -> None:
        """Count one turn of a loop, or one call, that adds `size` characters."""
        self.steps += 1
        self.size += size
        if self.steps > MAX_STEPS:
            raise LimitReached(f"the template takes more than {MAX_STEPS:,} steps")
        if self.size > MAX_OUTPUT:
            raise LimitReached(f"the template makes more than {MAX_OUTPUT:,} characters")
        if not self.steps % LOOKS and time.thread_time() > self.deadline:
            raise LimitReached(f"the template takes longer than {MAX_SECONDS:g} seconds")


class Sandbox(ImmutableSandboxedEnvironment):
    """One environment a locale. Subclasses may rewrite the tree of a template before it is compiled."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})
    meter: Meter

    def __init__(self, sources: Sources, locale: str, finalize: Callable[[Any], Any] | None = None) -> None:
        super().__init__(
            loader=Loader(sources, locale),
            undefined=jinja2.StrictUndefined,
            autoescape=is_html,
            finalize=finalize,
            auto_reload=False,
            cache_size=-1,
            keep_trailing_newline=True,
        )
        self.meter = Meter()
        self._ready: dict[str, jinja2.Template] = {}
        self.globals = {n: self.globals[n] for n in ("dict", "namespace", "cycler", "joiner")}
        self.globals["range"] = bounded_range
        self.filters = {name: FILTERS[name] for name in _FILTERS}
        self.filters |= {
            "default": default, "d": default, "replace": replace, "join": join, "round": round_, "batch": batch,
            "list": self._list, "turns of": self._turns, "size of": self._sized,
        }  # fmt: skip

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        rewritten = _Metered().visit(tree)
        assert isinstance(rewritten, nodes.Template)
        return rewritten

    def _turns(self, items: Iterable[Any], size: int) -> Iterator[Any]:
        step = self.meter.step
        for item in items:
            step(size)
            yield item

    def _sized(self, value: Any) -> Any:
        """The value, when its text, or all that is in it, has been counted: a list may hold another one twice."""
        if isinstance(value, str):
            self.meter.step(len(value))
        else:
            self._count(value)
        return value

    def _count(self, value: Any) -> None:
        for held in _held(value):
            self.meter.step()
            self._count(held)

    def _list(self, value: Any) -> list[Any]:
        found: list[Any] = self._sized(FILTERS["list"](value))
        return found

    def make_globals(self, d: Any) -> dict[str, Any]:
        # Jinja's is a ChainMap, which takes a fifth of a small rendering.
        return {**self.globals, **(d or {})}

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        __self.meter.step()
        found = super().call(__context, __obj, *args, **kwargs)
        __self._count(found)
        return found

    def get_template(self, name: Any, parent: Any = None, globals: Any = None) -> jinja2.Template:
        self.meter.step()
        found = self._ready.get(name) if globals is None else None
        if found is None:
            found = super().get_template(name, parent, globals)
            if globals is None and isinstance(name, str):
                self._ready[name] = found  # Jinja's own cache takes longer than a small part does to render
        return found

    def getattr(self, obj: Any, attribute: str) -> Any:
        # `trigger.items` is the event's field of that name, not the method of a mapping.
        if type(obj) is dict or isinstance(obj, Mapping):
            if attribute in obj:
                return obj[attribute]
        elif type(obj) in (LoopContext, Namespace) and not attribute.startswith("_"):
            return getattr(obj, attribute)  # what the sandbox allows, without looking it up
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str) and attr not in _TEXT_METHODS:
            return False
        return super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "+":
            return self._sized(left + right)
        if operator == "**":
            raise SecurityError("'**' is not for templates")
        if not all(isinstance(side, (int, float, Decimal)) for side in (left, right)):
            raise SecurityError(f"'{operator}' is for numbers only")
        if operator == "%":
            return left % right
        if sum(side.bit_length() for side in (left, right) if isinstance(side, int)) > MAX_BITS:
            raise LimitReached("the template makes a number of more than 300 digits")
        return left * right


class Loader(jinja2.BaseLoader):
    """Finds the variant of a template for a locale."""

    def __init__(self, sources: Sources, locale: str) -> None:
        self._sources = sources
        self._locale = locale

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        found = locate(self._sources, template, self._locale)
        if found is None:
            raise jinja2.TemplateNotFound(template)
        return found[1], found[0], None


_Naming = TypeVar("_Naming", nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)


class _Metered(NodeTransformer):
    """Counts the turns of loops with the text they write, and the size of joined text, lists and mappings."""

    def visit_For(self, node: nodes.For) -> nodes.For:
        size = sum(len(data.data) for data in node.find_all(nodes.TemplateData))
        self.generic_visit(node)
        node.iter = nodes.Filter(
            node.iter, "turns of", [nodes.Const(size)], [], None, None, lineno=node.lineno
        )
        return node

    def _counted(self, node: nodes.Expr) -> nodes.Expr:
        self.generic_visit(node)
        return nodes.Filter(node, "size of", [], [], None, None, lineno=node.lineno)

    visit_Concat = visit_Dict = _counted

    def visit_List(self, node: nodes.List) -> nodes.Expr:
        return node if _is_plain(node.items) else self._counted(node)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Expr:
        return node if node.ctx != "load" or _is_plain(node.items) else self._counted(node)

    def _named(self, node: _Naming) -> _Naming:
        template = node.template
        if not isinstance(template, nodes.Const) or not isinstance(template.value, str):
            raise jinja2.TemplateSyntaxError(
                'the name of a template stands in quotes: {% include "parts/footer.html" %}', node.lineno
            )
        return node

    visit_Extends = visit_Import = visit_FromImport = _named

    def visit_Include(self, node: nodes.Include) -> nodes.Include:
        if not node.with_context:  # Jinja would render it once, with what the first message printed
            raise jinja2.TemplateSyntaxError(
                "a part sees what is around it: leave out 'without context'", node.lineno
            )
        return self._named(node)


def _is_plain(items: Iterable[nodes.Expr]) -> bool:
    return all(isinstance(item, nodes.Const) for item in items)


def _held(value: Any) -> Iterable[Any]:
    """What a list, a mapping or a namespace holds."""
    if isinstance(value, (list, tuple)):
        return value
    if isinstance(value, Namespace):
        return _held(object.__getattribute__(value, "_Namespace__attrs"))
    return value.values() if isinstance(value, dict) else ()


def is_html(name: str | None) -> bool:
    return name is not None and name.endswith(".html")


def known(value: Any) -> Any:
    """What is printed must be known."""
    if value is None:
        raise UnknownValue("this value is not known for everybody")
    return value


# Jinja's own, where unknown and empty count as missing and small input cannot make big output.


def default(value: Any, instead: Any = "", boolean: bool = True) -> Any:
    """`instead` where the value is missing, unknown (none) or empty text."""
    missing = isinstance(value, jinja2.Undefined) or value is None or value == ""
    return instead if missing else value


def replace(value: Any, old: str, new: str) -> Any:
    text = value if isinstance(value, str) else str(value)
    if len(text) + text.count(old) * len(new) > MAX_OUTPUT:
        raise LimitReached(f"the template makes more than {MAX_OUTPUT:,} characters")
    return text.replace(old, new)


@jinja2.pass_eval_context
def join(context: nodes.EvalContext, value: Iterable[Any], by: str = "", attribute: Any = None) -> Any:
    items = list(value)
    if len(items) * len(by) + sum(len(i) for i in items if isinstance(i, str)) > MAX_OUTPUT:
        raise LimitReached(f"the template makes more than {MAX_OUTPUT:,} characters")
    return FILTERS["join"](context, items, by, attribute)


def round_(value: Any, digits: int = 0, method: Any = "common") -> Any:
    if not -12 <= digits <= 12:
        raise LimitReached("'round' takes up to 12 digits")
    return FILTERS["round"](value, digits, method)


def batch(value: Iterable[Any], size: int, fill: Any = None) -> Any:
    if not 1 <= size <= 100:
        raise LimitReached("'batch' takes 1 to 100")
    return FILTERS["batch"](value, size, fill)


def bounded_range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > MAX_RANGE:
        raise LimitReached(f"'range' counts up to {MAX_RANGE:,}")
    return numbers
