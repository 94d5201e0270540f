"""Why a mail came back, and what follows from it for the person.

Hard means that the address will never work: it is suppressed at once. Of the others some count towards a
suppression, because they say something about the mailbox; what is a fault of ours, or of the way there,
never does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from nurture.channels.base import Trouble


class Reason(StrEnum):
    """Why a mail was not delivered."""

    UNKNOWN_USER = "unknown_user"
    UNKNOWN_HOST = "unknown_host"
    NO_MAIL = "no_mail"
    MOVED = "moved"
    FULL = "full"
    DISABLED = "disabled"
    FILTERED = "filtered"
    TOO_BIG = "too_big"
    CONTENT = "content"
    SPAM = "spam"
    REPUTATION = "reputation"
    AUTHENTICATION = "authentication"
    POLICY = "policy"
    RATE = "rate"
    UNREACHABLE = "unreachable"
    SYSTEM = "system"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a reason means: in words, as a trouble that all channels know, and for the person."""

    words: str
    trouble: Trouble
    hard: bool = False
    counts: bool = False  # several of them in a row suppress the address


_T = Trouble
MEANINGS: Mapping[Reason, Meaning] = {
    Reason.UNKNOWN_USER: Meaning("The address does not exist.", _T.INVALID_RECIPIENT, hard=True),
    Reason.UNKNOWN_HOST: Meaning("The address's domain does not exist.", _T.INVALID_RECIPIENT, hard=True),
    Reason.NO_MAIL: Meaning("The address's domain takes no mail.", _T.INVALID_RECIPIENT, hard=True),
    Reason.MOVED: Meaning("The person is no longer at this address.", _T.INVALID_RECIPIENT, hard=True),
    Reason.FULL: Meaning("The mailbox is full.", _T.MAILBOX, counts=True),
    Reason.DISABLED: Meaning("The mailbox is disabled.", _T.MAILBOX, counts=True),
    Reason.FILTERED: Meaning("The mailbox refused the message.", _T.MAILBOX, counts=True),
    Reason.TOO_BIG: Meaning("The message is too big for the mailbox.", _T.CONTENT),
    Reason.CONTENT: Meaning("The other side cannot take this message as it is.", _T.CONTENT),
    Reason.SPAM: Meaning("The other side took the message for spam.", _T.POLICY),
    Reason.REPUTATION: Meaning("The other side does not trust our mail server.", _T.POLICY),
    Reason.AUTHENTICATION: Meaning("Our mail failed SPF, DKIM or DMARC.", _T.POLICY),
    Reason.POLICY: Meaning("The other side's rules do not let this message in.", _T.POLICY),
    Reason.RATE: Meaning("The other side asks us to slow down.", _T.RATE),
    Reason.UNREACHABLE: Meaning("The other side could not be reached.", _T.SERVER, counts=True),
    Reason.SYSTEM: Meaning("The other side's server failed.", _T.SERVER, counts=True),
    Reason.UNCLEAR: Meaning("The message came back without a reason that can be read.", _T.SERVER),
}
