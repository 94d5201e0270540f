"""Delivery reports: `message/delivery-status` of RFC 3464, also where its fields stand in plain text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from nurture.channels.returns import codes, providers
from nurture.channels.returns.judging import Failure, failure, is_of_policy
from nurture.channels.returns.mail import Headers, Mail, fields

STATUS_KINDS = ("message/delivery-status", "message/global-delivery-status")
_ARRIVED = frozenset({"delivered", "relayed", "expanded", "deliverable"})
_TYPED = re.compile(r"^[\w.-]+\s*;\s*")
_BLOCKS = re.compile(r"\n[ \t]*\n")
_MOST_RECIPIENTS = 100


def recipients(mail: Mail) -> list[Headers]:
    """The blocks of fields about one recipient each, in every place where they may stand."""
    texts = mail.texts(*STATUS_KINDS) or [text for text in mail.texts("text/plain") if _looks_so(text)]
    blocks = [fields(block) for text in texts for block in _BLOCKS.split(text)]
    about = [block for block in blocks if "action" in block or "final-recipient" in block]
    return [block for block in about if "status" in block or "action" in block][:_MOST_RECIPIENTS]


def _looks_so(text: str) -> bool:
    return "final-recipient:" in text.lower() and "action:" in text.lower()


def has_arrived(block: Headers) -> bool:
    """Whether this recipient got the mail, or another server took it over."""
    return _first(block, "action").lower() in _ARRIVED


def read(block: Headers, context: str, told: Mapping[str, str]) -> Failure:
    """What a block says of its recipient. `context` is what the mail tells a reader beside it, and `told` what
    it tells of each recipient: where a report says little, that may say more. What a sender or a program makes of a
    refusal by policy changes nothing."""
    said = " ".join(
        untyped(value) for name in ("diagnostic-code", "x-error-details") for value in block.get(name, ())
    )
    recipient = untyped(_first(block, "original-recipient") or _first(block, "final-recipient")).strip("<> ")
    status = next((value for value in block.get("status", ()) if value.strip()), "")
    delayed = _first(block, "action").lower() == "delayed"
    comment = status.partition("(")[2].rstrip(")")
    reported = bool(said)
    if not said and codes.exact(status.split(" ")[0]) is None:
        said = told.get(recipient.lower(), "")
    found = failure(recipient, said or comment, status, context, delayed, reported)
    if is_of_policy(said, status):
        return found
    program = (providers.of_program(value) for value in block.get("diagnostic-code", ()))
    reason = providers.category(block) or next((each for each in program if each), None)
    return replace(found, reason=reason) if reason is not None else found


def _first(block: Headers, name: str) -> str:
    return next(iter(block.get(name, ())), "").strip()


def untyped(value: str) -> str:
    """`smtp; 550 no` without its type."""
    return _TYPED.sub("", value.strip())
