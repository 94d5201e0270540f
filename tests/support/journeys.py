"""Every journey of the repository that is right, and how an editor reads YAML."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from nurture import nodes
from nurture.compiler.yaml_reader import load
from nurture.nodes import Node, Scalar, Sequence
from tests.support import documents

ROOT = Path(__file__).parents[2]


def shipped() -> list[Path]:
    """The files of the journeys that ship."""
    return sorted(
        path for path in (ROOT / "nurture" / "journeys").rglob("*.yaml") if path.parent.name != "tests"
    )


@cache
def lived() -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """The cases of tests/journeys, each with the name of its file; read once, since several modules collect them."""
    return tuple(
        (path.stem, case)
        for path in sorted((ROOT / "tests" / "journeys").glob("*.yaml"))
        for case in YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    )


def texts() -> Iterator[tuple[str, str]]:
    """A name and a text for each journey that ships, that a test lives through, or that a page shows."""
    for path in shipped():
        yield path.stem, path.read_text(encoding="utf-8")
    for file, case in lived():
        for name, text in case["journeys"].items():
            yield f"{file}: {case['case']}: {name}", text
    for page in sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]):
        for fence in documents.fences(page):
            if fence.language == "yaml" and _is_right(fence.body):
                yield f"{page.name}:{fence.line}", fence.body


def _is_right(text: str) -> bool:
    """It is a journey, and none with a mistake to learn from."""
    return bool(re.match(r"(#.*\n)*journey:", text)) and "\ntests:" not in text and "wiat" not in text


def as_an_editor_reads(text: str) -> Any:
    """The values of a file by YAML 1.2's core schema, where 15 is a number and true a boolean."""
    node, _ = load(text, "a.yaml")
    return _typed(node)


def _typed(node: Node | None) -> Any:
    match node:
        case Sequence(items):
            return [_typed(item) for item in items]
        case nodes.Mapping(pairs):
            return {key.text: _typed(value) for key, value in pairs}
        case Scalar(word, _, quoted):
            return word if quoted else _core(word)
        case _:
            return None


def _core(word: str) -> Any:
    if word in ("", "~", "null", "Null", "NULL"):
        return None
    if word.lower() in ("true", "false") and word in (word.lower(), word.title(), word.upper()):
        return word.lower() == "true"
    if re.fullmatch(r"[-+]?[0-9]+", word):
        return int(word)
    if re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", word):
        return float(word)
    return word


def plain(node: Any) -> Any:
    """What a node says, as lists, dictionaries and text; None where nothing is written."""
    match node:
        case nodes.Mapping(pairs):
            return {key.text: plain(value) for key, value in pairs}
        case Sequence(items):
            return [plain(item) for item in items]
        case Scalar(text, _, quoted):
            return text if text or quoted else None
    raise TypeError(node)


def written(value: Any, indent: int, quoted: bool) -> str:
    """The same as YAML text."""
    yaml = YAML(pure=True)
    yaml.indent(mapping=indent + 1, sequence=indent + 3, offset=indent)
    yaml.width = 10_000
    yaml.default_style = '"' if quoted else None
    yaml.representer.add_representer(
        type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:null", "", style="")
    )
    out = io.StringIO()
    yaml.dump(value, out)
    return out.getvalue()
