"""`wait:` lets time pass. It counts from when the step before was done."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from nurture import clock, digests
from nurture.model import Decision, Run, Span, Stay
from nurture.nodes import Node, Scalar
from nurture.options import shapes
from nurture.options.desk import Desk, Mention
from nurture.options.reader import Options
from nurture.options.shapes import DATE, WALL, Schema
from nurture.options.tables import Kind, Option
from nurture.options.values import ID, Days, Length, Value, WallTime, Zone, moment
from nurture.steps.base import Facts, Step


@dataclass(frozen=True, slots=True)
class Until:
    """A time on the wall, or a length of time after the entry (`of` is None) or after a step."""

    wall: datetime | None = None
    span: Span = Span()
    of: str | None = None
    text: str = ""


class _Until(Value[Until]):
    words = "a date and time, '3 days after entry' or '7 days after' and a step's id"

    def convert(self, scalar: Scalar, desk: Desk) -> Until | None:
        found = re.fullmatch(rf"(.+?)\s+after\s+({ID.pattern})", scalar.text)
        if found and found[2] != "entry":
            desk.mentions.append(Mention(found[2], scalar.mark, sends=False, by="until"))
        return Value.convert(self, scalar, desk)

    def of(self, text: str) -> Until:
        if found := re.fullmatch(rf"(.+?)\s+after\s+({ID.pattern})", text):
            of = None if found[2] == "entry" else found[2]
            return Until(span=clock.parse_span(found[1]), of=of, text=text)
        wall = moment(text)
        if wall is None:
            raise ValueError(f"expected {self.words}, found '{text}'")
        return Until(wall=wall, text=text)

    def schema(self, desk: Desk) -> Schema:
        return shapes.matching(self.words, rf"{DATE}([ T]{WALL})?|.+\s+after\s+{ID.pattern}")


class _Range(Value[tuple[timedelta, timedelta]]):
    words = "a range such as '0-4 hours'"

    def of(self, text: str) -> tuple[timedelta, timedelta]:
        found = re.fullmatch(r"(\d{1,6})\s*[-–]\s*(\d{1,6})\s*(minute|hour|day)s?", text)
        if not found or int(found[1]) >= int(found[2]):
            raise ValueError(f"expected {self.words}, found '{text}'")
        low, high = (clock.parse_span(f"{count} {found[3]}").elapsed() for count in (found[1], found[2]))
        return low, high

    def schema(self, desk: Desk) -> Schema:
        return shapes.matching(self.words, r"\d{1,6}\s*[-–]\s*\d{1,6}\s*(minute|hour|day)s?")


class _LengthOrNothing(Length):
    def read(self, node: Node, desk: Desk) -> Span | None:
        if isinstance(node, Scalar) and node.is_nothing:
            return None
        return Length.read(self, node, desk)

    def schema(self, desk: Desk) -> Schema:
        return shapes.or_nothing(Length.schema(self, desk))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(Step):
    """Days, weeks and months keep the time on the person's wall; hours and minutes elapse."""

    span: Span = Span()
    until: Until | None = None
    at: int | None = None
    only: frozenset[int] = clock.EVERY_DAY
    random: tuple[timedelta, timedelta] | None = None
    zone: str | None = None

    KIND = Kind(
        "wait",
        "Let time pass. Days keep the clock time in the person's zone, hours elapse.",
        Option("wait", _LengthOrNothing(), "How long; nothing with 'until'.", "3 days"),
        (
            Option("until", _Until(), "Until then; at once, when it is past.", "3 days after entry"),
            Option("at", WallTime(), "On to the next time that clocks show this.", '"09:00"'),
            Option("only", Days(), "Only on these days.", "weekdays", default=clock.EVERY_DAY),
            Option(
                "random", _Range(), "And so much longer, a different length for each person.", "0-4 hours"
            ),
            Option("zone", Zone(), "Whose clock, where it isn't the person's.", "UTC"),
        ),
        example='wait: 3 days\nat: "09:00"\nonly: weekdays',
        rules=(
            {"if": shapes.nothing("wait"), "then": {"required": ["until"]}},
            {"if": {"required": ["until"]}, "then": shapes.nothing("wait")},
        ),
    )

    @classmethod
    def parse(cls, options: Options, **place: Any) -> Wait:
        span, until = options["wait"], options["until"]
        if span is not None and until is not None:
            options.error("N107", "'wait' has both a length and 'until'", "until", "keep one of them")
        step = options.nodes["wait"]
        if not options.given("until") and isinstance(step, Scalar) and step.is_nothing:
            options.error(
                "N103", "'wait' needs a length of time", "wait", "write 'wait: 3 days', or add 'until:'"
            )
        return cls(
            **place,
            span=span or Span(),
            until=until,
            at=options["at"],
            only=options["only"],
            random=options["random"],
            zone=options["zone"],
        )

    def describe(self) -> str:
        words = f"until {self.until.text}" if self.until else f"{self.span}"
        at = f", then until {self.at // 60:02}:{self.at % 60:02}" if self.at is not None else ""
        return f"wait {words}{at}"

    def decide(self, run: Run, facts: Facts, now: datetime) -> Decision:
        end = self._end(run, facts)
        if end is None:
            return self.done("wait.unknown", run.arrived_at)
        if now < end:
            return Decision(Stay(end), "wait.until")
        return self.done("wait.over", max(end, run.arrived_at))

    def _end(self, run: Run, facts: Facts) -> datetime | None:
        zone = self.zone or run.zone
        end = self._plain_end(run, facts, zone)
        if end is None:
            return None
        if self.random is not None:
            low, high = self.random
            end += low + (high - low) * digests.fraction(run.journey, self.id, run.ref)
        if self.at is None and self.only == clock.EVERY_DAY:
            return end
        wall = clock.local(end, zone)
        if self.at is None and wall.weekday() in self.only:
            return end
        at = self.at if self.at is not None else wall.hour * 60 + wall.minute
        start = end if self.at is not None else end.replace(second=0, microsecond=0)
        return max(clock.next_at(start, at, zone, self.only), end)

    @property
    def at_most(self) -> timedelta:
        """With a month as 31 days, and until a date none: how far away that is nobody knows here."""
        span = self.until.span if self.until is not None else self.span
        days = span.months * 31 + span.days + (self.at is not None) + 6 * (self.only != clock.EVERY_DAY)
        return timedelta(days=days, seconds=span.seconds) + (self.random[1] if self.random else timedelta())

    def _plain_end(self, run: Run, facts: Facts, zone: str) -> datetime | None:
        if self.until is None:
            return clock.add(run.arrived_at, self.span, zone)
        if self.until.wall is not None:
            wall = self.until.wall
            return clock.at_wall(wall.date(), wall.hour * 60 + wall.minute, zone).astimezone(UTC)
        start = run.entered_at if self.until.of is None else facts.step_at(self.until.of)
        return clock.add(start, self.until.span, zone) if start is not None else None
