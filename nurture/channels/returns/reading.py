"""What a mail that came back is, and which of our messages it speaks of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from nurture.channels.returns import answers, auto_replies, complaints, free_text, reports
from nurture.channels.returns.judging import Failure
from nurture.channels.returns.mail import Mail, fields, take_apart


class Kind(StrEnum):
    """What a mail that came back is."""

    BOUNCE = "bounce"
    DELAY = "delay"  # the server is still trying
    DELIVERED = "delivered"  # a report that all went well
    COMPLAINT = "complaint"
    FEEDBACK = "feedback"  # of a provider, but nobody complained
    AUTO_REPLY = "auto_reply"
    ABSENCE = "absence"  # by its words alone an automatic reply
    OTHER = "other"  # a person's mail, or nothing that we know


@dataclass(frozen=True, slots=True)
class Returned:
    """A mail that came back.

    `to` are the addresses at which it arrived, and `sent_by` the return paths of the mail that it returns: any of them
    may be one of ours. `about` are the Message-IDs of that mail, and `answers` those that it answers.
    """

    kind: Kind
    failures: tuple[Failure, ...] = ()
    to: tuple[str, ...] = ()
    sent_by: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    message_id: str = ""
    date: str = ""  # its Date header
    stop: bool = False  # a person's answer that asks for no more messages


_ENVELOPE = (
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-delivered-to",
    "x-rcpt-to",
    "to",
    "cc",
)
_RETURNED = (
    "message/rfc822",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global",
    "message/global-headers",
)
_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:]{1,200}@[A-Za-z0-9.-]{1,253}")
_ID = re.compile(r"<([^\s<>]{1,400})>")
_MESSAGE_ID = re.compile(r"(?im)^[>| \t]*(?:original-)?message-id:\s*<([^\s<>]{1,400})>")
_MOST = 50


def read(raw: bytes) -> Returned:
    """What these bytes are, as a mail that came back. Never raises for what is in them."""
    mail = take_apart(raw)
    kind, failures = _what(mail)
    return Returned(
        kind,
        tuple(failures),
        to=_addresses(mail),
        sent_by=_return_paths(mail) if kind is not Kind.OTHER else (),
        about=_ids_returned(mail) if kind is not Kind.OTHER else (),
        answers=tuple(_ID.findall(f"{mail.header('in-reply-to')} {mail.header('references')}"))[-_MOST:],
        message_id=next(iter(_ID.findall(mail.header("message-id"))), ""),
        date=mail.header("date")[:100],
        stop=kind is Kind.OTHER and answers.ask_for_silence(mail),
    )


def _what(mail: Mail) -> tuple[Kind, list[Failure]]:
    if complaints.is_report(mail):
        return (Kind.COMPLAINT if complaints.is_complaint(mail) else Kind.FEEDBACK), []
    if blocks := reports.recipients(mail):
        context = free_text.told(mail)
        told = free_text.by_recipient(context)
        failures = [reports.read(block, context, told) for block in blocks if not reports.has_arrived(block)]
        if len(blocks) == 1:
            failures = [free_text.gentler(each, context) for each in failures]
        return (_of_failures(failures) if failures else Kind.DELIVERED), failures
    if free_text.is_bounce(mail):
        failures = free_text.read(mail)
        return _of_failures(failures), failures
    if auto_replies.is_marked(mail):
        return Kind.AUTO_REPLY, []
    return (Kind.ABSENCE if auto_replies.sounds_so(mail) else Kind.OTHER), []


def _of_failures(failures: list[Failure]) -> Kind:
    return Kind.DELAY if all(each.delayed for each in failures) else Kind.BOUNCE


def _addresses(mail: Mail) -> tuple[str, ...]:
    found = (
        address
        for name in _ENVELOPE
        for value in mail.headers.get(name, ())
        for address in _ADDRESS.findall(value)
    )
    return tuple(dict.fromkeys(found))[:_MOST]


def _return_paths(mail: Mail) -> tuple[str, ...]:
    """Envelope senders that the returned mail names, or a report about it (Original-Mail-From: RFC 5965, 3.2)."""
    named = {"return-path": mail.texts(*_RETURNED), "original-mail-from": mail.texts(complaints.KIND)}
    found = (
        address
        for name, texts in named.items()
        for text in texts
        for value in fields(text).get(name, ())
        for address in _ADDRESS.findall(value)
    )
    return tuple(dict.fromkeys(found))[:_MOST]


def _ids_returned(mail: Mail) -> tuple[str, ...]:
    """Message-IDs in the mail that was returned, be it a part of its own or copied into the text."""
    ids = [value for text in mail.texts(*_RETURNED) for value in fields(text).get("message-id", ())]
    texts = mail.texts("text/plain", "text/html", complaints.KIND, *reports.STATUS_KINDS)
    copied = [found for text in texts for found in _MESSAGE_ID.findall(text)]
    return tuple(dict.fromkeys([*(found for value in ids for found in _ID.findall(value)), *copied]))[:_MOST]
