"""Templates and values become finished messages: the same bytes for the same input, always."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from html import unescape
from typing import Any

import jinja2

from nurture import whatsapp
from nurture.model import Channel, Json, MessageClass
from nurture.rendering import approved, message, sms
from nurture.rendering.approved import Form
from nurture.rendering.errors import Unfit, explain
from nurture.rendering.filters import filters
from nurture.rendering.holes import HoleSandbox, Mode, Recording, TokenSeen
from nurture.rendering.kept import Kept
from nurture.rendering.links import LinkContext, Links, Signer
from nurture.rendering.message import HeaderContext
from nurture.rendering.program import Program, Trees, load
from nurture.rendering.shape import Shape, examine, hide, show
from nurture.rendering.sources import Bundle, FixedSources, ReadOnce, Sources
from nurture.rendering.structure import (
    Filled,
    Structure,
    Tokens,
    compile_html,
    compile_text,
)
from nurture.rendering.values import Path, Wanted, freeze, pick, thaw, used_paths
from nurture.settings import Company, Sender, Settings
from nurture.whatsapp import WhatsAppMessage

_NO_SHAPE = Shape(frozenset(), ())


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished message. `used` is all that `again` needs beside the key, the date and the templates."""

    body: bytes  # RFC 5322 bytes; UTF-8 text for SMS; JSON for WhatsApp (see nurture.whatsapp)
    text: str
    html: str | None
    subject: str | None
    sha256: str  # of the body
    template_hash: str
    key_id: str  # the secret that its links are signed with
    used: Mapping[str, Json]
    links: tuple[str, ...]  # the tracked URLs
    segments: int | None = None  # SMS only
    encoding: str | None = None  # SMS only: GSM-7 or UCS-2
    notes: tuple[str, ...] = ()  # what was left out for safety
    as_written: str | None = None  # the text of an SMS of which signs were replaced
    category: str | None = None  # WhatsApp only: what the provider charges it as


