"""SMS through Infobip (https://www.infobip.com/docs/api/channels/sms)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import IntEnum
from typing import Any, ClassVar

from nurture.channels import proof
from nurture.channels.api import Answer, Api, Call, Provider, posted, read, url
from nurture.channels.base import Envelope, Features, Heard, Outcome, Trouble, Webhook, accepted, outcome
from nurture.channels.checking import Checked
from nurture.channels.phone import About, answered, with_plus, without_plus
from nurture.channels.told import documents, first, instant, key, table, tables, text, together
from nurture.model import Channel
from nurture.settings import ChannelConfig

# https://www.infobip.com/docs/essentials/api-essentials/response-status-and-error-codes: by id, since names changed
_STATUSES = {
    6: Trouble.SETUP,  # a network that isn't set up for the account
    8: Trouble.INVALID_RECIPIENT,  # no such prefix, or other digits than it has
    10: Trouble.OPTED_OUT,  # listed as not to be disturbed
    11: Trouble.SETUP,
    12: Trouble.QUOTA,
    13: Trouble.SETUP,
    14: Trouble.SUPPRESSED,
    17: Trouble.QUOTA,
    18: Trouble.SETUP,  # a trial account writes to its own numbers only
    19: Trouble.SETUP,
    20: Trouble.RATE,
    21: Trouble.SERVER,
    52: Trouble.INVALID_RECIPIENT,
    87: Trouble.POLICY,
    100: Trouble.SERVER,
}
_DELIVERED_TO_OPERATOR = 2  # belongs to the group of what is delivered, and the phone doesn't have it yet
_NO_ERROR = "NO_ERROR"
_DUPLICATE = 23  # there is a message with this id, which is our key: Infobip took it before
_ERRORS = {
    "EC_UNKNOWN_SUBSCRIBER": Trouble.INVALID_RECIPIENT,
    "EC_INVALID_REQUEST_DESTINATION": Trouble.INVALID_RECIPIENT,
    "EC_DEACTIVATED_LIST": Trouble.INVALID_RECIPIENT,
    "EC_TELESERVICE_NOT_PROVISIONED": Trouble.INVALID_RECIPIENT,
    "EC_DESTINATION_NOT_SMS_PROVISIONED": Trouble.INVALID_RECIPIENT,
    "EC_DEST_ADDRESS_UNABLE_TO_RECEIVE_SMS": Trouble.INVALID_RECIPIENT,
    "EC_SC_BLOCKED_BY_END_USER": Trouble.OPTED_OUT,
    "EC_CONTENT_BLOCKED": Trouble.OPTED_OUT,  # an answer STOP
    "EC_BLACKLISTED_DESTINATIONADDRESS": Trouble.SUPPRESSED,
    "EC_BLOCKED_BY_CAMPAIGN_BLACKLIST": Trouble.SUPPRESSED,
    "EC_REJECTED_SPAM_BY_OPERATOR": Trouble.POLICY,
    "EC_CONTENT_BLOCKED_BY_OPERATOR": Trouble.POLICY,
    "EC_SC_BLOCKED_FOR_END_USER": Trouble.POLICY,
    "EC_SIGNALS_BLOCKED": Trouble.POLICY,
    "EC_MSG_TEXT_TOO_LONG": Trouble.CONTENT,
    "EC_INVALID_SOURCE_ADDRESS": Trouble.SETUP,
    "EC_BLACKLISTED_SENDERADDRESS": Trouble.SETUP,
    "EC_CAMPAIGNID_NOT_PROVISIONED": Trouble.SETUP,
    "EC_SC_NOT_PROVISIONED": Trouble.SETUP,
    "EC_SC_EXPIRED": Trouble.SETUP,
    "EC_SC_BLOCKED": Trouble.SETUP,
    "EC_TF_NUMBER_NOT_VERIFIED": Trouble.SETUP,
    "EC_ACCOUNT_ACCESS_DENIED": Trouble.QUOTA,
    "EC_MONTHLY_LIMIT_REACHED": Trouble.QUOTA,
    "EC_QUOTA_REACHED": Trouble.QUOTA,
    "EC_SIGNALS_HARD_LIMIT_REACHED": Trouble.QUOTA,
    "EC_10DLC_LIMIT_REACHED": Trouble.QUOTA,
    "EC_LIMIT_REACHED": Trouble.RATE,
    "EC_DESTINATION_FLOODING": Trouble.RATE,
    "EC_DESTINATION_TXT_FLOODING": Trouble.RATE,
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
    known: ClassVar[tuple[str, ...]] = ("key", "callback", "webhook_secret")
    proved_by = "webhook_secret"
    features = Features(
        tells=("delivered", "bounced", "replied"),
        proof="a secret of ours",
        notes="Infobip refuses a second message with the same id; for how long, it doesn't say.",
    )

    def __init__(self, config: ChannelConfig) -> None:
        super().__init__(config)
        self._headers = {"Authorization": f"App {self.options.token('key', '${INFOBIP_KEY}')}"}
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

    def question(self) -> Call:
        # https://dev.infobip.com/settings/account-balance
        return Call("/account/1/balance", b"", {"Accept": "application/json", **self._headers})

    def understood(self, answer: Answer) -> Checked:
        if answer.status == 401:
            advice = (
                "Copy the key anew, and compare api with the base URL that Infobip shows for the account."
            )
            return Checked("infobip answers 401: it does not know the key", Trouble.AUTH, advice)
        # https://www.infobip.com/docs/developer-resources/authentication-and-access/authorization-and-scopes
        if answer.status == 403:
            advice = (
                "Sending needs the scope sms:message:send. Has the key that, try it with nurture send-test."
            )
            return Checked("infobip knows our key, which may not ask about the account", advice=advice)
        return super().understood(answer)

    def outcome(self, envelope: Envelope, answer: Answer) -> Outcome:
        if answer.ok:
            return _outcome(envelope, answer)
        error = table(table(answer.table.get("requestError")).get("serviceException"))
        code = text(error.get("messageId")) or text(answer.table.get("errorCode"))
        said = error.get("text") or answer.table.get("description")
        wrong = [text(each.get("property")) for each in tables(answer.table.get("violations"))]
        about_the_number = bool(wrong) and all(each.endswith(".to") for each in wrong)
        trouble = Trouble.INVALID_RECIPIENT if about_the_number else _EXCEPTIONS.get(code)
        return read(envelope, answer, code=code, said=said, trouble=trouble)

    def heard(self, webhook: Webhook, now: datetime) -> Heard:
        proof.shared(self._secret, webhook)
        return together(_heard(result, now) for result in _results(webhook.body))


def _outcome(envelope: Envelope, answer: Answer) -> Outcome:
    """What became of the only message of a request: a 200 may still say that it was rejected."""
    message = first(answer.table.get("messages"))
    status = table(message.get("status"))
    taken = status.get("groupId") not in (StatusGroup.UNDELIVERABLE, StatusGroup.REJECTED)
    if not taken and status.get("id") != _DUPLICATE:
        trouble = _trouble(status) or Trouble.CONTENT
        return outcome(envelope, trouble, text(status.get("name")), text(status.get("description")))
    return accepted(envelope, str(answer.status), text(message.get("messageId")) or None)


def _trouble(status: Mapping[str, Any]) -> Trouble | None:
    id_ = status.get("id")
    return _STATUSES.get(id_) if isinstance(id_, int) else None


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
    if status.get("id") in (_DELIVERED_TO_OPERATOR, _DUPLICATE):
        return about.taken()
    match status.get("groupId"):
        case StatusGroup.DELIVERED:
            return about.delivered()
        case StatusGroup.UNDELIVERABLE | StatusGroup.EXPIRED | StatusGroup.REJECTED:
            name, why = text(status.get("name")), text(error.get("name"))
            trouble = _ERRORS.get(why) or _trouble(status) or Trouble.MAILBOX
            return about.failed(trouble, why if why not in ("", _NO_ERROR) else name)
    return about.taken()
