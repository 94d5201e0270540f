"""`email:`, `sms:` and `whatsapp:` send a message. The step is done when the message is accepted, refused or skipped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar

from nurture import identity
from nurture.criteria import Condition, in_words
from nurture.model import (
    BY_PHONE,
    OPEN_STATES,
    Channel,
    Decision,
    Draft,
    FieldType,
    Json,
    MessageClass,
    MessageFact,
    MessageState,
    Run,
    Span,
    Stay,
    Truth,
)
from nurture.nodes import Scalar
from nurture.options import shapes
from nurture.options.desk import Desk, suggestion
from nurture.options.reader import Options
from nurture.options.shapes import Schema
from nurture.options.tables import Kind, Option
from nurture.options.values import EVENT, TOPIC, Choice, ConditionText, Length, Named, TableOf, Text, Value
from nurture.steps.ab import BY, ABTest
from nurture.steps.ab import option as ab_option
from nurture.steps.base import Facts, Needs, Step
from nurture.steps.on_cap import AFTER_ALL, FIRST, OTHER, Instead, on_cap, replaced, word
from nurture.steps.places import Place

MOST_LAST = 100
# Reasons for which a message was not handed over that another channel may not share.
UNREACHABLE = frozenset(
    ("no_address", "suppressed", "do_not_disturb", "no_consent", "no_opt_in", "window_closed")
)


@dataclass(frozen=True, slots=True)
class Last:
    """The person's last events of a name, as a list for the template."""

    event: str
    count: int


class _Given(Value[str | Last]):
    """A text, or `last 3 cart_added`."""

    words = "a text, or 'last 3' and an event"

    def convert(self, scalar: Scalar, desk: Desk) -> str | Last | None:
        found = re.fullmatch(r"last\s+(\d{1,3})\s+(\S.*)", scalar.text)
        if not found:
            return scalar.text
        event = EVENT.convert(replace(scalar, text=found[2]), desk)
        if not 1 <= int(found[1]) <= MOST_LAST:
            desk.error("N105", f"expected 1 to {MOST_LAST} events, found {found[1]}", scalar.mark)
            return None
        return Last(event, int(found[1])) if event is not None else None

    def schema(self, desk: Desk) -> Schema:
        return shapes.scalar(self.words)


class _To(Value[str]):
    """`owner`, or a field of the person that holds an address."""

    words = "'owner' or a field of the person that holds an address"

    def convert(self, scalar: Scalar, desk: Desk) -> str | None:
        name = scalar.text.removeprefix("contact.")
        texts = [each.name for each in desk.contact_fields.values() if each.type is FieldType.TEXT]
        if name in texts:
            return name
        hint = suggestion(name, texts, "field")
        desk.error("N407", f"'{scalar.text}' is no field that can hold an address", scalar.mark, hint)
        return None

    def schema(self, desk: Desk) -> Schema:
        texts = [each.name for each in desk.contact_fields.values() if each.type is FieldType.TEXT]
        return shapes.one_of(self.words, [*texts, *(f"contact.{name}" for name in texts)])


