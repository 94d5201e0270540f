"""A journey that ships, copied into a workspace with its templates and tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nurture.app import library, schemas
from nurture.app.workspace import load
from nurture.compiler import CompileContext, compile_journey
from nurture.compiler.yaml_reader import load as load_yaml
from nurture.nodes import Mapping, Node, Scalar, Sequence
from nurture.problems import NurtureError, nearest


@dataclass(frozen=True, slots=True)
class Shipped:
    """A journey of the product's."""

    name: str
    description: str
    path: Path

    @property
    def in_short(self) -> str:
        """The description without its reasons."""
        return self.description.partition(" Why it works: ")[0]


@dataclass(frozen=True, slots=True)
class Added:
    """What was copied, what stood there already, and what the workspace lacks for the journey to run."""

    written: tuple[Path, ...]
    kept: tuple[Path, ...]
    missing: tuple[str, ...]


def shipped() -> list[Shipped]:
    found = []
    for name, path in library.everything().items():
        node, _ = load_yaml(path.read_text(encoding="utf-8"), path.name)
        said = node.get("description") if isinstance(node, Mapping) else None
        found.append(Shipped(name, said.text if isinstance(said, Scalar) else "", path))
    return found


def add(folder: Path, name: str) -> Added:
    """Copy the journey `name`. Nothing that stands in the workspace is written over.

    Raises NurtureError where there is no such journey, or the workspace has one of that name.
    """
    known = {each.name: each for each in shipped()}
    if name not in known:
        near = nearest(name, known)
        hint = f"did you mean '{near}'?" if near else "`nurture add` lists those that ship"
        raise NurtureError(f"no journey '{name}' ships; {hint}")
    workspace = load(folder, for_work=False, with_journeys=False)
    if name in workspace.context.journeys or (folder / "journeys" / f"{name}.yaml").exists():
        raise NurtureError(f"the workspace has a journey '{name}' already; nothing was copied")
    text = known[name].path.read_text(encoding="utf-8")
    written: list[Path] = []
    kept: list[Path] = []
    try:
        for source, target in _copies(known[name].path, text):
            _copy(source, folder / target, written, kept)
    except OSError as error:
        raise NurtureError(f"{error.filename} can't be written: {error.strerror}") from None
    context = load(folder, for_work=False, with_journeys=False).context
    schemas.refresh(folder, context)
    return Added(tuple(written), tuple(kept), _missing(text, name, context))


def _copies(path: Path, text: str) -> Iterator[tuple[Path, Path]]:
    """What belongs to the journey, and where it goes below the workspace."""
    templates = library.templates()
    yield path, Path("journeys", path.name)
    if (tests := library.tests_of(path)).is_file():
        yield tests, Path("tests", path.name)
    node, _ = load_yaml(text, path.stem)
    words = set(_words(node))
    for folder in library.MESSAGES:
        for file in sorted((templates / folder).rglob("*")):
            below = file.relative_to(templates if folder == "tasks" else templates / folder)
            if file.is_file() and str(below.with_name(below.name.split(".")[0])) in words:
                yield file, Path("templates", file.relative_to(templates))


def _words(node: Node | None) -> Iterator[str]:
    """Every text of the journey: those that name templates are among them, a survey's under its own name too."""
    match node:
        case Scalar(text):
            yield text
        case Sequence(items):
            for item in items:
                yield from _words(item)
        case Mapping(pairs):
            for key, value in pairs:
                words = list(_words(value))
                yield from words
                if key.text == "survey":
                    yield from (f"survey/{word}" for word in words)


def _copy(source: Path, target: Path, written: list[Path], kept: list[Path]) -> None:
    if target.exists():
        kept.append(target)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())
    written.append(target)


def _missing(text: str, name: str, context: CompileContext) -> tuple[str, ...]:
    """What the workspace has to declare before the journey can run."""
    problems = compile_journey(text, f"journeys/{name}.yaml", context).problems
    lacking = (problem for problem in problems if problem.code.startswith("N4"))
    return tuple(
        dict.fromkeys(f"{each.message} ({each.hint})" if each.hint else each.message for each in lacking)
    )
