"""From steps as they stand in the file to steps that know what follows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from nurture.compiler.reading import Placed
from nurture.options.desk import Desk
from nurture.steps import Coupon, Step

RESERVED = frozenset(("contact", "event", "trigger", "entry", "company", "survey", "steps", "channel", "score"))

Ids = dict[int, str]  # by the identity of the placed step


def name_steps(placed: Sequence[Placed], desk: Desk) -> Ids:
    """An id for each step: the one that was written, else one made of its kind and argument."""
    everything = [inner for outer in placed for inner in outer.walk()]
    ids: Ids = {}
    taken: dict[str, Placed] = {}
    for one in everything:
        if one.id is not None:
            _take(one, one.id, taken, desk)
            ids[id(one)] = one.id
    for one in everything:
        if one.id is None:
            ids[id(one)] = _make(one, taken, desk)
    _check_second_names(everything, taken, desk)
    return ids


def _take(one: Placed, name: str, taken: dict[str, Placed], desk: Desk) -> None:
    if name in RESERVED or name in desk.contact_fields:
        desk.error("N113", f"'{name}' is a reserved word", one.id_mark, f"such as: id: {name}_step")
    elif name in taken:
        first = (("first here", taken[name].id_mark),)
        desk.error(
            "N114", f"two steps have the id '{name}'", one.id_mark, "give one another id", related=first
        )
    else:
        taken[name] = one


def _make(one: Placed, taken: dict[str, Placed], desk: Desk) -> str:
    name = one.slug
    if name not in taken:
        taken[name] = one
        return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    desk.warn(
        "N115",
        f"this step and the one in line {taken[name].step.mark.line} would have the same id '{name}'",
        one.step.mark,
        "give both an 'id:', so that a step added between them changes neither",
    )
    taken[f"{name}_{number}"] = one
    return f"{name}_{number}"


def _check_second_names(everything: Iterable[Placed], taken: dict[str, Placed], desk: Desk) -> None:
    for one in everything:
        name = one.step.save_as if isinstance(one.step, Coupon) else None
        if name is not None and (name in RESERVED or name in desk.contact_fields):
            desk.error("N113", f"'{name}' is a reserved word", one.step.mark, "choose another 'save_as'")
        elif name is not None and taken.get(name, one) is not one:
            first = (("that step", taken[name].step.mark),)
            desk.error(
                "N114",
                f"a step has the id '{name}' already",
                one.step.mark,
                "choose another 'save_as'",
                related=first,
            )


def link(block: Sequence[Placed], after: str | None, ids: Ids) -> tuple[str | None, list[Step]]:
    """The id that the block starts with, and its steps with those inside them, in the order of the file."""
    steps: list[Step] = []
    for one in reversed(block):
        inner: list[Step] = []
        starts: dict[str, str | None] = {}
        for label, nested in one.blocks.items():
            starts[label], linked = link(nested, after, ids)
            inner += linked
        steps = [replace(one.step, id=ids[id(one)], after=after, starts=starts), *inner, *steps]
        after = ids[id(one)]
    return after, steps
