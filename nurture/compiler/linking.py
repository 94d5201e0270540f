"""From steps as they stand in the file to steps that know what follows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from nurture.compiler.passes import renamed
from nurture.compiler.reading import Placed
from nurture.options.desk import Desk
from nurture.steps import Coupon, Repeat, Step
from nurture.steps.base import ANY_PASS, base_of

RESERVED = frozenset(
    ("contact", "event", "trigger", "entry", "company", "survey", "steps", "channel", "score")
)

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
        if isinstance(one.step, Repeat):
            after, passes = _passes(one, one.step, after, ids)
            steps = [*passes, *steps]
            continue
        inner: list[Step] = []
        starts: dict[str, str | None] = {}
        for label, nested in one.blocks.items():
            starts[label], linked = link(nested, after, ids)
            inner += linked
        steps = [replace(one.step, id=ids[id(one)], after=after, starts=starts), *inner, *steps]
        after = ids[id(one)]
    return after, steps


def _passes(one: Placed, repeat: Repeat, after: str | None, ids: Ids) -> tuple[str, list[Step]]:
    """Each pass with its steps. Pass n of the step `first` is `first[n]`, and in that pass `first` means it.

    In a repeat inside this one pass m is `first[n][m]`: here `first` means its last pass, and its messages any.
    """
    own = {id(inner): ids[id(inner)] for inner in one.walk() if inner is not one}
    deep = {id(inner) for other in _repeats(one) for inner in other.walk() if inner is not other}
    name, behind = ids[id(one)], after
    steps: list[Step] = []
    for number in range(repeat.times, 0, -1):
        in_pass = {key: f"{step}[{number}]" for key, step in own.items()}
        start, linked = link(one.blocks.get("steps", ()), behind, {**ids, **in_pass})
        names = {base_of(step): in_pass[key] for key, step in own.items()}
        sends = names | _any_pass(in_pass[key] for key in deep)
        before = f"{name}[{number - 1}]" if number > 1 else None
        begin = replace(renamed(repeat, {}, _any_pass(own.values())), number=number, before=before)
        behind = f"{name}[{number}]"
        begin = replace(begin, id=behind, after=after, starts={"steps": start})
        steps = [begin, *(renamed(step, names, sends) for step in linked), *steps]
    return f"{name}[1]", steps


def _any_pass(steps: Iterable[str]) -> dict[str, str]:
    return {base_of(step): f"{step}{ANY_PASS}" for step in steps}


def _repeats(one: Placed) -> list[Placed]:
    """The repeats inside a step."""
    return [inner for inner in one.walk() if inner is not one and isinstance(inner.step, Repeat)]


def behind_repeats(placed: Sequence[Placed], ids: Ids) -> dict[str, str]:
    """For what stands outside of repeats: a step inside one means any of its passes."""
    repeats = [one for outer in placed for one in outer.walk() if isinstance(one.step, Repeat)]
    return _any_pass(ids[id(inner)] for one in repeats for inner in one.walk() if inner is not one)
