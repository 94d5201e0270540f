"""A template made ready: found with all it includes, compiled, and what it needs known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TypeAlias, TypeVar

import jinja2
from jinja2 import meta, nodes

from nurture.rendering.errors import RenderError, explain, problem_at
from nurture.rendering.holes import HoleSandbox, Use, captures
from nurture.rendering.sandbox import Sandbox
from nurture.rendering.sources import Bundle, Sources, bundle_hash, locate
from nurture.rendering.values import Path, Wanted, used_paths
from nurture.rendering.whole import Parts, whole

Trees: TypeAlias = dict[tuple[str, str], nodes.Template]  # by locale and file
_T = TypeVar("_T")

SUFFIXES = {
    "email": (".html", ".txt"),
    "sms": (".txt",),
    "whatsapp": (".txt",),
    "pages": (".html",),
    "tasks": (".txt",),
}
# The filters read these, so they are kept with every message.
ALWAYS = frozenset({("company", "currency"), ("company", "zone"), ("company", "locale"), ("zone",)})
_JINJA_NAMES = frozenset({"loop", "self", "super", "caller", "varargs", "kwargs"})

_PROBE = 64  # messages looked at to learn the hit rate
_POOR = 16  # hits among them below which inlining each message is no slower
_REST = 1024  # messages until the next look


@dataclass(slots=True)
class Habits:
    """How well the structures of a template repeat, and which of its places must stay real."""

    tokens: bool = True
    macros: bool = True  # whether there are tokens in macros too
    real: set[str] = field(default_factory=set)
    _looked: int = 0
    _hits: int = 0
    _resting: int = 0

    def worth_keeping(self) -> bool:
        """Whether to render the next message with tokens; once a message."""
        if self._resting:
            self._resting -= 1
            return False
        return self.tokens

    def count(self, hit: bool) -> None:
        self._looked += 1
        self._hits += hit
        if self._looked >= _PROBE:
            self._resting = _REST if self._hits < _POOR else 0
            self._looked = self._hits = 0


class Quick:
    """Gives what renders a template: the same with its layout and parts in one, where it can be one."""

    def __init__(self, sandbox: Sandbox, parts: Parts) -> None:
        self._sandbox = sandbox
        self._parts = parts
        self._made: dict[str, jinja2.Template] = {}

    def __call__(self, template: jinja2.Template) -> jinja2.Template:
        name = str(template.name)
        found = self._made.get(name)
        if found is None:
            tree = whole(self._parts, name)
            found = self._made[name] = template if tree is None else self._compiled(tree, name)
        return found

    @property
    def used(self) -> bool:
        """Whether it has given any template."""
        return bool(self._made)

    def _compiled(self, tree: nodes.Template, name: str) -> jinja2.Template:
        code = self._sandbox.compile(tree, name, name)
        return jinja2.Template.from_code(self._sandbox, code, self._sandbox.make_globals(None))


def _as_it_is(template: jinja2.Template) -> jinja2.Template:
    return template


@dataclass(frozen=True, slots=True)
class Program:
    """A template in one locale. `html` or `text` is None where there is no such file."""

    name: str
    html: jinja2.Template | None
    text: jinja2.Template | None
    bundle: Bundle
    paths: frozenset[Path]
    wanted: Wanted  # the same
    habits: Habits
    quick: Callable[[jinja2.Template], jinja2.Template]  # what renders `html` or `text`

    @property
    def is_whole(self) -> bool:
        """Whether any of it may have been rendered in another form than it is written in."""
        return isinstance(self.quick, Quick) and self.quick.used

    def as_written(self) -> Program:
        """The same, rendered file by file: what goes wrong says where."""
        return replace(self, quick=_as_it_is)

    @property
    def variables(self) -> frozenset[str]:
        """The names that it takes from outside, dotted."""
        return frozenset(
            ".".join(path) for path in self.paths if path not in ALWAYS and path[0] not in _JINJA_NAMES
        )


def load(
    sources: Sources, sandbox: HoleSandbox, kind: str, name: str, locale: str, known: Trees | None = None
) -> Program:
    """The template `name` below `templates/<kind>/`. Raises RenderError for a mistake in it or its parts.

    `known` keeps what was read of the same sources, since many templates include the same parts.
    """
    known = {} if known is None else known
    files = [f"{kind}/{name}{suffix}" for suffix in SUFFIXES[kind]]
    present = [file for file in files if locate(sources, file, locale)]
    if not present or (kind == "email" and files[0] not in present):
        hint = f"write templates/{files[0]}"
        raise RenderError(
            problem_at("N804", f"there is no template '{kind}/{name}'", files[0], 1, None, hint)
        )
    texts, parts = _closure(sources, sandbox, present, locale, known)
    trees = list(parts.values())
    bundle = Bundle(name, locale, bundle_hash(f"{kind}/{name}", locale, texts), texts)
    html, text = (_compiled(sandbox, present, suffix) for suffix in (".html", ".txt"))
    paths = used_paths(trees) | ALWAYS
    uses = captures(trees)
    habits = Habits(tokens=Use.BLOCKS not in uses, macros=Use.MACROS not in uses)
    quick = Quick(sandbox, parts)
    return Program(f"{kind}/{name}", html, text, bundle, paths, Wanted.of(paths), habits, quick)


def _compiled(sandbox: HoleSandbox, files: Iterable[str], suffix: str) -> jinja2.Template | None:
    for file in files:
        if file.endswith(suffix):
            return _explained(lambda: sandbox.get_template(file), file)  # noqa: B023
    return None


def _closure(
    sources: Sources, sandbox: Sandbox, files: Iterable[str], locale: str, known: Trees
) -> tuple[dict[str, str], dict[str, nodes.Template]]:
    """The texts, by file, and the trees, by name, of `files` and of all that they include."""
    texts: dict[str, str] = {}
    parts: dict[str, nodes.Template] = {}
    waiting = list(files)
    asked = set(waiting)
    while waiting:
        name = waiting.pop(0)
        found = locate(sources, name, locale)
        if found is None:
            raise explain(jinja2.TemplateNotFound(name), name)
        file, text = found
        texts[file] = text
        tree = known.get((locale, file))
        if tree is None:
            tree = _explained(lambda: sandbox.parse(text, name, file), name)  # noqa: B023
            known[locale, file] = tree
        parts[name] = tree
        needed = [n for n in _included(tree) if n not in asked]
        asked.update(needed)
        waiting += needed
    return texts, parts


@lru_cache(maxsize=256)
def _included(tree: nodes.Template) -> tuple[str, ...]:
    return tuple(name for name in meta.find_referenced_templates(tree) if name)


def _explained(work: Callable[[], _T], name: str) -> _T:
    try:
        return work()
    except Exception as error:
        raise explain(error, name) from None
