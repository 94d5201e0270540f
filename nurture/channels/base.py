"""What every carrier has in common: how a wave is handed over, and one vocabulary of trouble."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from nurture.model import Channel, NewEvent, Person
from nurture.problems import NurtureError, nearest
from nurture.settings import ChannelConfig

Held = TypeVar("Held")


@dataclass(frozen=True, slots=True)
class Envelope:
    """A finished message for a channel: the same bytes at every attempt."""

    message_id: int
    key: str  # the send key: Message-ID, idempotency key, tag
    channel: Channel
    sender: str
    recipient: str
    # RFC 5322 bytes; UTF-8 text for SMS; JSON for WhatsApp (`nurture.whatsapp` says how it looks and reads it) and
    # for a webhook (nothing: it is a GET)
    body: bytes
    timeout: float | None = None  # seconds; None: as its carrier does


class OutcomeKind(StrEnum):
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    IN_DOUBT = "in_doubt"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the provider said to one message."""

    message_id: int
    kind: OutcomeKind
    code: str = ""  # the provider's own code, such as "550 5.1.1"
    detail: str = ""  # worded for a customer, without the address
    provider_id: str | None = None
    suppress: str | None = None  # the reason, if the address must not be written to again
    at: datetime | None = None
    answer: bytes | None = None  # what the receiver of a webhook said
    trouble: Trouble | None = None  # why it was not accepted


@dataclass(frozen=True, slots=True)
class Prepared(Generic[Held]):
    """A wave brought to the point before its bodies.

    `early` are messages that got their answer already; `held` are those that wait for the mark, by
    message id, each with what its carrier needs to go on. `down` says in words why nothing at all
    gets through (no connection, wrong password): the caller does better to stop for now.
    """

    early: tuple[Outcome, ...] = ()
    held: Mapping[int, Held] = field(default_factory=dict)
    down: str | None = None

    @property
    def ready(self) -> tuple[int, ...]:
        """The ids of the messages that can be handed over."""
        return tuple(self.held)


@dataclass(frozen=True, slots=True)
class Webhook:
    """A provider's request as it reached us: the public URL with its query, and the raw body."""

    url: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody answered that we should stop: to be recorded at once, before the answer is 200."""

    person: Person
    channel: Channel
    how: str
    at: datetime | None = None  # when; None: now
    # the message that it answers, where it names nobody: by our key, or as the provider numbers it
    message_key: str | None = None
    provider_id: str | None = None
    answer: NewEvent | None = None  # what she wrote, if that is an event too; a known one had its effect


@dataclass(frozen=True, slots=True)
class Preference:
    """Somebody told the provider whether she wants marketing of ours by this channel; all else stays as it is."""

    person: Person
    channel: Channel
    wanted: bool
    how: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that the provider has a message: settles doubt about it."""

    message_key: str
    provider_id: str


