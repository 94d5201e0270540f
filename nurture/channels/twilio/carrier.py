"""SMS through Twilio's Messages resource (https://www.twilio.com/docs/messaging/api/message-resource)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import ClassVar
from urllib.parse import urlencode

from nurture.channels.api import Answer, Api, Call, Provider, basic, read, url
from nurture.channels.base import Envelope, Features, Heard, Outcome, Webhook, accepted
from nurture.channels.twilio.codes import by_code
from nurture.channels.twilio.webhooks import KEY_PARAMETER, heard
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
    features = Features(tells=("delivered", "bounced", "replied"), proof="HMAC-SHA1")

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
        sender = "MessagingServiceSid" if envelope.sender.startswith("MG") else "From"
        fields = {"To": envelope.recipient, sender: envelope.sender, "Body": envelope.body.decode()}
        if self.callback:
            fields["StatusCallback"] = f"{self.callback}?{urlencode({KEY_PARAMETER: envelope.key})}"
        return Call(self.path, urlencode(fields).encode(), self.headers)

    def outcome(self, envelope: Envelope, answer: Answer) -> Outcome:
        document = answer.document if isinstance(answer.document, dict) else {}
        if 200 <= answer.status < 300:
            sid = document.get("sid")
            return accepted(envelope, str(answer.status), str(sid) if sid else None)
        code = str(document.get("code") or "")
        return read(envelope, answer, code=code, said=document.get("message"), trouble=by_code(code))

    def heard(self, webhook: Webhook, now: datetime) -> Heard:
        return heard(webhook, self.token, now)
