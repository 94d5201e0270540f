"""What the texts of a journey must stand before it goes live. The journey itself was checked when it was read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from nurture.app.template_checks import check_templates
from nurture.app.workspace import UNPUBLISHED, JourneyFile, Workspace, refused
from nurture.model import Channel
from nurture.problems import NurtureError, Problem, Severity

if TYPE_CHECKING:
    from nurture.app.previewing.pieces import Piece
    from nurture.app.previewing.viewers import Viewer
    from nurture.app.runtime import Runtime
    from nurture.rendering.reference import Sample

ENDLESS = "N805"  # a template that comes to no end, whoever gets it


def refuse_mistakes(workspace: Workspace, files: Sequence[JourneyFile], then: str = UNPUBLISHED) -> None:
    """Raises NurtureError with every error that `nurture check` finds in what these journeys send, and with `then`."""
    ours = replace(workspace, journeys={file.name: file for file in files})
    errors = [each for each in check_templates(ours) if each.severity is Severity.ERROR]
    if errors:
        raise refused(errors, then)


def refuse_differences(
    runtime: Runtime, workspace: Workspace, journeys: Collection[str], now: datetime
) -> None:
    """Raises NurtureError where a mail of these journeys isn't what the slow and obvious way of rendering makes, for
    somebody usual, somebody awkward and somebody hardly known, in each language; and where its template comes to no end."""
    if differing := list(dict.fromkeys(_differences(runtime, workspace, journeys, now))):
        raise refused(differing)


def _differences(
    runtime: Runtime, workspace: Workspace, journeys: Collection[str], now: datetime
) -> Iterator[Problem]:
    from nurture.app.previewing import viewers
    from nurture.app.previewing.pieces import locales_of, shelf
    from nurture.rendering.reference import verify
    from nurture.rendering.sources import TemplateSources

    sources, settings = TemplateSources.of_workspace(workspace.folder), runtime.settings
    names, people = sorted(sources.names()), viewers.made_up(runtime, now)
    for piece in shelf(workspace).pieces:
        if piece.kind != Channel.EMAIL.value or piece.plan is None or piece.plan.journey not in journeys:
            continue
        for locale in locales_of(piece.file, names, settings.company.locale):
            samples = [
                sample
                for each in people
                if (sample := _sample(runtime, piece, each, locale, now)) is not None
            ]
            yield from verify(runtime.renderer, sources, settings, piece.template, locale, samples)


def _sample(runtime: Runtime, piece: Piece, viewer: Viewer, locale: str, now: datetime) -> Sample | None:
    """None for somebody of whom too little is known: she gets no message."""
    from nurture.app.previewing.look import header_of, links_of
    from nurture.app.previewing.scene import scene
    from nurture.rendering.reference import Sample

    values = scene(runtime, piece, viewer, locale, now)
    links, header = links_of(runtime, piece, values), header_of(runtime, piece, values, now)
    try:
        runtime.renderer.email(piece.template, locale, values.values, links, header)
    except NurtureError as error:
        if any(each.code == ENDLESS for each in error.problems):
            raise refused(error.problems) from None
        return None
    return Sample(values.values, links, header)
