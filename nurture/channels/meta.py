"""WhatsApp through Meta's Cloud API (https://developers.facebook.com/docs/whatsapp/cloud-api)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar

from nurture import whatsapp
from nurture.channels import proof
from nurture.channels.api import Answer, Api, Call, Provider, posted, read
from nurture.channels.base import (
    Envelope,
    Features,
    Heard,
    Outcome,
    Preference,
    Trouble,
    Webhook,
    accepted,
)
from nurture.channels.checking import Checked
from nurture.channels.phone import About, answered, with_plus, without_plus
from nurture.channels.told import documents, first, key, seconds, table, tables, text, together
from nurture.model import Channel, Person
from nurture.settings import ChannelConfig

_VERSION = "v23.0"
_ID = re.compile(r"\d{5,20}")

# https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
_CODES: dict[Trouble, tuple[int, ...]] = {
    Trouble.AUTH: (0, 3, 10, 190, 131005, *range(200, 300)),
    # not on WhatsApp, or on one that is too old, or its new terms aren't accepted: that may change
    Trouble.MAILBOX: (131026,),
    # asked for no more marketing
    Trouble.OPTED_OUT: (131050,),
    # held back so that people aren't written to too often, outside the window, an experiment, a country
    Trouble.POLICY: (131049, 131047, 130472, 130497),
    # parameters, text, language or form of a template; a file; ourselves as recipient
    Trouble.CONTENT: (
        *(100, 131008, 131009, 131021, 131051, 131052, 131053),
        *(132000, 132005, 132007, 132012, 132018, 135000),
    ),
    # no such template, paused or disabled; a blocked flow; our number isn't registered, has no name, or is gone;
    # marketing is switched off for this API
    Trouble.SETUP: (33, 131037, 131045, 131063, 132001, 132015, 132016, 132068, 133006, 133010, 134011),
    # blocked, locked, not paid, templates in the wrong category
    Trouble.QUOTA: (368, 131031, 131042, 131064),
    Trouble.RATE: (4, 80007, 130429, 131048, 131056, 132069, 133016),
    Trouble.SERVER: (2, 131016, 131057, 133004, 133015),
}
# https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/user_preferences
_WISHES = {"stop": False, "resume": True}
_WENT_WRONG = 131000  # for reasons that Meta doesn't know
# to a question: the number isn't there, isn't ours, or may not be asked about
_NOT_SHOWN = (10, 100, *range(200, 300))
_ADVICE = (
    "Compare phone_number_id with Meta's console. Is it right, the token may lack whatsapp_business_management, "
    "which sending doesn't need: try it with nurture send-test."
)
_BY_CODE = {code: trouble for trouble, codes in _CODES.items() for code in codes}


def open_carrier(config: ChannelConfig) -> Api:
    """The carrier for the options that `Meta` explains. Raises NurtureError."""
    return Api(Meta(config))


class Meta(Provider):
    """Options: phone_number_id (of the sender, as Meta's console shows it), token (of a system user), app_secret (checks
    webhooks), verify_token (what Meta is to name when it asks whether the webhook's address is ours)."""

    name = "meta"
    api = f"https://graph.facebook.com/{_VERSION}"
    known: ClassVar[tuple[str, ...]] = ("phone_number_id", "token", "app_secret", "verify_token")
    proved_by = "app_secret"
    features = Features(
        tells=("delivered", "opened", "bounced", "replied"),
        proof="HMAC-SHA256",
        notes="Meta itself holds back marketing to people who get much of it; that is told as a bounce.",
    )

    def __init__(self, config: ChannelConfig) -> None:
        super().__init__(config)
        sender = self.options.required("phone_number_id", "106540352242922")
        if not _ID.fullmatch(sender):
            raise self.options.error(
                "phone_number_id must be the number's id: digits, as Meta's console shows it"
            )
        self._path = f"/{sender}/messages"
        self._headers = {"Authorization": f"Bearer {self.options.token('token', '${META_TOKEN}')}"}
        self._secret, self._verify_token = self.options.text("app_secret"), self.options.text("verify_token")

    def call(self, envelope: Envelope) -> Call:
        asked = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": without_plus(envelope.recipient),
            "biz_opaque_callback_data": envelope.key,
            **_said(whatsapp.load(envelope.body)),
        }
        return posted(self._path, asked, self._headers)

    def question(self) -> Call:
        # https://developers.facebook.com/docs/whatsapp/business-management-api/manage-phone-numbers
        return Call(f"{self._path.removesuffix('/messages')}?fields=display_phone_number", b"", self._headers)

    def understood(self, answer: Answer) -> Checked:
        code = table(answer.table.get("error")).get("code")
        if code in _NOT_SHOWN:
            return Checked(
                "meta knows our token, and shows it no number of this phone_number_id", advice=_ADVICE
            )
        trouble = _trouble(code)
        return Checked(f"meta answers {answer.status}", trouble) if trouble else super().understood(answer)

    def outcome(self, envelope: Envelope, answer: Answer) -> Outcome:
        if answer.ok:
            taken = first(answer.table.get("messages"))
            return accepted(envelope, str(answer.status), text(taken.get("id")) or None)
        error = table(answer.table.get("error"))
        code, said = error.get("code"), table(error.get("error_data")).get("details") or error.get("message")
        return read(envelope, answer, code=code, said=said, trouble=_trouble(code))

    def heard(self, webhook: Webhook, now: datetime) -> Heard:
        given = webhook.headers.get("x-hub-signature-256", "").removeprefix("sha256=")
        proof.hmac_sha256(self._secret, webhook.body, given)
        return together(_heard(value, now) for value in _values(webhook.body))

    def challenge(self, query: Mapping[str, str]) -> str | None:
        wanted, given = self._verify_token, query.get("hub.verify_token", "")
        if query.get("hub.mode") != "subscribe" or not wanted or not proof.same(given, wanted):
            return None
        return query.get("hub.challenge")


