"""The registry as the journey's schema has it: what there is to draw, and which keys go together."""

from __future__ import annotations

import json
from collections.abc import Iterator
from collections.abc import Sequence as List
from functools import cache
from typing import Any

from jsonschema import Draft7Validator

from nurture.compiler import CompileContext
from nurture.compiler.schema import journey_schema
from tests.support.drawn_values import ELSEWHERE, expected, leaf

Schema = dict[str, Any]
Table = dict[str, Any]


def registered(context: CompileContext) -> frozenset[str]:
    """Every kind, option and choice of the language: `email`, `email.class`, `email.class: survey`."""
    schema = journey_schema(context)
    parts = (_registered(schema, "journey"), _registered(schema["definitions"]["step"], ""))
    return frozenset(name for part in parts for name in part)


def unheard_of(context: CompileContext) -> list[str]:
    """Sorts of values in the registry of which `drawn_values` knows no example."""
    found = []
    for schema in _parts(journey_schema(context)):
        if expected(schema) not in ELSEWHERE and "type" in schema and "if" not in schema:
            try:
                leaf(schema)
            except NotImplementedError as unknown:
                found.append(str(unknown))
    return found


def _registered(schema: Schema, path: str) -> Iterator[str]:
    yield from (f"{path}: {choice}" for choice in choices(schema))
    for kind, shape in kinds_of(schema).items():
        yield kind
        yield from _registered(shape, kind)
    for name, shape in _keys(schema, path).items():
        yield below(path, name)
        yield from _registered(shape, below(path, name))
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from _registered(schema[key], path)
    for shape in schema.get("anyOf", ()):
        yield from _registered(shape, path)


def words_of(journey: Any, schema: Schema) -> Iterator[str]:
    """Which of `registered` stand in a journey, as an editor reads it."""
    yield from _words(journey, schema, "journey", schema["definitions"]["step"])


def _words(value: Any, schema: Schema, path: str, step: Schema) -> Iterator[str]:
    if "$ref" in schema:
        schema, path = step, ""
    if kind := next((kind for kind in kinds_of(schema) if _is_of(value, kind)), None):
        schema, path = kinds_of(schema)[kind], kind
        yield kind
    for shape in schema.get("anyOf", ()):
        yield from _words(value, shape, path, step)
    if isinstance(value, dict):
        for name, shape in _keys(schema, path).items():
            if name in value:
                yield below(path, name)
                yield from _words(value[name], shape, below(path, name), step)
    elif str(value) in choices(schema):
        yield f"{path}: {value}"
    for each, shape in _inside(value, schema):
        yield from _words(each, shape, path, step)


def _is_of(value: Any, kind: str) -> bool:
    return isinstance(value, dict) and kind.rpartition(" ")[2] in value


def _inside(value: Any, schema: Schema) -> Iterator[tuple[Any, Schema]]:
    """The values of a list, or of a table whose keys the writer chose, each with its schema."""
    shape = schema.get("additionalProperties" if isinstance(value, dict) else "items")
    if isinstance(shape, dict) and isinstance(value, dict | list):
        yield from ((each, shape) for each in (value.values() if isinstance(value, dict) else value))


def _keys(schema: Schema, path: str) -> dict[str, Schema]:
    """The language's own keys of a table; names of fields and scores are the workspace's."""
    named = "if" in schema or path in ("update.set", "update.score")
    return {} if named else schema.get("properties", {})


def below(path: str, name: str) -> str:
    return path if path.rpartition(" ")[2] == name else f"{path}.{name}"


def choices(schema: Schema) -> list[str]:
    """The words of a list that is the language's own."""
    own = expected(schema).startswith("'")
    return [str(word) for word in schema.get("enum", ()) if word is not None] if own else []


def kinds_of(schema: Schema) -> dict[str, Schema]:
    """The kinds among which a table is one."""
    found = dict(_chain(schema))
    return {f"trigger {kind}": shape for kind, shape in found.items()} if "event" in found else found


def _chain(schema: Schema) -> Iterator[tuple[str, Schema]]:
    while "if" in schema:
        yield schema["if"]["required"][0], schema["then"]
        schema = schema["else"]


# --- keys that go together ------------------------------------------------------------------------


def may_be_nothing(schema: Schema) -> bool:
    return "null" in schema.get("type", ())


def with_rules(schema: Schema) -> dict[str, Schema]:
    """The keys of a table, with what its rules say of their values."""
    said: dict[str, Schema] = {}
    for rule in schema.get("allOf", ()):
        said |= rule.get("properties", {}) if "if" not in rule else {}
    return {key: {**shape, **said.get(key, {})} for key, shape in schema["properties"].items()}


def mended(schema: Schema, keys: set[str], nothing: set[str], optional: List[str]) -> set[str]:
    """The keys with as few changes as make them go together."""

    def wrong(some: set[str]) -> tuple[int, int]:
        """How many rules they break; of the same the fewer keys are nearer to keeping them."""
        said = {key: None if key in nothing else "" for key in some}
        return len(_broken(schema, said)), len(some)

    while wrong(keys)[0]:
        best = min((keys ^ {key} for key in optional), key=wrong)
        if wrong(best) >= wrong(keys):
            break
        keys = best
    return keys


def _broken(schema: Schema, said: Table) -> list[Any]:
    """The rules of a table that these keys break."""
    rules = [rule for rule in schema.get("allOf", ()) if "properties" not in rule or "if" in rule]
    broken: list[Any] = [rule for rule in rules if not _validator(json.dumps(rule)).is_valid(said)]
    fits = schema.get("minProperties", 0) <= len(said) <= schema.get("maxProperties", len(said))
    return broken if fits else [*broken, schema]


@cache
def _validator(rule: str) -> Draft7Validator:
    return Draft7Validator(json.loads(rule))


# --- blocks of steps ------------------------------------------------------------------------------


def holds_steps(schema: Schema) -> bool:
    """Whether there are blocks of steps in it."""
    if id(schema) not in _HOLD_STEPS:
        _HOLD_STEPS[id(schema)] = schema, any(map(_is_step, _parts(schema)))
    return _HOLD_STEPS[id(schema)][1]


_HOLD_STEPS: dict[int, tuple[Schema, bool]] = {}  # with the schema, so that no other one gets its number


def _is_step(schema: Schema) -> bool:
    return "$ref" in schema


def _parts(schema: Any) -> Iterator[Schema]:
    """The schema and all inside it."""
    if isinstance(schema, list):
        for each in schema:
            yield from _parts(each)
    elif isinstance(schema, dict):
        yield schema
        for name, each in schema.items():
            yield from _parts(each) if name != "enum" else ()
