"""SMS through Amazon SNS (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import ClassVar
from urllib.parse import urlencode

from nurture.channels import aws
from nurture.channels.api import Answer, Api, Call, Provider, read
from nurture.channels.base import Envelope, Features, Heard, Outcome, Trouble, Webhook, accepted
from nurture.channels.checking import Checked
from nurture.channels.phone import answered, with_plus
from nurture.model import Channel
from nurture.settings import ChannelConfig

_CODE = re.compile(rb"<Code>([^<]*)</Code>")
_MESSAGE = re.compile(rb"<Message>([^<]*)</Message>")
_ID = re.compile(rb"<MessageId>([^<]*)</MessageId>")
_NUMBER = re.compile(r"\+\d{5,15}")
_FORM = "application/x-www-form-urlencoded"
_SANDBOX = re.compile(rb"<IsInSandbox>\s*true\s*</IsInSandbox>")
_ASKED = "/?Action=GetSMSSandboxAccountStatus&Version=2010-03-31"

# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors and .../CommonErrors.html
_ERRORS = {
    "InvalidParameter": Trouble.CONTENT,
    "ParameterValueInvalid": Trouble.CONTENT,
    "ValidationException": Trouble.CONTENT,
    "OptedOut": Trouble.OPTED_OUT,
    "AuthorizationError": Trouble.AUTH,
    "InvalidSecurity": Trouble.AUTH,
    "InvalidClientTokenId": Trouble.AUTH,
    "SignatureDoesNotMatch": Trouble.AUTH,
    "ExpiredToken": Trouble.AUTH,
    "Throttled": Trouble.RATE,
    "ThrottlingException": Trouble.RATE,
    "Throttling": Trouble.RATE,
    "UserError": Trouble.CONTENT,
}
_DENIED = ("AuthorizationError", "AccessDenied", "AccessDeniedException")


def open_carrier(config: ChannelConfig) -> Api:
    """The carrier for the options that `Sns` explains. Raises NurtureError."""
    return Api(Sns(config))


class Sns(Provider):
    """Options: region, access_key, secret_key, session_token; type (promotional or transactional) and topic (the ARN of
    the SNS topic to which a two-way number sends what people answer).

    The sender is a number of ours, or a name of up to 11 letters where a country allows one.
    """

    name = "sns"
    api = "https://sns.{region}.amazonaws.com"
    known: ClassVar[tuple[str, ...]] = (*aws.OPTIONS, "type", "topic")
    proved_by = "topic"
    features = Features(
        tells=("replied",),
        proof="RSA signature of Amazon SNS",
        notes="Amazon tells of deliveries in CloudWatch only.",
    )

    def __init__(self, config: ChannelConfig) -> None:
        super().__init__(config)
        self._who = aws.credentials(self.options)
        self.base = self.base.replace("{region}", self._who.region)
        kind = self.options.choice("type", "promotional", ("promotional", "transactional"))
        self._kind = kind.capitalize()
        self._topics = frozenset(filter(None, (self.options.text("topic"),)))

    def call(self, envelope: Envelope) -> Call:
        number = _NUMBER.fullmatch(envelope.sender)
        sender = "AWS.MM.SMS.OriginationNumber" if number else "AWS.SNS.SMS.SenderID"
        fields = {
            "Action": "Publish",
            "Version": "2010-03-31",
            "PhoneNumber": envelope.recipient,
            "Message": envelope.body.decode(),
            **_attribute(1, "AWS.SNS.SMS.SMSType", self._kind),
            **_attribute(2, sender, envelope.sender),
        }
        body = urlencode(fields).encode()
        return Call("/", body, aws.signed(self._who, "sns", self.base, "/", body, _FORM, datetime.now(UTC)))

    def question(self) -> Call:
        # https://docs.aws.amazon.com/sns/latest/api/API_GetSMSSandboxAccountStatus.html
        return Call(
            _ASKED, b"", aws.signed(self._who, "sns", self.base, _ASKED, b"", _FORM, datetime.now(UTC), "GET")
        )

    def understood(self, answer: Answer) -> Checked:
        code = _found(_CODE, answer.body)
        if code in _DENIED:  # it may send, perhaps, and not ask this
            return Checked(
                "sns takes our key, which may not ask about the account (sns:GetSMSSandboxAccountStatus)"
            )
        if trouble := _ERRORS.get(code):
            return Checked(f"sns answers {answer.status} {code}", trouble)
        if _SANDBOX.search(answer.body):
            advice = "Ask Amazon to move the account out of the SMS sandbox: until then only verified numbers get SMS."
            return Checked("sns takes our key; the account is in the SMS sandbox", advice=advice)
        return super().understood(answer)

    def outcome(self, envelope: Envelope, answer: Answer) -> Outcome:
        if answer.ok:
            return accepted(envelope, str(answer.status), _found(_ID, answer.body) or None)
        code, said = _found(_CODE, answer.body), _found(_MESSAGE, answer.body)
        trouble = _parameter(said) if code == "InvalidParameter" else _ERRORS.get(code)
        return read(envelope, answer, code=code, said=said, trouble=trouble)

    def heard(self, webhook: Webhook, now: datetime) -> Heard:
        """An answer of a person, as a two-way number publishes it
        (https://docs.aws.amazon.com/sms-voice/latest/userguide/phone-numbers-two-way-sms.html)."""
        said = aws.notification(webhook, self._topics, now)
        if "messageBody" not in said:
            return Heard()
        phone, id_ = with_plus(said.get("originationNumber")), str(said.get("inboundMessageId") or "")
        return answered(self.name, Channel.SMS, phone, str(said["messageBody"]), id_, now)


def _parameter(said: str) -> Trouble:
    """Which of our parameters Amazon does not take: it names it."""
    if "opted out" in said.lower():
        return Trouble.OPTED_OUT
    if "PhoneNumber" in said:
        return Trouble.INVALID_RECIPIENT
    about_us = "OriginationNumber" in said or "SenderID" in said
    return Trouble.SETUP if about_us else Trouble.CONTENT


def _attribute(number: int, name: str, value: str) -> dict[str, str]:
    stem = f"MessageAttributes.entry.{number}"
    return {
        f"{stem}.Name": name,
        f"{stem}.Value.DataType": "String",
        f"{stem}.Value.StringValue": value,
    }


def _found(pattern: re.Pattern[bytes], body: bytes) -> str:
    match = pattern.search(body)
    return match[1].decode("utf-8", "replace") if match else ""