class Renderer:
    """Renders the templates of `sources` for a workspace. Safe to use from several threads.

    Templates are read once: after a change make another one.
    """

    def __init__(self, sources: Sources, settings: Settings) -> None:
        self._sources = ReadOnce(sources)
        self._settings = settings
        self._signer = Signer(settings.secrets)
        self._tokens = Tokens(_nonce(settings.secrets))
        self._sandboxes: dict[str, HoleSandbox] = {}
        self._programs: dict[tuple[str, str, str], Program] = {}
        self._trees: Trees = {}
        self._subjects: dict[tuple[str, str], tuple[jinja2.Template, frozenset[Path]]] = {}
        self._forms: dict[tuple[str, str], Form] = {}
        self._kept = Kept()
        self._company = company_values(settings.company)
        texting = settings.channels.get(Channel.SMS)
        self._transliterate = texting is not None and texting.transliterate

    # --- what it is asked ---------------------------------------------------------------

    def email(
        self,
        template: str,
        locale: str | None,
        values: Mapping[str, Any],
        links: LinkContext,
        header: HeaderContext,
    ) -> Rendered:
        """A mail. Raises RenderError for a mistake in the template, Refused where it must not go out."""
        program = self.program("email", template, locale)
        return _said(program, ".html", lambda program: self._email(program, values, links, header))

    def sms(
        self,
        template: str,
        locale: str | None,
        values: Mapping[str, Any],
        links: LinkContext,
        *,
        transliterate: bool | None = None,
    ) -> Rendered:
        """An SMS with its segments counted. Raises as `email` does. `transliterate`: None is as the channel says."""
        program = self.program("sms", template, locale)
        wanted = self._transliterate if transliterate is None else transliterate
        return _said(program, ".txt", lambda program: self._sms(program, values, links, wanted))

    def note(
        self, template: str, locale: str | None, values: Mapping[str, Any], links: LinkContext
    ) -> Rendered:
        """A note to colleagues: plain text below templates/tasks/. Raises as `email` does."""
        program = self.program("tasks", template, locale)
        return _said(program, ".txt", lambda program: self._note(program, values, links))

    def whatsapp(
        self, template: str, locale: str | None, values: Mapping[str, Any], links: LinkContext
    ) -> Rendered:
        """A WhatsApp message: a template that the provider approved, filled in, or a free text. Raises as `email`
        does."""
        program = self.program("whatsapp", template, locale)
        return _said(program, ".txt", lambda program: self._whatsapp(program, values, links))

    def approved(self, template: str, locale: str | None = None) -> Form | None:
        """A WhatsApp template as it is to be submitted; None for a free text. Raises RenderError, and NotFixed where
        its text isn't the same for everybody."""
        program = self.program("whatsapp", template, locale)
        return self._form(program) if approved.approval(program.bundle) else None

    def page(self, template: str, values: Mapping[str, Any], locale: str | None = None) -> str:
        """A web page, escaped, without inlining and tracked links."""
        return self._plain("pages", template, values, locale)

    def task(self, template: str, values: Mapping[str, Any], locale: str | None = None) -> str:
        """The brief of a task for a colleague."""
        return self._plain("tasks", template, values, locale)

    def line(self, text: str, values: Mapping[str, Any], locale: str | None = None) -> str:
        """A text that a journey says itself, not escaped. Raises as `email` does."""
        try:
            ready = self._sandbox(locale or self._settings.company.locale).from_string(text)
            given = {"company": self._company, "locale": locale, **values}
            return "".join(self._record(ready, ready.new_context(given), Recording(Mode.REAL)))
        except Exception as error:
            raise explain(error, "the journey") from None

    def source(self, template: str, locale: str | None, values: Mapping[str, Any], links: LinkContext) -> str:
        """The HTML of a mail before its styles are inlined and its links are counted. Raises as `email` does."""
        program = self.program("email", template, locale)
        assert program.html is not None
        given = self._used(values, program, frozenset()) | offered(
            self._settings, links, Links(links, self._signer)
        )
        try:
            return "".join(self._record(program.html, program.html.new_context(given), Recording(Mode.REAL)))
        except Exception as error:
            raise explain(error, f"{program.name}.html") from None

    def has_text(self, template: str, locale: str | None = None) -> bool:
        """Whether a mail has a text part of its own."""
        return self.program("email", template, locale).text is not None

    def variables(self, template: str, channel: str = "email", locale: str | None = None) -> frozenset[str]:
        """The names that the template takes from outside, dotted: `first_name`, `coupon.code`."""
        return self.program(channel, template, locale).variables

    def bundle(self, template: str, channel: str = "email", locale: str | None = None) -> Bundle:
        """The template with all that it includes, and their hash."""
        return self.program(channel, template, locale).bundle

    def program(self, kind: str, template: str, locale: str | None) -> Program:
        """The template made ready, once."""
        locale = locale or self._settings.company.locale
        found = self._programs.get((kind, template, locale))
        if found is None:
            found = load(self._sources, self._sandbox(locale), kind, template, locale, self._trees)
            if kind == "whatsapp":
                found = approved.with_approval(found, self._sources, self._settings)
            self._programs[kind, template, locale] = found
        return found

    # --- how it is done -----------------------------------------------------------------

    def _email(
        self, program: Program, values: Mapping[str, Any], context: LinkContext, header: HeaderContext
    ) -> Rendered:
        assert program.html is not None
        links = Links(context, self._signer)
        subject, paths = self._subject(header.subject, program)
        used = self._used(values, program, paths)
        given = used | offered(self._settings, context, links)
        html_context = program.html.new_context(given)
        structure, filled = self._structure(program, html_context, links)
        line = self._subject_line(program, subject, html_context, given)
        html, html_bytes = structure.html.fill(filled)
        if structure.text is not None:
            text, text_bytes = structure.text.fill(filled)
        else:
            text, text_bytes = self._text(program, given, links)
        unsubscribe = None if header.message_class is MessageClass.TRANSACTIONAL else links.unsubscribe()
        body, notes = message.build(header, line, context.key, unsubscribe, text_bytes, html_bytes)
        kept = {"values": freeze(used), "links": _links_kept(context), "header": _header_kept(header)}
        return self._rendered(program, links, body, text, kept, html=html, subject=line, notes=notes)

    def _sms(
        self, program: Program, values: Mapping[str, Any], context: LinkContext, transliterate: bool
    ) -> Rendered:
        links = Links(context, self._signer)
        used = self._used(values, program, frozenset())
        text = written = self._text(program, used | offered(self._settings, context, links), links)[0].strip()
        kept = {"values": freeze(used), "links": _links_kept(context)}
        if transliterate:
            text = sms.transliterate(written)
            kept["transliterate"] = True
        counted = sms.count(text)
        return self._rendered(
            program,
            links,
            text.encode(),
            text,
            kept,
            segments=counted.segments,
            encoding=counted.encoding,
            as_written=written if text != written else None,
        )

    def _note(self, program: Program, values: Mapping[str, Any], context: LinkContext) -> Rendered:
        links = Links(context, self._signer)
        used = self._used(values, program, frozenset())
        text = self._text(program, used | offered(self._settings, context, links), links)[0].strip()
        kept = {"channel": "note", "values": freeze(used), "links": _links_kept(context)}
        return self._rendered(program, links, text.encode(), text, kept)

    def _whatsapp(self, program: Program, values: Mapping[str, Any], context: LinkContext) -> Rendered:
        links = Links(context, self._signer)
        used = self._used(values, program, frozenset())
        given = used | offered(self._settings, context, links)
        approval = approved.approval(program.bundle)
        if approval is None:
            said = WhatsAppMessage(self._text(program, given, links)[0].strip())
            if len(said.text) > approved.LONGEST_TEXT:
                raise Unfit(f"its text has {len(said.text):,} characters; WhatsApp takes 4,096")
        else:
            said = self._filled(program, approval, given, links, context.base_url)
        kept = {"values": freeze(used), "links": _links_kept(context), "channel": "whatsapp"}
        return self._rendered(program, links, said.dump(), said.shown, kept, category=said.category)

    def _filled(
        self,
        program: Program,
        approval: Mapping[str, Any],
        given: dict[str, Any],
        links: Links,
        base_url: str,
    ) -> WhatsAppMessage:
        """The approved template with this message's values."""
        assert program.text is not None
        form = self._form(program)
        recording = Recording(Mode.TEXT)
        source = self._record(program.text, program.text.new_context(given), recording)
        if "".join(source) != form.source:
            raise Unfit("a value of an approved template is a text, a number or a date, not a list")
        filled = Filled(recording.values, links)
        parameters = approved.parameters(form, filled)
        buttons = approved.buttons(form, filled, base_url)
        return WhatsAppMessage(
            approved.read(form, parameters),
            whatsapp.Filled(**approval, parameters=parameters, buttons=buttons),
        )

    def _form(self, program: Program) -> Form:
        """The approved form of a template, worked out once."""
        key = (program.name, program.bundle.locale)
        found = self._forms.get(key)
        if found is None:
            file, text = approved.text_of(self._sources, program.name, program.bundle.locale)
            tree = self._trees[program.bundle.locale, file]
            found = self._forms[key] = approved.form_of(tree, text, self._tokens)
        return found

    def _rendered(
        self, program: Program, links: Links, body: bytes, text: str, used: Mapping[str, Json], **more: Any
    ) -> Rendered:
        settled = {"html": None, "subject": None} | more
        return Rendered(
            body=body,
            text=text,
            sha256=hashlib.sha256(body).hexdigest(),
            template_hash=program.bundle.hash,
            key_id=links.key_id,
            used=used,
            links=tuple(links.written),
            **settled,
        )

    def _structure(
        self, program: Program, context: jinja2.runtime.Context, links: Links
    ) -> tuple[Structure, Filled]:
        """The structure of the message that `context` gives, from the cache or new, and its values."""
        assert program.html is not None
        habits, ready = program.habits, program.quick(program.html)
        keep = habits.worth_keeping()
        while True:
            recording = Recording(Mode.HTML if keep else Mode.REAL, habits.real, habits.macros)
            try:
                source = self._record(ready, context, recording)
            except TokenSeen:
                habits.tokens = keep = False
                continue
            shape = (
                (self._kept.shape(source) or examine("".join(source), self._tokens)) if keep else _NO_SHAPE
            )
            if not shape.real:
                break
            habits.real = habits.real | {recording.sites[number] for number in shape.real}
        filled = Filled(recording.values, links)
        if not keep:
            return self._new(program, "".join(source)), filled
        outcomes = shape.outcomes(recording.values)
        structure = self._kept.structure(source, outcomes, program.text is None)
        habits.count(structure is not None)
        if structure is None:
            structure = self._new(program, "".join(source), shape, recording.values)
            self._kept.keep(source, outcomes, shape, structure)
        return structure, filled

    def _new(
        self, program: Program, source: str, shape: Shape = _NO_SHAPE, values: Sequence[str] = ()
    ) -> Structure:
        from nurture.rendering.inline import inline  # premailer takes a while to load

        shown = show(source, shape, values, self._tokens) if shape.watched else source
        inlined = hide(inline(shown, f"{program.name}.html"), self._tokens)
        return compile_html(inlined, self._tokens, program.text is None)

    def _text(self, program: Program, given: dict[str, Any], links: Links) -> tuple[str, bytes]:
        assert program.text is not None
        recording = Recording(Mode.TEXT)
        ready = program.quick(program.text)
        source = self._record(ready, ready.new_context(given), recording)
        part = self._kept.part(source)
        if part is None:
            part = compile_text("".join(source), self._tokens)
            self._kept.keep_part(source, part)
        return part.fill(Filled(recording.values, links))

    def _subject_line(
        self,
        program: Program,
        own: jinja2.Template | None,
        html: jinja2.runtime.Context,
        given: dict[str, Any],
    ) -> str:
        """The journey's subject, else the template's block."""
        recording = Recording(Mode.HEADER)
        if own is not None:
            return message.safe_subject("".join(self._record(own, own.new_context(given), recording)))
        block = html.blocks.get("subject")
        said = self._sandbox(program.bundle.locale).record(block[0], html, recording) if block else ()
        return message.safe_subject(unescape("".join(said)))

    def _record(
        self, template: jinja2.Template | None, context: jinja2.runtime.Context, into: Recording
    ) -> tuple[str, ...]:
        assert template is not None
        sandbox = template.environment
        assert isinstance(sandbox, HoleSandbox)
        return sandbox.record(template.root_render_func, context, into)

    def _plain(self, kind: str, template: str, values: Mapping[str, Any], locale: str | None) -> str:
        program = self.program(kind, template, locale)
        ready = program.html or program.text
        assert ready is not None
        given = {"company": self._company, "locale": program.bundle.locale, **values}
        try:
            return "".join(self._record(ready, ready.new_context(given), Recording(Mode.REAL)))
        except Exception as error:
            raise explain(error, ready.name or program.name) from None

    def _sandbox(self, locale: str) -> HoleSandbox:
        found = self._sandboxes.get(locale)
        if found is None:
            found = HoleSandbox(self._sources, locale, self._tokens.nonce)
            found.filters |= filters(locale, self._settings.company)
            self._sandboxes[locale] = found
        return found

    def _subject(self, text: str | None, program: Program) -> tuple[jinja2.Template | None, frozenset[Path]]:
        """The journey's own subject as a template, and what it uses."""
        if text is None:
            return None, frozenset()
        key = (text, program.bundle.locale)
        found = self._subjects.get(key)
        if found is None:
            sandbox = self._sandbox(program.bundle.locale)
            found = self._subjects[key] = (sandbox.from_string(text), used_paths([sandbox.parse(text)]))
        return found

    def _used(self, values: Mapping[str, Any], program: Program, more: frozenset[Path]) -> dict[str, Any]:
        given = {"company": self._company, "locale": program.bundle.locale, **values}
        return pick(given, program.wanted if not more else Wanted.of(program.paths | more))


