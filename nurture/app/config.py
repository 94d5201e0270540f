"""What `nurture.yaml` and the files beside it may say."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from nurture.app import api_options, channel_options, returns_options, whatsapp_options
from nurture.compiler.journey import LIMITS_VALUE
from nurture.hosts import in_ascii
from nurture.limits import Limits
from nurture.model import Basis, Channel, LeapDay
from nurture.nodes import Mapping, Node, Scalar, sort_of
from nurture.options import locales, shapes
from nurture.options.desk import Desk
from nurture.options.reader import Options, read_table, sub_table
from nurture.options.shapes import Schema
from nurture.options.tables import Option, Table
from nurture.options.values import (
    NAME,
    Choice,
    Custom,
    Flag,
    Integer,
    Length,
    Matching,
    Number,
    OneOrMore,
    Share,
    TableOf,
    Text,
    Zone,
)
from nurture.settings import (
    SCALES,
    CanaryRules,
    Company,
    Costs,
    CouponPool,
    ReportRules,
    Settings,
    SurveySpec,
    Topic,
)

SHORTEST_SECRET = 32


class _Database(Matching):
    """What is wrong is not repeated: it may hold a password. Empty is a variable that isn't set here."""

    def of(self, text: str) -> str:
        if text and not self.pattern.fullmatch(text):
            raise ValueError(f"expected {self.words}")
        return text


_DATABASE = _Database(
    "a database such as 'sqlite:///nurture.db' or 'postgresql://user@host/name'",
    re.compile(r"sqlite://.*|postgres(ql)?(\+psycopg)?://[^\s]+"),
)


