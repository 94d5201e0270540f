"""How far what `returns` makes of real mails agrees with what is expected of each.

The reasons of the set are finer than ours: each of its names stands for one of ours.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nurture.channels.returns import Kind, read
from nurture.channels.returns.reasons import MEANINGS

_OURS: Mapping[str, str] = {
    "unknown_user": "userunknown",
    "unknown_host": "hostunknown",
    "no_mail": "notaccept",
    "moved": "hasmoved",
    "full": "mailboxfull",
    "disabled": "suspend",
    "filtered": "filtered",
    "too_big": "mesgtoobig exceedlimit emailtoolarge",
    "content": "contenterror",
    "spam": "spamdetected virusdetected",
    "reputation": "blocked badreputation requireptr",
    "authentication": "authfailure",
    "policy": "policyviolation rejected norelaying securityerror notcompliantrfc failedstarttls",
    "rate": "speeding toomanyconn ratelimited",
    "unreachable": "expired networkerror",
    "system": "systemerror systemfull mailererror syntaxerror",
    "unclear": "undefined onhold",
    "complaint": "feedback",
    "delivered": "delivered",
    "auto_reply": "vacation",
}
MEANS = {theirs: ours for ours, names in _OURS.items() for theirs in names.split()}
# Senders that a rule names, in `providers`, `codes` (Microsoft's) or `judging` (sendmail's pipelining).
WITH_RULES = frozenset(
    [
        "exchange2003",
        "exchange2007",
        "googlegroups",
        "imailserver",
        "notes",
        "office365",
        "outlook",
        "powermta",
        "sendmail",
        "verizon",
        "yahoo",
    ]
)
_ALIKE = {Kind.FEEDBACK: Kind.COMPLAINT, Kind.ABSENCE: Kind.AUTO_REPLY}  # where the set has one word for two
What = frozenset[tuple[str, bool]]  # reasons, each with whether it is hard


@dataclass(frozen=True, slots=True)
class Compared:
    """One mail of the set: who sent it, what is expected and what was read."""

    file: str
    expected: What
    read: What

    @property
    def agrees(self) -> bool:
        return self.expected == self.read

    @property
    def hardness_agrees(self) -> bool:
        return {hard for _, hard in self.expected} == {hard for _, hard in self.read}

    @property
    def is_hard(self) -> bool:
        return any(hard for _, hard in self.read)

    @property
    def should_be_hard(self) -> bool:
        return any(hard for _, hard in self.expected)

    @property
    def sender(self) -> str:
        return self.file.rpartition("-")[0].removeprefix("lhost-")

    @property
    def has_rule(self) -> bool:
        """Whether the sender has a rule of its own."""
        return self.sender in WITH_RULES


def compare(folder: Path) -> list[Compared]:
    """Every mail of the set."""
    expected = json.loads((folder / "expected.json").read_text())
    return [
        Compared(file, _expected(each), what((folder / "mails" / file).read_bytes()))
        for file, each in sorted(expected.items())
    ]


def _expected(each: Iterable[Mapping[str, object]]) -> What:
    return frozenset((MEANS[str(one["reason"])], bool(one["hard"])) for one in each)


def named(reasons: Iterable[str]) -> What:
    """Reasons by our names, each as hard as it is; kinds that are no bounces are never hard."""
    known = {reason.value: meaning.hard for reason, meaning in MEANINGS.items()}
    return frozenset((each, known.get(each, False)) for each in reasons)


def what(raw: bytes) -> What:
    """Why a mail came back, as the set puts it: what a provider reports is feedback, whoever complained."""
    returned = read(raw)
    if returned.failures:
        return frozenset((each.reason.value, each.meaning.hard) for each in returned.failures)
    kind = _ALIKE.get(returned.kind, returned.kind)
    return frozenset({(kind.value, False)})


def kept(files: Iterable[str], seed: int = 4) -> frozenset[str]:
    """A third of the set, drawn by a seed."""
    names = sorted(files)
    return frozenset(random.Random(seed).sample(names, len(names) // 3))
