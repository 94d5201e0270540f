"""`enters:` and `leaves:` start a run when somebody comes into a segment, or is no longer in it."""

from __future__ import annotations

from dataclasses import dataclass

from nurture.options.reader import Options
from nurture.options.tables import Kind, Option
from nurture.options.values import SEGMENT
from nurture.problems import Mark
from nurture.triggers.base import WHERE
from nurture.triggers.event import SortTrigger, and_where, of_kind


@dataclass(frozen=True, slots=True, kw_only=True)
class EntersTrigger(SortTrigger):
    KIND = Kind(
        "enters",
        "Coming into a segment starts a run. Who stood in it when it was first looked at has not come in.",
        Option("enters", SEGMENT, "The segment.", "vip-customers", required=True, default=""),
        (WHERE,),
        example="enters: vip-customers",
    )

    @classmethod
    def parse(cls, options: Options, mark: Mark) -> EntersTrigger:
        name = options["enters"]
        own = of_kind(options, "segment_entered", f'trigger.segment = "{name}"', {"segment": name})
        return cls(mark=mark, words=f"when somebody enters segment {name}{and_where(options)}", **own)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeavesTrigger(SortTrigger):
    KIND = Kind(
        "leaves",
        "No longer being in a segment starts a run.",
        Option("leaves", SEGMENT, "The segment.", "vip-customers", required=True, default=""),
        (WHERE,),
        example="leaves: vip-customers",
    )

    @classmethod
    def parse(cls, options: Options, mark: Mark) -> LeavesTrigger:
        name = options["leaves"]
        own = of_kind(options, "segment_left", f'trigger.segment = "{name}"', {"segment": name})
        return cls(mark=mark, words=f"when somebody leaves segment {name}{and_where(options)}", **own)
