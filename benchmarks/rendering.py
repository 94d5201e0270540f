"""How much faster mails are rendered than by Jinja, premailer and EmailMessage, construct by construct.

Both ways give the same HTML, which is checked first. Times are of the processor and the best of several rounds,
in one process, one after the other.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.table import NONE, Row, at_least, left_out
from nurture.rendering.errors import RenderError
from nurture.rendering.filters import filters
from nurture.rendering.inline import inline, rewrite_links
from nurture.rendering.links import LinkContext, Links, Signer
from nurture.rendering.mjml import to_html
from nurture.rendering.reference import Sample, verify
from nurture.rendering.renderer import company_values, offered
from nurture.rendering.sandbox import Sandbox, known
from nurture.rendering.sources import FixedSources
from tests.unit.rendering.constructs import CONSTRUCTS, Construct, person
from tests.unit.rendering.shop import SETTINGS, header, links, renderer

TIMES, ALL_DIFFERENT = 20.0, 0.8
CORPUS = (
    Path(os.environ.get("NURTURE_SHARED_DATA") or Path(__file__).parents[2] / "shared" / "data")
    / "email_templates"
)
DIFFERENT = Construct(
    "every message differs in structure",
    '<p style="color: #{{ code[-6:] }}">{{ city }}</p><p class="c{{ code[-6:] }}">{{ code }}</p>',
)
_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def rows(scale: float) -> Iterator[Row]:
    rounds = max(2, round(5 * scale))
    for construct in CONSTRUCTS:
        pace = measure(Work.of_construct(construct), rounds, slow=12, fast=300)
        yield _row(construct.name, pace, TIMES)
    different = measure(Work.of_construct(DIFFERENT), rounds, slow=40, fast=40, settle=64)
    yield _row(DIFFERENT.name, different, ALL_DIFFERENT)
    yield _corpus(rounds)


def _row(name: str, pace: Pace, floor: float) -> Row:
    note = f"Jinja, premailer, EmailMessage {pace.slow * 1e3:.2f} ms, ours {pace.fast * 1e3:.3f} ms"
    return at_least(f"rendering: {name}", NONE, pace.ratio, "x", floor, note)


def _corpus(rounds: int) -> Row:
    """Real mails of several makers, those that are templates of ours."""
    what = "rendering: real mails, the least of all"
    mails = sorted([*CORPUS.rglob("*.html"), *CORPUS.rglob("*.mjml")])
    if not mails:
        return left_out(
            what, "x", TIMES, f"NOT MEASURED: no mails below {CORPUS.name}; set NURTURE_SHARED_DATA"
        )
    paces: dict[str, Pace] = {}
    for mail in mails:
        try:
            paces[str(mail.relative_to(CORPUS))] = measure(
                Work.of_mail(mail), min(rounds, 2), slow=3, fast=60
            )
        except RenderError:
            continue
    ratios = {name: pace.ratio for name, pace in paces.items()}
    least = min(ratios, key=ratios.__getitem__)
    below = sum(ratio < TIMES for ratio in ratios.values())
    note = (
        f"{len(ratios)} mails ({len(mails) - len(ratios)} are no templates of ours), {below} below; median "
    )
    note += f"{median(ratios.values()):.0f}; least {least}"
    return at_least(what, NONE, ratios[least], "x", TIMES, note)


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds a message, the slow way and ours."""

    slow: float
    fast: float

    @property
    def ratio(self) -> float:
        return self.slow / self.fast


@dataclass(frozen=True, slots=True)
class Work:
    """A template, and what its messages are filled with, by number."""

    name: str
    sources: FixedSources
    values: Callable[[int], dict[str, Any]]
    shapes: int  # after so many messages each structure was seen
    subject: str | None = None  # None: the template has its own

    @classmethod
    def of_construct(cls, construct: Construct) -> Work:
        changes = construct.changes
        return cls(
            construct.name,
            FixedSources(construct.sources),
            lambda number: person(number, changes[number % len(changes)]),
            len(changes),
        )

    @classmethod
    def of_mail(cls, mail: Path) -> Work:
        """A mail whose placeholders are names in braces. Raises RenderError where it is no template of ours."""
        text = mail.read_text(encoding="utf-8")
        page = to_html(text, mail.name) if mail.suffix == ".mjml" else text
        names = set(_PLACEHOLDER.findall(page))
        sources = FixedSources({"email/it.html": page, "email/it.txt": "Oi {{ first_name }}"})
        renderer(sources.texts).bundle("it", "email", "pt-BR")
        return cls(mail.name, sources, lambda number: person(number, {}) | _fillings(names, number), 1, "Oi")


def _fillings(names: set[str], number: int) -> dict[str, Any]:
    return {
        name: f"https://shop.example/{name}?n={number}" if name.endswith("_url") else f"Um {name} & {number}"
        for name in names
    }


def measure(work: Work, rounds: int, slow: int, fast: int, settle: int = 0) -> Pace:
    """Seconds a message, after every structure was seen; `settle` messages go before.

    Raises RenderError for what is no template, and ends the process where the two ways differ.
    """
    quick = renderer(work.sources.texts)
    same = [
        Sample(work.values(number), links(), header(subject=work.subject)) for number in range(work.shapes)
    ]
    if found := verify(quick, work.sources, SETTINGS, "it", "pt-BR", same):
        raise SystemExit(f"{work.name}: {found[0].message}")
    about = header(subject=work.subject)
    people = iter(
        [
            (number, work.values(number), links(f"M{number}"))
            for number in range(1, rounds * (slow + fast) + settle + 4 * work.shapes + 1)
        ]
    )

    def fast_way() -> None:
        _, values, context = next(people)
        quick.email("it", "pt-BR", values, context, about)

    slow_way = _slow_way(work.sources, people)
    _each(fast_way, max(settle, 2 * work.shapes))
    _each(slow_way, work.shapes)
    times = [(_each(slow_way, slow), _each(fast_way, fast)) for _ in range(rounds)]
    return Pace(min(t[0] for t in times), min(t[1] for t in times))


def _slow_way(
    sources: FixedSources, people: Iterator[tuple[int, dict[str, Any], LinkContext]]
) -> Callable[[], None]:
    sandbox = Sandbox(sources, "pt-BR", finalize=known)
    sandbox.filters |= filters("pt-BR", SETTINGS.company)
    page, text = sandbox.get_template("email/it.html"), sandbox.get_template("email/it.txt")
    signer = Signer(SETTINGS.secrets)
    own = {"company": company_values(SETTINGS.company), "locale": "pt-BR"}

    def slow() -> None:
        number, values, context = next(people)
        writer = Links(context, signer)
        given = {**own, **values, **offered(SETTINGS, context, writer)}
        html = rewrite_links(inline(page.render(given), "it"), writer)
        _as_message(number, values["first_name"], writer, text.render(given), html)

    return slow


def _as_message(number: int, name: str, writer: Links, text: str, html: str) -> bytes:
    about = header()
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(about.sender.name or "", addr_spec=about.sender.address)
    message["To"] = Address(about.to_name or "", addr_spec=about.to_address)
    message["Subject"] = f"Olá, {name}"
    message["Date"] = format_datetime(about.date)
    message["Message-ID"] = f"<M{number}@volta.example>"
    message["List-Unsubscribe"] = f"<{writer.unsubscribe()}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message.as_bytes()


def _each(work: Callable[[], None], times: int) -> float:
    started = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - started) / times
