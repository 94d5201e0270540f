"""Generated mails make the whole trip: `python -m tools.roundtrip [--mails 100000] [--seed 1]`.

Each mail is rendered, signed, carried as SMTP does it (RFC 5321, 4.5.2), taken in and read by Python's own parser.
What comes out is compared with what was meant: every header, both parts, the form of each line, the signature. A mail
that differs is named by its seed and number, and `--only NUMBER` makes it again.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.header import decode_header
from email.message import EmailMessage
from email.policy import default as modern
from email.utils import parseaddr
from functools import cache
from random import Random

import dkim

from nurture.channels.base import Envelope
from nurture.channels.smtp import keys
from nurture.channels.smtp.dkim import Signer, signed
from nurture.channels.smtp.protocol import on_the_wire, transaction
from nurture.hosts import in_ascii
from nurture.identity import ascii_domain
from nurture.model import Channel, MessageClass
from nurture.rendering.errors import Refused
from nurture.rendering.links import LinkContext
from nurture.rendering.message import HeaderContext
from nurture.rendering.renderer import Rendered, Renderer
from nurture.rendering.sources import FixedSources
from nurture.settings import Company, Sender, Settings

MAILS, BLOCK = 100_000, 500
_FOLD = re.compile(r"\r\n[ \t]")
LINE, LONGEST = 78, 998  # RFC 5322, 2.1.1: should and must
FEATURES = {"size": "", "8bitmime": "", "smtputf8": ""}

_PAGE = """<html><head><title>{% block subject %}{{ subject }}{% endblock %}</title></head><body>
<p title="{{ name }}">{{ name }}</p>
.{{ one }}
{% for line in many %}<td class="c" data-x='{{ line }}'>{{ line }}</td>{% endfor %}
<a href="https://shop.example/{{ word }}?q={{ name | urlencode }}">{{ word }}</a><pre>{{ raw }}</pre></body></html>"""
_TEXT = "Oi {{ name }},\n.{{ one }}\n{% for line in many %}{{ line }}\n{% endfor %}{{ raw }}\n{{ word }}\n\n"
_SOURCES = {"email/whole.html": _PAGE, "email/whole.txt": _TEXT, "email/derived.html": _PAGE}
_ALPHABETS = (
    "abcdefghij klm nopqrstuvwxyz",
    "ABC xyz 0123456789 .,;:!?'\"()[]<>@\\/|&%#*+-=_~^`{}$",
    "áàâãçéêíóôõúüñ ÁÉÍ ºª ção",
    "Привет мир Ёжик Їжак",
    "日本語のとても長い件名です 한국어 中文",
    "שלום עולם مرحبا بالعالم \u200f\u200e",
    "😀 👩‍👩‍👧‍👦 🇧🇷 🏳️‍🌈 é ạ̈ \U0001f9d1\U0001f3fd",
    "\t \u00a0\u2003\u200b\u202f  = =3D =\n.\r\n..From ",
    "ß ſ ﬁ Ǆ İ ı ﷽ \ufeff",
)
_LOCALS = ("ana", "ana.maria+tag", "o'neil", "x", "joão", "用户", "δοκιμή", "a" * 64)
_DOMAINS = (
    "example.com",
    "münchen.example",
    "straße.example",
    "例え.example",
    "mail.shop.example",
    "يمثال.example",
)
_BASES = ("https://mail.volta.example", "https://straße.example", "https://例え.example:8443/olá/café")
_SENDERS = (
    Sender("oi@volta.example", "Loja Volta", "ajuda@volta.example"),
    Sender("news@pão.example", "Padaria & Café, “Pão”"),
    Sender("olá@volta.example", 'Mariana "Mari" Souza, da Volta 😀', "josé@pão.example"),
    Sender("a@b.example"),
    Sender(
        f"oi@{'sub.' * 12}example.com", "Uma empresa com um nome que não cabe em uma linha só de jeito nenhum"
    ),
)


@dataclass(frozen=True, slots=True)
class Case:
    """A mail to be made: the same for the same seed and number."""

    template: str
    values: dict[str, object]
    header: HeaderContext
    key: str
    base: str  # of its links

    @property
    def subject(self) -> str:
        return str(self.values["subject"])


def main() -> int:
    options = _options()
    if options.only is not None:
        numbers: list[range] = [range(options.only, options.only + 1)]
    else:
        numbers = [range(at, min(at + BLOCK, options.mails)) for at in range(0, options.mails, BLOCK)]
    counts: Counter[str] = Counter()
    differing = 0
    with ProcessPoolExecutor(options.processes) as pool:
        for found, counted in pool.map(_block, [options.seed] * len(numbers), numbers):
            counts += counted
            differing += len({number for number, _ in found})
            for number, said in found:
                print(f"seed {options.seed}, mail {number}: {said}", flush=True)
    shown = ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items()))
    print(f"seed {options.seed}: {shown}; {differing:,} differ")
    return 1 if differing else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.roundtrip", description="Mails there and back.")
    parser.add_argument("--mails", type=int, default=MAILS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, metavar="NUMBER", help="one mail again")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    return parser.parse_args()


def _block(seed: int, numbers: range) -> tuple[list[tuple[int, str]], Counter[str]]:
    found: list[tuple[int, str]] = []
    counts: Counter[str] = Counter()
    for number in numbers:
        case = generated(seed, number)
        refused = _refusal(case)
        counts.update(
            {"mails made the trip": 1, "subjects were refused first, as they must be": refused is not None}
        )
        found += [(number, said) for said in differences(case)]
    return found, counts


def differences(case: Case) -> list[str]:
    """What of a generated mail came out otherwise than it was meant.

    A subject that must be refused is taken out of it first, when it was.
    """
    reason = _refusal(case)
    if reason is not None:
        if reason != ("header_injection" if _forbidden(case.subject) else "no_subject"):
            return [f"refused: {reason}"]
        case = replace(case, values=case.values | {"subject": _harmless(case.subject)})
    made = _rendered(case)
    carried = carry(made.body)
    read = message_from_bytes(carried, policy=modern)
    return [*_form(carried), *_headers(case, made, read), *_parts(made, read), *_commands(case, made)]


def _refusal(case: Case) -> str | None:
    """Why the mail must not go out."""
    try:
        _rendered(case)
    except Refused as refused:
        return refused.reason
    return None


def _rendered(case: Case) -> Rendered:
    return _renderer().email(case.template, "pt-BR", case.values, _links(case), case.header)


def _harmless(subject: str) -> str:
    return "Oi " + "".join(sign for sign in subject if sign != "?" and not _forbidden(sign))


# --- the mails --------------------------------------------------------------------------------


def generated(seed: int, number: int) -> Case:
    """A mail with awkward values."""
    random = Random(f"{seed}/{number}")
    values = {
        "subject": _text(random, 1, random.choice((10, 60, 80, 200))),
        "name": _text(random, 0, 60),
        "one": _text(random, 0, 300),
        "word": random.choice(("x", "é", "a" * random.randrange(70, 80), "b" * 3_000)),
        "many": [_text(random, 0, 90) for _ in range(random.randrange(4))],
        "raw": random.choice((" ", "", "-- ", "From x", ".", "=\r\n", "\t", "a \n b\t\r\n"))
        + _text(random, 0, 40),
    }
    header = HeaderContext(
        to_address=f"{random.choice(_LOCALS)}@{random.choice(_DOMAINS)}",
        sender=random.choice(_SENDERS),
        date=datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=random.randrange(10**8)),
        message_class=random.choice(tuple(MessageClass)),
        to_name=random.choice((None, _text(random, 0, 40), _text(random, 60, 200))),
    )
    return Case(
        random.choice(("whole", "derived")),
        values,
        header,
        f"{random.getrandbits(160):032x}"[:32],
        in_ascii(random.choice(_BASES)),
    )


def _text(random: Random, least: int, most: int) -> str:
    """Signs of one alphabet or of several; a header's line ends stay out where they would only be refused."""
    signs = "".join(random.sample(_ALPHABETS, random.choice((1, 1, 2))))
    return "".join(random.choices(signs, k=random.randint(least, most)))


