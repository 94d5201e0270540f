"""Complaints: reports of RFC 5965 that somebody called a mail spam."""

from __future__ import annotations

import re

from nurture.channels.returns.mail import Mail, fields

KIND = "message/feedback-report"
_NO_COMPLAINT = frozenset({"not-spam", "auth-failure", "dmarc"})  # the last two are about forgeries
_HOTMAIL = re.compile(r"(?i)^complaint about message from\b")


def is_report(mail: Mail) -> bool:
    """Whether this is feedback of a provider, of whatever sort."""
    if mail.parameters.get("report-type") == "feedback-report" or mail.texts(KIND):
        return True
    return _HOTMAIL.match(mail.header("subject")) is not None and bool(mail.texts("message/rfc822"))


def feedback_type(mail: Mail) -> str:
    """`abuse`, `fraud`, `not-spam` and so on; `abuse` where none is named."""
    for text in mail.texts(KIND, "text/plain"):
        if named := fields(text).get("feedback-type"):
            return named[0].lower()
    return "abuse"


def is_complaint(mail: Mail) -> bool:
    """Whether a person called one of our mails spam."""
    return is_report(mail) and feedback_type(mail) not in _NO_COMPLAINT
