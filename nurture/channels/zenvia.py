"""SMS through Zenvia (https://zenvia.github.io/zenvia-openapi-spec/v2/)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from nurture.channels import proof
from nurture.channels.api import Answer, Api, Call, Provider, posted, read
from nurture.channels.base import Envelope, Features, Heard, Outcome, Trouble, Webhook, accepted
from nurture.channels.checking import Checked
from nurture.channels.phone import About, answered, with_plus, without_plus
from nurture.channels.told import documents, first, instant, key, table, tables, text, together
from nurture.model import Channel
from nurture.settings import ChannelConfig


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
    features = Features(
        tells=("delivered", "bounced", "replied"),
        proof="a secret of ours",
        notes="Zenvia passes on what carriers say in their own words: a number that doesn't exist is told like a phone"
        " that is off, and stays. No way is documented to have repeats dropped: `externalId` only names the message in"
        " what Zenvia tells of it, and its reports hold sums, not messages.",
    )

    def __init__(self, config: ChannelConfig) -> None:
        super().__init__(config)
        self._headers = {"X-API-TOKEN": self.options.token("token", "${ZENVIA_TOKEN}")}
        self._secret = self.options.text("webhook_secret")

    def call(self, envelope: Envelope) -> Call:
        asked = {
            "from": without_plus(envelope.sender),
            "to": without_plus(envelope.recipient),
            "contents": [{"type": "text", "text": envelope.body.decode()}],
            "externalId": envelope.key,
        }
        return posted("/v2/channels/sms/messages", asked, self._headers)

    def question(self) -> Call:
        # https://zenvia.github.io/zenvia-openapi-spec/v2/#tag/Webhooks
        return Call("/v2/subscriptions", b"", {"Accept": "application/json", **self._headers})

    def understood(self, answer: Answer) -> Checked:
        if answer.status in (401, 403):
            advice = "Copy the token anew from Zenvia's console, under Developers, Tokens and webhooks."
            return Checked(
                f"zenvia answers {answer.status}: it does not take the token", Trouble.AUTH, advice
            )
        return super().understood(answer)

    def outcome(self, envelope: Envelope, answer: Answer) -> Outcome:
        if answer.ok:
            return accepted(envelope, str(answer.status), text(answer.table.get("id")) or None)
        code, said = text(answer.table.get("code")), answer.table.get("message")
        about = {text(each.get("path")) for each in tables(answer.table.get("details"))}
        trouble = Trouble.INVALID_RECIPIENT if about == {"to"} else None
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
    message = table(note.get("message"))  # in older notes only its id stands, as `messageId`
    at, provider_id = (
        instant(status.get("timestamp"), now),
        text(message.get("id")) or text(note.get("messageId")),
    )
    ours = key(message.get("externalId")) or key(note.get("externalId"))
    about = About("zenvia", Channel.SMS, with_plus(message.get("to")), ours, provider_id, at)
    match status.get("code"):
        case "DELIVERED" | "READ":
            return about.delivered()
        case "REJECTED" | "NOT_DELIVERED" as kind:
            code = text(first(status.get("causes")).get("channelErrorCode")) or kind
            return about.failed(Trouble.POLICY if kind == "REJECTED" else Trouble.MAILBOX, code)
    return about.taken()


def _answer(message: Mapping[str, Any], at: datetime) -> Heard:
    said = "\n".join(text(each.get("text")) for each in tables(message.get("contents")))
    phone, id_ = with_plus(message.get("from")), text(message.get("id"))
    return answered("zenvia", Channel.SMS, phone, said, id_, at)
