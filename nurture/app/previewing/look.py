"""A text as one person sees it, made, or what keeps it from being made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from pathlib import Path

from nurture import digests, whatsapp
from nurture.app.previewing.pieces import TASKS, Piece
from nurture.app.previewing.scene import Scene, Variable, scene, survey_of, variables
from nurture.app.previewing.viewers import Viewer
from nurture.app.runtime import Runtime
from nurture.app.sms_sizes import saving
from nurture.app.template_checks import imported_names
from nurture.model import Channel, MessageClass
from nurture.problems import Mark, NurtureError, Problem
from nurture.rendering.defaults import defaults
from nurture.rendering.links import LinkContext
from nurture.rendering.message import HeaderContext
from nurture.rendering.renderer import Rendered
from nurture.rendering.sms import outside
from nurture.rendering.sources import shipped
from nurture.rendering.unknowns import shown_bare
from nurture.rendering.values import thaw
from nurture.whatsapp import WhatsAppMessage

_FOLD = re.compile(r"\r?\n[ \t]+")
AROUND = 3  # lines shown before and after the one with the mistake


@dataclass(frozen=True, slots=True)
class Mistake:
    """A problem with the lines around it: number, text, whether it is the line."""

    problem: Problem
    excerpt: tuple[tuple[int, str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """What came out. `rendered` is None for a task's brief, and where there are mistakes."""

    rendered: Rendered | None = None
    text: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    variables: tuple[Variable, ...] = ()
    file: str = ""  # below templates/: the one that stands for the text in this language
    outside: tuple[str, ...] = ()  # letters of an SMS that the GSM alphabet lacks
    saving: str | None = None  # what replacing them saves, or would save
    whatsapp: OnWhatsApp | None = None
    mistakes: tuple[Mistake, ...] = ()


@dataclass(frozen=True, slots=True)
class OnWhatsApp:
    """A WhatsApp message, and of an approved template what is to be submitted: its text, the value of each place with
    what the template writes there, and its buttons in words."""

    message: WhatsAppMessage
    submitted: str = ""
    places: tuple[tuple[str, str], ...] = ()
    buttons: tuple[str, ...] = ()


def look(runtime: Runtime, piece: Piece, viewer: Viewer, locale: str, now: datetime) -> Look:
    """`piece` made for `viewer`. Mistakes in it come back as such."""
    made_with, texted = scene(runtime, piece, viewer, locale, now), piece.kind == Channel.SMS.value
    rendered: Rendered | None = None
    text, mistakes = "", tuple[Mistake, ...]()
    try:
        if piece.kind == TASKS:
            text = runtime.renderer.task(piece.template, made_with.values, locale).strip()
        else:
            rendered = make(runtime, piece, made_with, locale, now)
            text = rendered.text
    except NurtureError as error:
        mistakes = tuple(mistakes_of(error, runtime.folder))
    return Look(
        rendered=rendered,
        text=text,
        headers=tuple(_headers(runtime, piece, made_with, rendered)),
        file=_file(runtime, piece, locale),
        variables=variables_of(runtime, piece, made_with, locale, rendered),
        outside=outside(text) if texted else (),
        whatsapp=on_whatsapp(runtime, piece, locale, rendered),
        saving=saving(rendered, runtime.settings) if texted and rendered else None,
        mistakes=mistakes,
    )


def make(
    runtime: Runtime,
    piece: Piece,
    made_with: Scene,
    locale: str,
    now: datetime,
    *,
    to: str | None = None,
    counted: bool = True,
) -> Rendered:
    """The message itself; where it isn't `counted`, its links are those that were written.

    Raises NurtureError for a mistake in its template.
    """
    values, links = made_with.values, links_of(runtime, piece, made_with, counted=counted)
    if piece.kind == Channel.SMS.value:
        return runtime.renderer.sms(piece.template, locale, values, links)
    if piece.kind == Channel.WHATSAPP.value:
        return runtime.renderer.whatsapp(piece.template, locale, values, links)
    header = header_of(runtime, piece, made_with, now, to=to)
    return runtime.renderer.email(piece.template, locale, values, links, header)


def links_of(runtime: Runtime, piece: Piece, made_with: Scene, *, counted: bool = True) -> LinkContext:
    settings = runtime.settings
    return LinkContext(
        key=digests.keyed(runtime.secret, "preview", piece.template, str(made_with.values.get("ref"))),
        base_url=settings.web_url,
        utm=settings.utm if counted else {},
        survey=survey_of(runtime, piece),
        track_clicks=counted,
        track_opens=counted,
    )


