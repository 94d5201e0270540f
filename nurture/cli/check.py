"""`nurture check`: is everything that I wrote right?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from nurture.app import heap, schemas, timelines
from nurture.app.message_checks import WorstOf
from nurture.app.template_checks import check_templates
from nurture.app.workspace import Workspace, load
from nurture.cli.formats import page_of, to_github, to_sarif
from nurture.problems import Mark, NurtureError, Problem, Severity, nearest, render


def check(where: Path, form: str = "text", *, people: bool = False) -> int:
    """Print what is wrong in a workspace, or in one of its files; 1 where that is an error, else 0."""
    if form not in FORMS:
        near = nearest(form, FORMS)
        way_out = f"did you mean '{near}'?" if near else f"there is {', '.join(FORMS)}"
        raise NurtureError(f"there is no format '{form}'; {way_out}")
    workspace, problems = find_problems(where, people=people)
    schemas.refresh(workspace.folder, workspace.context)
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    print(FORMS[form](problems, len(workspace.journeys)))
    return 1 if errors else 0


def find_problems(where: Path, *, people: bool = False) -> tuple[Workspace, list[Problem]]:
    """The workspace that `where` is or belongs to, and its problems in the order of its files. With `people` the SMS are
    counted with the longest values in its database.

    Raises NurtureError where there is no workspace.
    """
    folder = _folder(where)
    with heap.at_rest():
        workspace = load(folder, for_work=False)
        known = people and workspace.settings is not None  # else nobody knows which database it is
        with _longest_values(folder) if known else nullcontext() as worst:
            problems = [*workspace.problems, *check_templates(workspace, worst)]
        problems += timelines.look(workspace)[1]
    if where.is_file():
        here = where.resolve()
        problems = [each for each in problems if each.mark and Path(each.mark.file).resolve() == here]
    return workspace, sorted(dict.fromkeys(problems), key=_place)


@contextmanager
def _longest_values(folder: Path) -> Iterator[WorstOf]:
    from nurture.app.worst_values import Longests
    from nurture.cli.folder import runtime

    with runtime(folder, for_work=False) as opened, opened.store.read() as tx:
        yield Longests(opened, tx)


def _folder(where: Path) -> Path:
    if not where.is_file():
        if not where.exists():
            raise NurtureError(f"there is no {where}")
        return where
    for folder in where.parents:
        if (folder / "nurture.yaml").is_file():
            return folder
    raise NurtureError(f"{where} belongs to no workspace: there is no nurture.yaml beside or above it")


def _place(problem: Problem) -> tuple[str, int, int]:
    mark = problem.mark
    return (mark.file, mark.line, mark.column) if mark else ("", 0, 0)


def to_text(problems: Sequence[Problem], journeys: int) -> str:
    """All problems as a person reads them, and a last line that sums up."""
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    warnings = len(problems) - errors
    counts = [
        f"{count} {word}{'s' if count != 1 else ''}"
        for count, word in ((errors, "error"), (warnings, "warning"))
        if count
    ]
    checked = f"{journeys} journey{'s' if journeys != 1 else ''}"
    last = " and ".join(counts) if counts else f"{checked}: everything is right"
    return "\n\n".join([*map(render, problems), last])


def to_json(problems: Sequence[Problem], journeys: int) -> str:
    said = {
        "errors": sum(problem.severity is Severity.ERROR for problem in problems),
        "warnings": sum(problem.severity is Severity.WARNING for problem in problems),
        "problems": [
            {
                "code": problem.code,
                "severity": problem.severity.value,
                "message": problem.message,
                **_mark(problem.mark),
                "hint": problem.hint,
                "help": page_of(problem),
                "related": [{"message": message, **_mark(mark)} for message, mark in problem.related],
            }
            for problem in problems
        ],
    }
    return json.dumps(said, ensure_ascii=False, indent=2)


def _mark(mark: Mark | None) -> dict[str, Any]:
    if mark is None:
        return {"file": None, "line": None, "column": None, "length": None}
    return {"file": mark.file, "line": mark.line, "column": mark.column, "length": mark.length}


FORMS: dict[str, Callable[[Sequence[Problem], int], str]] = {
    "text": to_text,
    "json": to_json,
    "github": to_github,
    "sarif": to_sarif,
}
