"""Messages as people would get them: preheader, text part, size and segments, made with sample values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from html import unescape
from typing import TYPE_CHECKING, Any, TypeAlias

from nurture.app import content_checks, samples, whatsapp_checks
from nurture.app.sms_sizes import allowed_segments, saving, too_many
from nurture.app.uses import Sent
from nurture.compiler.plan import Plan
from nurture.model import ADDRESS, PERSONAL, Channel, MessageClass
from nurture.problems import NurtureError, Problem, Severity
from nurture.settings import Settings
from nurture.vocabulary import CONTACT_FIELDS

if TYPE_CHECKING:
    from nurture.app.worst_values import Worst
    from nurture.rendering.links import LinkContext
    from nurture.rendering.renderer import Renderer

PAGE = "docs/templates.md"
CLIPPED = 102 * 1024  # bytes of HTML from which on Gmail hides the rest, and with it the way out
WORTH_INLINING = 25_000  # bytes: inlined styles make a smaller source not four times as large
_HIDDEN = re.compile(
    r"""<(\w+)\b[^>]*?(?:class\s*=\s*["'][^"']*\b(?:preheader|preview)|style\s*=\s*["'][^"']*display:\s*none)"""
    r"""[^>]*>(.*?)</\1>""",
    re.IGNORECASE | re.DOTALL,
)
_WHAT = {"email": "mail", "sms": "SMS", "whatsapp": "WhatsApp message"}
_ALLOW = "shorten it, or allow more by 'segments' of the channel in nurture.yaml"
_TITLE = re.compile(r"<title\b[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
WorstOf: TypeAlias = Callable[[Plan, Sent], "Worst | None"]


@dataclass
class MessageChecks:
    """Looks at each template once, however many steps send it, and at every subject of theirs."""

    renderer: Renderer
    settings: Settings
    worst: WorstOf | None = None  # counts an SMS with the longest values of all, not with made-up ones
    _seen: set[tuple[str, str]] = field(default_factory=set)
    _shut: set[str] = field(default_factory=set)  # mails that show no way out, which nobody was told yet
    _told_of_web: bool = False

    def problems(self, plan: Plan, sent: Sent) -> Iterator[Problem]:
        """What a person or a provider would mind about this message. Mistakes of templates are told elsewhere.

        Colleagues mind nothing about a note.
        """
        if sent.channel not in PERSONAL:
            return
        if (sent.channel, sent.template) in self._seen:
            yield from self._subject(sent)
        else:
            self._seen.add((sent.channel, sent.template))
            yield from self._of_template(plan, sent)
        yield from self._way_out(sent)

    def _of_template(self, plan: Plan, sent: Sent) -> Iterator[Problem]:
        values = samples.values(plan, self.settings, sent)
        try:
            own = self.renderer.bundle(sent.template, sent.channel).sources.values()
            yield from self._content(self._bare(sent, [*own, sent.subject or ""]), sent)
            if sent.channel == Channel.SMS.value:
                yield from self._sms(plan, sent, values)
            elif sent.channel == Channel.WHATSAPP.value:
                yield from whatsapp_checks.of_message(self.renderer, self.settings, plan, sent)
                self.renderer.whatsapp(sent.template, None, values, self._links(sent))
            else:
                yield from self._email(sent, values)
        except NurtureError as error:
            yield from _misfits(error, sent)

    def _subject(self, sent: Sent) -> Iterator[Problem]:
        """What is wrong with a step's or an arm's own subject."""
        if sent.subject:
            yield from self._content(self._bare(sent, [sent.subject]), sent)
            yield from self._content(content_checks.of_subject(sent.subject), sent)

    def _way_out(self, sent: Sent) -> Iterator[Problem]:
        """A mail about an order may lack it; one that rests on a consent may not."""
        concerns = sent.channel == Channel.EMAIL and sent.message_class is not MessageClass.TRANSACTIONAL
        if concerns and sent.template in self._shut:
            self._shut.remove(sent.template)
            hint = 'write <a href="{{ unsubscribe_url }}">Unsubscribe</a>'
            shut = _warning("N543", f"mail '{sent.template}' shows no link to unsubscribe", sent, hint)
            yield replace(shut, severity=Severity.ERROR)
        if concerns and not self._told_of_web and not self._is_https():
            self._told_of_web = True
            message = f"links in mails lead to {self.settings.web_url}, and mailbox providers ask for a way out by HTTPS"
            yield _warning("N544", message, sent, "write web: {url: https://...} into nurture.yaml")

    def _is_https(self) -> bool:
        """Whether it is, or no mail leaves the machine yet."""
        mail = self.settings.channels.get(Channel.EMAIL)
        return mail is None or mail.provider == "outbox" or self.settings.web_url.startswith("https://")

    def _bare(self, sent: Sent, sources: Sequence[str]) -> Iterator[content_checks.Found]:
        from nurture.rendering.unknowns import shown_bare  # loads Jinja

        known = sent.own | {"locale", ADDRESS[Channel(sent.channel)]}
        return content_checks.of_values(
            shown_bare(sources) - known, {**CONTACT_FIELDS, **self.settings.fields}
        )

    def _sms(self, plan: Plan, sent: Sent, values: dict[str, Any]) -> Iterator[Problem]:
        made = self.renderer.sms(sent.template, None, values, self._links(sent))
        allowed = allowed_segments(self.settings)
        worst = self.worst(plan, sent) if self.worst is not None else None
        if worst is not None and worst.field is not None:
            if worst.segments > allowed:
                yield _warning(
                    "N514", worst.in_words(sent.template, allowed), sent, _or(worst.saving, _ALLOW)
                )
        elif made.segments is not None and made.segments > allowed:
            message = too_many(sent.template, made.segments, made.encoding, len(made.text), allowed)
            hint = _or(saving(made, self.settings), _shorter(made.text, made.encoding))
            yield _warning("N514", message, sent, hint)

    def _email(self, sent: Sent, values: dict[str, Any]) -> Iterator[Problem]:
        html = self.renderer.source(sent.template, None, values, self._links(sent))
        if f"{self.settings.web_url.rstrip('/')}/u/" not in html:
            self._shut.add(sent.template)
        subject = sent.subject or _title(html)
        yield from self._content(content_checks.of_subject(subject), sent)
        yield from self._content(content_checks.of_mail(html, self.settings.web_url), sent)
        if not preheader(html):
            hint = "write {% block preheader %}...{% endblock %}: 40 to 90 characters"
            yield _warning("N511", f"mail '{sent.template}' has no preheader", sent, hint)
        if not self.renderer.has_text(sent.template):
            message = f"mail '{sent.template}' has no text part of its own: it is made from the HTML"
            yield _warning("N512", message, sent, f"write templates/email/{sent.template}.txt")
        size = self._size(html, sent)
        if size > CLIPPED:
            message = (
                f"mail '{sent.template}' has {size // 1024} kB of HTML, and Gmail hides what is beyond 102 kB"
            )
            yield _warning("N513", message, sent, "shorten it: the way out stands at its end")

    def _content(self, found: Iterator[content_checks.Found], sent: Sent) -> Iterator[Problem]:
        what = _WHAT[sent.channel]
        for code, message, hint in found:
            said = message if code == "N530" else f"{what} '{sent.template}' {message}"
            yield _warning(code, said, sent, hint)

    def _size(self, html: str, sent: Sent) -> int:
        """Bytes of the HTML that is sent."""
        size = len(html.encode())
        if size < WORTH_INLINING:
            return size
        from nurture.rendering.inline import inline  # loads premailer

        return len(inline(html, f"email/{sent.template}.html").encode())

    def _links(self, sent: Sent) -> LinkContext:
        return samples.links(sent, self.settings)


def _misfits(error: NurtureError, sent: Sent) -> Iterator[Problem]:
    """A line that can't be worked out of made-up values; a person's own may fit. Other mistakes are told elsewhere."""
    from nurture.rendering.errors import MISFIT  # loads Jinja

    hint = f"so with made-up values; nurture preview {sent.template} --contact WHO takes real ones"
    for each in error.problems:
        if each.code == MISFIT:
            yield replace(each, severity=Severity.WARNING, hint=each.hint or hint)


def _title(html: str) -> str | None:
    found = _TITLE.search(html)
    return unescape(found[1]).strip() if found else None


def preheader(html: str) -> str:
    """The hidden text at the beginning of a mail's body."""
    found = _HIDDEN.search(html)
    return " ".join(unescape(_TAG.sub("", found[2])).split()) if found else ""


def _or(first: str | None, second: str) -> str:
    return f"{first}; or {second}" if first else second


def _shorter(text: str, encoding: str | None) -> str:
    if encoding == "GSM-7":
        return _ALLOW
    from nurture.rendering.sms import outside

    return f"write it without {' '.join(outside(text)[:8])}: outside the GSM alphabet a segment holds 70 characters, not 160"


def _warning(code: str, message: str, sent: Sent, hint: str) -> Problem:
    return Problem(code, message, sent.mark, hint, PAGE, Severity.WARNING)
