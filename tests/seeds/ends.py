"""What must hold when the story of a seed is told and the clock has gone on until nothing is left to do."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from nurture.store.types import from_micros
from tests.seeds.watch import Broken

ERASED = "erased-"  # so what is left of somebody, and of what was told of her, is called

if TYPE_CHECKING:
    from tests.seeds.world import World


def settled(world: World) -> None:
    """Everything that was due ended somewhere, each event had one effect, and nothing is there twice."""
    read = world.watch.read
    _none(
        read(
            "SELECT key, state FROM messages WHERE state IN ('scheduled', 'leased', 'deferred', 'handover')"
        ),
        "unsent",
    )
    _none(read("SELECT id, journey, step FROM enrollments WHERE status = 'active'"), "standing still")
    _none(
        read("SELECT id, journey FROM enrollments WHERE status = 'exited' AND exit_reason IS NULL"),
        "out, no reason",
    )
    _none(read("SELECT source, source_id FROM events WHERE processed_at IS NULL"), "unheard")
    _none(
        read(
            "SELECT enrollment_id, step, slot, COUNT(*) FROM messages WHERE enrollment_id IS NOT NULL "
            "GROUP BY enrollment_id, step, slot HAVING COUNT(*) > 1"
        ),
        "written twice",
    )
    _none(
        read(
            "SELECT e.id, e.journey FROM enrollments e JOIN contacts c ON c.id = e.contact_id "
            "WHERE e.enrolled_at > c.erased_at"
        ),
        "entered after they were erased",
    )
    _told_once(world)
    _entered_once(world)
    _facts(world)
    _points(world)
    for merged in world.watch.merged.values():
        world.watch.are_one(merged)
    world.watch.unnamed(world.nameless)
    world.watch.left_alone()


def _none(rows: list[tuple[Any, ...]], what: str) -> None:
    if rows:
        raise Broken(f"{what} in the end: {rows[:5]}")


def _told_once(world: World) -> None:
    """The inbox has what was told, each event once."""
    told = [
        source_id
        for source, source_id in world.watch.read("SELECT source, source_id FROM events")
        if source == "seed"
    ]
    renamed = [each for each in told if each.startswith(ERASED)]
    heard = [each for each in told if not each.startswith(ERASED)]
    books = world.books
    if sorted(heard) != sorted(books.told.keys() - books.forgotten) or len(renamed) != books.renamed:
        differ = sorted(set(heard) ^ (books.told.keys() - books.forgotten))[:5]
        raise Broken(
            f"told and heard differ: {differ}, {len(heard) - len(set(heard))} twice; "
            f"{len(renamed)} of who was erased, and it should be {books.renamed}"
        )


def _entered_once(world: World) -> None:
    """A journey that is entered once is, for each key; one with a pause between runs keeps to it."""
    runs: dict[tuple[str, int, str], list[tuple[int, int]]] = defaultdict(list)
    for journey, person, key, at, enrolled in world.watch.read(
        "SELECT journey, contact_id, key, entered_at, enrolled_at FROM enrollments"
    ):
        runs[journey, person, key].append((at, enrolled))
    merged = dict(
        world.watch.read(
            "SELECT merged_into, MAX(erased_at) FROM contacts WHERE merged_into IS NOT NULL GROUP BY merged_into"
        )
    )
    for (journey, person, key), begun in runs.items():
        # two may have entered who were merged later: what came after that is hers
        pairs = [
            pair for pair in pairwise(sorted(begun)) if max(pair[0][1], pair[1][1]) > merged.get(person, 0)
        ]
        gaps = [from_micros(later) - from_micros(earlier) for (earlier, _), (later, _) in pairs]
        if journey in ("welcome", "cart", "receipt") and gaps:
            raise Broken(f"person {person} entered {journey} {key!r} {len(begun)} times")
        if timedelta() in gaps:
            raise Broken(f"person {person} entered {journey} twice at one instant")
        if journey == "winback" and any(gap < timedelta(days=10) for gap in gaps):
            raise Broken(f"person {person} entered winback again after {min(gaps)}")


def _facts(world: World) -> None:
    """Each order counts once, and of what was said of a field the last word holds, by when it was said."""
    for ref, count, value, fields in world.watch.read(
        "SELECT ref, total_orders, lifetime_value, fields FROM contacts"
    ):
        orders = world.books.orders[ref]
        if not ref.startswith(ERASED) and (count, value) != (len(orders), sum(orders.values())):
            raise Broken(f"{ref} has {count} orders worth {value}; told were {orders}")
        plan = (json.loads(fields) if isinstance(fields, str) else fields).get("plan")
        said = max(world.books.said[ref], default=(None, None))[1]
        if plan != said:
            raise Broken(f"{ref} has plan {plan}; the last word was {said}")


def _points(world: World) -> None:
    """Who went through a journey five times has five times its points."""
    passed: dict[int, int] = defaultdict(int)
    for person, memory in world.watch.read(
        "SELECT e.contact_id, e.memory FROM enrollments e JOIN contacts c ON c.id = e.contact_id "
        "WHERE c.erased_at IS NULL"
    ):
        passed[person] += "passed" in (json.loads(memory) if isinstance(memory, str) else memory)
    points = dict(world.watch.read("SELECT contact_id, value FROM scores WHERE name = 'interest'"))
    for person, times in passed.items():
        if points.get(person, 0) != 5 * times:
            raise Broken(f"person {person} has {points.get(person, 0)} points after {times} runs to the end")
