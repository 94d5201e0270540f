"""A workspace under somebody's hands: read again whenever its files change, and looked at in between."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Lock

from nurture.app import timelines
from nurture.app.previewing import viewers
from nurture.app.previewing.look import Look, Mistake, look, mistakes_of, with_excerpts
from nurture.app.previewing.pieces import Piece, Shelf, find, shelf
from nurture.app.previewing.viewers import Viewer
from nurture.app.previewing.watch import Stamp, stamp
from nurture.app.runtime import Runtime
from nurture.app.timelines import Timeline
from nurture.app.workspace import Workspace, load
from nurture.compiler.difference import difference
from nurture.problems import NurtureError
from nurture.rendering.sources import TemplateSources

MOST_KEPT = 32  # looks at which a frame may still be waiting to be drawn
_VARIANT = re.compile(r"\.([a-z]{2,3}(?:-[A-Za-z0-9]{2,8})?)\.(?:html|txt)$")


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to see: a text, as whom, in which language; empty is whatever comes first."""

    piece: str = ""
    person: str = ""
    locale: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """The version of a journey that is live, and how the steps of the file differ from it: "added", "changed", ..."""

    number: int
    changes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class View:
    """All that a page shows of it."""

    stamp: str
    company: str
    shelf: Shelf
    piece: Piece | None
    viewer: Viewer
    locale: str
    locales: tuple[str, ...]
    others: tuple[Viewer, ...]  # who else may look
    published: Mapping[str, Published]  # by journey
    look: Look
    elsewhere: tuple[Mistake, ...]  # mistakes in the workspace's YAML


class Studio:
    """Looks at a workspace's texts. Its methods may be called from several threads, one at a time works."""

    def __init__(self, runtime: Runtime) -> None:
        self._lock = Lock()
        self._runtime = runtime
        self._stamp = Stamp()
        self._workspace: Workspace | None = None
        self._tests: list[Timeline] = []
        self._locales: list[str] = []
        self._shelf = Shelf({}, ())
        self._first = runtime  # which has compiled what is live
        self._published: dict[str, Published] = {}
        self._views: dict[Asked, View] = {}

    @property
    def folder(self) -> Path:
        return self._runtime.folder

    def stamp(self) -> str:
        """Another text whenever a file has changed."""
        return stamp(self.folder).whole

    def view(self, asked: Asked) -> View:
        """What is asked for, as the files and the people are now."""
        with self._lock:
            self._refresh()
            view = self._view(asked, self._runtime.now())
            if len(self._views) >= MOST_KEPT:
                self._views.clear()
            self._views[asked] = view
            return view

    def must_know(self, asked: Asked) -> None:
        """Raises NurtureError where there is no such text or no such person."""
        with self._lock:
            self._refresh()
            if asked.piece and not self._broken(asked.piece):
                self._piece(asked.piece)
            if asked.person:
                viewers.contact(self._runtime, asked.person)

    def page(self, asked: Asked, draw: Callable[[Runtime, View], str]) -> str:
        """What `draw` makes of the last look at it: a frame shows what its page shows."""
        with self._lock:
            self._refresh()
            view = self._views.get(asked) or self._view(asked, self._runtime.now())
            return draw(self._runtime, view)

    def search(self, text: str) -> list[tuple[str, str, str]]:
        """People of the database whom `text` may mean: ref, name, address."""
        with self._lock:
            return viewers.search(self._runtime, text)

    def _refresh(self) -> None:
        """Read the files again if one has changed. Settings with mistakes leave the ones before in force."""
        now, before = stamp(self.folder), self._runtime
        if now == self._stamp:
            return
        if now.meaning != self._stamp.meaning or self._workspace is None:
            self._read()
        assert self._workspace is not None
        settings = self._workspace.settings or before.settings
        self._runtime = Runtime(before.store, settings, before.folder, before.now)
        self._views.clear()
        self._stamp = now

    def _read(self) -> None:
        self._workspace = load(self.folder, for_work=False)
        self._shelf = shelf(self._workspace)
        self._tests = timelines.look(self._workspace)[0]
        self._published = dict(_published(self._first, self._workspace))
        names = TemplateSources.of_workspace(self.folder).names()
        self._locales = sorted({found[1] for name in names if (found := _VARIANT.search(name))})

    def _view(self, asked: Asked, now: datetime) -> View:
        assert self._workspace is not None
        settings = self._runtime.settings
        mistakes: list[Mistake] = []
        piece = viewer = None
        try:
            piece = self._piece(asked.piece)
        except NurtureError as error:
            if not self._broken(asked.piece):
                mistakes += mistakes_of(error, self.folder)
        journey = piece.plan.journey if piece and piece.plan else asked.piece.partition(":")[0]
        usual = viewers.made_up(self._runtime, now)
        others = (*usual, *viewers.of_tests(self._tests, journey, self._runtime, now))
        try:
            viewer = self._viewer(asked.person, others)
        except NurtureError as error:
            mistakes += mistakes_of(error, self.folder)
        person = viewer or usual[0]
        locale = asked.locale or str(person.known.get("locale") or settings.company.locale)
        made = look(self._runtime, piece, person, locale, now) if piece and viewer else Look()
        return View(
            stamp=self._stamp.whole,
            company=settings.company.name,
            shelf=self._shelf,
            piece=piece,
            viewer=person,
            locale=locale,
            locales=tuple(dict.fromkeys((settings.company.locale, locale, *self._locales))),
            others=others,
            published=self._published,
            look=replace(made, mistakes=(*mistakes, *made.mistakes)),
            elsewhere=tuple(with_excerpts(self._workspace.errors, self.folder)),
        )

    def _piece(self, wanted: str) -> Piece:
        if wanted:
            return find(self._shelf, self.folder, wanted)
        first = next(self._shelf.pieces, None)
        if first is None:
            raise NurtureError(
                "there is nothing to look at: no journey sends anything, and templates/ is empty"
            )
        return first

    def _broken(self, wanted: str) -> bool:
        """Whether this belongs to a journey that has mistakes, which are said."""
        assert self._workspace is not None
        name = wanted.partition(":")[0]
        return name in self._workspace.context.journeys and name not in self._workspace.journeys

    def _viewer(self, wanted: str, others: tuple[Viewer, ...]) -> Viewer:
        """Of those made up, else of the database; the people of another journey's tests become somebody made up."""
        known = {each.key: each for each in others}
        if wanted in known or wanted.startswith("+"):
            return known.get(wanted, others[0])
        return viewers.contact(self._runtime, wanted)


def _published(runtime: Runtime, workspace: Workspace) -> Iterator[tuple[str, Published]]:
    """What is live of the workspace's journeys; nothing where the database can't be asked."""
    try:
        with runtime.store.read() as tx:
            live = runtime.live(tx)
    except NurtureError:
        return
    for each in live:
        if (file := workspace.journeys.get(each.name)) is not None:
            changes = difference(each.plan, file.plan)
            yield each.name, Published(each.number, {one.step: one.what for one in changes if one.step})
