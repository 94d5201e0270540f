"""Events of one's own that came in undeclared: their names and fields, in a file where `check` and editors see them.

The file is like events.yaml, which goes before it. What a text says is taken for personal until somebody declares it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any

from nurture.app.declared import EVENTS, LEARNT, WORD, events_of
from nurture.app.runtime import Runtime
from nurture.compiler.yaml_reader import load as load_yaml
from nurture.model import Field, FieldType
from nurture.options.desk import Desk
from nurture.options.reader import read_table
from nurture.problems import NurtureError
from nurture.store import events as event_store

LOOKED_AT = 200  # of the latest events of a name
MOST = 200  # names: a shop that puts ids into them says nothing of use
_EVENT = re.compile(r"[a-z][a-z0-9_]{0,79}")
Learnt = Mapping[str, tuple[Field, ...]]
HEAD = """# Events that came in and that events.yaml doesn't declare, with what they carry. nurture writes this file; journeys may
# speak of what stands here. To say more of an event, or otherwise, declare it in events.yaml.
events:
"""


def learn(runtime: Runtime) -> list[str]:
    """Write down what came in undeclared; the names that are new."""
    before = learnt_of(runtime.folder)
    declared = {name: each for name, each in runtime.event_fields.items() if name not in before}
    with runtime.store.read() as tx:
        own = [name for name in event_store.names(tx) if name not in declared and _EVENT.fullmatch(name)]
        said = {name: event_store.latest(tx, name, LOOKED_AT) for name in own[:MOST]}
    types = {field.name: field.type for fields in declared.values() for field in fields}
    found = {name: fields_of(payloads, types) for name, payloads in said.items()}
    known = {**before, **found}
    if known != before:
        _write(runtime.folder / LEARNT, {name: known[name] for name in sorted(known)})
    return sorted(found.keys() - before.keys())


def learnt_of(folder: Path) -> dict[str, tuple[Field, ...]]:
    """What is written down already."""
    path = folder / LEARNT
    node, _ = load_yaml(path.read_text(encoding="utf-8"), LEARNT) if path.is_file() else (None, [])
    return events_of(read_table(node, EVENTS, Desk())) if node is not None else {}


def fields_of(payloads: Iterable[Mapping[str, Any]], types: Mapping[str, FieldType]) -> tuple[Field, ...]:
    """The fields that events carry, each with the type that all its values have. Left out is what has none, and what
    other events have under this name with another of these types."""
    kinds: dict[str, set[FieldType | None]] = {}
    for payload in payloads:
        for name, value in payload.items():
            if WORD.fullmatch(name) and value not in (None, ""):
                kinds.setdefault(name, set()).add(_kind(value))
    found = ((name, _common(kinds[name])) for name in sorted(kinds))
    return tuple(
        Field(name, kind, personal=kind in (FieldType.TEXT, FieldType.LIST))
        for name, kind in found
        if kind is not None and types.get(name, kind) is kind
    )


def _kind(value: Any) -> FieldType | None:
    match value:
        case bool():
            return FieldType.BOOLEAN
        case int() | float():
            return FieldType.NUMBER
        case str():
            return _of_text(value)
        case list() if all(isinstance(each, str) for each in value):
            return FieldType.LIST
    return None


def _of_text(text: str) -> FieldType:
    with suppress(ValueError):
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text) and date.fromisoformat(text):
            return FieldType.DATE
        if re.match(r"\d{4}-\d\d-\d\dT", text) and datetime.fromisoformat(text).tzinfo is not None:
            return FieldType.INSTANT
    return FieldType.TEXT


def _common(kinds: set[FieldType | None]) -> FieldType | None:
    """The one type of all values; where some texts are dates and others not, text."""
    if len(kinds) == 1:
        return next(iter(kinds))
    texts = {FieldType.TEXT, FieldType.DATE, FieldType.INSTANT}
    return FieldType.TEXT if kinds <= texts else None


def _write(path: Path, learnt: Learnt) -> None:
    """As a whole or not at all. Raises NurtureError where nothing can be written there."""
    beside = path.with_suffix(".part")
    try:
        beside.write_text(HEAD + "".join(_lines(learnt)), encoding="utf-8")
        os.replace(beside, path)
    except OSError as error:
        raise NurtureError(f"{path} can't be written: {error.strerror}") from None


def _lines(learnt: Learnt) -> Iterator[str]:
    for name, fields in learnt.items():
        if not fields:
            yield f"  {name}: {{}}\n"
            continue
        yield f"  {name}:\n    fields:\n"
        for field in fields:
            kind = f"{{type: {field.type}, personal: true}}" if field.personal else field.type
            yield f"      {field.name}: {kind}\n"
