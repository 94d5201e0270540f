"""The slow way, obviously right: `rewrite_links(premailer(jinja(template)))`, and the comparison with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nurture.problems import Problem
from nurture.rendering.errors import explain, problem_at
from nurture.rendering.filters import filters
from nurture.rendering.inline import inline, rewrite_links
from nurture.rendering.links import LinkContext, Links, Signer
from nurture.rendering.message import HeaderContext
from nurture.rendering.renderer import Rendered, Renderer, company_values, offered
from nurture.rendering.sandbox import Sandbox, known
from nurture.rendering.sources import Sources
from nurture.settings import Settings


@dataclass(frozen=True, slots=True)
class Sample:
    """One message to compare the two ways on."""

    values: Mapping[str, Any]
    links: LinkContext
    header: HeaderContext


class Reference:
    """Renders without any cleverness: values in, CSS inlined, links rewritten, every message anew."""

    def __init__(self, sources: Sources, settings: Settings) -> None:
        self._sources = sources
        self._settings = settings
        self._signer = Signer(settings.secrets)
        self._sandboxes: dict[str, Sandbox] = {}

    def html(self, template: str, locale: str | None, values: Mapping[str, Any], context: LinkContext) -> str:
        """The HTML of a mail. Raises RenderError as the renderer does."""
        company = self._settings.company
        locale = locale or company.locale
        name = f"email/{template}.html"
        links = Links(context, self._signer)
        own = {"company": company_values(company), "locale": locale}
        given = {**own, **values, **offered(self._settings, context, links)}
        sandbox = self._sandbox(locale)
        sandbox.meter.start()
        try:
            html = sandbox.get_template(name).render(given)
        except Exception as error:
            raise explain(error, name) from None
        return rewrite_links(inline(html, name), links)

    def _sandbox(self, locale: str) -> Sandbox:
        if locale not in self._sandboxes:
            sandbox = Sandbox(self._sources, locale, finalize=known)
            sandbox.filters |= filters(locale, self._settings.company)
            self._sandboxes[locale] = sandbox
        return self._sandboxes[locale]


def verify(
    renderer: Renderer,
    sources: Sources,
    settings: Settings,
    template: str,
    locale: str | None,
    samples: Iterable[Sample],
) -> list[Problem]:
    """Where the fast way differs from the slow one on `samples`; empty where they agree.

    Each sample is rendered twice, so that it is also filled into a structure that another one made.
    """
    samples = tuple(samples)
    reference = Reference(sources, settings)
    slow = [reference.html(template, locale, s.values, s.links) for s in samples]
    fast = [renderer.email(template, locale, s.values, s.links, s.header) for s in (*samples, *samples)]
    problems = []
    for number, (expected, *rendered) in enumerate(
        zip(slow, fast[: len(samples)], fast[len(samples) :], strict=True), 1
    ):
        problems += [
            _difference(expected, found, template, number) for found in rendered if _differs(expected, found)
        ]
    return problems


def _differs(expected: str, found: Rendered) -> bool:
    return _ended(expected) != found.html


def _ended(html: str) -> str:
    return html if html.endswith("\n") else html + "\n"


def _difference(expected: str, found: Rendered, template: str, number: int) -> Problem:
    """Names the line alone: the text around it may be personal."""
    pairs = zip(_ended(expected).splitlines(), (found.html or "").splitlines(), strict=False)
    line = next((n for n, (a, b) in enumerate(pairs, 1) if a != b), 1)
    said = f"the fast way of rendering differs from the slow one in line {line} of sample {number}'s HTML"
    hint = "keep values out of tags and styles, and tell us"
    return problem_at("N810", said, f"email/{template}.html", 1, None, hint)
