"""E-mail through Resend (https://resend.com/docs/api-reference/emails/send-email)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from nurture.channels import mail, proof
from nurture.channels.api import Answer, Api, Call, Provider, posted, read
from nurture.channels.base import Envelope, Features, Heard, Outcome, Trouble, Webhook, accepted
from nurture.channels.checking import Checked
from nurture.channels.told import (
    KEY,
    About,
    documents,
    dropped,
    failure,
    first_text,
    instant,
    key,
    table,
    tables,
    text,
    together,
)
from nurture.settings import ChannelConfig

# https://resend.com/docs/api-reference/errors
_ERRORS = {
    "missing_api_key": Trouble.AUTH,
    "restricted_api_key": Trouble.AUTH,
    "invalid_api_key": Trouble.AUTH,
    "invalid_from_address": Trouble.SETUP,
    "invalid_access": Trouble.SETUP,
    "invalid_region": Trouble.SETUP,
    "concurrent_idempotent_requests": Trouble.SERVER,  # the first request is still at work
    "monthly_quota_exceeded": Trouble.QUOTA,
    "daily_quota_exceeded": Trouble.QUOTA,
    "rate_limit_exceeded": Trouble.RATE,
}


def open_carrier(config: ChannelConfig) -> Api:
    """The carrier for the options that `Resend` explains. Raises NurtureError."""
    return Api(Resend(config))


class Resend(Provider):
    """Options: key (of the API, allowed to send), webhook_secret (the signing secret that Resend shows: whsec_...)."""

    name = "resend"
    api = "https://api.resend.com"
    known: ClassVar[tuple[str, ...]] = ("key", "webhook_secret")
    proved_by = "webhook_secret"
    features = Features(
        idempotency=timedelta(hours=24),
        tells=("delivered", "opened", "clicked", "bounced", "complained"),
        proof="Standard Webhooks",
        notes="Sets a Message-ID of its own. Its tracking is switched off in its domain settings only.",
    )

    def __init__(self, config: ChannelConfig) -> None:
        super().__init__(config)
        self._authorization = f"Bearer {self.options.token('key', '${RESEND_KEY}')}"
        self._secret = self.options.text("webhook_secret")

    def call(self, envelope: Envelope) -> Call:
        parts = mail.read(envelope.body)
        asked: dict[str, Any] = {
            "from": parts.sender.written,
            "to": [parts.to.written],
            "subject": parts.subject,
            "text": parts.text,
            "html": parts.html,
            "headers": parts.others("Message-ID"),
            "tags": [{"name": KEY, "value": envelope.key}],
        }
        if parts.reply_to:
            asked["reply_to"] = parts.reply_to.written
        return posted(
            "/emails", asked, {"Authorization": self._authorization, "Idempotency-Key": envelope.key}
        )

    def question(self) -> Call:
        return Call("/domains", b"", {"Authorization": self._authorization})

    def understood(self, answer: Answer) -> Checked:
        code, said = text(answer.table.get("name")), text(answer.table.get("message"))
        if code == "restricted_api_key":  # it may send, and nothing else
            return Checked("resend takes our key, which may only send")
        trouble = None if answer.ok else _trouble(code, said, answer.status)
        return Checked(f"resend answers {answer.status}", trouble) if trouble else super().understood(answer)

    def outcome(self, envelope: Envelope, answer: Answer) -> Outcome:
        if answer.ok:
            return accepted(envelope, str(answer.status), text(answer.table.get("id")) or None)
        code, said = text(answer.table.get("name")), text(answer.table.get("message"))
        return read(envelope, answer, code=code, said=said, trouble=_trouble(code, said, answer.status))

    def heard(self, webhook: Webhook, now: datetime) -> Heard:
        id_ = proof.standard(self._secret, webhook, now, "svix")
        return together(_heard(event, id_, now) for event in documents(webhook.body))


def _trouble(code: str, said: str, status: int) -> Trouble | None:
    """A `validation_error` may be about the key, the domain, the address or the mail."""
    if code != "validation_error":
        return _ERRORS.get(code)
    if status == 403:  # the domain is not verified, or the account may write to itself only
        return Trouble.SETUP
    if "API key" in said:
        return Trouble.AUTH
    return Trouble.INVALID_RECIPIENT if "`to`" in said else None


def _heard(event: Mapping[str, Any], id_: str, now: datetime) -> Heard:
    data = table(event.get("data"))
    recipient, provider_id = first_text(data.get("to")), text(data.get("email_id"))
    about = About("resend", recipient, _key(data), provider_id, instant(event.get("created_at"), now))
    click = table(data.get("click"))
    match text(event.get("type")):
        case "email.delivered":
            return about.delivered(id_)
        case "email.opened":
            return about.opened(id_, text(table(data.get("open")).get("userAgent")))
        case "email.clicked":
            return about.clicked(id_, text(click.get("link")), text(click.get("userAgent")))
        case "email.bounced":
            return _bounce(about, id_, table(data.get("bounce")))
        case "email.suppressed":
            return about.bounced(id_, dropped(Trouble.SUPPRESSED, "suppressed"))
        case "email.failed":
            said = text(table(data.get("failed")).get("reason"))
            return about.bounced(id_, dropped(Trouble.SERVER, "failed", said))
        case "email.complained":
            return about.complained(id_)
        case _:  # sent, delivery_delayed, scheduled, and what is about contacts and domains
            return about.taken()


def _key(data: Mapping[str, Any]) -> str | None:
    """Our tag: a table of names and values, or a list of such pairs as it was sent."""
    tags = data.get("tags")
    if isinstance(tags, list):
        tags = {text(each.get("name")): each.get("value") for each in tables(tags)}
    return key(table(tags).get(KEY))


def _bounce(about: About, id_: str, bounce: Mapping[str, Any]) -> Heard:
    """Resend passes on what Amazon SES says: a type, the type in words, and the server's own words where there are any.
    As with SES, a transient one without these may be an automatic answer: nothing came back.
    """
    meant, diagnosed = text(bounce.get("message")), first_text(bounce.get("diagnosticCode"))
    kind, finer = text(bounce.get("type")), text(bounce.get("subType"))
    said = diagnosed or meant
    if finer.endswith("Suppressed") or "suppression list" in meant:
        return about.bounced(id_, dropped(Trouble.SUPPRESSED, "suppressed", said))
    if (kind, finer, diagnosed) == ("Transient", "General", ""):
        return about.taken()
    hard = kind == "Permanent" if kind else True
    return about.bounced(id_, failure(said, hard=hard, code=kind or "bounced"))
