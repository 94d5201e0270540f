"""From what a server said about a recipient to the reason why the mail came back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from nurture.channels.base import scrub
from nurture.channels.returns import codes, providers
from nurture.channels.returns.reasons import MEANINGS, Meaning, Reason
from nurture.channels.returns.words import about_sender, by_words, names_nobody, refuses, speaks_of_itself


class Stage(StrEnum):
    """How far the dialogue had come when the other side said no."""

    CONNECTION = "connection"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"


@dataclass(frozen=True, slots=True)
class Failure:
    """What became of a mail to one recipient. `delayed`: it is still being tried."""

    recipient: str
    reason: Reason
    code: str = ""  # such as "550 5.1.1"
    said: str = ""  # the server's words, without addresses
    delayed: bool = False

    @property
    def meaning(self) -> Meaning:
        return MEANINGS[self.reason]


_IN_REPLY_TO = re.compile(
    r"(?:in\s+reply\s+to(?:\s+the)?|after(?: the)?|did not like our(?: final)?|\[|smtp:|response to|for)\s*"
    r"(end of data|end of message|message body|pipelined|data|rcpt[ _]to|rcpt|mail[ _]from|mail\b|initial connection|connect|helo|ehlo)"
    r"|does not like (recipient|sender)|failed after i sent the (message)|(refused) to talk to me"
    r"|my (name) was rejected|smtp command:?\s+(data|rcpt|mail|helo|ehlo)|\b(rcpt) to generated\b"
    r"|^\s*>>> *(rcpt|data|mail|helo|ehlo)\b",
    re.IGNORECASE | re.MULTILINE,
)
_STAGES = (
    ("rcpt", Stage.RCPT),
    ("recipient", Stage.RCPT),
    ("mail", Stage.MAIL),
    ("sender", Stage.MAIL),
    ("helo", Stage.CONNECTION),
    ("ehlo", Stage.CONNECTION),
    ("name", Stage.CONNECTION),
    ("refused", Stage.CONNECTION),
    ("initial", Stage.CONNECTION),
    ("connect", Stage.CONNECTION),
)


# What servers say to DATA after they have refused every recipient of a pipelined dialogue (RFC 2920).
_NAMED = re.compile(
    r"(?i)\b550\b.{0,20}requested action not taken"
    r"|requested action not taken: mailbox unavailable.{0,40}\b550\b"
)  # RFC 5321, 4.2.3: of the mailbox
_PIPELINED = re.compile(r"(?i)no valid recipients|need rcpt")


def stage_in(text: str) -> Stage | None:
    """The command whose answer was no, where a text names it; the last of several."""
    named = None
    if (">>> DATA" in text and _PIPELINED.search(text)) or _NAMED.search(text):
        return Stage.RCPT
    for match in _IN_REPLY_TO.finditer(text[:8000]):
        named = next(group for group in match.groups() if group).lower()
    if named is None:
        return None
    return next((stage for word, stage in _STAGES if named.startswith(word)), Stage.DATA)


def judge(said: str, status: str = "", context: str = "", reported: bool = False) -> tuple[Reason, str]:
    """The reason, and the code as `550 5.1.1`.

    `said` are the server's own words, `status` the Status of a report, `context` what the mail tells a reader.
    A server's own code is believed before the reporter's, an exact code before words, and words before a code
    that is vague. `reported`: the words are those of a report about this one recipient. Nothing with 5.7.x is
    hard or counts, but 5.7.13: it is about us, not about the address.
    """
    own = codes.enhanced_in(said)
    enhanced = own if own and not own.endswith(".0.0") else _first_code(status) or own
    reply = codes.reply_in(said)
    code = " ".join(filter(None, (reply, enhanced)))
    about_us = is_of_policy(said, enhanced)
    if providers.looked_up(said) and not about_us and by_words(said) not in (Reason.DISABLED, Reason.FULL):
        return Reason.UNKNOWN_USER, code
    reason = _reason(said, enhanced, reply, context)
    if about_us and tells_of_her(reason) and not _is_of_mailbox(enhanced, reason):
        return Reason.POLICY, code
    if MEANINGS[reason].hard and not _may_be_hard(reason, code, said, context, reported):
        ours = stage_in(said) is Stage.MAIL
        reason = Reason.POLICY if ours else _SOFTENED.get(reason, Reason.FILTERED)
    return reason, code


def is_of_policy(*said: str) -> bool:
    """Whether a code of policy stands in words or codes: x.7.x, about us and not about the address."""
    return _FORBIDDEN.search(" ".join(said)) is not None


def tells_of_her(reason: Reason) -> bool:
    """Whether a reason speaks of the address, of the way there, or of nothing: under 5.7.x it is none, for a refusal
    of our own mail tells nothing of these."""
    meaning = MEANINGS[reason]
    return meaning.hard or meaning.counts or reason is Reason.UNCLEAR


def _is_of_mailbox(enhanced: str, reason: Reason) -> bool:
    """Whether a code of policy is after all about the mailbox itself: 5.7.13."""
    return is_of_policy(enhanced) and codes.exact(enhanced) is reason


_SOFTENED = {Reason.UNKNOWN_HOST: Reason.UNREACHABLE, Reason.NO_MAIL: Reason.UNREACHABLE}
_FORBIDDEN = re.compile(r"(?<![\d.])[45]\.7\.\d")


def _first_code(status: str) -> str:
    found = codes.ENHANCED.search(status)
    return found[0] if found else ""


def _reason(said: str, enhanced: str, reply: str, context: str) -> Reason:
    words, exact = by_words(said), codes.exact(enhanced)
    if _not_let_in(said, reply, words):
        return Reason.REPUTATION
    if exact is not None and (words is None or not _words_tell_more(said, words, exact)):
        return exact
    if words is None and refuses(said):
        return Reason.POLICY
    found = words or codes.vague(enhanced) or by_words(context) or codes.by_reply(reply)
    if found in _OF_THE_OTHER and reply and stage_in(said) is Stage.MAIL:
        return Reason.POLICY  # who is refused before anybody was named is the sender
    return found or Reason.UNCLEAR


_ABOUT_US = frozenset({None, Reason.POLICY, Reason.SYSTEM, Reason.UNREACHABLE, Reason.UNKNOWN_HOST})

_OF_THE_OTHER = frozenset({Reason.UNREACHABLE, Reason.FILTERED})


def _not_let_in(said: str, reply: str, words: Reason | None) -> bool:
    """Whether the other side would not even talk to our server."""
    if stage_in(said) is not Stage.CONNECTION or not reply:
        return False
    return words in _ABOUT_US or (words is Reason.RATE and reply.startswith("5"))


# What servers say under a code that means something else: a full mailbox as 5.1.1, a quick sender as 5.2.1.
_PARTICULAR = frozenset(
    {
        Reason.FULL,
        Reason.RATE,
        Reason.REPUTATION,
        Reason.AUTHENTICATION,
        Reason.TOO_BIG,
        Reason.SPAM,
        Reason.MOVED,
        Reason.DISABLED,
    }
)


def _words_tell_more(said: str, words: Reason, exact: Reason) -> bool:
    if exact in (Reason.DISABLED, Reason.FILTERED, Reason.NO_MAIL):
        vague = words is Reason.UNKNOWN_USER and not names_nobody(said)  # "unavailable"
        return not vague and words not in (Reason.SYSTEM, Reason.UNREACHABLE)
    if exact is Reason.RATE:  # "exceeded" is said of rates and of mailboxes
        return False
    if exact is Reason.UNKNOWN_HOST and words is Reason.UNREACHABLE:  # a name server that doesn't answer now
        return True
    if exact is Reason.UNKNOWN_USER and (words is Reason.FILTERED or about_sender(said)):
        return True
    return words in _PARTICULAR and exact not in (Reason.AUTHENTICATION, Reason.CONTENT)


def _may_be_hard(reason: Reason, code: str, said: str, context: str, reported: bool) -> bool:
    """Whether the address itself was refused, and for good.

    A code that speaks of it says so (5.1.x), or that the answer was to RCPT. Who says "unknown" to the message
    itself, or under a code that speaks of something else, may mean a filter. That a domain does not exist the
    sending server found out by itself.
    """
    stage, enhanced = stage_in(said) or stage_in(context), code.rpartition(" ")[2]
    if stage in (Stage.CONNECTION, Stage.MAIL):
        return False
    if reason is not Reason.UNKNOWN_USER:
        return not code.startswith("4") or code == "4.0.0"
    if enhanced.startswith("5.1."):
        return True
    if code.startswith("4"):
        return False
    return stage is Stage.RCPT or (stage is None and _final(said, reported))


def _final(said: str, reported: bool) -> bool:
    """Whether the server that wrote it found nobody itself, without asking another one over SMTP."""
    asked = codes.enhanced_in(said) or codes.reply_in(said)
    return not asked and (reported or speaks_of_itself(said)) and names_nobody(said)


def failure(
    recipient: str,
    said: str,
    status: str = "",
    context: str = "",
    delayed: bool = False,
    reported: bool = False,
) -> Failure:
    """What became of a mail, of what was said about it."""
    reason, code = judge(said, status, context, reported)
    return Failure(recipient, reason, code, scrub(said[:1000], recipient), delayed)
