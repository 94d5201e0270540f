"""E-mail through Brevo (https://developers.brevo.com/reference/sendtransacemail)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from nurture.channels import mail, proof
from nurture.channels.api import Answer, Api, Call, Provider, posted, read
from nurture.channels.base import Envelope, Features, Heard, Outcome, Trouble, Webhook, accepted
from nurture.channels.told import (
    KEY,
    About,
    documents,
    dropped,
    failure,
    identity,
    key,
    seconds,
    text,
    together,
)
from nurture.settings import ChannelConfig

_CUSTOM = "X-Mailin-custom"  # a header that comes back with each event
_STAMPS = ("ts_epoch", "s_epoch", "ts_event", "date")
_LONGEST_NAME = 70
_EVALUATED = ("{{", "{%")  # in a subject and a text, though no template of Brevo's is named
_KEYS = uuid.uuid5(uuid.NAMESPACE_URL, "https://developers.brevo.com/idempotencyKey")

# https://developers.brevo.com/docs/how-it-works#error-codes
_ERRORS = {
    "unauthorized": Trouble.AUTH,
    "permission_denied": Trouble.SETUP,
    "account_under_validation": Trouble.QUOTA,
    "not_enough_credits": Trouble.QUOTA,
    "too_many_requests": Trouble.RATE,
}
_REPEATED = "duplicate_parameter"  # the idempotency key was used: Brevo has the mail


def open_carrier(config: ChannelConfig) -> Api:
    """The carrier for the options that `Brevo` explains. Raises NurtureError."""
    return Api(Brevo(config))


class Brevo(Provider):
    """Options: key (of the API), webhook_secret (the token or password that webhooks bear)."""

    name = "brevo"
    api = "https://api.brevo.com"
    known: ClassVar[tuple[str, ...]] = ("key", "webhook_secret")
    proved_by = "webhook_secret"
    features = Features(
        # its guide says 30 minutes, its changelog 15
        idempotency=timedelta(minutes=15),
        tells=("delivered", "opened", "clicked", "bounced", "complained"),
        proof="a secret of ours",
        notes="Sets a Message-ID and an unsubscribe header of its own: where the latter was used, its webhook tells."
        " Its tracking is switched off in the account only. A mail with {{ or {% in it is refused, since Brevo would fill"
        " that in.",
    )

    def __init__(self, config: ChannelConfig) -> None:
        super().__init__(config)
        self._headers = {"api-key": self.options.token("key", "${BREVO_KEY}")}
        self._secret = self.options.text("webhook_secret")

    def call(self, envelope: Envelope) -> Call:
        parts = mail.read(envelope.body)
        mail.refuse_marks("Brevo", _EVALUATED, (parts.subject, parts.html, parts.text))
        asked: dict[str, Any] = {
            "sender": _address(parts.sender),
            "to": [_address(parts.to)],
            "subject": parts.subject,
            "htmlContent": parts.html,
            "textContent": parts.text,
            "headers": {
                **parts.others("Message-ID"),
                _CUSTOM: json.dumps({KEY: envelope.key}),
                "idempotencyKey": str(uuid.uuid5(_KEYS, envelope.key)),  # it must be a UUID
            },
        }
        if parts.reply_to:
            asked["replyTo"] = _address(parts.reply_to)
        return posted("/v3/smtp/email", asked, self._headers)

    def question(self) -> Call:
        return Call("/v3/account", b"", self._headers)  # https://developers.brevo.com/reference/get-account

    def outcome(self, envelope: Envelope, answer: Answer) -> Outcome:
        code, said = text(answer.table.get("code")), text(answer.table.get("message"))
        if answer.ok or code == _REPEATED:
            return accepted(envelope, str(answer.status), text(answer.table.get("messageId")) or None)
        return read(envelope, answer, code=code, said=said, trouble=_trouble(code, said))

    def heard(self, webhook: Webhook, now: datetime) -> Heard:
        proof.shared(self._secret, webhook)
        return together(_heard(event, now) for event in documents(webhook.body))


def _address(mailbox: mail.Mailbox) -> dict[str, str]:
    named = {"name": mailbox.name} if 0 < len(mailbox.name) <= _LONGEST_NAME else {}
    return {"email": mailbox.address, **named}


def _trouble(code: str, said: str) -> Trouble | None:
    """Of a parameter that is invalid only the words say which."""
    if code == "invalid_parameter" and said.rstrip(".").endswith((" in to", "to is not valid")):
        return Trouble.INVALID_RECIPIENT
    if "sender" in said.lower() and code in ("invalid_parameter", "missing_parameter"):
        return Trouble.SETUP
    return _ERRORS.get(code)


def _heard(event: Mapping[str, Any], now: datetime) -> Heard:
    kind, provider_id, at = text(event.get("event")), text(event.get("message-id")), _at(event, now)
    about = About("brevo", text(event.get("email")), _key(event), provider_id, at)
    id_ = identity(provider_id, kind, *map(event.get, _STAMPS), event.get("link"))
    said, agent = text(event.get("reason")), text(event.get("user_agent"))
    match kind:
        case "delivered":
            return about.delivered(id_)
        case "opened" | "unique_opened":
            return about.opened(id_, agent)
        case "proxy_open" | "unique_proxy_open":
            return about.opened(id_, agent, proxy=True)
        case "click":
            return about.clicked(id_, text(event.get("link")), agent)
        case "hard_bounce":
            return about.bounced(id_, failure(said, hard=True, code=kind))
        case "invalid_email":
            return about.bounced(id_, failure(said, hard=True, reason="unknown_user", code=kind))
        case "soft_bounce":
            return about.bounced(id_, failure(said, hard=False, code=kind))
        case "blocked":
            return about.bounced(id_, dropped(Trouble.SUPPRESSED, kind, said))
        case "error":
            return about.bounced(id_, dropped(Trouble.SERVER, kind, said))
        case "spam" | "complaint":
            return about.complained(id_)
        case "unsubscribe" | "unsubscribed":
            return about.unsubscribed("Brevo")
        case _:  # request, deferred
            return about.taken()


def _key(event: Mapping[str, Any]) -> str | None:
    """Our key in the header that comes back, as JSON in a text."""
    for each in documents(text(event.get(_CUSTOM)).encode()):
        return key(each.get(KEY))
    return None


def _at(event: Mapping[str, Any], now: datetime) -> datetime:
    """When it happened: milliseconds are exact, `ts` would be in the account's own zone."""
    exact = event.get("ts_epoch") or event.get("s_epoch")
    return seconds(exact, now, 1000) if exact else seconds(event.get("ts_event"), now)