def _trouble(code: object) -> Trouble | None:
    return _BY_CODE.get(code) if isinstance(code, int) else None


def _said(message: whatsapp.WhatsAppMessage) -> dict[str, Any]:
    """A template that was approved with what goes into it, or a free text."""
    if message.filled is None:
        return {"type": "text", "text": {"body": message.text, "preview_url": False}}
    filled = message.filled
    components = [_component("body", filled.parameters)] if filled.parameters else []
    components += [
        {**_component("button", (button.parameter,)), "sub_type": button.type, "index": str(place)}
        for place, button in enumerate(filled.buttons)
        if button.parameter is not None
    ]
    template: dict[str, Any] = {"name": filled.template, "language": {"code": filled.language}}
    return {"type": "template", "template": template | ({"components": components} if components else {})}


def _component(kind: str, values: tuple[str, ...]) -> dict[str, Any]:
    return {"type": kind, "parameters": [{"type": "text", "text": value} for value in values]}


def _values(body: bytes) -> Iterator[Mapping[str, Any]]:
    for document in documents(body):
        for entry in tables(document.get("entry")):
            yield from (table(change.get("value")) for change in tables(entry.get("changes")))


def _heard(value: Mapping[str, Any], now: datetime) -> Heard:
    statuses = [_status(status, now) for status in tables(value.get("statuses"))]
    messages = [_answer(message, now) for message in tables(value.get("messages"))]
    wishes = [_wish(wish, now) for wish in tables(value.get("user_preferences"))]
    return together([*statuses, *messages, *wishes])


def _status(status: Mapping[str, Any], now: datetime) -> Heard:
    about = About(
        "meta",
        Channel.WHATSAPP,
        with_plus(status.get("recipient_id")),
        key(status.get("biz_opaque_callback_data")),
        text(status.get("id")),
        seconds(status.get("timestamp"), now),
    )
    match status.get("status"):
        case "delivered":
            return about.delivered()
        case "read":
            return about.read()
        case "failed":
            code = first(status.get("errors")).get("code")
            unknown = Trouble.SERVER if code == _WENT_WRONG else Trouble.MAILBOX
            return about.failed(_trouble(code) or unknown, text(code))
    return about.taken()


def _answer(message: Mapping[str, Any], now: datetime) -> Heard:
    """A text, the button that was tapped, or what is written under a picture."""
    kind = text(message.get("type"))
    if kind == "system":  # nobody wrote: she has another number
        return Heard()
    reply = table(table(message.get("interactive")).get("button_reply"))
    said = (
        table(message.get("text")).get("body")
        or table(message.get("button")).get("text")
        or reply.get("title")
        or table(message.get(kind)).get("caption")
    )
    id_, at = text(message.get("id")), seconds(message.get("timestamp"), now)
    return answered("meta", Channel.WHATSAPP, with_plus(message.get("from")), text(said), id_, at)


def _wish(wish: Mapping[str, Any], now: datetime) -> Heard:
    """Somebody told WhatsApp itself that she wants no more marketing of ours, or wants it again."""
    wanted = _WISHES.get(text(wish.get("value")))
    if wish.get("category") != "marketing_messages" or wanted is None:
        return Heard()
    at, person = seconds(wish.get("timestamp"), now), Person(phone=with_plus(wish.get("wa_id")))
    return Heard(preferences=(Preference(person, Channel.WHATSAPP, wanted, "settings of WhatsApp", at),))
