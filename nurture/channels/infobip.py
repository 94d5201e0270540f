"""SMS through Infobip (https://www.infobip.com/docs/api/channels/sms)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import IntEnum
from typing import Any, ClassVar

from nurture.channels import proof
from nurture.channels.api import Answer, Api, Call, Provider, posted, read, url
from nurture.channels.base import Envelope, Features, Heard, Outcome, Trouble, Webhook, accepted, outcome
from nurture.channels.phone import About, answered, with_plus, without_plus
from nurture.channels.told import documents, first, instant, key, table, tables, text, together
from nurture.model import Channel
from nurture.settings import ChannelConfig

# https://www.infobip.com/docs/essentials/response-status-and-error-codes
_STATUSES = {
    "REJECTED_NOT_ENOUGH_CREDITS": Trouble.QUOTA,
    "REJECTED_SENDER": Trouble.SETUP,
    "REJECTED_SENDER_IS_NOT_REGISTERED": Trouble.SETUP,
    "REJECTED_SOURCE": Trouble.SETUP,
    "REJECTED_ROUTE_NOT_AVAILABLE": Trouble.SETUP,
    "REJECTED_NETWORK": Trouble.SETUP,
    "REJECTED_DESTINATION": Trouble.INVALID_RECIPIENT,
    "REJECTED_PREFIX_MISSING": Trouble.INVALID_RECIPIENT,
    "REJECTED_INVALID_DESTINATION": Trouble.INVALID_RECIPIENT,
    "REJECTED_DESTINATION_NOT_REGISTERED": Trouble.SETUP,  # a trial account writes to its own numbers only
    "REJECTED_DND": Trouble.OPTED_OUT,
    "REJECTED_DESTINATION_ON_BLACKLIST": Trouble.SUPPRESSED,
    "REJECTED_FLOODING_FILTER": Trouble.RATE,
    "REJECTED_SYSTEM_ERROR": Trouble.SERVER,
}
_ERRORS = {
    "EC_UNKNOWN_SUBSCRIBER": Trouble.INVALID_RECIPIENT,
    "EC_UNIDENTIFIED_SUBSCRIBER": Trouble.INVALID_RECIPIENT,
    "EC_ILLEGAL_SUBSCRIBER": Trouble.INVALID_RECIPIENT,
    "EC_BEARER_SERVICE_NOT_PROVISIONED": Trouble.INVALID_RECIPIENT,
    "EC_TELESERVICE_NOT_PROVISIONED": Trouble.INVALID_RECIPIENT,
    "EC_CALL_BARRED": Trouble.POLICY,
    "EC_FACILITY_NOT_SUPPORTED": Trouble.CONTENT,
    "EC_USER_UNSUBSCRIBED": Trouble.OPTED_OUT,
}
_EXCEPTIONS = {"UNAUTHORIZED": Trouble.AUTH, "TOO_MANY_REQUESTS": Trouble.RATE}


class StatusGroup(IntEnum):
    """What Infobip sorts its statuses into."""

    PENDING = 1
    UNDELIVERABLE = 2
    DELIVERED = 3
    EXPIRED = 4
    REJECTED = 5


def open_carrier(config: ChannelConfig) -> Api:
    """The carrier for the options that `Infobip` explains. Raises NurtureError."""
    return Api(Infobip(config))


class Infobip(Provider):
    """Options: api (the account's own address), key (of the API), callback (the public URL that hears what became of
    each message), webhook_secret (the password that webhooks bear)."""

    name = "infobip"
    api = ""
    known: ClassVar[tuple[str, ...]] = ("key", "callback", "webhook_secret")
    proved_by = "webhook_secret"
    features = Features(tells=("delivered", "bounced", "replied"), proof="a secret of ours")

    def __init__(self, config: ChannelConfig) -> None:
        super().__init__(config)
        self._headers = {"Authorization": f"App {self.options.required('key', '${INFOBIP_KEY}')}"}
        self._callback, self._secret = url(self.options, "callback"), self.options.text("webhook_secret")

    def call(self, envelope: Envelope) -> Call:
        message: dict[str, Any] = {
            "sender": without_plus(envelope.sender),
            "destinations": [{"to": without_plus(envelope.recipient), "messageId": envelope.key}],
            "content": {"text": envelope.body.decode()},
            "webhooks": {"callbackData": envelope.key},
        }
        if self._callback:
            message["webhooks"]["delivery"] = {"url": self._callback}
        return posted("/sms/3/messages", {"messages": [message]}, self._headers)

    def outcome(self, envelope: Envelope, answer: Answer) -> Outcome:
        if answer.ok:
            return _outcome(envelope, answer)
        error = table(table(answer.table.get("requestError")).get("serviceException"))
        code = text(error.get("messageId")) or text(answer.table.get("errorCode"))
        said = error.get("text") or answer.table.get("description")
        return read(envelope, answer, code=code, said=said, trouble=_EXCEPTIONS.get(code))

    def heard(self, webhook: Webhook, now: datetime) -> Heard:
        proof.shared(self._secret, webhook)
        return together(_heard(result, now) for result in _results(webhook.body))


def _outcome(envelope: Envelope, answer: Answer) -> Outcome:
    """What became of the only message of a request: a 200 may still say that it was rejected."""
    message = first(answer.table.get("messages"))
    status = table(message.get("status"))
    if status.get("groupId") in (StatusGroup.UNDELIVERABLE, StatusGroup.REJECTED):
        name = text(status.get("name"))
        trouble = _STATUSES.get(name, Trouble.CONTENT)
        return outcome(envelope, trouble, name, text(status.get("description")))
    return accepted(envelope, str(answer.status), text(message.get("messageId")) or None)


def _results(body: bytes) -> Iterator[Mapping[str, Any]]:
    for document in documents(body):
        yield from tables(document.get("results"))


def _heard(result: Mapping[str, Any], now: datetime) -> Heard:
    id_ = text(result.get("messageId"))
    if "status" not in result:
        at = instant(result.get("receivedAt"), now)
        said = text(result.get("text")) or text(result.get("cleanText"))
        return answered("infobip", Channel.SMS, with_plus(result.get("from")), said, id_, at)
    ours, at = key(result.get("callbackData")), instant(result.get("doneAt"), now)
    about = About("infobip", Channel.SMS, with_plus(result.get("to")), ours, id_, at)
    status, error = table(result["status"]), table(result.get("error"))
    match status.get("groupId"):
        case StatusGroup.DELIVERED:
            return about.delivered()
        case StatusGroup.UNDELIVERABLE | StatusGroup.EXPIRED | StatusGroup.REJECTED:
            name, why = text(status.get("name")), text(error.get("name"))
            return about.failed(_ERRORS.get(why) or _STATUSES.get(name) or Trouble.MAILBOX, why or name)
    return about.taken()
