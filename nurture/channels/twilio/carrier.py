"""SMS and WhatsApp through Twilio's Messages resource (https://www.twilio.com/docs/messaging/api/message-resource)."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import ClassVar
from urllib.parse import urlencode

from nurture import whatsapp
from nurture.channels.api import Answer, Api, Call, Provider, Unfit, basic, read, url
from nurture.channels.base import Envelope, Features, Heard, Outcome, Webhook, accepted
from nurture.channels.told import text
from nurture.channels.twilio.codes import by_code
from nurture.channels.twilio.webhooks import KEY_PARAMETER, WHATSAPP, heard
from nurture.model import Channel
from nurture.settings import ChannelConfig

_ACCOUNT = re.compile(r"AC[0-9a-fA-F]{32}")


def open_carrier(config: ChannelConfig) -> Api:
    """The carrier for the options that `Twilio` explains. Raises NurtureError."""
    return Api(Twilio(config))


class Twilio(Provider):
    """Options: account, token, or api_key and api_secret beside the token; callback (the public URL that hears what
    became of each message).

    Creating a message is not idempotent: an answer that gets lost leaves doubt, and the status callback, which bears
    the message's key, settles it.
    """

    name = "twilio"
    api = "https://api.twilio.com"
    known: ClassVar[tuple[str, ...]] = ("account", "token", "api_key", "api_secret", "callback")
    proved_by = "token"
    features = Features(tells=("delivered", "opened", "bounced", "replied"), proof="HMAC-SHA1")

    def __init__(self, config: ChannelConfig) -> None:
        super().__init__(config)
        options = self.options
        self.sid = options.required("account", "AC" + "0" * 32)
        if not _ACCOUNT.fullmatch(self.sid):
            raise options.error("account must be AC and 32 hexadecimal digits, as Twilio's console shows it")
        self.token, key, secret = options.text("token"), options.text("api_key"), options.text("api_secret")
        if (key is None) != (secret is None):
            raise options.error("api_key and api_secret go together; one of them is missing or empty")
        password = secret or options.required("token", "${TWILIO_TOKEN}")
        self.callback = url(options, "callback")
        self.path = f"/2010-04-01/Accounts/{self.sid}/Messages.json"
        self.headers = {
            "Authorization": basic(key or self.sid, password),
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }

    def call(self, envelope: Envelope) -> Call:
        prefix = WHATSAPP if self.channel is Channel.WHATSAPP else ""
        service = envelope.sender.startswith("MG")
        sender = (
            {"MessagingServiceSid": envelope.sender} if service else {"From": f"{prefix}{envelope.sender}"}
        )
        fields = {
            "To": f"{prefix}{envelope.recipient}",
            **sender,
            **(_said(envelope.body) if prefix else {"Body": envelope.body.decode()}),
        }
        if self.callback:
            fields["StatusCallback"] = f"{self.callback}?{urlencode({KEY_PARAMETER: envelope.key})}"
        return Call(self.path, urlencode(fields).encode(), self.headers)

    def question(self) -> Call:
        # a key of the standard sort may not ask for less
        return Call(f"{self.path}?PageSize=1", b"", self.headers)

    def outcome(self, envelope: Envelope, answer: Answer) -> Outcome:
        if answer.ok:
            return accepted(envelope, str(answer.status), text(answer.table.get("sid")) or None)
        code, said = text(answer.table.get("code")), answer.table.get("message")
        return read(envelope, answer, code=code, said=said, trouble=by_code(code))

    def heard(self, webhook: Webhook, now: datetime) -> Heard:
        return heard(webhook, self.token, now)


def _said(body: bytes) -> dict[str, str]:
    """A WhatsApp message: an approved template by its id and numbered variables, or a free text."""
    message = whatsapp.load(body)
    if message.filled is None:
        return {"Body": message.text}
    if not message.filled.content:
        raise Unfit(
            f"Twilio knows the template '{message.filled.template}' by an id that begins with HX:"
            " name it as `content` in whatsapp.yaml."
        )
    numbered = {str(number): value for number, value in enumerate(message.filled.variables, 1)}
    return {
        "ContentSid": message.filled.content,
        "ContentVariables": json.dumps(numbered, ensure_ascii=False),
    }
