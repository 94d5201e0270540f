"""What there is to look at: each journey in reading order with its texts, and the templates that none sends."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nurture.app.uses import Sent, sent_by
from nurture.app.workspace import Workspace, template_names
from nurture.compiler.plan import Plan
from nurture.model import PERSONAL
from nurture.problems import NurtureError, nearest
from nurture.rendering.sources import TemplateSources
from nurture.reports import picture
from nurture.steps import Task

TASKS = "tasks"
KINDS = (*(channel.value for channel in PERSONAL), TASKS)  # a template's name alone means the first of them


@dataclass(frozen=True, slots=True)
class Piece:
    """One text that somebody reads. `key` names it in an address: `welcome:first`, `email/welcome/hello`."""

    key: str
    kind: str  # "email", "sms", "whatsapp" or "tasks"
    template: str
    plan: Plan | None = None
    step: str | None = None
    sent: Sent | None = None

    @property
    def file(self) -> str:
        return f"{self.kind}/{self.template}"

    @property
    def topic(self) -> str | None:
        """What a person says no to who follows the way out of it."""
        own = getattr(self.sent.step, "topic", None) if self.sent else None
        return own or (self.plan.topic if self.plan else None)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a journey: a step with the texts that it sends, or (`way`) the name of a way."""

    words: str
    depth: int
    id: str
    way: bool
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Shelf:
    """All that can be looked at: journeys by name, and templates that no journey sends."""

    journeys: Mapping[str, tuple[Line, ...]]
    loose: tuple[Piece, ...]

    @property
    def pieces(self) -> Iterator[Piece]:
        for lines in self.journeys.values():
            for line in lines:
                yield from line.pieces
        yield from self.loose

    def find(self, wanted: str) -> Piece | None:
        """The piece of this key, of this template, or the first of this journey."""
        named: dict[str, Piece] = {}
        for piece in sorted(self.pieces, key=lambda piece: KINDS.index(piece.kind)):
            for name in (piece.key, piece.file, piece.template):
                named.setdefault(name, piece)
        return named.get(wanted) or next(
            (piece for piece in self.pieces if piece.key.startswith(f"{wanted}:")), None
        )


def find(shelf: Shelf, folder: Path, wanted: str) -> Piece:
    """What `wanted` names in the workspace, else a template that ships. Raises NurtureError with the nearest."""
    found = shelf.find(wanted) or next(
        (
            piece
            for piece in _templates(TemplateSources.of_workspace(folder))
            if wanted in (piece.file, piece.template)
        ),
        None,
    )
    if found is not None:
        return found
    journey, colon, step = wanted.partition(":")
    if colon and journey in shelf.journeys:
        raise NurtureError(_no_text(journey, step, shelf.journeys[journey]))
    known = [name for each in shelf.pieces for name in (each.key, each.file, each.template)]
    near = nearest(wanted, [*shelf.journeys, *known])
    hint = f"did you mean {near!r}?" if near else "they stand in templates/email, sms, whatsapp and tasks"
    raise NurtureError(f"there is no {'' if '/' in wanted else 'journey and no '}template {wanted!r}; {hint}")


def _no_text(journey: str, step: str, lines: tuple[Line, ...]) -> str:
    speaking = list(dict.fromkeys(line.id for line in lines if line.pieces))
    if any(line.id == step for line in lines):
        return f"step {step!r} of {journey!r} sends nothing; these do: {', '.join(speaking) or 'none'}"
    near = nearest(step, speaking)
    hint = f"did you mean {near!r}?" if near else f"these send something: {', '.join(speaking) or 'none'}"
    return f"{journey!r} has no step {step!r}; {hint}"


def shelf(workspace: Workspace) -> Shelf:
    """What there is in a workspace. Journeys with mistakes are left out: those are said elsewhere. So are the
    templates that ship for journeys which aren't in it: they would only be in the way."""
    journeys = {name: tuple(_lines(file.plan)) for name, file in workspace.journeys.items()}
    sent = {piece.file for lines in journeys.values() for line in lines for piece in line.pieces}
    own = _templates(TemplateSources(workspace.folder / "templates"))
    return Shelf(journeys, tuple(piece for piece in own if piece.file not in sent))


def _lines(plan: Plan) -> Iterator[Line]:
    said: dict[str, list[Piece]] = {}
    for piece in _pieces(plan):
        said.setdefault(piece.step or "", []).append(piece)
    for row in picture.rows(plan):
        yield Line(row.words, row.depth, row.id, row.way, tuple(said.pop(row.id, ())) if row.id else ())
    for step, pieces in said.items():
        yield Line("on the way out", 0, step, False, tuple(pieces))


def _pieces(plan: Plan) -> Iterator[Piece]:
    """Every text of the journey; the second of a step is `journey:step:2`."""
    count: dict[str, int] = {}
    for step, kind, template, sent in _texts(plan):
        number = count[step] = count.get(step, 0) + 1
        key = f"{plan.journey}:{step}" + (f":{number}" if number > 1 else "")
        yield Piece(key, kind, template, plan, step, sent)


def _texts(plan: Plan) -> Iterator[tuple[str, str, str, Sent | None]]:
    for sent in sent_by(plan):
        yield sent.step.id, sent.channel, sent.template, sent
    for step in (*plan.steps.values(), *(step for rule in plan.exits for step in rule.do)):
        if isinstance(step, Task) and step.brief:
            yield step.id, TASKS, step.brief.removeprefix(f"{TASKS}/"), None


def _templates(sources: TemplateSources) -> Iterator[Piece]:
    names = template_names(sources)
    for channel in PERSONAL:
        for name in names[channel.value]:
            yield Piece(f"{channel}/{name}", channel.value, name)
    for name in names["task"]:
        yield Piece(name, TASKS, name.removeprefix(f"{TASKS}/"))


def locales_of(file: str, names: Collection[str], own: str) -> list[str]:
    """The languages that a text is written in; `own` is that of the file without one."""
    variant = re.compile(rf"{re.escape(file)}\.([a-z]{{2,3}}(?:-[A-Za-z0-9]{{2,8}})?)\.(?:html|txt)")
    written = {found[1] for name in names if (found := variant.fullmatch(name))}
    return [own, *sorted(written - {own})]
