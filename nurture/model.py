"""The nouns of the product. Standard library only; nothing here does anything.

Instants are aware `datetime`s in UTC. Money is whole minor units (cents) beside its
currency; the cost of a message is in micro-units (millionths), since an e-mail costs
less than a cent. What is made anew for each run at each step is a tuple: that takes a
third of the time of a frozen dataclass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

Json: TypeAlias = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
NOTHING: Mapping[str, Any] = MappingProxyType({})


class Channel(StrEnum):
    """How a message reaches a person."""

    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    WEBHOOK = "webhook"  # reaches no person: a call to another system
    NOTE = "note"  # reaches colleagues, where they chat

    __hash__ = str.__hash__  # it is a key wherever messages are; that of an Enum is a function in Python


# By these nobody is reached of whom journeys are: what goes by them is no message to a person.
IMPERSONAL = (Channel.WEBHOOK, Channel.NOTE)
# By these a person is reached: what consent, caps and quiet hours are about.
PERSONAL = (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP)
# What a yes to "every channel" opens. WhatsApp wants an opt-in, and people expect to be asked by its name; a no to
# every channel closes it too.
OPENED_BY_ALL = (Channel.EMAIL, Channel.SMS)
# Which address of a person each of them writes to, and the kind of suppression that closes it: a number that
# WhatsApp doesn't know may well take an SMS. `SUPPRESSIONS` says which address each kind is about.
ADDRESS = {Channel.EMAIL: "email", Channel.SMS: "phone", Channel.WHATSAPP: "phone"}
CLOSED_BY = {Channel.EMAIL: "email", Channel.SMS: "phone", Channel.WHATSAPP: "whatsapp"}
SUPPRESSIONS = {kind: ADDRESS[channel] for channel, kind in CLOSED_BY.items()}
BY_PHONE = (Channel.SMS, Channel.WHATSAPP)


class MessageClass(StrEnum):
    """Why a message is sent: it decides which rules of consent, caps and quiet hours bind it."""

    MARKETING = "marketing"
    TRANSACTIONAL = "transactional"
    SURVEY = "survey"


class MessageState(StrEnum):
    """Where a message of the outbox stands; see docs/reliability.md."""

    SCHEDULED = "scheduled"  # written; ready from due_at on
    LEASED = "leased"  # a worker has it and may still give it back
    HANDOVER = "handover"  # the mark before the body leaves: from here on it may have arrived
    ACCEPTED = "accepted"  # the provider said yes
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    DEFERRED = "deferred"  # a temporary no; ready again from due_at on
    REFUSED = "refused"  # a permanent no
    IN_DOUBT = "in_doubt"  # the worker or the line died after the mark
    CANCELLED = "cancelled"  # never handed over; `reason` says why


# A message in one of these may yet be handed over.
OPEN_STATES = (MessageState.SCHEDULED, MessageState.LEASED, MessageState.DEFERRED)


class FieldType(StrEnum):
    """What a field of a contact or an event holds, as the condition language sees it."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"  # a calendar day
    INSTANT = "instant"  # a moment; conditions call both a date
    LIST = "list"  # a list of text


