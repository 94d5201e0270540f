"""What `nurture.yaml` and the files beside it may say."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import Any

from nurture import hosts
from nurture.app import api_options, pace_options, returns_options, whatsapp_options
from nurture.compiler.journey import LIMITS_VALUE
from nurture.limits import Limits
from nurture.model import PERSONAL, Basis, Channel, LeapDay
from nurture.nodes import Mapping, Node, Scalar, sort_of
from nurture.options import shapes
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
    Number,
    OneOrMore,
    Share,
    TableOf,
    Text,
    Value,
    Zone,
)
from nurture.settings import (
    SCALES,
    CanaryRules,
    ChannelConfig,
    Company,
    Costs,
    CouponPool,
    ReportRules,
    Sender,
    Settings,
    SurveySpec,
    Topic,
)

SHORTEST_SECRET = 32
_EMAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+")


def _given(options: Options, *but: str) -> dict[str, Any]:
    """The options that were written and could be read, by name."""
    return {name: options[name] for name in options.nodes if name not in but and options[name] is not None}


class _Text(Text):
    """Text that is the same as its key's example in form."""

    def __init__(self, pattern: str, words: str) -> None:
        self.pattern, self.words = re.compile(pattern), words

    def of(self, text: str) -> str:
        if not self.pattern.fullmatch(text):
            raise ValueError(f"expected {self.words}, found '{text}'")
        return text

    def schema(self, desk: Desk) -> Schema:
        return shapes.matching(self.words, self.pattern.pattern)


class _Database(_Text):
    """What is wrong is not repeated: it may hold a password. Empty is a variable that isn't set here."""

    def of(self, text: str) -> str:
        if text and not self.pattern.fullmatch(text):
            raise ValueError(f"expected {self.words}")
        return text


