"""`notify:` writes to a colleague about the person: by e-mail, or where colleagues chat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nurture.model import Channel, Decision, Draft, MessageClass, Run
from nurture.nodes import Scalar
from nurture.options import shapes
from nurture.options.desk import Desk, suggestion
from nurture.options.reader import Options
from nurture.options.shapes import Schema
from nurture.options.tables import Kind, Option
from nurture.options.values import Text, Value
from nurture.steps.base import Facts, Step
from nurture.steps.message import address_of
from nurture.steps.task import ASSIGNEE

PLACE = "place for notes"
_FOR_MAIL, _FOR_NOTES = "email template", "task template"


class _Whom(Value[str]):
    """A colleague, or a place that `channels.note` names."""

    words = "whom to write to"

    def convert(self, scalar: Scalar, desk: Desk) -> str | None:
        places = desk.names.get(PLACE, ())
        if ASSIGNEE.pattern.fullmatch(scalar.text) or scalar.text in places:
            return scalar.text
        hint = suggestion(scalar.text, ["owner", *places], PLACE)
        message = f"'{scalar.text}' is neither 'owner', an e-mail address nor a place of channels.note"
        desk.error("N113", message, scalar.mark, hint)
        return None

    def schema(self, desk: Desk) -> Schema:
        colleague = shapes.matching(ASSIGNEE.words, ASSIGNEE.pattern.pattern)
        return {"anyOf": [colleague, shapes.one_of(PLACE, desk.names.get(PLACE, ()))]}


class _Template(Value[str]):
    """A mail's template, or for a note the text of a task."""

    words = "a template"

    def convert(self, scalar: Scalar, desk: Desk) -> str | None:
        known = self._known(desk)
        if scalar.text in known:
            return scalar.text
        desk.error(
            "N405",
            f"unknown template '{scalar.text}'",
            scalar.mark,
            suggestion(scalar.text, known, "template"),
        )
        return None

    def schema(self, desk: Desk) -> Schema:
        return shapes.one_of(self.words, self._known(desk))

    def _known(self, desk: Desk) -> set[str]:
        return {*desk.names.get(_FOR_MAIL, ()), *desk.names.get(_FOR_NOTES, ())}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify(Step):
    """The step is done once the mail is written: nobody waits for a colleague's mailbox."""

    template: str
    to: str = "owner"
    subject: str | None = None

    KIND = Kind(
        "notify",
        "Write to a colleague: by e-mail, or to a place where colleagues chat. The template sees the person, the trigger "
        "and what steps brought.",
        Option(
            "notify",
            _Template(),
            "Its template below templates/email/; of a note one of templates/tasks/.",
            "welcome/hello",
            required=True,
            default="",
        ),
        (
            Option(
                "to",
                _Whom(),
                "To whom: the person's owner, an e-mail address, or a place that `channels.note` names.",
                "owner",
                default="owner",
            ),
            Option("subject", Text(), "Stands in for the template's own subject.", "A new lead"),
        ),
        example="notify: welcome/hello\nto: owner",
    )

    @classmethod
    def parse(cls, options: Options, **place: Any) -> Notify:
        found = cls(
            **place, template=options["notify"], to=options["to"], subject=options.values.get("subject")
        )
        said = options.nodes.get("to")  # a wrong one has been complained of
        right = not isinstance(said, Scalar) or said.text == found.to
        if right and found.template and found.by_note is not found.template.startswith("tasks/"):
            sort, folder = ("note", "tasks") if found.by_note else ("mail", "email")
            options.error("N405", f"a {sort} to '{found.to}' needs a text of templates/{folder}/", "notify")
        return found

    @property
    def by_note(self) -> bool:
        """Whether it goes to where colleagues chat."""
        return self.to != "owner" and "@" not in self.to

    def describe(self) -> str:
        return f"write '{self.template}' to {self.to}"

    def decide(self, run: Run, facts: Facts, now: datetime) -> Decision:
        whom = facts.contact().get("owner") if self.to == "owner" else self.to
        address = whom if self.by_note else address_of(Channel.EMAIL, whom)
        if address is None:
            return self.done("notify.no_owner", run.arrived_at)
        draft = Draft(
            channel=Channel.NOTE if self.by_note else Channel.EMAIL,
            template=self.template,
            message_class=MessageClass.TRANSACTIONAL,
            topic=None,
            subject=self.subject,
            recipient=address,
        )
        return self.done("notify.written", run.arrived_at, draft)
