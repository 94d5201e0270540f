"""Contacts who are one person: which they may be, and making them one. What will happen is shown first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer

from nurture.cli import tables
from nurture.cli.folder import HERE, Folder, runtime
from nurture.cli.steering import Yes, agree

if TYPE_CHECKING:
    from nurture.app.merging import Ending, Merge, Pair, Side

SHORT = {
    "merge": "Make two contacts one: what is the other's becomes hers.",
    "duplicates": "List contacts who are probably one person.",
}
_WHY = {
    "older": "the other one's is older and goes on",
    "control_group": "she falls into the control group of this journey",
}
_SIDE = 32  # columns for each of the two
_SAME = {"phone": "same phone", "email": "same mailbox"}


def register(app: typer.Typer) -> None:
    for command in (merge, duplicates):
        app.command(short_help=SHORT[command.__name__])(command)


def merge(
    kept: Annotated[
        str, typer.Argument(metavar="KEPT", help="Who stays: ref, e-mail address or phone number.")
    ],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Who becomes part of her.")],
    workspace: Folder = HERE,
    yes: Yes = False,
) -> None:
    """Make two contacts one: events, orders, messages and runs of OTHER become KEPT's. There is no way back.

    Shows first what will happen to both. Of what they said to a topic the more restrictive word holds.
    """
    from nurture.app import environment, merging

    with runtime(workspace) as opened:
        now, zone = opened.now(), opened.settings.company.zone
        found = merging.rehearse(opened, kept, other, now)
        _show([found.kept, found.other], zone)
        for line in _said(found):
            print(tables.paragraph(line))
        agree(f"Make {found.other.ref} part of {found.kept.ref}, for good?", yes)
        done = merging.merge(opened, kept, other, f"user:{environment.user()}", opened.now())
    print(
        tables.paragraph(
            f"{done.other.ref} is {done.kept.ref} now; what names either leads to {done.kept.ref}."
        )
    )


def _show(sides: Sequence[Side], zone: str) -> None:
    facts = {
        "": [side.ref for side in sides],
        "name": [side.name or "-" for side in sides],
        "first seen": [tables.wall(side.seen_at, zone) for side in sides],
        "events": [f"{side.sums.events:,}" for side in sides],
        "orders": [f"{side.sums.orders:,}" for side in sides],
        "messages": [f"{side.sums.messages:,}" for side in sides],
        "unsent": [f"{side.sums.unsent:,}" for side in sides],
        "inside": [", ".join(side.inside) or "-" for side in sides],
        "said yes to": [", ".join(side.yes) or "-" for side in sides],
    }
    print(tables.table([line for name, cells in facts.items() for line in _lines(name, cells)]))
    print()


def _lines(name: str, cells: Sequence[str]) -> Iterator[list[str]]:
    """A fact of both; what is too long for its column goes on below."""
    for parts in zip_longest(*(wrap(cell, _SIDE, break_on_hyphens=False) for cell in cells), fillvalue=""):
        yield [name, *parts]
        name = ""


def _said(found: Merge) -> Iterator[str]:
    kept, other = found.kept.ref, found.other.ref
    yield f"All of {other}'s becomes {kept}'s, and what is counted of her is counted again."
    if found.filled:
        yield f"{kept} takes over what she lacks: {', '.join(found.filled)}."
    for topic, channel in found.gained:
        yield f"{topic} by {channel}: {other} alone said yes; that holds."
    for topic, channel in found.withdrawn:
        yield f"{topic} by {channel}: one said yes, the other no; she gets none."
    for each in found.endings:
        yield _ending(each)


def _ending(each: Ending) -> str:
    of = f" for {each.key}" if each.key else ""
    return f"{each.ref}'s run in {each.journey}{of} ends, with what it has not sent: {_WHY[each.why]}."


def duplicates(
    workspace: Folder = HERE,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """List contacts who share a phone number or a mailbox. It may be a family: nobody is merged by this."""
    from nurture.app import merging

    with runtime(workspace) as opened:
        found = merging.likely(opened)
    if as_json:
        tables.as_json([_plain(pair) for pair in found])
        return
    if not found:
        print("No two contacts share a phone number or a mailbox.")
        return
    rows = [["seen first", "other", "names", ""], *(_row(pair) for pair in found)]
    print(tables.table(rows))
    print()
    print("`nurture merge FIRST OTHER` makes two of them one, and shows first what that does.")


def _row(pair: Pair) -> list[str]:
    return [pair.kept, pair.other, " / ".join(name or "-" for name in pair.names), _SAME[pair.same]]


def _plain(pair: Pair) -> dict[str, object]:
    return {"kept": pair.kept, "other": pair.other, "names": list(pair.names), "same": pair.same}