_DATABASE = _Database(
    r"sqlite://.*|postgres(ql)?(\+psycopg)?://[^\s]+",
    "a database such as 'sqlite:///nurture.db' or 'postgresql://user@host/name'",
)
_URL = _Text(r"https?://[^\s]+", "an address such as 'https://shop.example'")
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
            _Text(r"[a-z]{2,3}(-[A-Z]{2})?", "a locale such as 'pt-BR'"),
            "Language of texts.",
            "pt-BR",
        ),
        Option("country", _Text(r"[A-Z]{2}", "a country such as 'BR'"), "ISO 3166 code.", "BR"),
        Option("currency", _Text(r"[A-Z]{3}", "a currency such as 'BRL'"), "ISO 4217 code.", "BRL"),
        Option(
            "accent", _Text(r"#[0-9a-fA-F]{6}", "a color such as '#1f4e79'"), "Color of buttons.", '"#1f4e79"'
        ),
        Option("logo", _URL, "A picture, 280 px wide.", "https://shop.example/logo.png"),
    ),
    anchor="workspace",
)
SENDER = Table(
    "'sender'",
    (
        Option(
            "address",
            Text(),
            "E-mail address, phone number or service id.",
            "oi@shop.example",
            required=True,
            default="",
        ),
        Option("name", Text(), "The name that people see.", "Mariana"),
        Option(
            "reply_to", _Text(_EMAIL.pattern, "an e-mail address"), "Where answers go.", "oi@shop.example"
        ),
    ),
    anchor="workspace",
)
TOPIC = Table(
    "a topic",
    (
        Option("title", Text(), "What people read.", "Ofertas", required=True, default=""),
        Option("basis", Choice(tuple(Basis)), "Its legal ground.", "consent", default="consent"),
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
            "url", _URL, "The public address that links in messages lead to.", "https://mail.shop.example"
        ),
        Option(
            "bind",
            _Text(r"[^\s]+:\d{1,5}", "a host and port such as '127.0.0.1:8025'"),
            "Where it listens.",
            "127.0.0.1:8025",
        ),
    ),
    anchor="workspace",
)
COUPON = Table(
    "a coupon pool",
    (
        Option(
            "pattern",
            _Text(r"(?:[A-Za-z0-9_-]*#){5,}[A-Za-z0-9_-]*", "a pattern with # for each sign, at least five"),
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
            found[key.text] = Topic(key.text, options["title"], Basis(options["basis"]))
    return found


def _channels(node: Node, desk: Desk) -> dict[Channel, ChannelConfig] | None:
    if not isinstance(node, Mapping):
        desk.error(
            "N104", f"expected channels, found {sort_of(node)}", node.mark, "email: {provider: outbox, ...}"
        )
        return None
    found = {}
    for key, value in node:
        if key.text not in list(Channel):
            hint = f"there is {', '.join(Channel)}"
            desk.error("N101", f"unknown channel '{key.text}'", key.mark, hint)
        elif (config := _channel(Channel(key.text), value, desk)) is not None:
            found[config.channel] = config
    return found


def _check_sender(channel: Channel, sender: Sender, nodes: dict[str, Node], desk: Desk) -> None:
    """What no message could leave with. An empty address is a variable that isn't set here."""
    if (
        channel is Channel.EMAIL
        and sender.address
        and not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", sender.address)
    ):
        desk.error("N105", f"expected an e-mail address, found '{sender.address}'", nodes["address"].mark)
    if sender.name and not sender.name.isprintable():
        desk.error("N105", "expected a name on one line", nodes["name"].mark)


def _channel(channel: Channel, node: Node, desk: Desk) -> ChannelConfig | None:
    """A channel: provider and sender are ours, the rest is checked by the provider."""
    if not isinstance(node, Mapping):
        desk.error(
            "N104", f"expected a channel, found {sort_of(node)}", node.mark, "{provider: outbox, sender: ...}"
        )
        return None
    table = _channel_table(channel)
    own = {option.name for option in table.options}
    options = read_table(Mapping(tuple(pair for pair in node if pair[0].text in own), node.mark), table, desk)
    if options is None or (channel in PERSONAL and options["sender"] is None):
        return None
    rest = {key.text: value.text for key, value in node if key.text not in own and isinstance(value, Scalar)}
    for key, value in node:
        if key.text not in own and not isinstance(value, Scalar):
            desk.error("N104", f"expected text for '{key.text}', found {sort_of(value)}", value.mark)
    pace = pace_options.pace(options)
    if channel is Channel.WEBHOOK:
        return ChannelConfig(
            channel,
            options["provider"],
            Sender(""),
            rest,
            options["hosts"],
            tuple(filter(None, options["secret"])),
            pace=pace,
        )
    if channel is Channel.NOTE:
        return ChannelConfig(
            channel, options["provider"], Sender(""), rest, places=options["places"] or {}, pace=pace
        )
    sender = Sender(**{"address": "", **_given(options["sender"])})
    _check_sender(channel, sender, options["sender"].nodes, desk)
    if channel is not Channel.SMS:
        return ChannelConfig(channel, options["provider"], sender, rest, pace=pace)
    segments, transliterate = options["segments"], options["transliterate"]
    return ChannelConfig(
        channel, options["provider"], sender, rest, segments=segments, transliterate=transliterate, pace=pace
    )


def _topics_shape(desk: Desk) -> Schema:
    title = shapes.or_nothing(shapes.scalar("a title"))
    return shapes.table_of({"anyOf": [title, shapes.table(TOPIC, desk)]}, NAME.pattern)


def _channels_shape(desk: Desk) -> Schema:
    other = {"additionalProperties": shapes.scalar("text")}  # the provider's own options
    tables = {channel.value: shapes.table(_channel_table(channel), desk) | other for channel in Channel}
    return {"type": "object", "properties": tables, "additionalProperties": False}


class _Host(Value[str]):
    words = "a host such as 'crm.example' or '10.0.0.5:8080'"

    def of(self, text: str) -> str:
        return hosts.entry(text)

    def schema(self, desk: Desk) -> Schema:
        return shapes.matching(self.words, r"[^\s/]+(/\d{1,3})?")


WEBHOOK = (
    Option(
        "hosts",
        OneOrMore(_Host()),
        "Where webhooks may go: names, addresses and networks. A private address only where it is listed itself.",
        "[crm.example]",
        default=(),
    ),
    Option(
        "secret",
        OneOrMore(Text()),
        "Signs each call; of several the newest stands first, and receivers may check any.",
        "${WEBHOOK_SECRET}",
        default=(),
    ),
)


_REPLACED = (
    'Replace signs outside the GSM alphabet (ã by a, “ by ") where the text takes fewer segments so. One with an emoji '
    "stays as it is."
)


def _channel_table(channel: Channel) -> Table:
    """What a channel says whoever carries it."""
    provider = Option("provider", Text(), "Who carries it.", "outbox", required=True, default="outbox")
    if channel is Channel.WEBHOOK:
        return Table(f"'{channel}'", (provider, *WEBHOOK, *pace_options.table(channel)))
    if channel is Channel.NOTE:
        places = Option(
            "places",
            TableOf(Text(), "addresses by the names of places"),
            "Where colleagues chat: the name that `notify` says, and the address as Apprise writes it.",
            "{sales: ${SLACK_SALES}}",
        )
        return Table(f"'{channel}'", (provider, places, *pace_options.table(channel)))
    options: tuple[Option, ...] = (
        provider,
        Option("sender", sub_table(SENDER), "From whom messages come.", "{address: ...}", required=True),
    )
    if channel is Channel.SMS:
        words = "How many segments a text may need; where it needs more, check warns."
        options = (
            *options,
            Option("segments", Integer(1, 10), words, "2", default=1),
            Option("transliterate", Flag(), _REPLACED, "true", default=False),
        )
    return Table(f"'{channel}'", (*options, *pace_options.table(channel)))


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
            Custom("channels", _channels, _channels_shape),
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
            "Other systems may let people into journeys by HTTP.",
            "{keys: '${NURTURE_API_KEY}'}",
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
            "Signs links; to change it write the new one first.",
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
    costs, report, canary = options["costs"], options["report"], options["canary"]
    given_web = {f"web_{name}": value for name, value in (_given(web) if web else {}).items()}
    return Settings(
        company=Company(**{"name": "", "postal_address": "", **(_given(company) if company else {})}),
        channels=options["channels"],
        topics=options["topics"],
        database=options["database"],
        secrets=_secrets(options, for_work),
        api=api_options.access(options["api"], for_work),
        limits=options["limits"],
        global_holdout=options["holdout"],
        leap_day=LeapDay(options["leap_day"]),
        costs=Costs(**(_given(costs) if costs else {})),
        report=ReportRules(**(_given(report) if report else {})),
        canary=CanaryRules(**(_given(canary) if canary else {})),
        utm=options["utm"],
        returns=options["returns"],
        bounces=returns_options.soft_bounces(options["bounces"]),
        **given_web,
        **others,
    )


def _secrets(options: Options, for_work: bool) -> tuple[tuple[str, bytes], ...]:
    """Each secret with an id that doesn't tell it."""
    found = []
    for secret in options["secret"]:
        if len(secret) < SHORTEST_SECRET and (secret or for_work):
            message = f"the secret is shorter than {SHORTEST_SECRET} characters"
            mark = replace(options.mark_of("secret"), text=None)  # the excerpt might show it
            options.desk.error("N603", message, mark, "make one with: openssl rand -hex 32")
        found.append((hashlib.sha256(b"id:" + secret.encode()).hexdigest()[:8], secret.encode()))
    return tuple(found)


def coupon_pool(name: str, options: Options) -> CouponPool:
    return CouponPool(name, **{"pattern": "#", **_given(options)})


def survey_spec(name: str, options: Options) -> SurveySpec:
    return SurveySpec(name, **{"question": "", **_given(options)})
