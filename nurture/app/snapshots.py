"""What each text of a workspace says, kept beside its tests, so that a change of words is seen before people see it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nurture.app.message_checks import preheader
from nurture.app.playing import rehearsal_settings
from nurture.app.previewing import viewers
from nurture.app.previewing.look import headers_of, make
from nurture.app.previewing.pieces import TASKS, Piece, locales_of, shelf
from nurture.app.previewing.scene import scene
from nurture.app.previewing.viewers import Viewer
from nurture.app.runtime import Runtime
from nurture.app.workspace import Workspace
from nurture.problems import NurtureError
from nurture.rendering.renderer import Rendered
from nurture.rendering.sources import TemplateSources
from nurture.settings import SurveySpec
from nurture.store.engine import Store

FOLDER = Path("tests", "snapshots")
AT = datetime(2026, 6, 1, 15, tzinfo=UTC)  # whenever they are taken, it is this instant
PEOPLE = ("usual", "longest", "unknown")
ENDINGS = (".txt", ".html")
NOWHERE = "sqlite:///:memory:"  # people made up stand in no database, so none is opened


@dataclass(frozen=True, slots=True)
class Difference:
    """A snapshot that isn't what comes out. `old` is None where there is none yet, `new` where its text is gone."""

    path: Path  # below the workspace
    old: str | None
    new: str | None


def compare(workspace: Workspace, journeys: Collection[str] | None = None) -> tuple[int, list[Difference]]:
    """How many snapshots there should be, and those that differ. Of some journeys: nothing is called stale then."""
    made = dict(taken(workspace, journeys))
    kept = dict(_kept(workspace.folder))
    differing = [
        Difference(path, kept.get(path), text) for path, text in made.items() if kept.get(path) != text
    ]
    if not journeys:
        differing += [Difference(path, text, None) for path, text in kept.items() if path not in made]
    return len(made), sorted(differing, key=lambda each: each.path)


def update(folder: Path, differing: Sequence[Difference]) -> None:
    """Make the snapshots what comes out; stale ones go. Raises NurtureError where that can't be written."""
    try:
        for each in differing:
            path = folder / each.path
            if each.new is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(each.new, encoding="utf-8", newline="\n")
    except OSError as error:
        raise NurtureError(f"{error.filename} can't be written: {error.strerror}") from None


