"""What starts a run: one file a kind."""

from nurture.triggers.base import Trigger
from nurture.triggers.date import DateTrigger
from nurture.triggers.event import EventTrigger
from nurture.triggers.inactivity import InactivityTrigger
from nurture.triggers.manual import ManualTrigger

TRIGGERS: dict[str, type[Trigger]] = {
    kind.KIND.name: kind for kind in (EventTrigger, InactivityTrigger, DateTrigger, ManualTrigger)
}
LATER = ("any", "enters", "leaves", "schedule", "reaches", "form", "survey")

__all__ = [
    "LATER",
    "TRIGGERS",
    "DateTrigger",
    "EventTrigger",
    "InactivityTrigger",
    "ManualTrigger",
    "Trigger",
]
