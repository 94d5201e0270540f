"""E-mail through Postmark (https://postmarkapp.com/developer/api/email-api)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from nurture.channels import mail, proof
from nurture.channels.api import Answer, Call, Provider, SearchingApi, posted, read
from nurture.channels.base import Envelope, Features, Heard, Outcome, Sought, Trouble, Webhook, accepted
from nurture.channels.told import (
    KEY,
    About,
    documents,
    dropped,
    failure,
    identity,
    instant,
    key,
    table,
    tables,
    text,
    together,
)
from nurture.settings import ChannelConfig

# https://postmarkapp.com/developer/api/overview#error-codes
_ERRORS = {
    10: Trouble.AUTH,
    100: Trouble.SERVER,  # maintenance
    400: Trouble.SETUP,  # sender signature not found
    401: Trouble.SETUP,  # or not confirmed
    405: Trouble.QUOTA,  # out of credits
    406: Trouble.SUPPRESSED,  # inactive recipient
    412: Trouble.QUOTA,  # account is pending
    413: Trouble.QUOTA,  # account may not send
    429: Trouble.RATE,
    1235: Trouble.SETUP,  # no such message stream
}
_INVALID = 300

# https://postmarkapp.com/developer/api/bounce-api#bounce-types: permanent or not, and why if the name says it
_BOUNCES: Mapping[str, tuple[bool, str]] = {
    "HardBounce": (True, ""),
    "BadEmailAddress": (True, "unknown_user"),
    "AddressChange": (True, "moved"),
    "ManuallyDeactivated": (True, "disabled"),
    "Unconfirmed": (False, "policy"),
    "SoftBounce": (False, ""),
    "DnsError": (False, ""),
    "Undeliverable": (False, ""),
    "Unknown": (False, ""),
    "Blocked": (False, "reputation"),
    "SpamNotification": (False, "spam"),
    "VirusNotification": (False, "content"),
    "ChallengeVerification": (False, "filtered"),
    "DMARCPolicy": (False, "authentication"),
    "SMTPApiError": (False, "system"),
    "TemplateRenderingFailed": (False, "content"),
}


def open_carrier(config: ChannelConfig) -> SearchingApi:
    """The carrier for the options that `Postmark` explains. Raises NurtureError."""
    return SearchingApi(Postmark(config))


class Postmark(Provider):
    """Options: token (of the server), stream (for mails without an unsubscribe link) and broadcast_stream (for those
    with one), webhook_secret (the password that webhooks bear)."""

    name = "postmark"
    api = "https://api.postmarkapp.com"
    known: ClassVar[tuple[str, ...]] = ("token", "stream", "broadcast_stream", "webhook_secret")
    proved_by = "webhook_secret"
    features = Features(
        searched=True,
        tells=("delivered", "opened", "clicked", "bounced", "complained"),
        proof="a secret of ours",
        notes="Broadcast streams have an unsubscribe of Postmark's own: where it was used, its webhook tells."
        " Open tracking that is switched on for the whole server cannot be switched off for a mail.",
    )

    def __init__(self, config: ChannelConfig) -> None:
        super().__init__(config)
        self._headers = {
            "X-Postmark-Server-Token": self.options.token("token", "${POSTMARK_TOKEN}"),
        }
        self._streams = (
            self.options.text("stream", "outbound"),
            self.options.text("broadcast_stream", "broadcast"),
        )
        self._secret = self.options.text("webhook_secret")

    def call(self, envelope: Envelope) -> Call:
        parts = mail.read(envelope.body)
        # without X-PM-KeepID the Message-ID would be replaced
        headers = {**parts.others(), "X-PM-KeepID": "true"}
        asked: dict[str, Any] = {
            "From": parts.sender.written,
            "To": parts.to.written,
            "Subject": parts.subject,
            "TextBody": parts.text,
            "HtmlBody": parts.html,
            "Headers": [{"Name": name, "Value": value} for name, value in headers.items()],
            "Metadata": {KEY: envelope.key},
            "TrackOpens": False,  # ours stand in the mail
            "TrackLinks": "None",
            "MessageStream": self._streams[parts.marketing],
        }
        if parts.reply_to:
            asked["ReplyTo"] = parts.reply_to.written
        return posted("/email", asked, self._headers)

    def question(self) -> Call:
        # https://postmarkapp.com/developer/api/server-api
        return Call("/server", b"", {"Accept": "application/json", **self._headers})

    def outcome(self, envelope: Envelope, answer: Answer) -> Outcome:
        code, said = answer.table.get("ErrorCode"), text(answer.table.get("Message"))
        if answer.ok and not code:
            return accepted(envelope, str(answer.status), text(answer.table.get("MessageID")) or None)
        trouble = _invalid(said) if code == _INVALID else _ERRORS.get(code if isinstance(code, int) else 0)
        return read(envelope, answer, code=code, said=said, trouble=trouble)

    def lookups(self, sought: Sought) -> Sequence[Call]:
        # https://postmarkapp.com/developer/api/messages-api: what a recipient got since then, by stream
        about = {
            "count": 50,
            "offset": 0,
            "recipient": sought.recipient,
            "fromdate": f"{sought.handed_at - timedelta(days=1):%Y-%m-%d}",
        }
        paths = (
            f"/messages/outbound?{urlencode(about | {'messagestream': stream})}" for stream in self._streams
        )
        return [Call(path, b"", {**self._headers, "Accept": "application/json"}) for path in paths]

    def found(self, sought: Sought, answer: Answer) -> str | None:
        for message in tables(answer.table.get("Messages")):
            if table(message.get("Metadata")).get(KEY) == sought.key:
                return text(message.get("MessageID")) or None
        return None

    def heard(self, webhook: Webhook, now: datetime) -> Heard:
        proof.shared(self._secret, webhook)
        return together(_heard(note, now) for note in documents(webhook.body))


def _invalid(said: str) -> Trouble:
    """Error 300 is about an address or about the mail; its words say which."""
    if "'To'" in said:
        return Trouble.INVALID_RECIPIENT
    return Trouble.SETUP if "'From'" in said else Trouble.CONTENT


def _heard(note: Mapping[str, Any], now: datetime) -> Heard:
    kind, provider_id = text(note.get("RecordType")), text(note.get("MessageID"))
    when = next((note[name] for name in _WHEN if name in note), None)
    recipient = text(note.get("Recipient")) or text(note.get("Email"))
    ours = key(table(note.get("Metadata")).get(KEY))
    about = About("postmark", recipient, ours, provider_id, instant(when, now))
    id_ = identity(provider_id, kind, when, note.get("OriginalLink"))
    match kind:
        case "Delivery":
            return about.delivered(id_)
        case "Open":
            return about.opened(id_, text(note.get("UserAgent")))
        case "Click":
            return about.clicked(id_, text(note.get("OriginalLink")), text(note.get("UserAgent")))
        case "Bounce":
            return _bounce(about, note)
        case "SpamComplaint":
            return about.complained(f"{provider_id}:complained")
        case "SubscriptionChange" if note.get("SuppressSending") is True:
            return _closed(about, text(note.get("SuppressionReason")))
        case _:  # subscribed again, an inbound mail
            return about.taken()


_WHEN = ("DeliveredAt", "BouncedAt", "ChangedAt", "ReceivedAt")


def _closed(about: About, why: str) -> Heard:
    """Postmark writes to the address no more. A complaint's own note is the same event, in whatever order they come; a
    bounce's own note says why, and that alone decides whether we close the address too."""
    if why == "HardBounce":
        listed = replace(dropped(Trouble.SUPPRESSED, why), suppress=None)
        return about.bounced(f"{about.provider_id}:listed", listed)
    if why == "SpamComplaint":
        return about.complained(f"{about.provider_id}:complained")
    return about.unsubscribed("Postmark")


def _bounce(about: About, note: Mapping[str, Any]) -> Heard:
    kind, said = text(note.get("Type")), text(note.get("Details"))
    if kind == "Unsubscribe":
        return about.unsubscribed("Postmark")
    if kind not in _BOUNCES:  # still tried, an auto-reply, a test
        return about.taken()
    hard, reason = _BOUNCES[kind]
    return about.bounced(f"{about.provider_id}:bounced", failure(said, hard=hard, reason=reason, code=kind))
