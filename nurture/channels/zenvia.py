"""SMS through Zenvia (https://zenvia.github.io/zenvia-openapi-spec/v2/)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from nurture.channels import proof
from nurture.channels.api import Answer, Api, Call, Provider, posted, read
from nurture.channels.base import Envelope, Features, Heard, Outcome, Trouble, Webhook, accepted
from nurture.channels.phone import About, answered, with_plus, without_plus
from nurture.channels.told import documents, first, instant, table, tables, text, together
from nurture.model import Channel
from nurture.settings import ChannelConfig

_ERRORS = {
    "AUTHENTICATION_ERROR": Trouble.AUTH,
    "INSUFFICIENT_CREDITS": Trouble.QUOTA,
    "RATE_LIMIT_EXCEEDED": Trouble.RATE,
}
# what a status names as its cause; Zenvia passes on the words of carriers
_CAUSES = {
    "INVALID_DESTINATION_NUMBER": Trouble.INVALID_RECIPIENT,
    "DESTINATION_NOT_FOUND": Trouble.INVALID_RECIPIENT,
    "BLACKLIST": Trouble.SUPPRESSED,
    "OPT_OUT": Trouble.OPTED_OUT,
    "BLOCKED": Trouble.POLICY,
}


def open_carrier(config: ChannelConfig) -> Api:
    """The carrier for the options that `Zenvia` explains. Raises NurtureError."""
    return Api(Zenvia(config))


class Zenvia(Provider):
    """Options: token (of the API), webhook_secret (what webhooks bear: as `?token=` of their address, or as a header
    `Authorization: Bearer` of the subscription)."""

    name = "zenvia"
    api = "https://api.zenvia.com"
    known: ClassVar[tuple[str, ...]] = ("token", "webhook_secret")
    proved_by = "webhook_secret"
    features = Features(tells=("delivered", "bounced", "replied"), proof="a secret of ours")

    def __init__(self, config: ChannelConfig) -> None:
        super().__init__(config)
        self._headers = {"X-API-TOKEN": self.options.required("token", "${ZENVIA_TOKEN}")}
        self._secret = self.options.text("webhook_secret")

    def call(self, envelope: Envelope) -> Call:
        asked = {
            "from": without_plus(envelope.sender),
            "to": without_plus(envelope.recipient),
            "contents": [{"type": "text", "text": envelope.body.decode()}],
            "externalId": envelope.key,
        }
        return posted("/v2/channels/sms/messages", asked, self._headers)

    def outcome(self, envelope: Envelope, answer: Answer) -> Outcome:
        if answer.ok:
            return accepted(envelope, str(answer.status), text(answer.table.get("id")) or None)
        code, said = text(answer.table.get("code")), answer.table.get("message")
        about = {text(each.get("path")) for each in tables(answer.table.get("details"))}
        trouble = Trouble.INVALID_RECIPIENT if about == {"to"} else _ERRORS.get(code)
        return read(envelope, answer, code=code, said=said, trouble=trouble)

    def heard(self, webhook: Webhook, now: datetime) -> Heard:
        proof.shared(self._secret, webhook)
        return together(_heard(note, now) for note in documents(webhook.body))


def _heard(note: Mapping[str, Any], now: datetime) -> Heard:
    if note.get("type") == "MESSAGE" and note.get("direction") == "IN":
        return _answer(table(note.get("message")), instant(note.get("timestamp"), now))
    if note.get("type") != "MESSAGE_STATUS":
        return Heard()
    status = table(note.get("messageStatus"))
    at, provider_id = instant(status.get("timestamp"), now), text(note.get("messageId"))
    about = About("zenvia", Channel.SMS, None, text(note.get("externalId")) or None, provider_id, at)
    match status.get("code"):
        case "DELIVERED" | "READ":
            return about.delivered()
        case "REJECTED" | "NOT_DELIVERED":
            cause = first(status.get("causes"))
            code = text(cause.get("reason")) or text(cause.get("channelErrorCode"))
            return about.failed(_CAUSES.get(code, Trouble.MAILBOX), code or text(status.get("code")))
    return about.taken()


def _answer(message: Mapping[str, Any], at: datetime) -> Heard:
    said = "\n".join(text(each.get("text")) for each in tables(message.get("contents")))
    phone, id_ = with_plus(message.get("from")), text(message.get("id"))
    return answered("zenvia", Channel.SMS, phone, said, id_, at)
