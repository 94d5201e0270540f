"""What ships beside the journeys of a new workspace: a library of journeys to choose from."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

MESSAGES = ("email", "sms", "whatsapp", "tasks")


def journeys() -> Path:
    """The folder of the journeys that ship."""
    return Path(str(files("nurture.journeys")))


def templates() -> Path:
    """The folder of the templates that ship."""
    return Path(str(files("nurture.templates")))


def library() -> dict[str, Path]:
    """The journeys that a new workspace doesn't have yet, by their names."""
    return {path.stem: path for path in sorted((journeys() / "library").glob("*.yaml"))}


def everything() -> dict[str, Path]:
    """Every journey that ships, by its name."""
    first = {path.stem: path for path in journeys().glob("*.yaml")}
    return dict(sorted({**first, **library()}.items()))


def tests_of(path: Path) -> Path:
    """The timelines of a journey that ships."""
    return path.parent / "tests" / path.name


def templates_of(name: str) -> list[Path]:
    """The templates of a journey of the library: all that stands in the folders of its name."""
    folders = (templates() / kind / name for kind in MESSAGES)
    return [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
