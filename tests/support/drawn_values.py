"""What stands behind the keys of a drawn journey, by the words with which an editor describes it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

CONDITION = "a condition such as 'total_orders >= 1'"
STEP = "the id of a step"
DATE_FIELD = "a date such as 'trial_ends_at' or 'trigger.starts_at'"
EVENT = "no such event"
# What hangs on the rest of the journey is written by whoever draws that.
ELSEWHERE = (
    CONDITION,
    STEP,
    DATE_FIELD,
    "a journey's name",
    "a field of the event",
    "a field of the trigger, or each item of one",
    "",
)
# Events of which a drawn timeline is made, and such as follow from them: the others come up now and then.
LIVELY = (
    *(
        "signed_up",
        "order_completed",
        "order_refunded",
        "product_viewed",
        "form_submitted",
        "survey_answered",
    ),
    *("email_sent", "email_clicked", "email_opened", "sms_sent", "sms_clicked", "webinar_booked"),
    *("field_changed", "tag_added", "stage_changed", "score_reached", "segment_entered", "consent_withdrawn"),
    *("task_done", "contact_created"),
)
_TEXTS = ("BR", "pro", "{{ first_name }}, oi", "15", "two words", "a: b", "#1", "não", "true")
_LENGTHS = (
    *("30 seconds", "90 minutes", "2 hours", "1 day", "3 days", "1 week", "36 hours", "1 month"),
    *("-2 hours", "-1 day", "1 business day", "2 business days"),
)
_NUMBERS = ("-10", "1", "2", "3", "60", "100", "500", "0", "12.5")
_NAMES = ("tone", "gift", "mood")
_ADDRESSES = ("owner", "davi@example.com")
# By the first words of what is expected; those that the value's own pattern and bounds refuse are left out.
_POOLS: Mapping[str, Sequence[str]] = {
    "a length of time from 1 to 60 seconds": ("10 seconds", "1 minute"),
    "a length of time": _LENGTHS,
    "days before or after": ("-7 days", "3 days", "1 week", "0 days"),
    "a time of day": ("09:00", "18:30", "00:00"),
    "a period of the day": ("22:00-07:00", "20:00-09:00", "12:00-14:00"),
    "a range": ("0-4 hours", "10-90 minutes", "1-2 days"),
    "a time zone": ("UTC", "America/Sao_Paulo", "Asia/Tokyo"),
    "a country or state": ("BR", "BR-SP", "PT"),
    "days such as": ("weekdays", "monday, thursday", "weekend"),
    "how often": ("2 times", "3 times", "2"),
    "a whole number": _NUMBERS,
    "a number": _NUMBERS,
    "true or false": ("true", "false"),
    "a date and time such as 2026": ("2026-03-05", "2026-03-20 10:00"),
    "a date and time, '3 days after": (
        "2026-03-09",
        "2026-03-20 10:00",
        "3 days after entry",
        "36 hours after entry",
    ),
    "a date such as 2026": ("2026-03-05", "1990-03-10"),
    "times such as": (
        *("every monday at 09:00", "every weekday at 09:00 and 17:00", "every month on the 1st at 09:00"),
        *("30 9 * * 1", "2026-03-20 10:00"),
    ),
    "a name": _NAMES,
    "an id": _NAMES,
    "a tag": ("vip", "warm", "not-won-back"),
    "the name of a form": ("ebook-crm", "contact"),
    "an assignee": _ADDRESSES,
    "a share": ("10%", "5.5%", "0%", "100%"),
    "where it stands in the answer": ("data.tier", "/data/tier"),
    "an address such as": ("https://crm.example/leads",),
    "a text, or 'last 3'": ("15", "last 3 order_completed", "last 2 product_viewed"),
    "a list": _TEXTS,
    "text": _TEXTS,
}


def expected(schema: Mapping[str, Any]) -> str:
    """What a message to whoever wrote something else says that it should be."""
    return str(schema.get("errorMessage", "")).removeprefix("expected ").removeprefix("there is ")


def leaf(schema: Mapping[str, Any]) -> list[str]:
    """What may stand where this is expected. Raises NotImplementedError for a sort of value that nobody told of."""
    if "enum" in schema:
        words = [str(word).lower() if isinstance(word, bool) else word for word in schema["enum"]]
        return sorted({str(word) for word in words if word is not None})
    what = expected(schema)
    for begins, pool in _POOLS.items():
        if what.startswith(begins):
            found = [text for text in pool if _fits(text, schema)]
            if found:
                return found
    raise NotImplementedError(f"tell tests/support/drawn_values.py what {what or schema} looks like")


def _fits(text: str, schema: Mapping[str, Any]) -> bool:
    if "minimum" in schema and not _is_number(text):
        return "pattern" in schema and re.search(schema["pattern"], text) is not None
    bounds = schema.get("minimum", -1e9), schema.get("maximum", 1e9)
    if _is_number(text) and not bounds[0] <= float(text) <= bounds[1]:
        return False
    return "pattern" not in schema or re.search(schema["pattern"], text) is not None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?\d+(\.\d+)?", text) is not None
