"""`inactive:` starts a run when somebody has not done something for a while."""

from __future__ import annotations

from dataclasses import dataclass

from nurture.criteria import in_words
from nurture.model import Span
from nurture.options import shapes
from nurture.options.reader import Options
from nurture.options.tables import Kind, Option
from nurture.options.values import EVENT, Integer, Length, OneOrMore
from nurture.problems import Mark
from nurture.triggers.base import WHERE, Trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class InactivityTrigger(Trigger):
    """The clock starts at the last of `events`; who never did any doesn't enter."""

    events: tuple[str, ...]
    span: Span
    intervals: int | None = None  # instead of `span`: so many times the person's own mean interval

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
                default=Span(days=1, text="1 day"),
            ),
            Option(
                "own_interval",
                Integer(1, 100),
                "Instead of `for`: so many times the person's own mean interval between such events. Who did it "
                "fewer than three times has none and does not enter.",
                "3",
            ),
            WHERE,
        ),
        rules=(shapes.exactly_one("for", "own_interval"),),
        example='inactive: order_completed\nfor: 60 days\nwhere: country = "BR"',
    )

    @classmethod
    def parse(cls, options: Options, mark: Mark) -> InactivityTrigger:
        given = [name for name in ("for", "own_interval") if options.given(name)]
        if len(given) != 1 and not (options.meant and not given):
            hint = "write 'for: 60 days', or 'own_interval: 3'"
            code, what = ("N106", "one of") if given else ("N103", "")
            options.error(
                code, f"'inactive' needs {what} 'for' or 'own_interval'".replace("  ", " "), hint=hint
            )
        return cls(
            mark=mark,
            intervals=options["own_interval"],
            events=tuple(dict.fromkeys(options["inactive"])),
            span=options["for"],
            where=options.condition("where"),
        )

    def describe(self) -> str:
        where = f" and {in_words(self.where)}" if self.where else ""
        times = f"{self.intervals} times " if self.intervals != 1 else ""
        length = f"{times}the person's own interval" if self.intervals else self.span
        return f"{length} after the last {' or '.join(self.events)}{where}"
