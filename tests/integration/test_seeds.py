"""Virtual months from a few seeds: every promise is kept, a seed does the same again, and planted bugs are seen.

`python -m tests.seeds` and `make soak` live through thousands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.seeds.room import Lived, Room, room
from tests.seeds.trying import caught

SEEDS = range(1, 7)
SEEN = 30  # seeds within which a planted bug must show


@pytest.fixture(scope="module")
def here() -> Iterator[Room]:
    with room() as found:
        yield found


@pytest.fixture(scope="module")
def lived(here: Room) -> list[Lived]:
    return [here.live(seed) for seed in SEEDS]


def test_every_promise_is_kept(lived: list[Lived]) -> None:
    for each in lived:
        assert each.failure is None, f"python -m tests.seeds --seed {each.seed} --trace\n{each.failure}"


def test_the_seeds_are_wild(lived: list[Lived]) -> None:
    happened = sum((each.counts for each in lived), Counter[str]())
    assert {"crashes", "messages", "commits that failed", "erasures", "confirmed"} <= happened.keys()
    assert sum((each.doubts for each in lived), Counter[str]()).keys() >= {"worker_lost"}


def test_a_seed_does_the_same_again(here: Room, lived: list[Lived]) -> None:
    again = here.live(SEEDS[2])
    assert again.trace == lived[2].trace
    assert again.digest == lived[2].digest
    assert len({each.digest for each in lived}) == len(lived)


@pytest.mark.postgresql
def test_nor_is_a_promise_broken_on_postgresql(here: Room) -> None:
    found = here.live(SEEDS[0], "postgresql")
    assert found.failure is None, (
        f"python -m tests.seeds --seed {found.seed} --postgresql --trace\n{found.failure}"
    )


@pytest.mark.parametrize("plant", ["no_doubt", "no_second_gate", "no_unique", "confirms_each_time"])
def test_a_planted_bug_is_seen(plant: str, here: Room) -> None:
    """`make soak` plants them all."""
    assert caught(here, plant, range(1, SEEN)), f"{plant} was planted and no seed saw it"
