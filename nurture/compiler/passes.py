"""The passes of a `repeat` written out: what one of them says of its own steps means that pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from nurture.criteria import Call, Condition, EventMatch, Name, to_text
from nurture.steps.places import Place
from nurture.steps.wait import Until

Names = Mapping[str, str]


def renamed(value: Any, brings: Names, sends: Names) -> Any:
    """The step, condition or other value with other ids in it: `brings` for what a step brought, `sends` for
    its messages and tasks."""
    match value:
        case Condition():
            tree = renamed(value.tree, brings, sends)
            return value if tree == value.tree else replace(value, tree=tree, text=to_text(tree))
        case Name(parts) if len(parts) > 1 and parts[0] in brings:
            return replace(value, parts=(brings[parts[0]], *parts[1:]))
        case Call(arg=arg) if arg in sends:
            return replace(value, arg=sends[arg])
        case EventMatch(of=of) if of in sends:
            return _inside(replace(value, of=sends[of or ""]), brings, sends)
        case Until(of=of) if of in brings:
            return replace(value, of=brings[of or ""])
        case Place(owner=owner) if owner in brings:
            return replace(value, owner=brings[owner])
        case tuple():
            return tuple(renamed(each, brings, sends) for each in value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            return _inside(value, brings, sends)
    return value


def _inside(value: Any, brings: Names, sends: Names) -> Any:
    changed = {
        each.name: new
        for each in fields(value)
        if each.init and (new := renamed(old := getattr(value, each.name), brings, sends)) is not old
    }
    return replace(value, **changed) if changed else value