@dataclass(frozen=True, slots=True)
class Seal:
    """A signature that covers no body: it holds for the first body that comes with it, and for no other.

    `token` tells it from others, `body` is the digest of the body that it came with; after `until` it is too old by itself.
    """

    token: str
    body: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Heard:
    """What a provider told us in one request.

    A bounce's payload holds `code`, `reason`, `permanent` and `suppress` (a reason, or None).
    """

    events: tuple[NewEvent, ...] = ()
    stops: tuple[Stop, ...] = ()
    preferences: tuple[Preference, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    # body and media type of the answer to the request, where the provider expects one
    reply: tuple[str, str] | None = None
    seal: Seal | None = None


@dataclass(frozen=True, slots=True)
class Features:
    """What a provider can do: the table in docs/reference/providers.md is made of these."""

    idempotency: timedelta | None = None  # for how long it drops a second message with the same key
    searched: bool = False  # whether it can be asked what became of a message
    again: bool = False  # whether what may have arrived is sent again, since nobody can tell
    # what its webhooks tell: delivered, opened, clicked, bounced, complained, replied
    tells: tuple[str, ...] = ()
    proof: str = ""  # how they prove where they come from
    notes: str = ""  # what else somebody who chooses should know


class Forged(Exception):
    """A webhook that doesn't prove where it comes from. Answer 403 and keep nothing of it."""


class Carrier(Protocol):
    """A provider of one channel. One wave at a time: `prepare`, commit the marks, `hand_over`.

    Not safe for use by several threads; a worker opens its own.
    """

    name: str
    channel: Channel
    features: Features

    @property
    def connections(self) -> int:
        """How many messages a wave may hold. Shrinks where the provider allows fewer connections."""

    @property
    def patience(self) -> float:
        """Seconds that `prepare` and `hand_over` may take together: a lease must outlast them."""

    def prepare(self, wave: Sequence[Envelope]) -> Prepared[Any]:
        """Bring each message to the point before its body; nothing can have arrived yet."""

    def hand_over(self, prepared: Prepared[Any], allowed: Collection[int]) -> list[Outcome]:
        """Send the bodies of the allowed messages and return one outcome for each.

        The others are given up without a byte of body and get no outcome. Call it for every wave
        that was prepared, with an empty `allowed` if need be.
        """

    def parse_webhook(self, webhook: Webhook, now: datetime) -> Heard:
        """What the provider tells us. Raises Forged unless the request is proved to be the provider's."""

    def close(self) -> None:
        """End every connection."""


# --- what became of a message --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sought:
    """A message in doubt, by all that a provider may know it by."""

    message_id: int
    key: str
    recipient: str
    handed_at: datetime


class Whereabouts(StrEnum):
    ARRIVED = "arrived"  # the provider took it over
    ABSENT = "absent"  # it did not, for certain: the message may be handed over again
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Found:
    """What a provider says of a message that was sought."""

    message_id: int
    whereabouts: Whereabouts
    provider_id: str | None = None


@runtime_checkable
class Searches(Protocol):
    """A carrier whose provider can be asked what became of a message. A carrier may be this, and needn't."""

    appears_within: timedelta  # so long after the handover a message may not be seen there yet

    def search(self, sought: Sequence[Sought]) -> list[Found]:
        """What became of these messages. What isn't mentioned stays unknown."""


# --- what can go wrong -------------------------------------------------------------------


class Trouble(StrEnum):
    """Why a message was not accepted, whatever the provider calls it."""

    INVALID_RECIPIENT = "invalid_recipient"
    OPTED_OUT = "opted_out"
    SUPPRESSED = "suppressed"
    MAILBOX = "mailbox"
    POLICY = "policy"
    CONTENT = "content"
    SETUP = "setup"
    AUTH = "auth"
    QUOTA = "quota"
    RATE = "rate"
    SERVER = "server"
    CONNECTION = "connection"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class _Meaning:
    kind: OutcomeKind
    words: str
    suppress: str | None = None


_REFUSED, _DEFERRED, _IN_DOUBT = OutcomeKind.REFUSED, OutcomeKind.DEFERRED, OutcomeKind.IN_DOUBT

# Faults of our own account are never permanent: somebody mends them and no message may be lost by it.
MEANINGS: Mapping[Trouble, _Meaning] = {
    Trouble.INVALID_RECIPIENT: _Meaning(_REFUSED, "The address does not exist.", "hard_bounce"),
    Trouble.OPTED_OUT: _Meaning(_REFUSED, "The person told the provider to stop our messages.", "opt_out"),
    Trouble.SUPPRESSED: _Meaning(
        _REFUSED, "The provider has the address on its own list of those it does not write to.", "provider"
    ),
    Trouble.MAILBOX: _Meaning(_REFUSED, "The mailbox or phone cannot take messages."),
    Trouble.POLICY: _Meaning(_REFUSED, "The other side's rules do not let this message in."),
    Trouble.CONTENT: _Meaning(_REFUSED, "The provider cannot carry this message as it is."),
    Trouble.SETUP: _Meaning(
        _DEFERRED, "The provider does not allow our sender. Check the channel's settings."
    ),
    Trouble.AUTH: _Meaning(_DEFERRED, "The provider does not accept our user name or password. Check them."),
    Trouble.QUOTA: _Meaning(_DEFERRED, "The account with the provider is used up or suspended."),
    Trouble.RATE: _Meaning(_DEFERRED, "The provider asks us to slow down."),
    Trouble.SERVER: _Meaning(_DEFERRED, "The provider cannot take the message now."),
    Trouble.CONNECTION: _Meaning(_DEFERRED, "There is no connection to the provider."),
    Trouble.LOST: _Meaning(_IN_DOUBT, "The provider's answer was lost: the message may have arrived."),
}


def outcome(envelope: Envelope, trouble: Trouble, code: str = "", said: str = "") -> Outcome:
    """The outcome of a message in trouble, with what the provider said, stripped of the address."""
    meaning = MEANINGS[trouble]
    heard = scrub(said, envelope.recipient)
    detail = f"{meaning.words} ({heard})" if heard else meaning.words
    return Outcome(
        envelope.message_id, meaning.kind, code, detail, suppress=meaning.suppress, trouble=trouble
    )


def accepted(envelope: Envelope, code: str, provider_id: str | None = None) -> Outcome:
    """The outcome of a message that the provider took over."""
    return Outcome(envelope.message_id, OutcomeKind.ACCEPTED, code, provider_id=provider_id)


_ADDRESS = re.compile(r"[^\s<>()\"',;:]+@[^\s<>()\"',;:]+|\+?\d[\d -]{7,}\d")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f\ud800-\udfff]+")  # with what no database keeps


