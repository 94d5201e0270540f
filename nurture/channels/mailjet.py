"""E-mail through Mailjet's Send API v3.1 (https://dev.mailjet.com/email/guides/send-api-v31/)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

from nurture.channels import mail, proof
from nurture.channels.api import Answer, Call, Provider, SearchingApi, basic, posted, read
from nurture.channels.base import Envelope, Features, Heard, Outcome, Sought, Trouble, Webhook, accepted
from nurture.channels.told import (
    About,
    documents,
    dropped,
    failure,
    first,
    identity,
    key,
    seconds,
    text,
    together,
)
from nurture.settings import ChannelConfig

_REFUSED_HEADERS = ("Message-ID",)  # of ours

# https://dev.mailjet.com/email/guides/send-api-v31/#send-api-errors
_ERRORS = {
    "mj-0001": Trouble.QUOTA,  # the key is suspended
    "mj-0015": Trouble.AUTH,
    "send-0006": Trouble.SETUP,
    "send-0007": Trouble.SETUP,
    "send-0008": Trouble.SETUP,  # the sender is not validated
}
_INVALID_ADDRESS = "mj-0013"

# https://dev.mailjet.com/email/guides/webhooks/#possible-values-for-errors
_REASONS = {
    "user unknown": "unknown_user",
    "mailbox inactive": "disabled",
    "quota exceeded": "full",
    "invalid domain": "unknown_host",
    "no mail host": "unknown_host",
    "relay/access denied": "policy",
    "greylisted": "rate",
    "typofix": "unknown_host",
    "sender blocked": "reputation",
    "content blocked": "spam",
    "policy issue": "policy",
    "system issue": "system",
    "protocol issue": "system",
    "connection issue": "system",
}
_DROPPED = {
    "preblocked": Trouble.SUPPRESSED,
    "blacklisted": Trouble.SUPPRESSED,
    "spam reporter": Trouble.OPTED_OUT,
    "duplicate in campaign": Trouble.CONTENT,
}


def open_carrier(config: ChannelConfig) -> SearchingApi:
    """The carrier for the options that `Mailjet` explains. Raises NurtureError."""
    return SearchingApi(Mailjet(config))


class Mailjet(Provider):
    """Options: key and secret (of the API), webhook_secret (the password that webhooks bear)."""

    name = "mailjet"
    api = "https://api.mailjet.com"
    known: ClassVar[tuple[str, ...]] = ("key", "secret", "webhook_secret")
    proved_by = "webhook_secret"
    features = Features(
        searched=True,
        tells=("delivered", "opened", "clicked", "bounced", "complained"),
        proof="a secret of ours",
        notes="Sets a Message-ID of its own.",
    )

    def __init__(self, config: ChannelConfig) -> None:
        super().__init__(config)
        options = self.options
        key_, secret = (
            options.required("key", "${MAILJET_KEY}"),
            options.required("secret", "${MAILJET_SECRET}"),
        )
        self._headers = {"Authorization": basic(key_, secret)}
        self._secret = options.text("webhook_secret")

    def call(self, envelope: Envelope) -> Call:
        parts = mail.read(envelope.body)
        message: dict[str, Any] = {
            "From": _address(parts.sender),
            "To": [_address(parts.to)],
            "Subject": parts.subject,
            "Headers": parts.others(*_REFUSED_HEADERS),
            "CustomID": envelope.key,
            "TrackOpens": "disabled",  # ours stand in the mail
            "TrackClicks": "disabled",
        }
        if parts.text:
            message["TextPart"] = parts.text
        if parts.html:
            message["HTMLPart"] = parts.html
        if parts.reply_to:
            message["ReplyTo"] = _address(parts.reply_to)
        return posted("/v3.1/send", {"Messages": [message]}, self._headers)

    def question(self) -> Call:
        # https://dev.mailjet.com/email/reference/sender-addresses-and-domains/sender/
        return Call("/v3/REST/sender?Limit=1", b"", self._headers)

    def outcome(self, envelope: Envelope, answer: Answer) -> Outcome:
        said = first(answer.table.get("Messages"))
        if answer.ok and said.get("Status") == "success":
            recipient = first(said.get("To"))
            return accepted(envelope, str(answer.status), text(recipient.get("MessageID")) or None)
        error = first(said.get("Errors")) or answer.table  # of this message, or of the whole request
        code, words = text(error.get("ErrorCode")), text(error.get("ErrorMessage"))
        status = error.get("StatusCode")
        own = Answer(status) if isinstance(status, int) else answer
        return read(envelope, own, code=code, said=words, trouble=_trouble(code, error))

    def lookups(self, sought: Sought) -> Sequence[Call]:
        # https://dev.mailjet.com/email/guides/send-api-v31/#send-with-a-custom-id
        return [Call(f"/v3/REST/message?{urlencode({'CustomID': sought.key})}", b"", self._headers)]

    def found(self, sought: Sought, answer: Answer) -> str | None:
        return text(first(answer.table.get("Data")).get("ID")) or None

    def heard(self, webhook: Webhook, now: datetime) -> Heard:
        proof.shared(self._secret, webhook)
        return together(_heard(event, now) for event in documents(webhook.body))


def _address(mailbox: mail.Mailbox) -> dict[str, str]:
    named = {"Name": mailbox.name} if mailbox.name else {}
    return {"Email": mailbox.address, **named}


def _trouble(code: str, error: Mapping[str, Any]) -> Trouble | None:
    if code != _INVALID_ADDRESS:
        return _ERRORS.get(code)
    about = error.get("ErrorRelatedTo")
    ours = isinstance(about, list) and any(text(each).startswith("From") for each in about)
    return Trouble.SETUP if ours else Trouble.INVALID_RECIPIENT


def _heard(event: Mapping[str, Any], now: datetime) -> Heard:
    kind, provider_id, at = text(event.get("event")), text(event.get("MessageID")), event.get("time")
    about = About(
        "mailjet", text(event.get("email")), key(event.get("CustomID")), provider_id, seconds(at, now)
    )
    id_, agent = identity(provider_id, kind, at, event.get("url")), text(event.get("agent"))
    match kind:
        case "sent":
            return about.delivered(id_)
        case "open":
            return about.opened(id_, agent)
        case "click":
            return about.clicked(id_, text(event.get("url")), agent)
        case "bounce" | "blocked":
            return _failed(about, id_, kind, event)
        case "spam":
            return about.complained(id_)
        case "unsub":
            return about.unsubscribed("Mailjet")
        case _:
            return about.taken()


def _failed(about: About, id_: str, kind: str, event: Mapping[str, Any]) -> Heard:
    """A bounce, or what Mailjet did not even try. What is greylisted it tries again."""
    error, said = text(event.get("error")), text(event.get("comment"))
    if error in _DROPPED:
        return about.bounced(id_, dropped(_DROPPED[error], error, said))
    hard = event.get("hard_bounce") is True
    if error == "greylisted" and not hard:
        return about.taken()
    reason = _REASONS.get(error, "")
    if kind == "blocked":  # of these only the reason says whether the address is wrong
        return about.bounced(id_, failure(said, reason=reason, code=error))
    return about.bounced(id_, failure(said, hard=hard, reason=reason, code=error))
