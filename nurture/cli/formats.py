"""What `nurture check` found, for machines: annotations of GitHub, and SARIF 2.1.0."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nurture.options.codes import CODES
from nurture.problems import Mark, Problem

PAGE = "docs/reference/problems.md"
SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def page_of(problem: Problem) -> str:
    """Where the problem is explained: what it names itself, else its code."""
    return problem.help or f"{PAGE}#{problem.code.lower()}"


def to_github(problems: Sequence[Problem], journeys: int) -> str:
    """One workflow command a problem; GitHub shows it beside the line."""
    return "\n".join(map(_annotation, problems))


def _annotation(problem: Problem) -> str:
    place = {"title": f"nurture {problem.code}"}
    if mark := problem.mark:
        end = mark.column + max(mark.length, 1)
        place |= {"file": mark.file, "line": f"{mark.line}", "col": f"{mark.column}", "endColumn": f"{end}"}
    said = f"{problem.message}\n{problem.hint}" if problem.hint else problem.message
    where = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in place.items())
    return f"::{problem.severity} {where}::{_escaped(said)}"


def _escaped(text: str, also: str = "") -> str:
    return "".join(f"%{ord(sign):02X}" if sign in f"%\r\n{also}" else sign for sign in text)


def to_sarif(problems: Sequence[Problem], journeys: int) -> str:
    """A log as code scanning reads it. Columns are counted in characters."""
    codes = sorted({problem.code for problem in problems})
    rules = [_rule(code) for code in codes]
    driver = {"name": "nurture", "version": version("nurture"), "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, codes.index(problem.code)) for problem in problems],
    }
    return json.dumps({"$schema": SARIF, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2)


def _rule(code: str) -> dict[str, Any]:
    known = CODES[code]
    return {
        "id": code,
        "shortDescription": {"text": known.title},
        "help": {"text": f"{known.way_out} See {PAGE}#{code.lower()}."},
    }


def _result(problem: Problem, rule: int) -> dict[str, Any]:
    said = f"{problem.message}: {problem.hint}" if problem.hint else problem.message
    places = {"locations": [_place(problem.mark)]} if problem.mark else {}
    related = [{**_place(mark), "message": {"text": message}} for message, mark in problem.related]
    return {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": problem.severity.value,
        "message": {"text": said},
        **places,
        **({"relatedLocations": related} if related else {}),
    }


def _place(mark: Mark) -> dict[str, Any]:
    path = Path(mark.file)
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
    region = {
        "startLine": mark.line,
        "startColumn": mark.column,
        "endColumn": mark.column + max(mark.length, 1),
    }
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}