def _said(program: Program, suffix: str, work: Callable[[Program], Rendered]) -> Rendered:
    """What `work` makes of the program. What goes wrong is said of the file and line where it is written."""
    try:
        try:
            return work(program)
        except Exception:
            if not program.is_whole:
                raise
            return work(program.as_written())
    except Exception as error:
        raise explain(error, f"{program.name}{suffix}") from None


def company_values(company: Company) -> dict[str, Any]:
    """What templates see as `company`."""
    return {field.name: getattr(company, field.name) for field in fields(company)}


def offered(settings: Settings, context: LinkContext, links: Links) -> dict[str, Any]:
    """The variables that a message brings by itself."""
    unsubscribe = links.unsubscribe()
    found: dict[str, Any] = {"unsubscribe_url": unsubscribe, "preferences_url": unsubscribe}
    survey = settings.surveys.get(context.survey or "")
    if survey is not None:
        found["survey"] = {
            "name": survey.name,
            "question": survey.question,
            "low": survey.low,
            "high": survey.high,
            "url": links.survey(),
            "links": [{"score": score, "url": links.survey(score)} for score in survey.scale],
        }
    return found


def again(
    bundle: Bundle, used: Mapping[str, Json], key: str, key_id: str, date: datetime | None, settings: Settings
) -> Rendered:
    """The message that `used` was kept with, rendered again: identical bytes.

    `date` is its Date header, None for an SMS. Raises ValueError where the secret `key_id` is gone.
    """
    values = thaw(used["values"])
    company = replace(settings.company, **values["company"])
    renderer = Renderer(FixedSources(bundle.sources), replace(settings, company=company, whatsapp={}))
    links = LinkContext(key=key, key_id=key_id, **thaw(used["links"]))
    if used.get("channel") == "note":
        return renderer.note(bundle.name, bundle.locale, values, links)
    if used.get("channel") == "whatsapp":
        return renderer.whatsapp(bundle.name, bundle.locale, values, links)
    if date is None:
        replaced = bool(used.get("transliterate"))
        return renderer.sms(bundle.name, bundle.locale, values, links, transliterate=replaced)
    kept = thaw(used["header"])
    sender = Sender(**kept.pop("sender"))
    kept["message_class"] = MessageClass(kept["message_class"])
    return renderer.email(
        bundle.name, bundle.locale, values, links, HeaderContext(sender=sender, date=date, **kept)
    )


def _links_kept(context: LinkContext) -> Json:
    return {
        "base_url": context.base_url,
        "utm": dict(context.utm),
        "track_clicks": context.track_clicks,
        "track_opens": context.track_opens,
        "survey": context.survey,
    }


def _header_kept(header: HeaderContext) -> Json:
    sender = header.sender
    return {
        "to_address": header.to_address,
        "to_name": header.to_name,
        "subject": header.subject,
        "message_class": header.message_class.value,
        "sender": {"address": sender.address, "name": sender.name, "reply_to": sender.reply_to},
    }


def _nonce(secrets: tuple[tuple[str, bytes], ...]) -> str:
    """Letters and digits that only who has the workspace's secret knows."""
    return "qz" + hmac.digest(secrets[0][1], b"template tokens", "sha256").hex()[:16] + "q"
