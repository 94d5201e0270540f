"""`make shots`: a picture of each mail and page that ships, on a phone and a desk, light and dark.

Each is rendered as it would be sent, with sample values, with awkward ones and without a first name.
Beside the pictures stand the text parts and `shots/index.html`, which shows all of them. Ends with 1 where
a customer would notice something: sideways scrolling, a clipped mail, a preheader or an SMS that is too long.
"""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nurture.rendering.links import LinkContext
from nurture.rendering.message import HeaderContext
from nurture.rendering.renderer import Renderer
from nurture.rendering.sources import TemplateSources, shipped
from tools.chromium import Chromium, NoBrowser
from tools.samples import COMPANY, NOW, PAGES, PEOPLE, SENDER, SETTINGS, SURVEY

TARGET = Path("shots")
WIDTHS = (360, 1200)
HEAVIEST = 100_000  # bytes; Gmail clips a mail at 102 kB
PREHEADER = range(40, 91)


@dataclass(frozen=True, slots=True)
class Shown:
    """Something to look at: a mail or page with its HTML, or a text."""

    name: str
    html: str | None = None
    text: str | None = None
    subject: str = ""
    faults: list[str] = field(default_factory=list)


def main() -> int:
    TARGET.mkdir(exist_ok=True)
    renderer = Renderer(TemplateSources(shipped()), SETTINGS)
    everything = [*mails(renderer), *texts(renderer), *pages(renderer)]
    for shown in everything:
        if shown.text is not None:
            (TARGET / f"{shown.name}.txt").write_text(shown.text, encoding="utf-8")
    try:
        with Chromium() as browser:
            for number, shown in enumerate(everything, 1):
                photograph(browser, shown)
                print(f"\r{number} of {len(everything)} ", end="", file=sys.stderr)
    except NoBrowser as error:
        print(error, file=sys.stderr)
        return 2
    (TARGET / "index.html").write_text(gallery(everything), encoding="utf-8")
    print(f"\r{len(everything)} looked at: open {TARGET}/index.html", file=sys.stderr)
    faults = [f"{shown.name}: {fault}" for shown in everything for fault in shown.faults]
    print("\n".join(faults) or "nothing sticks out")
    return 1 if faults else 0


def mails(renderer: Renderer) -> Iterator[Shown]:
    for template, locale in found("email", ".html"):
        for kind, person in PEOPLE.items():
            if not kind or locale == COMPANY.locale:
                yield mail(renderer, template, locale, kind, person)


def mail(renderer: Renderer, template: str, locale: str, kind: str, person: Mapping[str, Any]) -> Shown:
    links = LinkContext("shot", SETTINGS.web_url, survey=SURVEY.name, track_opens=False)
    rendered = renderer.email(template, locale, person, links, HeaderContext("ana@example.com", SENDER, NOW))
    body = rendered.html or ""
    subject = rendered.subject or ""
    text = f"{subject}\n\n{rendered.text}"
    return Shown(label("email", template, locale, kind), body, text, subject, mail_faults(body))


def mail_faults(body: str) -> list[str]:
    faults = []
    if (size := len(body.encode())) > HEAVIEST:
        faults.append(f"{size:,} bytes of HTML")
    preheader = re.search(r'class="preheader"[^>]*>(.*?)</div>', body, re.DOTALL)
    words = " ".join(html.unescape(preheader[1]).split()) if preheader else ""
    if len(words) not in PREHEADER:
        faults.append(f"the preheader has {len(words)} characters: {words!r}")
    return faults


def texts(renderer: Renderer) -> Iterator[Shown]:
    for template, locale in found("sms", ".txt"):
        for kind, person in PEOPLE.items():
            links = LinkContext("shot", SETTINGS.web_url)
            rendered = renderer.sms(template, locale, person, links)
            long = [f"{rendered.segments} segments ({rendered.encoding})"] if rendered.segments != 1 else []
            name = label("sms", template, locale, kind)
            yield Shown(name, None, rendered.text, f"SMS, {len(rendered.text)} characters", long)
    for template, locale in found("tasks", ".txt"):
        for kind, person in PEOPLE.items():
            brief = renderer.task(template, person, locale)
            yield Shown(label("task", template, locale, kind), None, brief, "a colleague's task")


def pages(renderer: Renderer) -> Iterator[Shown]:
    for template, locale in found("pages", ".html"):
        for kind, (page, values) in PAGES.items():
            if page == template:
                body = renderer.page(page, {"locale": locale, **values}, locale)
                yield Shown(label("page", kind, locale), body)


def found(folder: str, suffix: str) -> list[tuple[str, str]]:
    """The templates of a folder, with the locale of each variant."""
    variants = []
    for path in sorted((shipped() / folder).rglob(f"*{suffix}")):
        name = path.relative_to(shipped() / folder).as_posix().removesuffix(suffix)
        plain, _, locale = name.partition(".")
        variants.append((plain, locale or COMPANY.locale))
    return variants


def label(*words: str) -> str:
    return "-".join(word for word in words if word and word != COMPANY.locale).replace("/", "-")


def photograph(browser: Chromium, shown: Shown) -> None:
    if shown.html is None:
        return
    page = TARGET / f"{shown.name}.html"
    page.write_text(shown.html, encoding="utf-8")
    browser.open(page)
    for width in WIDTHS:
        for dark in (False, True):
            if out := browser.shoot(width, dark, TARGET / picture(shown, width, dark)):
                shown.faults.append(f"scrolls sideways by {out} pixels at {width}")


def picture(shown: Shown, width: int, dark: bool) -> str:
    return f"{shown.name}-{width}-{'dark' if dark else 'light'}.png"


def gallery(everything: list[Shown]) -> str:
    """One page with all of it."""
    blocks = []
    for shown in everything:
        blocks.append(f"<h2>{html.escape(shown.name)}</h2><p>{html.escape(shown.subject)}</p>")
        if shown.html is not None:
            names = [picture(shown, width, dark) for width in WIDTHS for dark in (False, True)]
            blocks.append("".join(f'<a href="{name}"><img src="{name}" alt=""></a>' for name in names))
        if shown.text is not None:
            blocks.append(f"<details><summary>text</summary><pre>{html.escape(shown.text)}</pre></details>")
    style = "body{font:16px system-ui;margin:24px;background:#ddd}img{height:480px;margin:0 8px 8px 0}pre{white-space:pre-wrap}"
    return f'<!doctype html><meta charset="utf-8"><title>Shots</title><style>{style}</style>{"".join(blocks)}'


if __name__ == "__main__":
    sys.exit(main())
