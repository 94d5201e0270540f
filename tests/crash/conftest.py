"""Scenes are built once a session and set back before each trial."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.crash.scene import Scene
from tests.crash.stage import Stage

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Scenes by provider and database."""
    with Stage(tmp_path_factory.mktemp("crash")) as stage:
        yield stage


@pytest.fixture(params=DATABASES)
def dialect(request: pytest.FixtureRequest) -> str:
    """Both databases."""
    found: str = request.param
    return found


@pytest.fixture(params=["smtp", "twilio"])
def scene(request: pytest.FixtureRequest, dialect: str, stage: Stage) -> Scene:
    """The usual scene, with each provider on each database."""
    return stage.scene(request.param, dialect)


@pytest.fixture
def visits(scene: Scene, stage: Stage) -> Counter[str]:
    """How often an undisturbed worker comes to each fault point of the scene."""
    return stage.visits(scene)
