"""E-mail through SendGrid (https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from nurture.channels import mail, proof
from nurture.channels.api import Answer, Api, Call, Provider, posted, read
from nurture.channels.base import Envelope, Features, Heard, Outcome, Trouble, Webhook, accepted
from nurture.channels.checking import Checked
from nurture.channels.told import (
    KEY,
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

_HOSTS = {"us": "https://api.sendgrid.com", "eu": "https://api.eu.sendgrid.com"}
_SIGNATURE = "x-twilio-email-event-webhook-signature"
_TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
# For a day after an event it is told again where we didn't answer, and nothing says that it is signed anew then:
# https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/troubleshooting
_REPEATED = timedelta(hours=25)
_OFF = {"enable": False}
_TRACKING = {  # ours stand in the mail
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": _OFF,
    "subscription_tracking": _OFF,
    "ganalytics": _OFF,
}
# of mails that it took and did not send: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event; one
# that isn't known says nothing about the address
_DROPPED = {
    "Invalid": Trouble.INVALID_RECIPIENT,
    "Bounced Address": Trouble.SUPPRESSED,
    "Unsubscribed Address": Trouble.OPTED_OUT,
    "Spam Reporting Address": Trouble.OPTED_OUT,
    "Spam Content": Trouble.POLICY,
    "Invalid SMTPAPI header": Trouble.CONTENT,
    "Recipient List over Package Quota": Trouble.QUOTA,
}


def open_carrier(config: ChannelConfig) -> Api:
    """The carrier for the options that `SendGrid` explains. Raises NurtureError."""
    return Api(SendGrid(config))


class SendGrid(Provider):
    """Options: key (of the API, allowed to send mail), region (us or eu), webhook_key (the public key that SendGrid
    shows when its event webhook is signed)."""

    name = "sendgrid"
    regions = _HOSTS
    known: ClassVar[tuple[str, ...]] = ("key", "region", "webhook_key")
    proved_by = "webhook_key"
    features = Features(
        tells=("delivered", "opened", "clicked", "bounced", "complained"), proof="ECDSA signature"
    )

    def __init__(self, config: ChannelConfig) -> None:
        super().__init__(config)
        self._headers = {"Authorization": f"Bearer {self.options.token('key', '${SENDGRID_KEY}')}"}
        self._webhook_key = self.options.text("webhook_key")

    def call(self, envelope: Envelope) -> Call:
        parts = mail.read(envelope.body)
        asked: dict[str, Any] = {
            "personalizations": [{"to": [_address(parts.to)], "custom_args": {KEY: envelope.key}}],
            "from": _address(parts.sender),
            "subject": parts.subject,
            "content": _content(parts),
            "headers": parts.others(),
            "tracking_settings": _TRACKING,
        }
        if parts.reply_to:
            asked["reply_to"] = _address(parts.reply_to)
        return posted("/v3/mail/send", asked, self._headers)

    def question(self) -> Call:
        # https://www.twilio.com/docs/sendgrid/api-reference/api-key-permissions
        return Call("/v3/scopes", b"", self._headers)

    def understood(self, answer: Answer) -> Checked:
        scopes = answer.table.get("scopes")
        if answer.ok and isinstance(scopes, list) and "mail.send" not in scopes:
            return Checked("the key is good, but may not send mail (mail.send)", Trouble.AUTH)
        return super().understood(answer)

    def outcome(self, envelope: Envelope, answer: Answer) -> Outcome:
        if answer.ok:
            return accepted(envelope, str(answer.status), answer.headers.get("x-message-id"))
        error = first(answer.table.get("errors"))
        said, field = text(error.get("message")), text(error.get("field"))
        return read(envelope, answer, said=said, trouble=_trouble(said, field))

    def heard(self, webhook: Webhook, now: datetime) -> Heard:
        signed = webhook.headers.get(_TIMESTAMP, "").encode() + webhook.body
        proof.ecdsa(self._webhook_key, signed, webhook.headers.get(_SIGNATURE, ""))
        proof.timely(webhook.headers.get(_TIMESTAMP, ""), now, _REPEATED)
        return together(_heard(event, now) for event in documents(webhook.body))


def _address(mailbox: mail.Mailbox) -> dict[str, str]:
    named = {"name": mailbox.name} if mailbox.name else {}
    return {"email": mailbox.address, **named}


def _content(parts: mail.Mail) -> list[dict[str, str]]:
    """Plain before HTML, as SendGrid demands; it takes no part that is empty."""
    kinds = (("text/plain", parts.text), ("text/html", parts.html))
    return [{"type": kind, "value": value} for kind, value in kinds if value]


def _trouble(said: str, field: str) -> Trouble | None:
    """SendGrid's errors have no codes: a field of ours, or its words."""
    if "credits exceeded" in said.lower():
        return Trouble.QUOTA
    if field.startswith("personalizations") and ".to" in field:
        return Trouble.INVALID_RECIPIENT
    return Trouble.SETUP if field.startswith("from") else None


def _heard(event: Mapping[str, Any], now: datetime) -> Heard:
    kind, ours = text(event.get("event")), key(event.get(KEY)) or mail.key_in(text(event.get("smtp-id")))
    provider_id = text(event.get("sg_message_id"))
    about = About(
        "sendgrid", text(event.get("email")), ours, provider_id, seconds(event.get("timestamp"), now)
    )
    id_ = text(event.get("sg_event_id")) or identity(provider_id, kind, event.get("timestamp"))
    reason, agent = text(event.get("reason")), text(event.get("useragent"))
    match kind:
        case "delivered":
            return about.delivered(id_)
        case "open":
            return about.opened(id_, agent, proxy=event.get("sg_machine_open") is True)
        case "click":
            return about.clicked(id_, text(event.get("url")), agent)
        case "bounce":  # of type "blocked" it is not the address that was refused, but this mail
            hard = event.get("type") != "blocked"
            return about.bounced(id_, failure(reason, text(event.get("status")), hard=hard))
        case "dropped":
            trouble = _DROPPED.get(reason, Trouble.CONTENT)
            return about.bounced(id_, dropped(trouble, text(event.get("status")) or reason))
        case "spamreport":
            return about.complained(id_)
        case "unsubscribe" | "group_unsubscribe":
            return about.unsubscribed("SendGrid")
        case _:  # processed, deferred, group_resubscribe
            return about.taken()
