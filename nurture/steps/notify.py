"""`notify:` writes to a colleague about the person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nurture.model import Channel, Decision, Draft, MessageClass, Run
from nurture.options.reader import Options
from nurture.options.tables import Kind, Option
from nurture.options.values import Named, Text
from nurture.steps.base import Facts, Step
from nurture.steps.message import address_of
from nurture.steps.task import ASSIGNEE


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify(Step):
    """The step is done once the mail is written: nobody waits for a colleague's mailbox."""

    template: str
    to: str = "owner"
    subject: str | None = None

    KIND = Kind(
        "notify",
        "Write to a colleague by e-mail. The template sees the person, the trigger and what steps brought.",
        Option(
            "notify",
            Named("email template", "N405"),
            "Its template below templates/email/.",
            "welcome/hello",
            required=True,
            default="",
        ),
        (
            Option(
                "to",
                ASSIGNEE,
                "To whom: the person's owner, or an e-mail address.",
                "owner",
                default="owner",
            ),
            Option("subject", Text(), "Stands in for the template's own subject.", "A new lead"),
        ),
        example="notify: welcome/hello\nto: owner",
    )

    @classmethod
    def parse(cls, options: Options, **place: Any) -> Notify:
        return cls(
            **place, template=options["notify"], to=options["to"], subject=options.values.get("subject")
        )

    def describe(self) -> str:
        return f"write '{self.template}' to {self.to}"

    def decide(self, run: Run, facts: Facts, now: datetime) -> Decision:
        whom = facts.contact().get("owner") if self.to == "owner" else self.to
        address = address_of(Channel.EMAIL, whom)
        if address is None:
            return self.done("notify.no_owner", run.arrived_at)
        draft = Draft(
            channel=Channel.EMAIL,
            template=self.template,
            message_class=MessageClass.TRANSACTIONAL,
            topic=None,
            subject=self.subject,
            recipient=address,
        )
        return self.done("notify.written", run.arrived_at, draft)
