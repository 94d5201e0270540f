"""`on_date:` does steps on a day that stands in the person's record, or came with what started the run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from nurture import clock
from nurture.model import Decision, Go, LeapDay, Leave, Run, Span, Stay
from nurture.options.reader import Options
from nurture.options.tables import Kind, Option
from nurture.options.values import Choice, Length, WallTime, Zone
from nurture.steps.base import Facts, Step
from nurture.steps.blocks import Steps
from nurture.steps.places import DATES, Place, PlaceName

NINE = 9 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDate(Step):
    """The instant is computed once, when a run gets here: a date that changes later moves nothing."""

    date: Place | None
    offset: Span = Span()
    at: int | None = None
    zone: str | None = None
    if_past: str = "skip"

    KIND = Kind(
        "on_date",
        "Steps for a date of the person or of what started the run. It is looked at when the run gets here; "
        "where it is unknown, the steps are skipped.",
        Option(
            "on_date",
            PlaceName("a date such as 'trial_ends_at' or 'trigger.starts_at'", DATES),
            "The date.",
            "trigger.starts_at",
            required=True,
        ),
        (
            Option("offset", Length(signed=True), "So long before (-) or after it.", "-2 hours"),
            Option(
                "at",
                WallTime(),
                "When on that day. A date without a time is 09:00.",
                '"09:00"',
            ),
            Option("zone", Zone(), "Whose clock, where it isn't the person's.", "UTC"),
            Option(
                "if_past",
                Choice(("skip", "run", "exit")),
                "Where it is past already when the run gets here: leave the steps out, do them at once, or end "
                "the run.",
                "run",
                default="skip",
            ),
            Option(
                "steps", Steps(), "What happens then.", "[{email: welcome/hello}]", required=True, default=()
            ),
        ),
        example='on_date: last_order_at\noffset: 30 days\nat: "18:00"\nsteps:\n  - email: welcome/hello',
        brings="`date`, the instant it comes to",
    )

    @classmethod
    def parse(cls, options: Options, **place: Any) -> OnDate:
        options.block("steps", options["steps"])
        return cls(
            **place,
            date=options["on_date"],
            offset=options["offset"] or Span(),
            at=options["at"],
            zone=options["zone"],
            if_past=options["if_past"],
        )

    def describe(self) -> str:
        offset = f" {self.offset}" if self.offset.text else ""
        at = f" at {self.at // 60:02}:{self.at % 60:02}" if self.at is not None else ""
        return f"on {self.date}{offset}{at}"

    def outcomes(self) -> tuple[str, ...]:
        return ("on_date.reached", "on_date.past")

    def decide(self, run: Run, facts: Facts, now: datetime) -> Decision:
        known = run.memory.get(self.id, {}).get("date")
        target = datetime.fromisoformat(known) if known else self._instant(run, facts)
        if target is None:
            return self.done("on_date.unknown", run.arrived_at)
        brings = {"date": target.isoformat()}
        if target < run.arrived_at and self.if_past != "run":
            if self.if_past == "exit":
                return Decision(Leave("on_date.past", run.arrived_at), "on_date.past", brings=brings)
            return self.done("on_date.past", run.arrived_at, brings=brings)
        if now < target:
            return Decision(Stay(target), "on_date.until", brings=brings)
        at = max(target, run.arrived_at)
        return Decision(Go(self.starts["steps"], at), "on_date.reached", brings=brings)

    def _instant(self, run: Run, facts: Facts) -> datetime | None:
        value = self.date.value(run, facts) if self.date is not None else None
        zone = self.zone or run.zone
        try:
            found = datetime.fromisoformat(value) if isinstance(value, str) else value
            if not isinstance(found, datetime):
                return None
            is_day = isinstance(value, str) and len(value) == 10
            return self._moved(found, is_day, zone, facts.settings.leap_day)
        except (ValueError, OverflowError):
            return None  # a text that is no date, or one at the end of the calendar

    def _moved(self, found: datetime, is_day: bool, zone: str, leap_day: LeapDay) -> datetime:
        """The instant with offset and time of the day: days are moved on the wall, hours elapse."""
        if self.at is None and not is_day:
            aware = found if found.tzinfo else clock.on_wall(found, zone)
            return clock.add(aware, self.offset, zone, leap_day)
        day: date = found.date() if is_day or found.tzinfo is None else clock.local(found, zone).date()
        noon = clock.at_wall(day, 12 * 60, zone)
        whole = Span(months=self.offset.months, days=self.offset.days)
        moved = clock.local(clock.add(noon, whole, zone, leap_day), zone)
        at = clock.at_wall(moved.date(), NINE if self.at is None else self.at, zone)
        return clock.add(at, Span(seconds=self.offset.seconds), zone)
