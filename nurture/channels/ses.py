"""E-mail through Amazon SES (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html).

The mail goes out byte for byte. What becomes of it comes back through a configuration set that publishes to an SNS
topic (https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from nurture.channels import aws
from nurture.channels.api import Answer, Api, Call, Provider, read
from nurture.channels.base import Envelope, Features, Heard, Outcome, Trouble, Webhook, accepted
from nurture.channels.checking import Checked
from nurture.channels.returns.reasons import Reason
from nurture.channels.told import KEY, About, dropped, failure, first, first_text, instant, key, table, text
from nurture.settings import ChannelConfig

_PATH, _ACCOUNT = "/v2/email/outbound-emails", "/v2/email/account"

_ERRORS = {
    "AccountSuspendedException": Trouble.QUOTA,
    "SendingPausedException": Trouble.QUOTA,
    "LimitExceededException": Trouble.QUOTA,
    "TooManyRequestsException": Trouble.RATE,
    "MailFromDomainNotVerifiedException": Trouble.SETUP,
    "NotFoundException": Trouble.SETUP,
    "AccessDeniedException": Trouble.AUTH,
    "UnrecognizedClientException": Trouble.AUTH,
    "InvalidSignatureException": Trouble.AUTH,
    "IncompleteSignatureException": Trouble.AUTH,
    "ExpiredTokenException": Trouble.AUTH,
    "MessageRejected": Trouble.CONTENT,
    "BadRequestException": Trouble.CONTENT,
}
_NOT_VERIFIED = "not verified"  # of our sender: a MessageRejected that is no fault of the message

# https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html#bounce-types
_BOUNCES = {
    "NoEmail": Reason.UNKNOWN_USER,
    "MailboxFull": Reason.FULL,
    "MessageTooLarge": Reason.TOO_BIG,
    "ContentRejected": Reason.CONTENT,
    "AttachmentRejected": Reason.CONTENT,
}
_LISTED = ("Suppressed", "OnAccountSuppressionList")  # not even tried: on Amazon's list, or on the account's


def open_carrier(config: ChannelConfig) -> Api:
    """The carrier for the options that `Ses` explains. Raises NurtureError."""
    return Api(Ses(config))


class Ses(Provider):
    """Options: region, access_key, secret_key, session_token; configuration_set (publishes what becomes of mails) and
    topic (the ARN of the SNS topic that it publishes to)."""

    name = "ses"
    api = "https://email.{region}.amazonaws.com"
    known: ClassVar[tuple[str, ...]] = (*aws.OPTIONS, "configuration_set", "topic")
    proved_by = "topic"
    features = Features(
        tells=("delivered", "bounced", "complained"),
        proof="RSA signature of Amazon SNS",
        notes="The mail goes out byte for byte, except that SES sets a Message-ID of its own.",
    )

    def __init__(self, config: ChannelConfig) -> None:
        super().__init__(config)
        self._who = aws.credentials(self.options)
        self.base = self.base.replace("{region}", self._who.region)
        self._set, topic = self.options.text("configuration_set"), self.options.text("topic")
        self._topics = frozenset(filter(None, (topic,)))

    def call(self, envelope: Envelope) -> Call:
        asked: dict[str, Any] = {
            "FromEmailAddress": envelope.sender,
            "Destination": {"ToAddresses": [envelope.recipient]},
            "Content": {"Raw": {"Data": base64.b64encode(envelope.body).decode()}},
            "EmailTags": [{"Name": KEY, "Value": envelope.key}],
        }
        if self._set:
            asked["ConfigurationSetName"] = self._set
        body, now = json.dumps(asked).encode(), datetime.now(UTC)
        headers = aws.signed(self._who, "ses", self.base, _PATH, body, "application/json", now)
        return Call(_PATH, body, headers)

    def question(self) -> Call:
        # https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html
        now = datetime.now(UTC)
        headers = aws.signed(self._who, "ses", self.base, _ACCOUNT, b"", "application/json", now, "GET")
        return Call(_ACCOUNT, b"", headers)

    def understood(self, answer: Answer) -> Checked:
        if _code(answer) == "AccessDeniedException":  # it may send, perhaps, and not ask this
            return Checked("ses takes our key, which may not ask about the account (ses:GetAccount)")
        if trouble := _ERRORS.get(_code(answer)):
            return Checked(f"ses answers {answer.status} {_code(answer)}", trouble)
        if answer.table.get("SendingEnabled") is False:
            return Checked("Amazon has paused the sending of this account", Trouble.QUOTA)
        if answer.table.get("ProductionAccessEnabled") is False:
            advice = "Ask Amazon for production access: until then only verified addresses get mail"
            return Checked("ses takes our key; the account is in the sandbox", advice=advice)
        return super().understood(answer)

    def outcome(self, envelope: Envelope, answer: Answer) -> Outcome:
        if answer.ok:
            return accepted(envelope, str(answer.status), text(answer.table.get("MessageId")) or None)
        code = _code(answer)
        said = text(answer.table.get("message") or answer.table.get("Message"))
        trouble = Trouble.SETUP if _NOT_VERIFIED in said else _ERRORS.get(code)
        return read(envelope, answer, code=code, said=said, trouble=trouble)

    def heard(self, webhook: Webhook, now: datetime) -> Heard:
        said = aws.notification(webhook, self._topics, now)
        mail, kind = table(said.get("mail")), said.get("eventType") or said.get("notificationType")
        what, ours = table(said.get(str(kind).lower())), key(first_text(table(mail.get("tags")).get(KEY)))
        provider_id, at = text(mail.get("messageId")), instant(what.get("timestamp"), now)
        about = About(self.name, first_text(mail.get("destination")), ours, provider_id, at)
        id_ = f"{provider_id}:{text(what.get('feedbackId')) or kind}"
        match kind:
            case "Delivery":
                return about.delivered(id_)
            case "Complaint" if text(what.get("complaintSubType")) in _LISTED:  # about an earlier mail
                return about.bounced(id_, dropped(Trouble.SUPPRESSED, "Complaint"))
            case "Complaint":
                return about.complained(id_)
            case "Bounce":
                return _bounced(about, id_, what)
            case "Reject":  # taken, and then never sent: SES found a virus in it
                return about.bounced(id_, dropped(Trouble.CONTENT, "Reject", text(what.get("reason"))))
            case "Send":
                return about.taken()
        return Heard()


def _code(answer: Answer) -> str:
    """What Amazon calls a failure."""
    kind = answer.headers.get("x-amzn-errortype") or text(answer.table.get("__type"))
    return kind.split(":")[0].rpartition("#")[2]


def _bounced(about: About, id_: str, what: Mapping[str, Any]) -> Heard:
    """SES itself tries a transient failure again for some hours before it speaks of it.

    A transient one of which it knows nothing may be an automatic answer, such as of somebody who is away, and SES
    itself doesn't count it: nothing came back.
    """
    recipient = first(what.get("bouncedRecipients"))
    said, status = text(recipient.get("diagnosticCode")), text(recipient.get("status"))
    kind = text(what.get("bounceSubType"))
    if kind == "UnsubscribedRecipient":
        return about.unsubscribed("Amazon SES")
    if kind in _LISTED:
        return about.bounced(id_, dropped(Trouble.SUPPRESSED, status, said))
    if (what.get("bounceType"), kind, said, status) == ("Transient", "General", "", ""):
        return about.taken()
    reason = _BOUNCES.get(kind)
    return about.bounced(
        id_, failure(said, status, hard=what.get("bounceType") == "Permanent", reason=reason, code=status)
    )
