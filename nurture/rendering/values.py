"""Which variables a template uses, and how their values are kept with a message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeAlias

from jinja2 import meta, nodes

from nurture.model import Json

Path: TypeAlias = tuple[str, ...]


def used_paths(trees: Iterable[nodes.Template]) -> frozenset[Path]:
    """The variables that templates take from outside, as `("coupon", "code")`.

    A variable used as a whole (`{% for x in trigger.items %}`, `card(contact)`) ends its path there.
    """
    parts = [_names(tree) for tree in trees]
    own = {name for part in parts for name in part.own}
    first = parts[0].outer if parts else frozenset()
    found: set[Path] = set()
    for part in parts:
        # What an included template misses may be a loop variable of the one that includes it.
        taken = {name for name in part.outer if name in first or name not in own}
        found |= {path for path in part.paths if path[0] in taken}
    return _shortest(found)


@dataclass(frozen=True, slots=True)
class _Names:
    """The names in one template: those that it sets, those that it misses, and its paths."""

    own: frozenset[str]
    outer: frozenset[str]
    paths: frozenset[Path]


@lru_cache(maxsize=256)
def _names(tree: nodes.Template) -> _Names:
    """Found once for a tree: many templates include the same parts."""
    own = frozenset(name.name for name in tree.find_all(nodes.Name) if name.ctx != "load")
    return _Names(own, frozenset(meta.find_undeclared_variables(tree)), frozenset(_paths(tree)))


def _paths(node: nodes.Node) -> set[Path]:
    path = _path(node)
    if path:
        return {path}
    return {found for child in node.iter_child_nodes() for found in _paths(child)}


def _path(node: nodes.Node) -> Path | None:
    if isinstance(node, nodes.Name):
        return (node.name,) if node.ctx == "load" else None
    if isinstance(node, nodes.Getattr):
        before = _path(node.node)
        return (*before, node.attr) if before else None
    if (
        isinstance(node, nodes.Getitem)
        and isinstance(node.arg, nodes.Const)
        and isinstance(node.arg.value, str)
    ):
        before = _path(node.node)
        return (*before, node.arg.value) if before else None
    return None


def _shortest(paths: set[Path]) -> frozenset[Path]:
    """Without those of which a beginning is used as a whole."""
    return frozenset(p for p in paths if not any(p[:n] in paths for n in range(1, len(p))))


class Wanted(dict[str, "Wanted"]):
    """Paths as a tree: what is wanted of a value by name; nothing below a name is the value as a whole."""

    @classmethod
    def of(cls, paths: Iterable[Path]) -> Wanted:
        wanted = cls()
        for path in sorted(paths):
            below = wanted
            for name in path:
                below = below.setdefault(name, cls())
        return wanted


def pick(values: Mapping[str, Any], wanted: Wanted) -> dict[str, Any]:
    """The part of `values` that is wanted."""
    return {
        name: pick(value, below) if below and isinstance(value := values[name], Mapping) else values[name]
        for name, below in wanted.items()
        if name in values
    }


_JSON = frozenset({type(None), bool, int, float, str})


def freeze(value: Any) -> Json:
    """`value` as JSON that `thaw` turns into the same again. Raises TypeError for other things."""
    if type(value) in _JSON:
        return value  # type: ignore[no-any-return]
    if isinstance(value, Mapping):
        return {str(key): freeze(inner) for key, inner in value.items()}
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, datetime):
        return {"$datetime": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value) if isinstance(value, (set, frozenset)) else value
        return [freeze(inner) for inner in items]
    raise TypeError(f"a template cannot be given a {type(value).__name__}")


_THAW = {"$decimal": Decimal, "$datetime": datetime.fromisoformat, "$date": date.fromisoformat}


def thaw(value: Json) -> Any:
    """The value that `freeze` made JSON of."""
    if isinstance(value, list):
        return [thaw(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((kind, text),) = value.items()
        if kind in _THAW and isinstance(text, str):
            return _THAW[kind](text)  # type: ignore[operator]
    return {key: thaw(inner) for key, inner in value.items()}
