"""`date:` starts a run on a day that stands in the person's record."""

from __future__ import annotations

from dataclasses import dataclass

from nurture.criteria import in_words
from nurture.model import FieldType
from nurture.nodes import Scalar
from nurture.options import shapes
from nurture.options.desk import Desk, suggestion
from nurture.options.reader import Options
from nurture.options.shapes import Schema
from nurture.options.tables import Kind, Option
from nurture.options.values import Choice, Length, Value, WallTime
from nurture.problems import Mark
from nurture.triggers.base import WHERE, Trigger

NINE = 9 * 60


class _DateField(Value[str]):
    words = "a date of the person such as 'contact.birthday'"

    def convert(self, scalar: Scalar, desk: Desk) -> str | None:
        name = scalar.text.removeprefix("contact.")
        dates = [field.name for field in desk.contact_fields.values() if field.type is FieldType.DATE]
        if name in dates:
            return name
        if name in desk.contact_fields:
            desk.error("N408", f"'{name}' is not a date", scalar.mark, f"there is {', '.join(dates)}")
        else:
            hint = suggestion(name, dates, "date field")
            desk.error("N407", f"unknown contact field '{name}'", scalar.mark, hint)
        return None

    def schema(self, desk: Desk) -> Schema:
        dates = [field.name for field in desk.contact_fields.values() if field.type is FieldType.DATE]
        return shapes.one_of(self.words, [*dates, *(f"contact.{name}" for name in dates)])


class _Offset(Value[int]):
    words = "days before or after, such as '-7 days'"

    def of(self, text: str) -> int:
        span = Length(signed=True).of(text)
        if span.seconds or span.months:
            raise ValueError(f"'{text}': an offset is in whole days or weeks; the hour stands in 'at'")
        return span.days

    def schema(self, desk: Desk) -> Schema:
        return shapes.matching(self.words, r"\s*[+-]?\d+\s*([dD]ay|[wW]eek)s?\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class DateTrigger(Trigger):
    """On the day of `field` plus `offset` days, at the minute `at` on the person's wall."""

    field: str
    offset: int = 0
    at: int = NINE
    yearly: bool = False

    KIND = Kind(
        "date",
        "A day in the person's record starts a run.",
        Option("date", _DateField(), "The date.", "contact.birthday", required=True, default=""),
        (
            Option("offset", _Offset(), "Days before (-) or after.", "-7 days", default=0),
            Option("at", WallTime(), "When on that day, in the person's zone.", '"09:00"', default=NINE),
            Option(
                "repeats",
                Choice(("yearly", "never")),
                "Every year or once. A birthday comes every year, another date once. 29 February is kept on the 28th of "
                "other years, or where `leap_day: march_1` in `nurture.yaml` says so, on 1 March.",
                "yearly",
            ),
            WHERE,
        ),
        example='date: contact.birthday\noffset: -7 days\nat: "09:00"\nrepeats: yearly',
    )

    @classmethod
    def parse(cls, options: Options, mark: Mark) -> DateTrigger:
        repeats = options["repeats"] or ("yearly" if options["date"] == "birthday" else "never")
        return cls(
            mark=mark,
            field=options["date"],
            offset=options["offset"],
            at=options["at"],
            yearly=repeats == "yearly",
            where=options.condition("where"),
        )

    def describe(self) -> str:
        days = f"{abs(self.offset)} day{'s' if abs(self.offset) != 1 else ''}"
        offset = f"{days} {'before' if self.offset < 0 else 'after'} " if self.offset else "on "
        where = f" if {in_words(self.where)}" if self.where else ""
        every = ", every year" if self.yearly else ""
        return f"{offset}{self.field} at {self.at // 60:02}:{self.at % 60:02}{every}{where}"