def header_of(
    runtime: Runtime, piece: Piece, made_with: Scene, now: datetime, *, to: str | None = None
) -> HeaderContext:
    sent, values = piece.sent, made_with.values
    return HeaderContext(
        to_address=to or values.get("email") or "nobody@example.com",
        to_name=" ".join(filter(None, (values.get("first_name"), values.get("last_name")))) or None,
        sender=runtime.settings.channels[Channel.EMAIL].sender,
        date=now,
        message_class=sent.message_class if sent else MessageClass.MARKETING,
        subject=sent.subject if sent else None,
    )


def on_whatsapp(runtime: Runtime, piece: Piece, locale: str, rendered: Rendered | None) -> OnWhatsApp | None:
    """What only WhatsApp has; None for other messages."""
    if rendered is None or piece.kind != Channel.WHATSAPP.value:
        return None
    message = whatsapp.load(rendered.body)
    form = runtime.renderer.approved(piece.template, locale)
    if form is None or message.filled is None:
        return OnWhatsApp(message)
    places = tuple(zip(form.names, message.filled.parameters, strict=True))
    return OnWhatsApp(message, form.text, places, tuple(form.to_submit(runtime.settings.web_url)))


def _headers(
    runtime: Runtime, piece: Piece, made_with: Scene, rendered: Rendered | None
) -> Iterator[tuple[str, str]]:
    """A mail's headers; of what comes by phone who writes and to whom."""
    if rendered is None:
        return
    if rendered.html is not None:
        yield from headers_of(rendered.body)
    elif (config := runtime.settings.channels.get(Channel(piece.kind))) is not None:
        yield "From", config.sender.name or config.sender.address
        yield "To", str(made_with.values.get("phone") or "no phone number is known")


def headers_of(body: bytes) -> list[tuple[str, str]]:
    """The headers of a mail as a person reads them."""
    # the newer policy of `email` puts spaces into names whose encoded words it joins
    read = message_from_bytes(body)
    return [(name, _FOLD.sub(" ", str(make_header(decode_header(value))))) for name, value in read.items()]


def _file(runtime: Runtime, piece: Piece, locale: str) -> str:
    try:
        sources = runtime.renderer.bundle(piece.template, piece.kind, locale).sources
    except NurtureError:
        return ""
    return next((name for name in sources if name.startswith(f"{piece.file}.")), "")


def variables_of(
    runtime: Runtime, piece: Piece, made_with: Scene, locale: str, rendered: Rendered | None
) -> tuple[Variable, ...]:
    """What it takes from outside; nothing where the template can't even be read."""
    kind, subject = piece.kind, piece.sent.subject if piece.sent else None
    try:
        names = set(runtime.renderer.variables(piece.template, kind, locale))
        sources = list(runtime.renderer.bundle(piece.template, kind, locale).sources.values())
    except NurtureError:
        return ()
    if subject:
        sources.append(subject)
        names |= shown_bare([subject])
    if rendered is not None:  # what the subject alone uses is only known once it was made
        names |= set(thaw(rendered.used["values"])) - {name.partition(".")[0] for name in names} - {"zone"}
    imported = imported_names(sources)
    taken = (name for name in names if name.partition(".")[0] not in imported)
    return variables(made_with, taken, defaults(sources), shown_bare(sources))


# --- mistakes ----------------------------------------------------------------------------------


def mistakes_of(error: NurtureError, folder: Path) -> Iterator[Mistake]:
    """What a NurtureError says, each with the lines around its place."""
    if not error.problems:
        yield Mistake(Problem("", str(error)))
    yield from with_excerpts(error.problems, folder)


def with_excerpts(problems: Iterable[Problem], folder: Path) -> Iterator[Mistake]:
    for problem in problems:
        yield Mistake(problem, _excerpt(problem.mark, folder) if problem.mark else ())


def _excerpt(mark: Mark, folder: Path) -> tuple[tuple[int, str, bool], ...]:
    """The lines around the place, if the file is found and says there what the mark says."""
    for path in (folder / mark.file, Path(mark.file), shipped().parent / mark.file):
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        if mark.text is None or lines[mark.line - 1 : mark.line] == [mark.text]:
            first = max(1, mark.line - AROUND)
            return tuple(
                (number, lines[number - 1], number == mark.line)
                for number in range(first, min(len(lines), mark.line + AROUND) + 1)
            )
    return ((mark.line, mark.text, True),) if mark.text is not None else ()
