"""Senders that say it in a way of their own, which neither codes nor words tell."""

from __future__ import annotations

import re

from nurture.channels.returns.mail import Headers
from nurture.channels.returns.reasons import Reason
from nurture.channels.returns.words import by_words

_R = Reason

# PowerMTA's bounce categories (user's guide, "bounce categories"): what it made of an answer that says less.
CATEGORIES: dict[str, Reason] = {
    "bad-mailbox": _R.UNKNOWN_USER,
    "bad-domain": _R.UNKNOWN_HOST,
    "inactive-mailbox": _R.DISABLED,
    "quota-issues": _R.FULL,
    "spam-related": _R.SPAM,
    "virus-related": _R.SPAM,
    "content-related": _R.CONTENT,
    "policy-related": _R.POLICY,
    "relaying-issues": _R.POLICY,
    "invalid-sender": _R.POLICY,
    "message-expired": _R.UNREACHABLE,
    "no-answer-from-host": _R.UNREACHABLE,
    "bad-connection": _R.UNREACHABLE,
    "routing-errors": _R.UNREACHABLE,
    "bad-configuration": _R.SYSTEM,
    "protocol-errors": _R.SYSTEM,
}

# Servers that looked into a directory of their own and say so in their own words, with no code or a vague one.
_LOOKED_UP = re.compile(
    r"(?i)recipient name is not recogni[sz]ed"  # Exchange
    # https://learn.microsoft.com/exchange/mail-flow-best-practices/use-directory-based-edge-blocking
    r"|\b5\.4\.1 (\S+@\S+ )?recipient address rejected: access denied"
    r"|not listed in (the )?(public|domino) |ディレクトリのリストにありません"  # Notes
    r"|invalid final delivery userid"  # IMail
    r"|no valid recipients for this mm\b"  # multimedia message centers
    r"|delivery error: dd\b"  # Yahoo
    r"|mail\.local: unknown user"  # sendmail's local mailer
)
# What a local program ended with: sysexits(3). Its words may speak of a user of its own machine.
_NO_USER, _NO_HOST = "67", "68"


def looked_up(said: str) -> bool:
    """Whether a server that knows its users says that this is none of them."""
    return _LOOKED_UP.search(" ".join(said[:4000].split())) is not None


def of_program(diagnostic: str) -> Reason | None:
    """What a local program's failure means (`x-unix; 77`); None where the diagnostic is a server's answer."""
    kind, _, said = diagnostic.partition(";")
    if kind.strip().lower() != "x-unix":
        return None
    ended = {_NO_USER: _R.UNKNOWN_USER, _NO_HOST: _R.UNKNOWN_HOST}.get(said.strip())
    return ended or (_R.FULL if by_words(said) is _R.FULL else _R.SYSTEM)


def category(block: Headers) -> Reason | None:
    """What PowerMTA itself made of a failure."""
    return next((CATEGORIES.get(value.lower()) for value in block.get("x-powermta-bouncecategory", ())), None)


def is_google_group(failed: str, sender: str) -> bool:
    """Whether a group of Google's takes no mail from us: it says so in the writer's language, without any code."""
    return failed.endswith("@googlegroups.com") and sender.lower().rstrip(">").endswith("@googlemail.com")
