"""What a new version of a journey changes, as words for each step and as a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nurture.compiler.difference import Change
from nurture.compiler.plan import Plan
from nurture.reports import picture
from nurture.steps.base import base_of

_NOTES = {"added": "new", "changed": "changed", "moved": "moved", "removed": "removed"}


def head(change: Change) -> str:
    """A changed step in one line. One that has no name of its own is called by its kind and line."""
    if change.named:
        moved = ", now in another place" if change.what == "moved" else ""
        return f"{change.step}: {change.says}{moved}"
    where = f"line {change.line}{' before' if change.what == 'removed' else ''}"
    if change.what == "moved":
        return f"{change.says}, now in another place ({where})"
    if len(change.values) == 1:
        (value,) = change.values
        return f"{change.kind}: {value.old} -> {value.new} ({where})"
    return f"{change.says} ({where})"


def svg(plan: Plan, changes: Sequence[Change], standing: Mapping[str, int], gone: Mapping[str, int]) -> str:
    """The new version, with what changed at each step and how many people stand there. Steps that are removed
    stand at its end."""
    changed = {change.step: change for change in changes if change.step and change.what != "removed"}
    words, notes = {}, {}
    for step in plan.steps:
        change, people = changed.get(base_of(step)), standing.get(base_of(step), 0)
        notes[step] = ", ".join(_notes(change, people))
        if change is not None and change.values:
            words[step] = _says(change)
    removed = [change for change in changes if change.what == "removed"]
    rows = [picture.Row(change.says, 0, str(change.step), ends=True) for change in removed]
    for change in removed:
        people = sum(count for step, count in gone.items() if base_of(step) == change.step)
        notes[str(change.step)] = ", ".join(_notes(change, people))
    return picture.svg(plan, notes, words, rows)


def _notes(change: Change | None, people: int) -> Iterator[str]:
    if change is not None:
        yield _NOTES[change.what]
    if people:
        yield f"{people:,} here"


def _says(change: Change) -> str:
    if len(change.values) == 1 and not change.named:
        (value,) = change.values
        return f"{change.kind}: {value.old} -> {value.new}"
    return "; ".join([change.says, *(f"{value.name}: {value.old} -> {value.new}" for value in change.values)])