@cache
def _renderer() -> Renderer:
    settings = Settings(
        company=Company("Volta", "Rua das Flores, 12, São Paulo"),
        channels={},
        topics={},
        web_url=_BASES[0],
        secrets=(("k1", b"a secret of thirty-two characters"),),
    )
    return Renderer(FixedSources(_SOURCES), settings)


def _links(case: Case) -> LinkContext:
    return LinkContext(case.key, case.base, utm={"utm_source": "nurture"})


# --- the trip ---------------------------------------------------------------------------------


@cache
def _signer() -> Signer:
    return Signer("volta.example", "n1", keys.make("ed25519"))


def carry(body: bytes) -> bytes:
    """The body as a server has it that took it in."""
    wire = on_the_wire(body, lambda message: signed(message, [_signer()]))
    if not wire.endswith(b"\r\n.\r\n") or b"\r\n.\r\n" in wire[:-5]:
        raise AssertionError("a server would not see the end where it is")
    lines = wire[:-3].split(b"\r\n")
    return b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines)


def _form(carried: bytes) -> Iterator[str]:
    """RFC 5322's own rules: line ends, their length, no signs that some server might change."""
    head, _, body = carried.partition(b"\r\n\r\n")
    if carried.count(b"\r") != carried.count(b"\n") or carried.count(b"\n") != carried.count(b"\r\n"):
        yield "a line end stands alone"
    if (longest := max(map(len, body.split(b"\r\n")))) > LINE:
        yield f"a line of the body has {longest} octets"
    if (longest := max(map(len, head.split(b"\r\n")))) > LONGEST:
        yield f"a line of the head has {longest} octets"
    if not body.isascii() or b"\0" in carried:
        yield "the body has octets beyond ASCII"
    records = {b"n1._domainkey.volta.example.": keys.record(_signer().key).encode()}
    if not dkim.verify(carried, dnsfunc=lambda name, timeout=5: records.get(name)):
        yield "the signature does not hold"