def scrub(text: str, recipient: str) -> str:
    """One line of at most 200 characters without addresses and phone numbers: fit for logs."""
    local = recipient.partition("@")[0]
    for private in (recipient, local):
        if len(private) > 2:
            text = re.sub(rf"(?<!\w){re.escape(private)}(?!\w)", "…", text, flags=re.IGNORECASE)
    return _SPACE.sub(" ", _ADDRESS.sub("…", text)).strip()[:200]


# --- options -----------------------------------------------------------------------------


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """The message for a name that isn't known, with the one that was probably meant."""
    suggestion = nearest(name, known)
    hint = f"did you mean {suggestion!r}?" if suggestion else f"known are {', '.join(sorted(known))}"
    return f"unknown {what} {name!r}; {hint}"


class Misfit(NurtureError):
    """A channel can't be opened as it is configured: `option` is the key that it is about, if it is one, `meant` the one
    that was probably meant by it, and `example` what it could be where it can't be left out.

    `others` are what else is wrong with it.
    """

    def __init__(
        self,
        message: str,
        option: str = "",
        others: Sequence[Misfit] = (),
        example: str | None = None,
        meant: str | None = None,
    ) -> None:
        super().__init__(message)
        self.option, self.others, self.example, self.meant = option, tuple(others), example, meant


class Options:
    """The options of a channel, read with types; every problem says where it stands."""

    def __init__(self, config: ChannelConfig, known: Collection[str]) -> None:
        self._config = config
        wrong = [
            self.error(unknown("option", name, known), name, meant=nearest(name, known))
            for name in config.options
            if name not in known
        ]
        if wrong:
            first, *others = wrong
            raise Misfit(str(first), first.option, others, meant=first.meant)

    def error(
        self, message: str, option: str = "", example: str | None = None, meant: str | None = None
    ) -> Misfit:
        return Misfit(f"channels.{self._config.channel}: {message}", option, example=example, meant=meant)

    def text(self, name: str, default: str | None = None) -> str | None:
        return self._config.options.get(name) or default

    def required(self, name: str, example: str) -> str:
        found = self.text(name)
        if not found:
            said = f"{self._config.provider} needs {name!r}, for example {name}: {example}"
            raise self.error(said, name, example)
        return found

    def token(self, name: str, example: str) -> str:
        """A secret that goes into a header as it is. What no header holds would show it in a traceback."""
        found = self.required(name, example)
        if not found.isascii() or not found.isprintable():
            raise self.error(
                f"{name} holds a line break or another character that no key has; copy it anew", name, example
            )
        return found

    def number(self, name: str, default: float, least: float, most: float) -> float:
        written = self.text(name)
        if written is None:
            return default
        try:
            found = float(written)
        except ValueError:
            raise self.error(f"{name} must be a number, not {written!r}", name) from None
        if not least <= found <= most:
            raise self.error(f"{name} must lie between {least:g} and {most:g}, not {written}", name)
        return found

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        found = self.number(name, default, least, most)
        if found != int(found):
            raise self.error(f"{name} must be a whole number, not {self.text(name)!r}", name)
        return int(found)

    def choice(self, name: str, default: str, choices: Sequence[str]) -> str:
        found = self.text(name, default) or default
        if found not in choices:
            raise self.error(f"{name} must be one of {', '.join(choices)}, not {found!r}", name)
        return found

    def flag(self, name: str, default: bool) -> bool:
        return self.choice(name, "true" if default else "false", ("true", "false")) == "true"