def _kept(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted((folder / FOLDER).rglob("*")):
        if path.suffix in ENDINGS and path.is_file():
            yield path.relative_to(folder), path.read_text(encoding="utf-8", errors="replace")


# --- taking them -------------------------------------------------------------------------------


def taken(workspace: Workspace, journeys: Collection[str] | None = None) -> Iterator[tuple[Path, str]]:
    """Each text in each language that it is written in, as each sort of person sees it."""
    settings = rehearsal_settings(workspace, Path("outbox"))
    runtime = Runtime(Store(NOWHERE), settings, workspace.folder, lambda: AT)
    people = dict(zip(PEOPLE, viewers.made_up(runtime, AT), strict=True))
    sources = TemplateSources.of_workspace(workspace.folder)
    names = sorted(sources.names())
    for file, pieces in _by_file(shelf(workspace).pieces, journeys).items():
        for locale in locales_of(file, names, settings.company.locale):
            for person, viewer in people.items():
                stem = FOLDER / f"{file}.{locale}.{person}"
                for ending, text in _texts(runtime, pieces, viewer, locale):
                    yield stem.with_name(stem.name + ending), _without_tokens(text, settings.web_url)
    if not journeys:
        yield from _pages(runtime, names)


def _pages(runtime: Runtime, names: Collection[str]) -> Iterator[tuple[Path, str]]:
    """The pages behind links, in each language: they say the same to everybody."""
    settings = runtime.settings
    topic = next(iter(settings.topics.values()), None)
    for page in sorted(
        {name.removeprefix("pages/").split(".")[0] for name in names if name.startswith("pages/")}
    ):
        asked = list(settings.surveys.values()) if page in _OF_A_SURVEY else [None]
        for survey in asked:
            values = page_values(topic.title if topic else None, survey)
            about = f"{page}-{survey.name}" if survey else page
            for locale in locales_of(f"pages/{page}", names, settings.company.locale):
                yield (
                    FOLDER / "pages" / f"{about}.{locale}.everybody.html",
                    _page(runtime, page, values, locale),
                )


_OF_A_SURVEY = ("survey", "survey-thanks")


def _page(runtime: Runtime, page: str, values: Mapping[str, Any], locale: str) -> str:
    try:
        return runtime.renderer.page(page, values, locale).strip() + "\n"
    except NurtureError as error:
        return _why_not(error)


def page_values(topic: str | None, survey: SurveySpec | None) -> dict[str, Any]:
    """What a page may name, with the best answer given where it asks."""
    scores = list(survey.scale) if survey else []
    return {
        "topic": topic,
        "everything": False,
        "survey": survey,
        "scores": scores,
        "score": scores[-1] if scores else None,
    }


def _by_file(pieces: Iterator[Piece], journeys: Collection[str] | None) -> dict[str, list[Piece]]:
    """The uses of each template: one for each subject that it is sent with."""
    found: dict[str, list[Piece]] = {}
    for piece in pieces:
        if journeys and (piece.plan is None or piece.plan.journey not in journeys):
            continue
        uses = found.setdefault(piece.file, [])
        if all(_subject(piece) != _subject(other) for other in uses):
            uses.append(piece)
    return found


def _subject(piece: Piece) -> str | None:
    return piece.sent.subject if piece.sent else None


def _texts(
    runtime: Runtime, pieces: Sequence[Piece], viewer: Viewer, locale: str
) -> Iterator[tuple[str, str]]:
    """By ending, what the person gets; where that is nothing, why."""
    try:
        yield from _made(runtime, pieces, viewer, locale)
    except NurtureError as error:
        yield ".txt", _why_not(error)


def _why_not(error: NurtureError) -> str:
    if not error.problems:
        return f"Not sent: {error}\n"
    return "".join(
        f"Not sent: {each.message} ({each.mark.file}:{each.mark.line})\n"
        if each.mark
        else f"Not sent: {each.message}\n"
        for each in error.problems
    )


def _made(
    runtime: Runtime, pieces: Sequence[Piece], viewer: Viewer, locale: str
) -> Iterator[tuple[str, str]]:
    first, *others = pieces
    if first.kind == TASKS:
        values = scene(runtime, first, viewer, locale, AT).values
        yield ".txt", runtime.renderer.task(first.template, values, locale).strip() + "\n"
        return
    made = _rendered(runtime, first, viewer, locale)
    if made.html is None:
        yield ".txt", f"{_kind(made)}\n\n{made.text.strip()}\n"
        return
    also = [_rendered(runtime, piece, viewer, locale).subject for piece in others]
    yield ".txt", _letter(made, also)
    yield ".html", made.html.replace("\r\n", "\n").strip() + "\n"


def _kind(made: Rendered) -> str:
    """What an SMS takes, or as what a WhatsApp message is charged."""
    if made.segments is None:
        return f"WhatsApp, {made.category}"
    return f"{made.segments} segment{'s' if made.segments != 1 else ''}, {made.encoding}"


def _rendered(runtime: Runtime, piece: Piece, viewer: Viewer, locale: str) -> Rendered:
    return make(runtime, piece, scene(runtime, piece, viewer, locale, AT), locale, AT, counted=False)


def _letter(made: Rendered, also: Sequence[str | None]) -> str:
    """What the inbox shows of a mail, and its text part."""
    head = dict(headers_of(made.body))
    lines = [f"From: {head['From']}", f"To: {head['To']}", f"Subject: {made.subject}"]
    lines += [f"Or: {subject}" for subject in also]
    lines.append(f"Preheader: {preheader(made.html or '')}")
    return "\n".join([*lines, "", made.text.replace("\r\n", "\n").strip(), ""])


def _without_tokens(text: str, web_url: str) -> str:
    return re.sub(rf"({re.escape(web_url.rstrip('/'))}/[cousd])/[A-Za-z0-9_.-]+", r"\1/TOKEN", text)
