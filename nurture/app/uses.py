"""Where a journey uses templates: every message that its plan may send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from nurture.compiler.plan import Plan
from nurture.model import Channel, Json, MessageClass
from nurture.problems import Mark
from nurture.steps import FirstReachable, Message, Notify, Step, Survey
from nurture.steps.message import Last


@dataclass(frozen=True, slots=True)
class Sent:
    """One message of a step. Its `with` gives `texts` and `lists` of what the person did last."""

    step: Step
    channel: str
    template: str
    texts: Mapping[str, Json] = field(default_factory=dict)
    lists: Mapping[str, Last] = field(default_factory=dict)
    survey: str | None = None
    message_class: MessageClass = MessageClass.MARKETING
    subject: str | None = None
    mark: Mark | None = None

    @property
    def own(self) -> frozenset[str]:
        """The names that its `with` gives."""
        return frozenset((*self.texts, *self.lists))


def sent_by(plan: Plan) -> Iterator[Sent]:
    """Every message of the plan, in the order of its steps."""
    for step in (*plan.steps.values(), *(step for rule in plan.exits for step in rule.do)):
        match step:
            case Message():
                yield from _of_message(step, step)
            case FirstReachable():
                for message in step.messages:
                    yield from _of_message(step, message)
            case Notify():
                folder, _, rest = step.template.partition("/")
                where = (folder, rest) if step.by_note else ("email", step.template)
                yield Sent(step, *where, message_class=MessageClass.TRANSACTIONAL, mark=step.mark)
            case Survey():
                yield Sent(
                    step,
                    step.channel.value,
                    step.template,
                    survey=step.survey,
                    message_class=MessageClass.SURVEY,
                    subject=step.subject,
                    mark=step.mark,
                )


def _of_message(step: Step, message: Message) -> Iterator[Sent]:
    """The message, or each arm of its A/B test, and what goes out instead where a cap is full."""
    texts = [(message.template, message.subject)]
    if message.ab is not None:
        texts = [
            (arm.template or message.template, arm.subject or message.subject) for arm in message.ab.arms
        ]
    for template, subject in texts:
        yield _sent(step, message, message.CHANNEL, template, subject)
    if message.instead is not None:
        yield _sent(step, message, message.instead.channel, message.instead.template, None)


def _sent(step: Step, message: Message, channel: Channel, template: str, subject: str | None) -> Sent:
    return Sent(
        step,
        channel.value,
        template,
        message.variables,
        message.lists,
        message_class=message.message_class,
        subject=subject,
        mark=message.mark,
    )
