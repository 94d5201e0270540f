"""What starts a run: one file a kind."""

from nurture.triggers.base import Trigger
from nurture.triggers.date import DateTrigger
from nurture.triggers.event import EventTrigger
from nurture.triggers.form import FormTrigger
from nurture.triggers.inactivity import InactivityTrigger
from nurture.triggers.manual import ManualTrigger
from nurture.triggers.reaches import ReachesTrigger
from nurture.triggers.schedule import ScheduleTrigger
from nurture.triggers.segment import EntersTrigger, LeavesTrigger
from nurture.triggers.several import SeveralTriggers
from nurture.triggers.survey import SurveyTrigger

TRIGGERS: dict[str, type[Trigger]] = {
    kind.KIND.name: kind
    for kind in (
        EventTrigger,
        InactivityTrigger,
        EntersTrigger,
        LeavesTrigger,
        DateTrigger,
        ScheduleTrigger,
        ReachesTrigger,
        FormTrigger,
        SurveyTrigger,
        ManualTrigger,
        SeveralTriggers,
    )
}
BY_CLOCK = (InactivityTrigger, DateTrigger, ScheduleTrigger)  # time pulls these

__all__ = [
    "BY_CLOCK",
    "TRIGGERS",
    "DateTrigger",
    "EntersTrigger",
    "EventTrigger",
    "FormTrigger",
    "InactivityTrigger",
    "LeavesTrigger",
    "ManualTrigger",
    "ReachesTrigger",
    "ScheduleTrigger",
    "SeveralTriggers",
    "SurveyTrigger",
    "Trigger",
]
