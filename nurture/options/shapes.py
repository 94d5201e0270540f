"""What values look like to an editor: pieces of a JSON Schema (draft-07).

An editor reads YAML 1.2 with its types, where `15` is a number and `true` is a boolean; nurture reads every
scalar as text. So what nurture takes as text may be a number or a boolean here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nurture.options.desk import Desk
    from nurture.options.tables import Kind, Option, Table

Schema = dict[str, Any]
_UNITS = ("second", "minute", "hour", "day", "week")
_DAYS = ("weekday", "weekend", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WALL = r"([01]?\d|2[0-3]):[0-5]\d"
DATE = r"\d{4}-\d\d-\d\d"
# ISO 8601, and a space for its T
INSTANT = rf"{DATE}([ T]\d\d:\d\d(:\d\d(\.\d{{1,6}})?)?(Z|[+-]\d\d:?\d\d)?)?"


def scalar(words: str) -> Schema:
    """Any text."""
    return {"type": ["string", "number", "boolean"], "errorMessage": f"expected {words}"}


def matching(words: str, pattern: str) -> Schema:
    """Text of a form: what YAML takes for a number or a boolean is allowed where the form allows it."""
    types = ["string"]
    types += ["number"] if re.fullmatch(pattern, "1") else []
    types += ["boolean"] if re.fullmatch(pattern, "true") else []
    return {"type": types, "pattern": f"^(?:{pattern})$", "errorMessage": f"expected {words}"}


def one_of(words: str, known: Collection[str]) -> Schema:
    """One of the names; any, where none are known."""
    if not known:
        return {"type": "string", "minLength": 1, "errorMessage": f"expected {words}"}
    return {"type": "string", "enum": sorted(known), "errorMessage": f"there is no such {_bare(words)}"}


def _bare(words: str) -> str:
    return re.sub(r"^an? ", "", words)


def choice(words: str, choices: Iterable[str]) -> Schema:
    return {"type": "string", "enum": list(choices), "errorMessage": f"expected {words}"}


def integer(words: str, least: int, most: int) -> Schema:
    return {
        "type": ["integer", "string"],
        "minimum": least,
        "maximum": most,
        "pattern": r"^[+-]?\d{1,12}$",
        "errorMessage": f"expected {words}",
    }


def number(words: str, least: int | None = None) -> Schema:
    bound = {} if least is None else {"minimum": least}
    pattern = r"^\s*[+-]?[\d_.]+([eE][+-]?\d+)?\s*$"
    return {"type": ["number", "string"], **bound, "pattern": pattern, "errorMessage": f"expected {words}"}


def flag() -> Schema:
    return {
        "type": ["boolean", "string"],
        "enum": [True, False, "true", "false"],
        "errorMessage": "expected true or false",
    }


def length(words: str, *, fixed: bool = False, signed: bool = False, business: bool = False) -> Schema:
    units = "|".join(map(_any_case, (*_UNITS, *(() if fixed else ("month",)))))
    sign = "[+-]?" if signed else ""
    days = rf"|\d{{1,4}}\s+{_any_case('business')}\s+{_any_case('day')}[sS]?" if business else ""
    return matching(words, rf"\s*(?:{sign}\d+\s*(?:{units})[sS]?{days})\s*")


def days(words: str) -> Schema:
    name = f"(?:{'|'.join(map(_any_case, _DAYS))})[sS]?"
    return matching(words, rf"\s*{name}(?:(?:\s*,\s*|\s+[aA][nN][dD]\s+|\s+){name})*\s*")


def _any_case(word: str) -> str:
    return "".join(f"[{sign}{sign.upper()}]" for sign in word)


def or_nothing(schema: Schema) -> Schema:
    """The value, or nothing behind the key."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    names = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [*kinds, "null"], **names}


def one_or_more(each: Schema) -> Schema:
    return {"anyOf": [each, {"type": "array", "items": each, "minItems": 1}]}


def list_of(each: Schema, least: int = 0) -> Schema:
    return {"type": "array", "items": each, "minItems": least}


def table_of(each: Schema, names: str | None = None) -> Schema:
    """A table whose keys the writer chooses; `names` is the form that they have."""
    form = {"propertyNames": {"pattern": f"^(?:{names})$"}} if names else {}
    return {"type": "object", "additionalProperties": each, **form}


def steps() -> Schema:
    return list_of({"$ref": "#/definitions/step"})


def table(what: Table, desk: Desk) -> Schema:
    """A table with the keys that `what` declares and no others."""
    return closed(what.options, desk, what.rules)


def closed(options: Iterable[Option], desk: Desk, rules: Iterable[Schema] = (), example: str = "") -> Schema:
    """A table of keys. `example` explains those that have none of their own."""
    listed = list(options)
    required = [option.name for option in listed if option.required]
    return {
        "type": "object",
        "properties": {option.name: described(option, desk, example) for option in listed},
        "additionalProperties": False,
        **({"required": required} if required else {}),
        **({"allOf": list(rules)} if rules else {}),
    }


def described(option: Option, desk: Desk, example: str = "", doc: str = "") -> Schema:
    """The option's value, with what an editor shows of it."""
    said = f"{doc} {option.doc}".strip()
    own = f"{option.name}: {option.example}" if option.example else example
    shown = f"{said}\n\nIt holds {option.value.words}."
    if own:
        shown += f"\n\n```yaml\n{own}\n```"
    return {"description": said, "markdownDescription": shown, **option.value.schema(desk)}


def kinds(known: Iterable[Kind], desk: Desk, extra: tuple[Option, ...] = (), what: str = "a kind") -> Schema:
    """A table that exactly one of its keys makes one of the kinds; the kind's options are its siblings.

    Written as a chain of if and else: an editor then offers kinds where there is none yet, and the options of
    the one that there is.
    """
    listed = list(known)
    shape: Schema = {
        "properties": {kind.name: _argument(kind, desk) for kind in listed},
        "additionalProperties": False,
        "minProperties": 1,
        "errorMessage": f"expected {what}: {', '.join(kind.name for kind in listed)}",
    }
    for kind in reversed(listed):
        shape = {
            "if": {"type": "object", "required": [kind.name]},
            "then": of_kind(kind, desk, extra),
            "else": shape,
        }
    return {"type": "object", **shape}


def of_kind(kind: Kind, desk: Desk, extra: tuple[Option, ...] = ()) -> Schema:
    shape = closed((kind.argument, *extra, *kind.options), desk, kind.rules, kind.example)
    shape["properties"][kind.name] = _argument(kind, desk)
    return shape


def _argument(kind: Kind, desk: Desk) -> Schema:
    shape = described(kind.argument, desk, doc=kind.doc)
    if kind.example:
        shape["markdownDescription"] = f"{shape['description']}\n\n```yaml\n{kind.example}\n```"
    return shape


def exactly_one(*names: str) -> Schema:
    return {"oneOf": [{"required": [name]} for name in names]}


def none_of(*names: str) -> Schema:
    return {"not": {"anyOf": [{"required": [name]} for name in names]}}


def nothing(name: str) -> Schema:
    """Nothing stands behind the key."""
    return {"properties": {name: {"type": "null"}}}


def not_both(one: str, other: str) -> Schema:
    return {"not": {"required": [one, other]}}
