"""What is wrong, where, and the way out: one shape for every message to a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from textwrap import wrap

WIDTH = 80
_BESIDE = "      | "


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file. Line and column count from 1; `text` is the whole line."""

    file: str
    line: int
    column: int
    length: int = 1
    text: str | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `hint` stands under the excerpt, `help` names the page that explains."""

    code: str
    message: str
    mark: Mark | None = None
    hint: str | None = None
    help: str | None = None
    severity: Severity = Severity.ERROR
    related: tuple[tuple[str, Mark], ...] = ()
    about: str | None = None  # the person's field that may be unknown: `nurture plan` counts of whom it is


class NurtureError(Exception):
    """Something that a person can mend; the command line prints it without a traceback."""

    def __init__(self, message: str = "", problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that `word` was probably meant to be."""
    found = get_close_matches(word, list(candidates), n=1, cutoff=0.6)
    return found[0] if found else None


def render(problem: Problem) -> str:
    """The problem as a person reads it: place, message, excerpt, hint, help."""
    place = f"{problem.mark}: " if problem.mark else ""
    lines = [f"{place}{problem.severity}[{problem.code}]: {_visible(problem.message)}"]
    lines += _excerpt(problem.mark, problem.hint)
    for message, mark in problem.related:
        lines.append(f"   note: {message} at {mark}")
        lines += _excerpt(mark, None)
    if problem.help:
        lines.append(f"   help: {problem.help}")
    return "\n".join(lines)


def in_a_line(error: NurtureError) -> str:
    """What a record keeps of the error: the place, what is wrong and the way out, without the excerpt."""
    return "; ".join(map(_in_a_line, error.problems)) or str(error)


def _in_a_line(problem: Problem) -> str:
    place = f"{problem.mark}: " if problem.mark else ""
    return _visible(place + problem.message + (f": {problem.hint}" if problem.hint else ""))


def _excerpt(mark: Mark | None, hint: str | None) -> list[str]:
    if mark is None or mark.text is None:
        return [f"   {_visible(hint)}"] if hint else []
    text, column, length = _window(_visible(mark.text), mark.column, max(mark.length, 1))
    carets = _BESIDE + " " * (column - 1) + "^" * length
    lines = [f"{mark.line:>5} | {text}", carets]
    said = _visible(hint) if hint else ""
    if len(carets) + 1 + len(said) <= WIDTH:
        return [lines[0], f"{carets} {said}".rstrip()]
    return [*lines, *_below(said, column - 1)]


def _below(said: str, indent: int) -> list[str]:
    """What doesn't fit behind the carets, under them, as far to the right as it fits."""
    room = WIDTH - len(_BESIDE)
    margin = _BESIDE + " " * min(indent, max(0, room - len(said)))
    return [margin + part for part in wrap(said, room, break_on_hyphens=False)]


def _window(text: str, column: int, length: int) -> tuple[str, int, int]:
    """The part of a long line that shows the place, and where it stands in that part."""
    room = WIDTH - len(_BESIDE)
    start = max(0, min(column - 1 - room // 3, len(text) - room))
    part = text[start : start + room]
    if start:
        part = "…" + part[1:]
    if start + room < len(text):
        part = part[:-1] + "…"
    column = min(column - start, room)
    return part, column, min(length, room - column + 1)


def _visible(text: str) -> str:
    """The text without signs that would steer a terminal, each still one column wide."""
    return "".join(
        " " if sign == "\t" else sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text
    )