def _leads_somewhere(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an IPv6 address that there isn't
        return False


_URL = Matching(
    "an address such as 'https://shop.example'", re.compile(r"https?://[^\s]+"), exists=_leads_somewhere
)


class _Base(Matching):
    """Links begin with it, and headers of mails have them: letters beyond ASCII are written as those want it."""

    def of(self, text: str) -> str:
        return in_ascii(super().of(text))


_BASE = _Base(_URL.words, _URL.pattern, exists=_URL.exists)
COMPANY = Table(
    "'company'",
    (
        Option("name", Text(), "Who writes.", "Café Serra Azul", required=True, default=""),
        Option(
            "postal_address",
            Text(),
            "Stands in every footer: the law asks for it.",
            "Rua das Araucárias, 214, São Paulo",
            required=True,
            default="",
        ),
        Option("website", _URL, "Where links start.", "https://shop.example"),
        Option("zone", Zone(), "The company's clock.", "America/Sao_Paulo"),
        Option(
            "locale",
            Matching(
                "a locale such as 'pt-BR'", re.compile(r"[a-z]{2,3}(-[A-Z]{2})?"), exists=locales.is_locale
            ),
            "Language of texts.",
            "pt-BR",
        ),
        Option(
            "country",
            Matching("a country such as 'BR'", re.compile(r"[A-Z]{2}"), exists=locales.is_country),
            "ISO 3166 code.",
            "BR",
        ),
        Option(
            "currency",
            Matching("a currency such as 'BRL'", re.compile(r"[A-Z]{3}"), exists=locales.is_currency),
            "ISO 4217 code.",
            "BRL",
        ),
        Option(
            "accent",
            Matching("a color such as '#1f4e79'", re.compile(r"#[0-9a-fA-F]{6}")),
            "Color of buttons.",
            '"#1f4e79"',
        ),
        Option("logo", _URL, "A picture, 280 px wide.", "https://shop.example/logo.png"),
    ),
    anchor="workspace",
)
TOPIC = Table(
    "a topic",
    (
        Option("title", Text(), "What people read.", "Ofertas", required=True, default=""),
        Option("basis", Choice(tuple(Basis)), "Its legal ground.", "consent", default="consent"),
        Option(
            "double_opt_in",
            Flag(),
            "A yes counts once the person has confirmed it by a mail that asks her.",
            "true",
            default=False,
        ),
    ),
    anchor="workspace",
)
COSTS = Table(
    "'costs'",
    (
        Option("email", Number(), "An e-mail.", "0.004"),
        Option("sms_segment", Number(), "A segment of an SMS.", "0.12"),
        Option(
            "whatsapp",
            whatsapp_options.COSTS_VALUE,
            "A WhatsApp message, by what the provider charges it as.",
            "{marketing: 0.06, utility: 0.008, service: 0}",
        ),
        Option("fixed", TableOf(Number(), "costs by journey"), "A journey's own cost.", "{welcome: 400}"),
    ),
    anchor="workspace",
)
REPORT = Table(
    "'report'",
    (
        Option(
            "attribution_window",
            Length(fixed=True),
            "An order counts for a click this long before.",
            "7 days",
        ),
        Option("minimum_people", Integer(), "In each arm; under it there is too little to say.", "100"),
        Option("minimum_conversions", Integer(), "In both arms together.", "10"),
    ),
    anchor="workspace",
)
CANARY = Table(
    "'canary'",
    (
        Option("complaints", Share(), "More complaints than this stop a canary by themselves.", "0.3%"),
        Option("hard_bounces", Share(), "So do more addresses than this that don't exist.", "2%"),
    ),
    anchor="workspace",
)
WEB = Table(
    "'web'",
    (
        Option(
            "url", _BASE, "The public address that links in messages lead to.", "https://mail.shop.example"
        ),
        Option(
            "bind",
            Matching(
                "a host and port such as '127.0.0.1:8025'",
                re.compile(r"[^\s]+:\d{1,5}"),
                exists=lambda bind: int(bind.rpartition(":")[2]) <= 65_535,
            ),
            "Where it listens.",
            "127.0.0.1:8025",
        ),
        Option(
            "client_ip_header",
            Matching(
                "the name of a header such as 'X-Forwarded-For'",
                re.compile(r"[A-Za-z][A-Za-z0-9-]*"),
                exists=lambda name: name.lower() != "forwarded",  # RFC 7239 has a grammar of its own
            ),
            "In it the proxy in front says who asks; the last address in it counts.",
            "X-Forwarded-For",
        ),
    ),
    anchor="workspace",
)
COUPON = Table(
    "a coupon pool",
    (
        Option(
            "pattern",
            Matching(
                "a pattern with # for each sign, at least five",
                re.compile(r"(?:[A-Za-z0-9_-]*#){5,}[A-Za-z0-9_-]*"),
            ),
            "The codes.",
            "VOLTA-######",
            required=True,
            default="#",
        ),
        Option("percent", Number(), "Percent off.", "15"),
        Option("amount", Number(), "Money off.", "20"),
        Option("valid", Length(), "So long from the moment that it is given out.", "14 days"),
    ),
    anchor="workspace",
)
SURVEY = Table(
    "a survey",
    (
        Option("question", Text(), "What is asked.", "Would you recommend us?", required=True, default=""),
        Option(
            "kind",
            Choice(tuple(SCALES)),
            "The scale: `nps` 0 to 10, `csat` (satisfaction) 1 to 5, `ces` (effort) 1 to 7.",
            "nps",
        ),
        Option("low", Text(), "What the lowest score means.", "not at all"),
        Option("high", Text(), "What the highest means.", "surely"),
        Option("comment", Text(), "What is asked after the score.", "Why?"),
        Option("thanks", Text(), "What the last page says.", "Thank you."),
    ),
    anchor="workspace",
)


def _topics(node: Node, desk: Desk) -> dict[str, Topic] | None:
    if not isinstance(node, Mapping):
        desk.error(
            "N104", f"expected topics with their titles, found {sort_of(node)}", node.mark, "offers: Offers"
        )
        return None
    found = {}
    for key, value in node:
        if not NAME.fullmatch(key.text):
            desk.error(
                "N113", f"'{key.text}' is not a topic's name: small letters, digits and hyphens", key.mark
            )
        if isinstance(value, Scalar):
            found[key.text] = Topic(key.text, value.text or key.text)
        elif (options := read_table(value, TOPIC, desk)) is not None:
            found[key.text] = Topic(
                key.text, options["title"], Basis(options["basis"]), options["double_opt_in"]
            )
            _only_of_consent(found[key.text], options, desk)
    return found


def _only_of_consent(topic: Topic, options: Options, desk: Desk) -> None:
    if topic.double_opt_in and topic.basis is not Basis.CONSENT:
        desk.error(
            "N105",
            f"'double_opt_in' confirms a consent, and the basis of '{topic.name}' is {topic.basis}",
            options.mark_of("double_opt_in"),
            "take one of the two away",
        )


def _topics_shape(desk: Desk) -> Schema:
    title = shapes.or_nothing(shapes.scalar("a title"))
    return shapes.table_of({"anyOf": [title, shapes.table(TOPIC, desk)]}, NAME.pattern)


WORKSPACE = Table(
    "nurture.yaml",
    (
        Option(
            "company",
            sub_table(COMPANY),
            "Who writes.",
            '{name: Café Serra Azul, postal_address: "Rua das Araucárias, 214, São Paulo"}',
            required=True,
        ),
        Option(
            "channels",
            Custom("channels", channel_options.channels, channel_options.shape),
            "Who carries what.",
            "{email: {provider: outbox, sender: {address: oi@shop.example}}}",
            required=True,
            default={},
        ),
        Option(
            "topics",
            Custom("topics", _topics, _topics_shape),
            "What people say yes or no to.",
            "{offers: Ofertas}",
            default={},
        ),
        Option(
            "limits",
            LIMITS_VALUE,
            "Quiet hours and caps of all journeys.",
            '{quiet_hours: {email: "22:00-07:00"}, cap: {at_most: 4, per: 7 days}}',
            default=Limits(),
        ),
        Option("holdout", Share(), "Part of all people whom no journey touches.", "5%", default=0),
        Option(
            "leap_day",
            Choice(tuple(LeapDay)),
            "When 29 February is kept in other years: birthdays, what repeats yearly, and whole years counted from it.",
            "march_1",
            default=LeapDay.FEBRUARY_28,
        ),
        Option("costs", sub_table(COSTS), "What sending costs.", "{email: 0.004}"),
        Option("report", sub_table(REPORT), "How the report counts.", "{attribution_window: 7 days}"),
        Option("canary", sub_table(CANARY), "What stops `publish --canary`.", "{complaints: 0.3%}"),
        Option(
            "utm", TableOf(Text(), "parameters"), "Added to every link.", "{utm_source: nurture}", default={}
        ),
        Option(
            "web", sub_table(WEB), "Tracking, consent and survey pages.", "{url: https://mail.shop.example}"
        ),
        Option(
            "api",
            sub_table(api_options.API),
            "Other systems may tell events and let people into journeys by HTTP.",
            "{keys: {shop: {sha256: ..., may: [events, people]}}}",
        ),
        Option(
            "returns",
            returns_options.mailbox_value(),
            "The mailbox to which mails come back.",
            "{host: imap.shop.example, user: bounces@shop.example, password: '${IMAP_PASSWORD}'}",
        ),
        Option(
            "bounces",
            sub_table(returns_options.BOUNCES),
            "When bounces that aren't for good suppress an address.",
            "{suppress_after: 7, within: 90 days}",
        ),
        Option(
            "database",
            _DATABASE,
            "Where the data is.",
            "sqlite:///nurture.db",
            default="sqlite:///nurture.db",
        ),
        Option(
            "secret",
            OneOrMore(Text()),
            "Signs links; to change it write the new one first, and leave the old one last for good.",
            "${NURTURE_SECRET}",
            required=True,
            default=(),
        ),
    ),
    anchor="workspace",
)


def make_settings(options: Options, for_work: bool, **others: Any) -> Settings:
    """Settings of what was read; complete only where nothing was wrong."""
    company, web = options["company"], options["web"]
    _can_be_asked(options)
    costs, report, canary = options["costs"], options["report"], options["canary"]
    given_web = {f"web_{name}": value for name, value in (web.written() if web else {}).items()}
    return Settings(
        company=Company(**{"name": "", "postal_address": "", **(company.written() if company else {})}),
        channels=options["channels"],
        topics=options["topics"],
        database=options["database"],
        secrets=_secrets(options, for_work),
        api=api_options.access(options["api"]),
        limits=options["limits"],
        global_holdout=options["holdout"],
        leap_day=LeapDay(options["leap_day"]),
        costs=Costs(**(costs.written() if costs else {})),
        report=ReportRules(**(report.written() if report else {})),
        canary=CanaryRules(**(canary.written() if canary else {})),
        utm=options["utm"],
        returns=options["returns"],
        bounces=returns_options.soft_bounces(options["bounces"]),
        **given_web,
        **others,
    )


def _can_be_asked(options: Options) -> None:
    """A mail asks to confirm: without mail nobody ever could."""
    for name, topic in options["topics"].items():
        if topic.double_opt_in and Channel.EMAIL not in options["channels"]:
            options.error(
                "N103", f"'{name}' has double_opt_in, and there is no channel 'email' to ask by", "topics"
            )


def _secrets(options: Options, for_work: bool) -> tuple[tuple[str, bytes], ...]:
    """Each secret with an id that doesn't tell it; an empty one where none could be read, which is told already."""
    found = []
    for secret in options["secret"]:
        if len(secret) < SHORTEST_SECRET and (secret or for_work):
            message = f"the secret is shorter than {SHORTEST_SECRET} characters"
            mark = replace(options.mark_of("secret"), text=None)  # the excerpt might show it
            options.desk.error("N603", message, mark, "make one with: openssl rand -hex 32")
        found.append(_with_id(secret))
    return tuple(found) or (_with_id(""),)


def _with_id(secret: str) -> tuple[str, bytes]:
    return hashlib.sha256(b"id:" + secret.encode()).hexdigest()[:8], secret.encode()


def coupon_pool(name: str, options: Options) -> CouponPool:
    return CouponPool(name, **{"pattern": "#", **options.written()})


def survey_spec(name: str, options: Options) -> SurveySpec:
    return SurveySpec(name, **{"question": "", **options.written()})
