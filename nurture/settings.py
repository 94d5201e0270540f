"""What `nurture.yaml` and its companions say, once read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from nurture.limits import Limits
from nurture.model import Basis, Channel, Field, LeapDay, Route, Span


@dataclass(frozen=True, slots=True)
class Company:
    """Who writes: named in every footer. `postal_address` is required by law in marketing mail."""

    name: str
    postal_address: str
    zone: str = "America/Sao_Paulo"
    locale: str = "pt-BR"
    currency: str = "BRL"
    logo: str | None = None
    accent: str = "#0b6e4f"
    website: str | None = None
    country: str = "BR"


@dataclass(frozen=True, slots=True)
class Sender:
    """From whom the messages of a channel come."""

    address: str  # e-mail address, or the phone number or service id for SMS
    name: str | None = None
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """So many messages in a time, and how many may leave at once after a rest."""

    count: int
    per: timedelta
    burst: int
    text: str  # as it was written

    @property
    def interval(self) -> timedelta:
        """The time that one message costs."""
        return self.per / self.count


class Scope(StrEnum):
    """What a key of the API may do."""

    EVENTS = "events"  # tell what happened
    PEOPLE = "people"  # set contacts' fields
    CONSENTS = "consents"  # give and withdraw consent
    ENTER = "enter"  # let people into journeys


@dataclass(frozen=True, slots=True)
class ApiKey:
    """Who asks by HTTP. A key itself is nowhere kept."""

    name: str
    digests: tuple[bytes, ...]  # SHA-256; two while one key takes another's place
    may: frozenset[Scope]

    @property
    def source(self) -> str:
        """What events that it tells are known by, with their ids."""
        return f"api:{self.name}"


@dataclass(frozen=True, slots=True)
class ApiAccess:
    """Who may ask by HTTP, and how often. Without a key nobody."""

    keys: tuple[ApiKey, ...] = ()
    rate: Rate = Rate(20, timedelta(seconds=1), 20, "20/second")  # of each key


@dataclass(frozen=True, slots=True)
class StopRules:
    """What stops a channel's marketing: shares of its deliveries `within` a time, in hundredths of a percent, once
    there are `at_least` so many of them."""

    complaints: int = 30
    hard_bounces: int = 500
    policy: int = 1000  # refused by the other side's rules
    at_least: int = 500
    within: Span = Span(days=7, text="7 days")


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a channel may send."""

    rate: Rate | None = None
    domains: Mapping[str, Rate] = field(default_factory=dict)  # to recipients of these domains
    warm_up: tuple[int, ...] = ()  # of a new sender: how many on each of its first days
    stop_at: StopRules = StopRules()

    @property
    def limited(self) -> bool:
        return bool(self.rate or self.domains or self.warm_up)


@dataclass(frozen=True, slots=True)
class ChannelConfig:
    """Which provider carries a channel, and its options (host, port, account, ...)."""

    channel: Channel
    provider: str  # outbox, smtp, twilio
    sender: Sender
    options: Mapping[str, str] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()  # of webhooks: where they may go
    secrets: tuple[str, ...] = ()  # of webhooks: sign each call, the newest first
    places: Mapping[str, str] = field(default_factory=dict)  # of notes: where colleagues chat, by name
    segments: int = 1  # of an SMS: where a text needs more, `nurture check` warns
    pace: Pace = Pace()
    transliterate: bool = False  # of an SMS: signs that cost a segment are replaced


@dataclass(frozen=True, slots=True)
class Topic:
    """What people can say yes or no to."""

    name: str
    title: str
    basis: Basis = Basis.CONSENT
    double_opt_in: bool = (
        False  # a yes from elsewhere counts once she has pressed the button behind a link to her
    )


@dataclass(frozen=True, slots=True)
class Costs:
    """What sending costs, in the company's currency."""

    email: Decimal = Decimal(0)
    sms_segment: Decimal = Decimal(0)
    whatsapp: Mapping[str, Decimal] = field(default_factory=dict)  # by category
    fixed: Mapping[str, Decimal] = field(default_factory=dict)  # a journey's own cost, by its name


@dataclass(frozen=True, slots=True)
class ApprovedTemplate:
    """A WhatsApp template that the provider approved, or is to approve. Languages and contents are by our locale."""

    category: str
    name: str  # the provider's
    languages: Mapping[str, str] = field(default_factory=dict)  # none: made of the locale
    contents: Mapping[str, str] = field(default_factory=dict)

    def said(self, locale: str) -> dict[str, str | None]:
        """What the provider is told of it in a language."""
        return {
            "template": self.name,
            "language": self.languages.get(locale, locale.replace("-", "_")),
            "category": self.category,
            "content": self.contents.get(locale),
        }


