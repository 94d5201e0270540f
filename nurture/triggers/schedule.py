"""`schedule:` starts runs of everybody who matches, at times of the calendar."""

from __future__ import annotations

from dataclasses import dataclass

from nurture.clock.calendar import EXAMPLES, Calendar, parse_calendar
from nurture.criteria import in_words
from nurture.options import shapes
from nurture.options.desk import Desk
from nurture.options.reader import Options
from nurture.options.shapes import Schema
from nurture.options.tables import Kind, Option
from nurture.options.values import Value
from nurture.problems import Mark
from nurture.triggers.base import WHERE, Trigger


class _When(Value[Calendar]):
    words = f"times {EXAMPLES}"

    def of(self, text: str) -> Calendar:
        return parse_calendar(text)

    def schema(self, desk: Desk) -> Schema:
        return shapes.scalar(self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleTrigger(Trigger):
    """At each occurrence, by the company's clock, everybody for whom `where` then holds. Of several that were missed
    together only the last lets people in."""

    calendar: Calendar

    KIND = Kind(
        "schedule",
        "Times of the calendar, by the company's clock, start a run of everybody for whom `where` holds then: "
        "`every monday at 09:00`, `every weekday at 09:00 and 17:00`, `every month on the 1st at 09:00`, five fields "
        "of cron, or one date and time. Of several that were missed together (a pause) only the last one counts.",
        Option("schedule", _When(), "When.", '"every monday at 09:00"', required=True, default=Calendar(())),
        (WHERE,),
        example='schedule: "every monday at 09:00"\nwhere: total_orders >= 1',
    )

    @classmethod
    def parse(cls, options: Options, mark: Mark) -> ScheduleTrigger:
        return cls(mark=mark, calendar=options["schedule"], where=options.condition("where"))

    def describe(self) -> str:
        where = f", for everybody of whom {in_words(self.where)}" if self.where else ", for everybody"
        return f"{self.calendar.text}{where}"
