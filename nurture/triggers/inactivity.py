"""`inactive:` starts a run when somebody has not done something for a while."""

from __future__ import annotations

from dataclasses import dataclass

from nurture.criteria import in_words
from nurture.model import Span
from nurture.options.reader import Options
from nurture.options.tables import Kind, Option
from nurture.options.values import EVENT, Length, OneOrMore
from nurture.problems import Mark
from nurture.triggers.base import WHERE, Trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class InactivityTrigger(Trigger):
    """The clock starts at the last of `events`; who never did any doesn't enter."""

    events: tuple[str, ...]
    span: Span

    KIND = Kind(
        "inactive",
        "Not having done something for a while starts a run. The clock starts at the last such event; "
        "who never did it does not enter.",
        Option(
            "inactive",
            OneOrMore(EVENT),
            "The event, or a list: the latest of them counts.",
            "order_completed",
            required=True,
            default=(),
        ),
        (
            Option(
                "for",
                Length(fixed=True),
                "How long; a day is 24 hours.",
                "60 days",
                required=True,
                default=Span(days=1, text="1 day"),
            ),
            WHERE,
        ),
        example='inactive: order_completed\nfor: 60 days\nwhere: country = "BR"',
    )

    @classmethod
    def parse(cls, options: Options, mark: Mark) -> InactivityTrigger:
        return cls(
            mark=mark,
            events=tuple(dict.fromkeys(options["inactive"])),
            span=options["for"],
            where=options.condition("where"),
        )

    def describe(self) -> str:
        where = f" and {in_words(self.where)}" if self.where else ""
        return f"{self.span} after the last {' or '.join(self.events)}{where}"