@dataclass(frozen=True, slots=True)
class CouponPool:
    """Codes made from a pattern: `#` becomes a letter or digit that is easily read out."""

    name: str
    pattern: str
    percent: Decimal | None = None
    amount: Decimal | None = None
    valid: Span | None = None


SCALES = {"nps": range(11), "csat": range(1, 6), "ces": range(1, 8)}


@dataclass(frozen=True, slots=True)
class SurveySpec:
    """A survey: `nps` asks how likely somebody is to recommend the company (0 to 10), `csat` how satisfied she is
    (1 to 5), `ces` how easy it was (1 to 7)."""

    name: str
    question: str
    kind: str = "nps"
    low: str = ""
    high: str = ""
    comment: str = ""
    thanks: str = ""

    @property
    def scale(self) -> range:
        """The scores that may be given."""
        return SCALES[self.kind]


@dataclass(frozen=True, slots=True)
class ReportRules:
    """How the report attributes and when it says that there is too little to say."""

    attribution_window: Span = Span(days=7, text="7 days")
    minimum_people: int = 100  # in each arm
    minimum_conversions: int = 10  # in both arms together


@dataclass(frozen=True, slots=True)
class CanaryRules:
    """What stops a version that is tried on a share of newcomers: shares of its deliveries, in hundredths of a
    percent."""

    complaints: int = 30
    hard_bounces: int = 200


@dataclass(frozen=True, slots=True)
class OAuthConfig:
    """What an access token is asked for with (OAuth 2): a refresh token, or without one in the application's name."""

    token_url: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class MailboxConfig:
    """The IMAP folder to which mails come back."""

    host: str
    user: str
    password: str = field(repr=False)  # empty where there is `oauth`
    port: int = 993
    tls: str = "tls"  # "tls": from the first byte; "starttls": before the password; "none"
    ca_file: str | None = None
    folder: str = "INBOX"
    delete: bool = False  # what was read of bounces, complaints and automatic replies
    oauth: OAuthConfig | None = None


@dataclass(frozen=True, slots=True)
class SoftBounces:
    """When bounces that aren't for good suppress an address: after so many days with one `within` a time, and no
    mail that arrived between them.

    Seven in a row is what Mailchimp and Klaviyo take, one a day is what Mailman counts:
    https://mailchimp.com/help/soft-vs-hard-bounces/, https://help.klaviyo.com/hc/en-us/articles/115005250408,
    https://gnu.org/software/mailman/mailman-admin/node25.html
    """

    suppress_after: int = 7
    within: Span = Span(days=90, text="90 days")


@dataclass(frozen=True, slots=True)
class Settings:
    """A workspace's configuration. Secrets come from the environment and stand in `secret`."""

    company: Company
    channels: Mapping[Channel, ChannelConfig]
    topics: Mapping[str, Topic]
    database: str = "sqlite:///nurture.db"
    web_url: str = "http://127.0.0.1:8025"
    web_bind: str = "127.0.0.1:8025"
    web_client_ip_header: str | None = None  # in which a proxy says whose request it is; None: there is none
    api: ApiAccess = ApiAccess()
    secrets: tuple[tuple[str, bytes], ...] = ()  # (key id, key), newest first: signs links and keys
    limits: Limits = field(default_factory=Limits)
    global_holdout: int = 0  # in hundredths of a percent
    leap_day: LeapDay = LeapDay.FEBRUARY_28
    costs: Costs = field(default_factory=Costs)
    coupons: Mapping[str, CouponPool] = field(default_factory=dict)
    surveys: Mapping[str, SurveySpec] = field(default_factory=dict)
    fields: Mapping[str, Field] = field(default_factory=dict)  # the workspace's own
    events: Mapping[str, tuple[Field, ...]] = field(default_factory=dict)  # the workspace's own
    event_aliases: Mapping[str, str] = field(default_factory=dict)
    stages: tuple[str, ...] = ()  # in the order in which people pass them
    routes: Mapping[str, tuple[Route, ...]] = field(default_factory=dict)  # who gets whom, by the rule's name
    scores: Mapping[str, str] = field(default_factory=dict)  # what each score says of a person
    segments: Mapping[str, str] = field(default_factory=dict)  # the condition of each
    whatsapp: Mapping[str, ApprovedTemplate] = field(default_factory=dict)  # by our name of the template
    report: ReportRules = field(default_factory=ReportRules)
    canary: CanaryRules = field(default_factory=CanaryRules)
    utm: Mapping[str, str] = field(default_factory=dict)
    returns: MailboxConfig | None = None
    bounces: SoftBounces = SoftBounces()
