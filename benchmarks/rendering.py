"""How much faster mails are rendered than by Jinja, premailer and EmailMessage, construct by construct.

Run with `python -m benchmarks.rendering`. Both ways give the same HTML, which is checked first. Times are
the best of several rounds, in one process, one after the other.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from statistics import median
from typing import Any

from nurture.rendering.filters import filters
from nurture.rendering.inline import inline, rewrite_links
from nurture.rendering.links import LinkContext, Links, Signer
from nurture.rendering.reference import Sample, verify
from nurture.rendering.renderer import company_values, offered
from nurture.rendering.sandbox import Sandbox, known
from nurture.rendering.sources import FixedSources
from tests.unit.rendering.constructs import CONSTRUCTS, Construct, person
from tests.unit.rendering.shop import SETTINGS, header, links, renderer

TARGET, WORST = 20.0, 0.8
ALL_DIFFERENT = Construct(
    "every message differs",
    '<p style="color: #{{ code[-6:] }}">{{ city }}</p><p class="c{{ code[-6:] }}">{{ code }}</p>',
)


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    slow: float  # seconds a message
    fast: float

    @property
    def ratio(self) -> float:
        return self.slow / self.fast


def main(rounds: int = 5) -> int:
    rows = [measure(construct, rounds, slow=12, fast=300) for construct in CONSTRUCTS]
    different = measure(ALL_DIFFERENT, rounds, slow=40, fast=40, settle=64)
    print(f"{'construct':<38}{'slow ms':>10}{'fast ms':>10}{'ratio':>9}   target")
    for row in rows:
        _print(row, TARGET)
    _print(different, WORST)
    print(f"\nmedian {median(row.ratio for row in rows):.1f}, least {min(row.ratio for row in rows):.1f}")
    missed = [row.name for row in rows if row.ratio < TARGET] + [different.name] * (different.ratio < WORST)
    if missed:
        print(f"below target: {', '.join(missed)}")
    return 1 if missed else 0


def measure(construct: Construct, rounds: int, slow: int, fast: int, settle: int = 0) -> Row:
    """Seconds a message, after every structure was seen once; `settle` messages go before."""
    sources = FixedSources(construct.sources)
    quick = renderer(construct.sources)
    changes = construct.changes
    same = [Sample(person(number, change), links(), header()) for number, change in enumerate(changes)]
    if found := verify(quick, sources, SETTINGS, "it", "pt-BR", same):
        sys.exit(f"{construct.name}: {found[0].message}")
    about = header()
    people = iter(
        [
            (number, person(number, changes[number % len(changes)]), links(f"M{number}"))
            for number in range(1, rounds * (slow + fast) + settle + 4 * len(changes) + 1)
        ]
    )

    def fast_way() -> None:
        _, values, context = next(people)
        quick.email("it", "pt-BR", values, context, about)

    slow_way = _slow_way(sources, people)
    _each(fast_way, max(settle, 2 * len(changes)))
    _each(slow_way, len(changes))
    times = [(_each(slow_way, slow), _each(fast_way, fast)) for _ in range(rounds)]
    return Row(construct.name, min(t[0] for t in times), min(t[1] for t in times))


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


def _print(row: Row, target: float) -> None:
    said = "ok" if row.ratio >= target else "MISSED"
    print(
        f"{row.name:<38}{row.slow * 1e3:>10.2f}{row.fast * 1e3:>10.3f}{row.ratio:>9.1f}   >= {target:g} {said}"
    )


if __name__ == "__main__":
    sys.exit(main())
