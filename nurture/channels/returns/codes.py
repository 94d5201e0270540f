"""What status codes say: RFC 3463 with the registry that RFC 5248 opened, and RFC 5321's replies.

https://www.iana.org/assignments/smtp-enhanced-status-codes
"""

from __future__ import annotations

import re

from nurture.channels.returns.reasons import Reason

ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_REPLY = re.compile(r"(?<![\d.\w-])([245]\d\d)(?=[ \t:;-]|$|\b)(?!\.\d)")
_R = Reason

# Code without its class. Those that several unlike causes share are not here: words decide about them.
_EXACT: dict[tuple[int, int], Reason] = {
    (1, 0): _R.UNKNOWN_USER,  # other address status
    (1, 1): _R.UNKNOWN_USER,
    (1, 2): _R.UNKNOWN_HOST,
    (1, 3): _R.UNKNOWN_USER,  # bad syntax of the address
    (1, 4): _R.UNKNOWN_USER,  # ambiguous
    (1, 6): _R.MOVED,
    (1, 7): _R.POLICY,  # the sender's address: its syntax
    (1, 8): _R.POLICY,  # and its domain
    (1, 10): _R.NO_MAIL,  # null MX, RFC 7505
    (2, 0): _R.FILTERED,
    (2, 1): _R.DISABLED,
    (2, 2): _R.FULL,
    (2, 3): _R.TOO_BIG,
    (3, 1): _R.SYSTEM,
    (3, 2): _R.NO_MAIL,
    (3, 4): _R.TOO_BIG,
    (4, 2): _R.UNREACHABLE,
    (4, 4): _R.UNKNOWN_HOST,  # unable to route
    (4, 5): _R.SYSTEM,  # congestion
    (4, 6): _R.UNREACHABLE,  # a loop
    (4, 7): _R.UNREACHABLE,
    (5, 3): _R.RATE,  # too many recipients
    (6, 1): _R.CONTENT,
    (6, 2): _R.CONTENT,
    (6, 3): _R.CONTENT,
    (6, 5): _R.CONTENT,
    (7, 13): _R.DISABLED,
    (7, 20): _R.AUTHENTICATION,  # RFC 7372: DKIM
    (7, 21): _R.AUTHENTICATION,
    (7, 22): _R.AUTHENTICATION,
    (7, 23): _R.AUTHENTICATION,  # SPF
    (7, 24): _R.AUTHENTICATION,
    (7, 25): _R.REPUTATION,  # reverse DNS
    (7, 26): _R.AUTHENTICATION,
    (7, 27): _R.POLICY,  # RFC 7505: the sender's domain has a null MX
    (7, 28): _R.RATE,  # mail flood
    # Microsoft, https://learn.microsoft.com/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online
    (1, 351): _R.UNKNOWN_USER,
    (2, 121): _R.RATE,  # the recipient's limit for an hour, from one sender
    (2, 122): _R.RATE,  # and from all
    (7, 509): _R.AUTHENTICATION,
    (7, 515): _R.AUTHENTICATION,  # the new requirements on bulk senders
    (7, 606): _R.REPUTATION,
    (7, 708): _R.RATE,
}
# A temporary failure of these is about the way there, not about the address.
_TEMPORARY: dict[tuple[int, int], Reason] = {
    (1, 2): _R.UNREACHABLE,
    (3, 2): _R.SYSTEM,
    (4, 1): _R.UNREACHABLE,
    (4, 3): _R.SYSTEM,  # directory server
    (4, 4): _R.UNREACHABLE,
    (7, 0): _R.REPUTATION,
    (7, 1): _R.REPUTATION,
}
_SUBJECT: dict[int, Reason] = {3: _R.SYSTEM, 5: _R.SYSTEM, 6: _R.CONTENT, 7: _R.POLICY}
_HARD_ADDRESS = {(1, 0), (1, 1), (1, 3), (1, 4), (1, 6), (1, 10)}

_REPLIES: dict[int, Reason] = {
    421: _R.UNREACHABLE,
    422: _R.FULL,
    452: _R.FULL,
    500: _R.SYSTEM,
    501: _R.SYSTEM,
    502: _R.SYSTEM,
    503: _R.SYSTEM,
    504: _R.SYSTEM,
    521: _R.NO_MAIL,  # RFC 7504
    525: _R.DISABLED,
    530: _R.POLICY,
    535: _R.POLICY,
    551: _R.MOVED,
    552: _R.FULL,
    556: _R.NO_MAIL,  # RFC 7504
}


def exact(code: str) -> Reason | None:
    """What an enhanced code such as 5.1.1 says, where it says one thing."""
    found = ENHANCED.fullmatch(code)
    if found is None or found[1] == "2":
        return None
    detail = int(found[2]), int(found[3])
    if found[1] == "4" and (detail in _TEMPORARY or detail in _HARD_ADDRESS):
        return _TEMPORARY.get(detail, _R.SYSTEM)
    return _EXACT.get(detail)


def vague(code: str) -> Reason | None:
    """What is left to say of a code by its subject alone: 5.7.x is policy, whatever x."""
    found = ENHANCED.fullmatch(code)
    return _SUBJECT.get(int(found[2])) if found and found[1] != "2" else None


def by_reply(reply: str) -> Reason | None:
    """What an SMTP reply without an enhanced code says."""
    return _REPLIES.get(int(reply)) if reply else None


def enhanced_in(text: str) -> str:
    """The first enhanced code of a refusal in a server's words that isn't x.0.0, else the first at all, else nothing."""
    codes = [match[0] for match in ENHANCED.finditer(text[:4000]) if match[1] != "2"]
    return next((code for code in codes if not code.endswith(".0.0")), codes[0] if codes else "")


def reply_in(text: str) -> str:
    """The first reply of an SMTP server that is a refusal, such as 550."""
    return next((match[1] for match in _REPLY.finditer(text[:4000]) if match[1][0] in "45"), "")
