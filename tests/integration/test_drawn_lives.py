"""Journeys that are drawn from the registry, lived through: every run ends, and how the jobs run changes nothing.

`make drawn` does it with many more, new ones each time.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.app.runtime import Runtime
from nurture.app.simulating.happenings import ANSWERS
from nurture.app.simulating.person import Question, simulate
from nurture.cli.check import find_problems
from nurture.problems import Severity, render
from nurture.store.engine import Store
from tests.support.drawn_lives import START, Lived, Story, Way, journey_files, lived, stories
from tests.support.drawn_shop import Shop, examples, open_shop
from tests.support.lives import CAST

TICK = timedelta(hours=11, minutes=7)
ON_SQLITE = (Way(batch=1, tick=TICK), Way(batch=7, workers=4))
ON_POSTGRESQL = (Way("postgresql", batch=7, workers=4),)


@dataclass(frozen=True)
class Room:
    """Where lives are lived: a shop, and a database of its own for each."""

    shop: Shop
    migrated: Path
    stories: st.SearchStrategy[Story]
    runs: list[int] = field(default_factory=list)  # in each life that was compared

    def life(self, story: Story, way: Way) -> Lived:
        with TemporaryDirectory(prefix="nurture-life-") as name:
            if way.dialect == "sqlite":
                return lived(self.shop, story, way, self.sqlite(Path(name)), Path(name))
            from tests.support import postgres

            url = postgres.migrated_database()
            try:
                return lived(self.shop, story, way, url, Path(name))
            finally:
                postgres.drop_database(url)

    def sqlite(self, folder: Path) -> str:
        shutil.copyfile(self.migrated, folder / "nurture.db")
        return f"sqlite:///{folder / 'nurture.db'}"


@pytest.fixture
def room(shop: Shop, _migrated_sqlite: Path) -> Iterator[Room]:
    found = Room(shop, _migrated_sqlite, stories(shop))
    yield found
    assert not found.runs or any(found.runs), "nobody entered anything: what was compared?"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return open_shop(tmp_path_factory.mktemp("drawn"))


def _the_same(room: Room, story: Story, ways: tuple[Way, ...]) -> None:
    """Every run ends, and what came of it is the same whichever way the jobs run."""
    plain = room.life(story, Way())
    assert plain.inside == ()
    room.runs.append(sum('"journey"' in line for line in plain.lines))
    for way in ways:
        other = room.life(story, way)
        assert other.lines == plain.lines, f"{way}\n{plain.unlike(other)}"


@examples(3)
@given(data=st.data())
def test_ticks_batches_and_workers_change_nothing_on_sqlite(room: Room, data: st.DataObject) -> None:
    _the_same(room, data.draw(room.stories), ON_SQLITE)


@pytest.mark.postgresql
@examples(2)
@given(data=st.data())
def test_nor_on_postgresql(room: Room, data: st.DataObject) -> None:
    _the_same(room, data.draw(room.stories), ON_POSTGRESQL)


@examples(2)
@given(data=st.data())
def test_each_is_right_in_its_workspace_and_can_be_simulated(room: Room, data: st.DataObject) -> None:
    story = data.draw(stories(room.shop, 2))
    who, answers = data.draw(st.sampled_from(sorted(CAST))), data.draw(st.sampled_from(ANSWERS))
    folder = room.shop.workspace.folder
    for number, text in enumerate(story.texts):
        (folder / "journeys" / f"drawn-{number}.yaml").write_text(text, encoding="utf-8")
    try:
        errors = [each for each in find_problems(folder)[1] if each.severity is Severity.ERROR]
        assert errors == [], "\n".join(map(render, errors))
    finally:
        for path in (folder / "journeys").glob("drawn-*.yaml"):
            path.unlink()
    with TemporaryDirectory(prefix="nurture-life-") as name:
        assert room.shop.workspace.settings is not None
        url = room.sqlite(Path(name))
        lived(room.shop, Story((), ()), Way(), url, Path(name))  # people are known
        runtime = Runtime(Store(url, durable=False), room.shop.workspace.settings, folder, now=lambda: START)
        try:
            for file in journey_files(room.shop, story.texts):
                told = simulate(runtime, file, Question(who, answers, days=14))
                assert (told.ref, told.journey) == (who, file.name)
                assert told.runs or told.not_in is not None
        finally:
            runtime.close()