# --- what was meant ---------------------------------------------------------------------------


def _headers(case: Case, made: Rendered, read: EmailMessage) -> Iterator[str]:
    about, bulk = case.header, case.header.message_class is not MessageClass.TRANSACTIONAL
    expected = [
        "DKIM-Signature",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "From",
        "MIME-Version",
        "Content-Type",
    ]
    expected += ["List-Unsubscribe", "List-Unsubscribe-Post"] if bulk else []
    expected += ["Reply-To"] if about.sender.reply_to else []
    expected += [] if about.message_class is MessageClass.MARKETING else ["Auto-Submitted"]
    if sorted(read.keys()) != sorted(expected):
        yield f"headers {sorted(read.keys())}"
        return
    for part in read.walk():
        if part.defects:
            yield f"defects {part.defects}"
    yield from _same("Subject", read["Subject"], _on_one_line(case.subject))
    yield from _same("To", _mailbox(read, "To"), (_shown(about.to_name), _ascii(about.to_address)))
    sender = about.sender
    yield from _same("From", _mailbox(read, "From"), (sender.name or "", _ascii(sender.address)))
    if sender.reply_to:
        yield from _same("Reply-To", _mailbox(read, "Reply-To"), ("", _ascii(sender.reply_to)))
    yield from _same("Date", read["Date"].datetime, about.date)
    yield from _same(
        "Message-ID", read["Message-ID"], f"<{case.key}@{_ascii(sender.address).partition('@')[2]}>"
    )
    way_out = rf"<{re.escape(case.base)}/u/[\w.-]+>"
    if bulk and not re.fullmatch(way_out, read["List-Unsubscribe"], re.ASCII):
        yield f"List-Unsubscribe {read['List-Unsubscribe']}"


def _parts(made: Rendered, read: EmailMessage) -> Iterator[str]:
    kinds = [part.get_content_type() for part in read.walk()]
    yield from _same("parts", kinds, ["multipart/alternative", "text/plain", "text/html"])
    for part, meant in zip(read.iter_parts(), (made.text, made.html), strict=True):
        data = part.get_payload(decode=True)
        assert isinstance(data, bytes)
        # the line end before a boundary is the boundary's (RFC 2046, 5.1.1)
        got = data.decode("utf-8", "backslashreplace").replace("\r\n", "\n") + "\n"
        yield from _same(part.get_content_type(), got, (meant or "").replace("\r\n", "\n"))


def _commands(case: Case, made: Rendered) -> Iterator[str]:
    """The envelope says SMTPUTF8 where, and only where, an address needs it."""
    about = case.header
    envelope = Envelope(1, case.key, Channel.EMAIL, about.sender.address, about.to_address, made.body)
    mail, recipient, _ = transaction(envelope, FEATURES)
    addresses = (about.sender.address, about.to_address, about.sender.reply_to or "")
    needed = any(not address.rpartition("@")[0].isascii() for address in addresses)
    yield from _same("SMTPUTF8", b"SMTPUTF8" in mail, needed)
    yield from _same("RCPT", recipient.decode(), f"RCPT TO:<{_ascii(about.to_address)}>\r\n")


def _same(what: str, got: object, meant: object) -> Iterator[str]:
    if got != meant:
        yield f"{what}: got {got!a:.300} instead of {meant!a:.300}"


def _mailbox(read: EmailMessage, name: str) -> tuple[str, str]:
    """Its name and address. Python 3.11's newer parser puts blanks between the encoded-words of a name."""
    (value,) = [value for field, value in read.raw_items() if field == name]
    said, address = parseaddr(_FOLD.sub(" ", _text_of(value)))
    parts = decode_header(said) if "=?" in said else [(said, None)]
    return "".join(
        part.decode(coding or "ascii") if isinstance(part, bytes) else part for part, coding in parts
    ), address


def _text_of(value: object) -> str:
    """UTF-8 that the parser took for octets of no known meaning."""
    return str(value).encode("utf-8", "surrogateescape").decode()


def _ascii(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}@{ascii_domain(domain)}"


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _shown(name: str | None) -> str:
    """The name as To shows it: on one line, and left out where it could write headers."""
    return "" if _forbidden(name or "") else _on_one_line(name or "")


def _forbidden(text: str) -> bool:
    controls = any(unicodedata.category(sign) in ("Cc", "Zl", "Zp", "Cs") for sign in text)
    return controls or bool(re.search(r"=\?[^?\s]*\?[bBqQ]\?", text))


if __name__ == "__main__":
    sys.exit(main())