class Basis(StrEnum):
    """The legal ground a message rests on (LGPD art. 7, GDPR art. 6)."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGITIMATE_INTEREST = "legitimate_interest"


class LeapDay(StrEnum):
    """When 29 February is kept in common years."""

    FEBRUARY_28 = "february_28"
    MARCH_1 = "march_1"


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time as a marketer writes it.

    `days` and `months` are calendar units in steps (the clock time stays) and 24 hours
    in conditions; `seconds` elapse. A week is seven days.
    """

    months: int = 0
    days: int = 0
    seconds: int = 0
    text: str = ""

    def elapsed(self) -> timedelta:
        """The length with a day of 24 hours, as conditions and windows count it.

        Raises ValueError for months, which have no fixed length.
        """
        if self.months:
            raise ValueError("a month has no fixed length; write days or weeks")
        return timedelta(days=self.days, seconds=self.seconds)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Computed:
    """A date that is another one and so long more; or less, where the span is negative."""

    base: str  # the field that it is computed from
    plus: Span


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a contact or an event."""

    name: str
    type: FieldType
    doc: str = ""
    column: str | None = None  # the column of the contacts table; None: inside its JSON
    scale: int = 1  # stored value / scale = the value that conditions and templates see
    personal: bool = False  # identifies somebody: never in traces or logs
    unknown: bool = True  # may be missing
    example: str = ""
    computed: Computed | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """A way of a routing rule: whom it gives people to for whom the condition holds."""

    when: str | None  # the condition's text; None: everybody
    to: tuple[str, ...]  # e-mail addresses of colleagues, who share the people


@dataclass(frozen=True, slots=True)
class EventKind:
    """An event that the product knows by name."""

    name: str
    doc: str
    fields: tuple[Field, ...] = ()


# --- what comes in ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Person:
    """How an event names its person: at least one of the three."""

    ref: str | None = None  # the id in the shop or CRM
    email: str | None = None
    phone: str | None = None  # E.164


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """A consent given or withdrawn. Append-only: a change is a new record."""

    topic: str
    given: bool
    basis: Basis = Basis.CONSENT
    channel: Channel | None = None  # None: every channel
    text_version: str = ""  # which wording the person saw
    how: str = ""  # form, import, unsubscribe link, STOP, ...
    at: datetime | None = None  # None: when the event occurred
    by: str | None = None  # who recorded it, as in an Origin
    ip: str | None = None  # the network that she was in, never her address
    confirmed: bool = False  # she has proved already that it was her: see Topic.double_opt_in


@dataclass(frozen=True, slots=True)
class Origin:
    """How a consent or a withdrawal came to be recorded.

    `by` is who or what recorded it: `person` (herself), `user:NAME` (who gave the command), `journey:NAME/STEP`,
    `provider:NAME` or `api:NAME` (a system with that key). `ip` is the network that she was in (`identity.network`), never
    her address; `message_id` the message whose link she followed, or of which a provider told.
    """

    by: str = "person"
    ip: str | None = None
    message_id: int | None = None


HERSELF = Origin()


@dataclass(frozen=True, slots=True)
class NewEvent:
    """Something that happened to a person, on its way into the inbox.

    The pair (source, source_id) is its identity: a second one is the same event again.
    `traits` are fields to set on the contact; `consents` come with their own record.
    A `silent` event updates the person and starts no journey (imports).
    """

    name: str
    person: Person
    occurred_at: datetime
    source: str
    source_id: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    traits: Mapping[str, Any] = field(default_factory=dict)
    consents: tuple[ConsentRecord, ...] = ()
    message_key: str | None = None  # the message it speaks of (opened, clicked, bounced, ...)
    silent: bool = False


# --- a run through a journey -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MessageFact:
    """What the engine needs to know of a message of the current step."""

    slot: int
    state: MessageState
    done_at: datetime | None  # accepted, refused, cancelled or lost in doubt at
    reason: str | None


class Run(NamedTuple):
    """One enrollment as the engine sees it when its step is decided."""

    id: int
    journey: str
    version_id: int
    contact_id: int
    ref: str  # the contact's external id: names the run in keys, never in traces
    key: str  # the run's key ("" without `key:`)
    anchor: str  # what started it, the same at every replay
    entered_at: datetime
    step: str
    arrived_at: datetime  # when the step before was done: waits count from here
    zone: str
    memory: Mapping[str, Mapping[str, Any]]  # what each step brought back, by step id
    caught_up: datetime | None = None  # it began before it was enrolled: what lies before then has gone by
    leaving: str | None = None  # the run ends, for this reason, when its step is done
    messages: tuple[MessageFact, ...] = ()  # of the current step, by slot


@dataclass(frozen=True, slots=True)
class Truth:
    """A condition looked at: its value, and each atom with the values it saw."""

    value: bool
    atoms: tuple[tuple[str, bool, Mapping[str, Json]], ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """An event that a wait, an exit or a goal was looking for."""

    event_id: int
    occurred_at: datetime
    payload: Mapping[str, Any]


# Moves: what happens to the run.


@dataclass(frozen=True, slots=True)
class Stay:
    """Look again at `until`; None: when something wakes the run."""

    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Go:
    """On to `step` (None: the journey's end). `at` is when this step was done."""

    step: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Leave:
    """The run ends here, with a reason: on its own way, or `cut` short by an exit rule."""

    reason: str
    at: datetime
    cut: bool = False


Move: TypeAlias = Stay | Go | Leave

# Effects: what is written in the same transaction.


class Draft(NamedTuple):
    """A message to write to the outbox, before the gate."""

    channel: Channel
    template: str
    message_class: MessageClass
    topic: str | None
    slot: int = 0
    subject: str | None = None
    expires_at: datetime | None = None
    on_doubt: str = "drop"
    survey: str | None = None
    variables: Mapping[str, Json] = NOTHING  # beside contact, trigger, steps
    recipient: str | None = None  # the address of somebody else; None: the person
    on_cap: str | None = None  # "defer" or "skip"; None: as the cap says
    arm: str | None = None  # of its step's A/B test


@dataclass(frozen=True, slots=True)
class SetField:
    name: str
    value: Json


@dataclass(frozen=True, slots=True)
class Tag:
    name: str
    add: bool = True


@dataclass(frozen=True, slots=True)
class Subscription:
    topic: str
    given: bool


@dataclass(frozen=True, slots=True)
class Suppress:
    channel: Channel | None  # None: all


@dataclass(frozen=True, slots=True)
class IssueCoupon:
    pool: str
    code: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenTask:
    title: str
    assign: str
    due_at: datetime | None
    brief: str | None


@dataclass(frozen=True, slots=True)
class AddPoints:
    """Points for a score, or taken from it."""

    score: str
    points: int


@dataclass(frozen=True, slots=True)
class MoveTo:
    """To a stage of stages.yaml."""

    stage: str


@dataclass(frozen=True, slots=True)
class StartJourney:
    """The person is to enter another journey."""

    journey: str
    values: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class TakeArm:
    """The person is given an arm of a split, and keeps it."""

    split: str
    arm: str


Effect: TypeAlias = (
    Draft
    | SetField
    | Tag
    | Subscription
    | Suppress
    | AddPoints
    | MoveTo
    | IssueCoupon
    | OpenTask
    | TakeArm
    | StartJourney
)


class Decision(NamedTuple):
    """What a step decided, why, and what it saw: the trace is written from it.

    `reason` is a stable code (`branch.if.1`, `wait.until`, `message.skipped.no_consent`).
    `brings` goes into the run's memory under the step's id; every step brings `at`.
    """

    move: Move
    reason: str
    effects: tuple[Effect, ...] = ()
    truths: tuple[Truth, ...] = ()
    brings: Mapping[str, Json] = NOTHING
    save_as: str | None = None  # another name under which what it brings is kept
    also: tuple[tuple[str, Decision], ...] = ()  # what an exit does on the way out, by the step's id
