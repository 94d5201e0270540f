"""E-mail through SparkPost (https://developers.sparkpost.com/api/transmissions/)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar

from nurture.channels import mail, proof
from nurture.channels.api import Answer, Api, Call, Provider, posted, read
from nurture.channels.base import Envelope, Features, Heard, Outcome, Trouble, Webhook, accepted
from nurture.channels.checking import Checked
from nurture.channels.returns.reasons import Reason
from nurture.channels.told import (
    KEY,
    About,
    Failure,
    documents,
    dropped,
    failure,
    first,
    identity,
    key,
    seconds,
    table,
    text,
    together,
)
from nurture.settings import ChannelConfig

_PATH = "/api/v1/transmissions"
_HOSTS = {"us": "https://api.sparkpost.com", "eu": "https://api.eu.sparkpost.com"}
_SENDING_LIMIT = 420  # a status of SparkPost's own: the account's limit of an hour or a day is reached

# https://support.sparkpost.com/docs/tech-resources/extended-error-codes
_ERRORS = {
    "1502": Trouble.SERVER,
    "1601": Trouble.QUOTA,  # no licence
    "2101": Trouble.QUOTA,  # of an hour, a day, the sandbox
    "2102": Trouble.QUOTA,
    "2103": Trouble.QUOTA,
    "5002": Trouble.INVALID_RECIPIENT,
    "7000": Trouble.SETUP,  # the sending domain is on a list, or not set up
    "7001": Trouble.SETUP,
}
_SUBSTITUTION = ("{{",)  # SparkPost fills in what stands behind it
_SOFT_END = b"=\r\n"  # of a line in quoted-printable

# https://support.sparkpost.com/docs/deliverability/bounce-classification-codes: permanent or not, and why if it says
_BOUNCES: Mapping[str, tuple[bool, Reason | None]] = {
    "10": (True, Reason.UNKNOWN_USER),
    "30": (True, Reason.UNKNOWN_USER),
    "22": (False, Reason.FULL),
    "23": (False, Reason.TOO_BIG),
    "25": (False, Reason.POLICY),
    "50": (False, Reason.REPUTATION),
    "51": (False, Reason.SPAM),
    "52": (False, Reason.SPAM),
    "53": (False, Reason.CONTENT),
    "54": (False, Reason.POLICY),
}
# so it says that the address is on its own list
# (https://support.sparkpost.com/docs/tech-resources/preparing-for-async-suppressions)
_LISTED = "suppressed due to"
_NO_BOUNCE = ("60", "80", "100")  # auto-replies, subscriptions, challenges
_UNSUBSCRIBED = "90"


def open_carrier(config: ChannelConfig) -> Api:
    """The carrier for the options that `SparkPost` explains. Raises NurtureError."""
    return Api(SparkPost(config))


class SparkPost(Provider):
    """Options: key (of the API), region (us or eu), webhook_secret (the password that webhooks bear)."""

    name = "sparkpost"
    regions = _HOSTS
    known: ClassVar[tuple[str, ...]] = ("key", "region", "webhook_secret")
    proved_by = "webhook_secret"
    features = Features(
        tells=("delivered", "bounced", "complained"),
        proof="a secret of ours",
        notes="The mail goes out as it was written; one with {{ in it is refused, since SparkPost would fill that in.",
    )

    def __init__(self, config: ChannelConfig) -> None:
        super().__init__(config)
        self._headers = {"Authorization": self.options.token("key", "${SPARKPOST_KEY}")}
        self._secret = self.options.text("webhook_secret")

    def call(self, envelope: Envelope) -> Call:
        written = envelope.body.replace(_SOFT_END, b"").decode()
        mail.refuse_marks("SparkPost", _SUBSTITUTION, (written, *mail.said_in_head(envelope.body)))
        options = {
            "open_tracking": False,  # ours stand in the mail
            "click_tracking": False,
            "transactional": not _may_be_left(envelope.body),
        }
        asked = {
            "options": options,
            "metadata": {KEY: envelope.key},
            "recipients": [{"address": {"email": envelope.recipient}}],
            "content": {"email_rfc822": envelope.body.decode()},
        }
        return posted(_PATH, asked, self._headers)

    def question(self) -> Call:
        return Call("/api/v1/account", b"", self._headers)  # https://developers.sparkpost.com/api/account/

    def understood(self, answer: Answer) -> Checked:
        if answer.status == 401:
            advice = "Copy the key anew. Keys belong to a region: is it one of the EU, say region: eu."
            return Checked("sparkpost answers 401: it does not know the key", Trouble.AUTH, advice)
        if answer.status == 403:  # it may send, perhaps, and not ask this
            return Checked("sparkpost takes our key, which may not ask about the account")
        status = table(answer.table.get("results")).get("status")
        if answer.ok and status in ("suspended", "terminated"):
            return Checked(f"sparkpost says that the account is {status}", Trouble.QUOTA)
        return super().understood(answer)

    def outcome(self, envelope: Envelope, answer: Answer) -> Outcome:
        if answer.ok:
            taken = text(table(answer.table.get("results")).get("id"))
            return accepted(envelope, str(answer.status), taken or None)
        error = first(answer.table.get("errors"))
        code, said = text(error.get("code")), text(error.get("description")) or text(error.get("message"))
        limit = answer.status == _SENDING_LIMIT
        return read(
            envelope, answer, code=code, said=said, trouble=Trouble.QUOTA if limit else _ERRORS.get(code)
        )

    def heard(self, webhook: Webhook, now: datetime) -> Heard:
        proof.shared(self._secret, webhook)
        return together(_heard(event, now) for event in _events(webhook.body))


def _may_be_left(raw: bytes) -> bool:
    """Whether it is marketing, which bears our way out. To a mail that SparkPost isn't told to be transactional it adds
    one of its own (https://support.sparkpost.com/docs/tech-resources/list-unsubscribe-functionality)."""
    head = raw.partition(b"\r\n\r\n")[0].lower()
    return b"\nlist-unsubscribe:" in b"\n" + head


def _events(body: bytes) -> Iterator[Mapping[str, Any]]:
    """The events of a batch, whatever SparkPost files them under."""
    for entry in documents(body):
        yield from (table(event) for event in table(entry.get("msys")).values())


def _heard(event: Mapping[str, Any], now: datetime) -> Heard:
    ours, provider_id = key(table(event.get("rcpt_meta")).get(KEY)), text(event.get("transmission_id"))
    kind, bounce = text(event.get("type")), text(event.get("bounce_class"))
    about = About(
        "sparkpost", text(event.get("rcpt_to")), ours, provider_id, seconds(event.get("timestamp"), now)
    )
    id_ = text(event.get("event_id")) or identity(provider_id, kind, event.get("timestamp"))
    match kind:
        case "delivery":
            return about.delivered(id_)
        case "spam_complaint":
            return about.complained(id_)
        case "list_unsubscribe" | "link_unsubscribe":
            return about.unsubscribed("SparkPost")
        case "generation_failure" | "generation_rejection":
            about_us = Trouble.CONTENT if kind == "generation_failure" else Trouble.POLICY
            return about.bounced(id_, dropped(about_us, *_said(event)))
        case "bounce" | "out_of_band" | "policy_rejection" if bounce == _UNSUBSCRIBED:
            return about.unsubscribed("SparkPost")
        case "bounce" | "out_of_band" | "policy_rejection" if bounce not in _NO_BOUNCE:
            return about.bounced(id_, _failure(event, bounce))
    return about.taken() if kind == "injection" else Heard()


def _said(event: Mapping[str, Any]) -> tuple[str, str]:
    return text(event.get("error_code")), text(event.get("raw_reason")) or text(event.get("reason"))


def _failure(event: Mapping[str, Any], bounce: str) -> Failure:
    code, said = _said(event)
    if _LISTED in said:
        return dropped(Trouble.SUPPRESSED, code, said)
    hard, reason = _BOUNCES.get(bounce, (False, None))
    return failure(said, code, hard=hard, reason=reason, code=code or bounce)
