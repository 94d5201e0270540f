"""What a new version of a journey changes, as words for each step and as a picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from nurture.compiler.difference import Change
from nurture.compiler.plan import Plan
from nurture.reports import picture
from nurture.steps.base import base_of

NOTES = {"added": "+ new", "changed": "~ changed", "moved": "~ moved", "removed": "− removed"}
COUNTED = {"added": "new", "changed": "changed", "moved": "moved", "removed": "removed"}


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
    """The new version in reading order: what changed at each step, how many people stand there, and where the steps
    stood that are removed. What it comes to stands above it."""
    return picture.svg(plan, tuple(_rows(plan, changes, standing, gone)), _sums_up(changes, standing, gone))


def _rows(
    plan: Plan, changes: Sequence[Change], standing: Mapping[str, int], gone: Mapping[str, int]
) -> Iterator[picture.Row]:
    changed = {change.step: change for change in changes if change.step and change.what != "removed"}
    removed: dict[str | None, list[picture.Row]] = {}
    for change in changes:
        if change.what == "removed":
            removed.setdefault(change.after, []).append(_removed(change, gone))
    first, *others = picture.rows(plan)
    yield picture.Row(_sums_up(changes, standing, gone), -1, way=True)
    yield from _settings(changes)
    yield first
    yield from removed.pop(None, ())
    seen: set[str] = set()
    for row in others:
        base = base_of(row.id)
        if not row.id or base in seen:  # of a repeat the first pass speaks for all
            yield row
            continue
        seen.add(base)
        yield _step(row, changed.get(base), standing.get(base, 0))
        yield from (replace(each, depth=row.depth) for each in removed.pop(base, ()))


def _settings(changes: Sequence[Change]) -> Iterator[picture.Row]:
    for change in changes:
        for value in change.values if change.step is None else ():
            yield picture.Row(
                f"{value.old} -> {value.new}", 0, value.name, note=NOTES["changed"], look="changed"
            )


def _step(row: picture.Row, change: Change | None, people: int) -> picture.Row:
    note = _note(change, people)
    if change is None:
        return replace(row, note=note)
    return replace(row, words=_says(change) if change.values else row.words, note=note, look=change.what)


def _removed(change: Change, gone: Mapping[str, int]) -> picture.Row:
    people = sum(count for step, count in gone.items() if base_of(step) == change.step)
    return picture.Row(change.says, 0, str(change.step), note=_note(change, people), look="removed")


def _note(change: Change | None, people: int) -> str:
    return ", ".join(
        filter(None, (NOTES[change.what] if change else "", f"{people:,} here" if people else ""))
    )


def _sums_up(changes: Sequence[Change], standing: Mapping[str, int], gone: Mapping[str, int]) -> str:
    """`1 step new, 2 changed; 1,203 people inside`"""
    counts = Counter(change.what for change in changes if change.step)
    said = [f"{counts[what]:,} {word}" for what, word in COUNTED.items() if counts[what]]
    settings = sum(len(change.values) for change in changes if change.step is None)
    said += [f"{settings:,} setting{'s' if settings != 1 else ''}"] if settings else []
    inside = sum(standing.values()) + sum(gone.values())
    people = f"{inside:,} {'person' if inside == 1 else 'people'} inside"
    return f"{', '.join(said) or 'nothing changes'}; {people}"


def _says(change: Change) -> str:
    if len(change.values) == 1 and not change.named:
        (value,) = change.values
        return f"{change.kind}: {value.old} -> {value.new}"
    return "; ".join([change.says, *(f"{value.name}: {value.old} -> {value.new}" for value in change.values)])
