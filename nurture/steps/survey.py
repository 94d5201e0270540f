"""`survey:` asks a question by a message. The run goes on; `wait_for: survey_answered` awaits the answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nurture.criteria import Condition, in_words
from nurture.model import PERSONAL, Channel, Decision, Draft, MessageClass, Run, Span, Stay
from nurture.nodes import Scalar
from nurture.options import shapes
from nurture.options.desk import Desk, suggestion
from nurture.options.reader import Options
from nurture.options.shapes import Schema
from nurture.options.tables import Kind, Option
from nurture.options.values import SURVEY, TOPIC, Choice, ConditionText, Length, Text, Value
from nurture.steps.base import Facts, Needs, Step
from nurture.steps.message import settled, skipped, topic_of


class _Template(Value[str]):
    """A template of any channel: `by` says which."""

    words = "a template"

    def schema(self, desk: Desk) -> Schema:
        return shapes.one_of(self.words, self._known(desk))

    def _known(self, desk: Desk) -> set[str]:
        return {name for channel in PERSONAL for name in desk.names.get(f"{channel} template", ())}

    def convert(self, scalar: Scalar, desk: Desk) -> str | None:
        known = self._known(desk)
        if scalar.text in known:
            return scalar.text
        hint = suggestion(scalar.text, known, "template")
        desk.error("N405", f"unknown template '{scalar.text}'", scalar.mark, hint)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey(Step):
    survey: str
    channel: Channel
    template: str
    subject: str | None = None
    topic: str | None = None
    send_if: Condition | None = None
    expires_after: Span | None = None

    sends = True
    KIND = Kind(
        "survey",
        "Ask a question of surveys.yaml by a message with one-click answers.",
        Option("survey", SURVEY, "The survey.", "post-sale-nps", required=True, default=""),
        (
            Option(
                "by",
                Choice(tuple(each.value for each in PERSONAL)),
                "How it is asked.",
                "email",
                default="email",
            ),
            Option(
                "template",
                _Template(),
                "Its template, where it isn't the one named after the survey.",
                "surveys/nps",
            ),
            Option("subject", Text(), "Stands in for the template's own subject.", "Uma pergunta"),
            Option("topic", TOPIC, "The consent that it needs, where it isn't the journey's.", "service"),
            Option("send_if", ConditionText(), "Skip the survey unless this holds.", "total_orders >= 1"),
            Option("expires_after", Length(fixed=True), "Not asked later than this.", "3 days"),
        ),
        example="survey: post-sale-nps\nby: email\nid: nps",
        brings="`score` and `comment`",
    )

    @classmethod
    def parse(cls, options: Options, **place: Any) -> Survey:
        name, channel = options["survey"], Channel(options["by"])
        template = options["template"] or f"survey/{name}"
        if name and not options.given("template"):
            _Template().convert(Scalar(template, options.mark_of("survey")), options.desk)
        return cls(
            **place,
            survey=name,
            channel=channel,
            template=template,
            subject=options["subject"],
            topic=topic_of(options, MessageClass.SURVEY),
            send_if=options.condition("send_if"),
            expires_after=options["expires_after"],
        )

    def describe(self) -> str:
        only = f", if {in_words(self.send_if)}" if self.send_if else ""
        return f"ask survey '{self.survey}' by {self.channel}{only}"

    def needs(self) -> Needs:
        return Needs((self.send_if,)) if self.send_if is not None else Needs()

    def decide(self, run: Run, facts: Facts, now: datetime) -> Decision:
        if run.messages:
            return settled(self, run.messages[-1])
        truths = (facts.truth(self.send_if),) if self.send_if is not None else ()
        if not all(truth.value for truth in truths):
            return skipped(self, "send_if", run.arrived_at, truths)
        expires = run.arrived_at + self.expires_after.elapsed() if self.expires_after else None
        draft = Draft(
            channel=self.channel,
            template=self.template,
            message_class=MessageClass.SURVEY,
            topic=self.topic,
            subject=self.subject,
            expires_at=expires,
            survey=self.survey,
        )
        return Decision(Stay(), "message.written", (draft,), truths)
