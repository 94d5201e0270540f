"""What a journey does: one file a kind."""

from nurture.steps.assign import Assign
from nurture.steps.base import Facts, Needs, Step, StepContext
from nurture.steps.branch import Branch
from nurture.steps.coupon import Coupon
from nurture.steps.exit import Exit
from nurture.steps.first_reachable import FirstReachable
from nurture.steps.message import Email, Message, Sms, WhatsApp
from nurture.steps.notify import Notify
from nurture.steps.on_date import OnDate
from nurture.steps.repeat import Repeat
from nurture.steps.split import Split
from nurture.steps.start import Start
from nurture.steps.survey import Survey
from nurture.steps.task import Task
from nurture.steps.update import Update
from nurture.steps.wait import Wait
from nurture.steps.wait_for import WaitFor
from nurture.steps.webhook import Webhook

STEPS: dict[str, type[Step]] = {
    kind.KIND.name: kind
    for kind in (
        Email,
        Sms,
        WhatsApp,
        FirstReachable,
        Wait,
        OnDate,
        WaitFor,
        Branch,
        Split,
        Repeat,
        Update,
        Coupon,
        Task,
        Assign,
        Notify,
        Survey,
        Webhook,
        Start,
        Exit,
    )
}

__all__ = [
    "STEPS",
    "Assign",
    "Branch",
    "Coupon",
    "Email",
    "Exit",
    "Facts",
    "FirstReachable",
    "Message",
    "Needs",
    "Notify",
    "OnDate",
    "Repeat",
    "Sms",
    "Split",
    "Start",
    "Step",
    "StepContext",
    "Survey",
    "Task",
    "Update",
    "Wait",
    "WaitFor",
    "Webhook",
    "WhatsApp",
]