OPTIONS = (
    Option("subject", Text(), "Stands in for the template's own subject.", '"{{ first_name }}, oi"'),
    Option(
        "class",
        Choice(("marketing", "transactional", "survey")),
        "Why it is sent. Marketing and survey messages need consent and keep to caps and quiet hours.",
        "transactional",
        default="marketing",
    ),
    Option("topic", TOPIC, "The consent that it needs, where it isn't the journey's.", "offers"),
    Option("send_if", ConditionText(), "Skip the message unless this holds.", "total_orders = 0"),
    Option("expires_after", Length(fixed=True), "Not sent later than this after its time.", "2 days"),
    Option(
        "on_doubt",
        Choice(("drop", "hold", "resend")),
        "When it can't be known whether it arrived: leave it, wait for a person, send again.",
        "resend",
        default="drop",
    ),
    Option(
        "to",
        _To(),
        "To somebody else: the person's owner, or another address of hers. Transactional only; what the reader "
        "does there counts as nobody's.",
        "owner",
    ),
)
WITH = Option(
    "with",
    TableOf(_Given(), "values"),
    "Values that the template sees by these names: texts, or as a list what the person's last events of a name "
    "said, the newest first.",
    "{products: last 3 cart_added, offer: 15}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Step):
    """A message of one channel."""

    template: str
    subject: str | None = None
    message_class: MessageClass = MessageClass.MARKETING
    topic: str | None = None
    send_if: Condition | None = None
    expires_after: Span | None = None
    on_doubt: str = "drop"
    variables: Mapping[str, Json] = field(default_factory=dict)
    lists: Mapping[str, Last] = field(default_factory=dict)
    survey: str | None = None
    to: Place | None = None
    on_cap: str | None = None
    instead: Instead | None = None
    ab: ABTest | None = None

    CHANNEL: ClassVar[Channel]
    sends = True

    @classmethod
    def parse(cls, options: Options, **place: Any) -> Message:
        message_class = MessageClass(options["class"])
        given: dict[str, str | Last | None] = options["with"] or {}
        return cls(
            **place,
            template=options[cls.KIND.name] or "",
            subject=options.values.get("subject"),
            message_class=message_class,
            topic=topic_of(options, message_class),
            send_if=options.condition("send_if"),
            expires_after=options["expires_after"],
            on_doubt=options["on_doubt"],
            variables={name: value for name, value in given.items() if isinstance(value, str)},
            lists={name: value for name, value in given.items() if isinstance(value, Last)},
            to=_to(options, message_class),
            on_cap=word(options["on_cap"]),
            instead=replaced(
                options, cls.CHANNEL, options[cls.KIND.name], message_class is not MessageClass.TRANSACTIONAL
            ),
            ab=_ab(options),
        )

    def describe(self) -> str:
        only = f", if {in_words(self.send_if)}" if self.send_if else ""
        tried = f"; {self.ab.describe()}" if self.ab else ""
        other = (
            f"; where a cap is full {self.instead.channel} '{self.instead.template}'" if self.instead else ""
        )
        return f"send {self.message_class} {self.CHANNEL} '{self.template}'{only}{tried}{other}"

    def needs(self) -> Needs:
        return Needs((self.send_if,)) if self.send_if is not None else Needs()

    def decide(self, run: Run, facts: Facts, now: datetime) -> Decision:
        if run.messages:
            return self._capped(run, facts) or self.settled(run.messages[-1])
        truths: tuple[Truth, ...] = ()
        if self.send_if is not None:
            truths = (facts.truth(self.send_if),)
            if not truths[0].value:
                return skipped(self, "send_if", run.arrived_at, truths)
        draft, reason = self._written(run, facts)
        if draft is None:
            return skipped(self, "no_address", run.arrived_at, truths)
        return Decision(Stay(), reason, (draft,), truths)

    def _written(self, run: Run, facts: Facts) -> tuple[Draft | None, str]:
        """The message as this person gets it, and why."""
        draft = self.addressed(run, facts)
        if draft is None or self.ab is None:
            return draft, "message.written"
        return self.ab.give(draft, run, facts)

    def _capped(self, run: Run, facts: Facts) -> Decision | None:
        """The other channel's message where a cap left this one no room; where that one can't go out either, this
        one again, and then the cap says what becomes of it."""
        last = run.messages[-1]
        if self.instead is None or last.state is not MessageState.CANCELLED:
            return None
        draft, reason = self._written(run, facts)
        if draft is None:
            return None
        if last.slot == FIRST and last.reason == "cap":
            other = self.instead
            if facts.reachable(other.channel, self.message_class, self.topic) is None:
                return Decision(Stay(), f"message.written.instead.{other.channel}", (other.of(draft),))
        elif last.slot != OTHER or last.reason not in (*UNREACHABLE, "cap"):
            return None
        return Decision(Stay(), reason, (draft._replace(slot=AFTER_ALL, on_cap=None),))

    def addressed(self, run: Run, facts: Facts, slot: int = 0) -> Draft | None:
        """The message with the address of somebody else, if it goes there; None where that has none."""
        draft = self.draft(run, slot)
        if self.lists:
            lasts = {name: facts.lasts(last.event, last.count) for name, last in self.lists.items()}
            draft = draft._replace(variables={**draft.variables, **lasts})
        if self.to is None:
            return draft
        address = address_of(self.CHANNEL, self.to.value(run, facts))
        return draft._replace(recipient=address) if address is not None else None

    def draft(self, run: Run, slot: int = 0) -> Draft:
        """The message as this step wants it."""
        expires = run.arrived_at + self.expires_after.elapsed() if self.expires_after else None
        return Draft(
            channel=self.CHANNEL,
            template=self.template,
            message_class=self.message_class,
            topic=self.topic,
            slot=slot,
            subject=self.subject,
            expires_at=expires,
            on_doubt=self.on_doubt,
            survey=self.survey,
            variables=self.variables,
            on_cap=self.on_cap,
        )

    def settled(self, message: MessageFact) -> Decision:
        return settled(self, message)


class Email(Message):
    CHANNEL = Channel.EMAIL
    KIND = Kind(
        "email",
        "An e-mail.",
        Option(
            "email", Named("email template", "N405"), "Its template below templates/email/.", "welcome/hello"
        ),
        (*OPTIONS, on_cap(Channel.EMAIL), WITH, ab_option("email", subject=True, by=BY)),
        example='email: reactivation/we-miss-you\nsubject: "{{ first_name }}, oi"',
    )


class Sms(Message):
    CHANNEL = Channel.SMS
    KIND = Kind(
        "sms",
        "An SMS.",
        Option("sms", Named("sms template", "N405"), "Its template below templates/sms/.", "welcome/hello"),
        (
            *(option for option in OPTIONS if option.name != "subject"),
            on_cap(Channel.SMS),
            WITH,
            ab_option("sms", subject=False, by=("clicks", "conversions")),
        ),
        example="sms: reactivation/coupon\nexpires_after: 1 day",
    )


class WhatsApp(Message):
    CHANNEL = Channel.WHATSAPP
    KIND = Kind(
        "whatsapp",
        "A WhatsApp message: a template that the provider approved (whatsapp.yaml), at any time; any other text only "
        "within 24 hours of the person's last message to us. People must have said yes to WhatsApp by its name.",
        Option(
            "whatsapp",
            Named("whatsapp template", "N405"),
            "Its template below templates/whatsapp/.",
            "orders/shipped",
        ),
        (
            *(option for option in OPTIONS if option.name != "subject"),
            on_cap(Channel.WHATSAPP),
            WITH,
            ab_option("whatsapp", subject=False, by=("clicks", "opens", "conversions")),
        ),
        example="whatsapp: orders/shipped\nclass: transactional\nexpires_after: 1 day",
    )


# By channel.
MESSAGES: tuple[type[Message], ...] = (Email, Sms, WhatsApp)


def _to(options: Options, message_class: MessageClass) -> Place | None:
    name = options["to"]
    if name is not None and message_class is not MessageClass.TRANSACTIONAL:
        options.error(
            "N522", "a message to somebody else is transactional", "to", "add 'class: transactional'"
        )
    field = options.desk.contact_fields.get(name or "")
    return Place("contact", field.name, field.column) if field is not None else None


def _ab(options: Options) -> ABTest | None:
    test: ABTest | None = options.values.get("ab")
    if test is not None and options["to"] is not None:
        options.error(
            "N524", "an A/B test needs readers of its own", "ab", "leave 'to' out, or send without 'ab'"
        )
    return test


def address_of(channel: Channel, value: Any) -> str | None:
    """The address in one spelling; None where it is none."""
    text = str(value or "")
    return identity.phone(text, "") if channel in BY_PHONE else identity.email(text)


def topic_of(options: Options, message_class: MessageClass) -> str | None:
    """The topic that binds a message: its own, or the journey's; none for a transactional one."""
    if message_class is MessageClass.TRANSACTIONAL:
        return None
    if options.given("topic"):
        topic: str | None = options["topic"]
        return topic
    if options.desk.topic is None:
        options.error(
            "N501",
            f"a {message_class} message needs a topic",
            hint="add 'topic:' here or to the journey: the consent that it rests on",
        )
    return options.desk.topic


def settled(step: Step, message: MessageFact) -> Decision:
    """Wait while the message is under way; then on, with what became of it."""
    if message.state in OPEN_STATES or message.done_at is None:
        return Decision(Stay(), "message.under_way")
    if message.state is MessageState.CANCELLED:
        return skipped(step, message.reason or "cancelled", message.done_at)
    if message.state is MessageState.REFUSED:
        return step.done("message.refused", message.done_at, brings={"sent": False, "why": "refused"})
    reason = "message.in_doubt" if message.state is MessageState.IN_DOUBT else "message.accepted"
    return step.done(reason, message.done_at, brings={"sent": True})


def skipped(step: Step, why: str, at: datetime, truths: tuple[Truth, ...] = ()) -> Decision:
    """On without a message."""
    decision = step.done(f"message.skipped.{why}", at, brings={"sent": False, "why": why})
    return Decision(decision.move, decision.reason, truths=truths, brings=decision.brings)
