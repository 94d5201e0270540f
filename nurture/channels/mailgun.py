"""E-mail through Mailgun (https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages).

The mail goes out as it was written: as MIME.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from nurture.channels import proof
from nurture.channels.api import Answer, Api, Call, Provider, basic, read
from nurture.channels.base import Envelope, Features, Forged, Heard, Outcome, Seal, Trouble, Webhook, accepted
from nurture.channels.checking import Checked
from nurture.channels.told import (
    KEY,
    About,
    Failure,
    documents,
    dropped,
    failure,
    identity,
    key,
    seconds,
    table,
    text,
)
from nurture.settings import ChannelConfig

_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
# Mailgun tries a webhook again for eight hours, and signs it once:
# https://documentation.mailgun.com/docs/mailgun/user-manual/events/webhooks
_OLDEST = timedelta(hours=9)
_HOSTS = {"us": "https://api.mailgun.net", "eu": "https://api.eu.mailgun.net"}

# why Mailgun did not even try: the address is on a list of its own
# (https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/stats)
_REASONS = {
    "suppress-bounce": Trouble.SUPPRESSED,  # or put there by hand
    "suppress-complaint": Trouble.OPTED_OUT,
    "suppress-unsubscribe": Trouble.OPTED_OUT,
}


def open_carrier(config: ChannelConfig) -> Api:
    """The carrier for the options that `Mailgun` explains. Raises NurtureError."""
    return Api(Mailgun(config))


class Mailgun(Provider):
    """Options: key (of the API), domain (that sends), region (us or eu), signing_key (checks webhooks)."""

    name = "mailgun"
    regions = _HOSTS
    known: ClassVar[tuple[str, ...]] = ("key", "domain", "region", "signing_key")
    proved_by = "signing_key"
    features = Features(
        tells=("delivered", "bounced", "complained"),
        proof="HMAC-SHA256",
        notes="The mail goes out byte for byte, but where unsubscribing is switched on for the domain, %unsubscribe_url%"
        " and its like become links of Mailgun's.",
    )

    def __init__(self, config: ChannelConfig) -> None:
        super().__init__(config)
        options = self.options
        domain = options.required("domain", "news.shop.example")
        if not _DOMAIN.fullmatch(domain):
            raise options.error(f"domain must be a domain such as news.shop.example, not {domain!r}")
        self._domain, self._path = domain, f"/v3/{domain}/messages.mime"
        self._authorization = basic("api", options.required("key", "${MAILGUN_KEY}"))
        self._signing_key = options.text("signing_key")

    def call(self, envelope: Envelope) -> Call:
        fields = {
            "to": envelope.recipient,
            f"v:{KEY}": envelope.key,
            "o:tracking": "no",  # ours stand in the mail
            "o:tracking-clicks": "no",
            "o:tracking-opens": "no",
        }
        boundary = f"nurture-form-{hashlib.sha256(envelope.body).hexdigest()[:32]}"
        parts = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        file = 'Content-Disposition: form-data; name="message"; filename="message.eml"'
        body = (
            f"{parts}--{boundary}\r\n{file}\r\nContent-Type: message/rfc822\r\n\r\n".encode()
            + envelope.body
            + f"\r\n--{boundary}--\r\n".encode()
        )
        headers = {
            "Authorization": self._authorization,
            "Content-Type": f"multipart/form-data; boundary={boundary}",
        }
        return Call(self._path, body, headers)

    def question(self) -> Call:
        # https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/domains/get-v4-domains--name-
        return Call(f"/v4/domains/{self._domain}", b"", {"Authorization": self._authorization})

    def understood(self, answer: Answer) -> Checked:
        # a sending key may do nothing else: https://documentation.mailgun.com/docs/mailgun/api-reference/authentication
        if answer.status in (401, 403):
            said = f"mailgun answers {answer.status}: the key is wrong, or one that may only send"
            advice = "Is it a sending key of the domain, try it with nurture send-test; else copy it anew."
            return Checked(said, advice=advice)
        if answer.status == 404:
            advice = "Compare domain and region (us or eu)."
            return Checked(f"mailgun knows no domain {self._domain} there", Trouble.SETUP, advice)
        state = table(answer.table.get("domain")).get("state")
        if answer.ok and state == "disabled":
            return Checked(f"mailgun has disabled {self._domain}", Trouble.QUOTA)
        if answer.ok and state == "unverified":
            advice = "Put the records that Mailgun shows for it into the DNS, and have it verified there."
            return Checked(f"mailgun takes our key; {self._domain} is not verified", advice=advice)
        return super().understood(answer)

    def outcome(self, envelope: Envelope, answer: Answer) -> Outcome:
        said = text(answer.table.get("message"))
        if answer.ok:
            return accepted(envelope, str(answer.status), text(answer.table.get("id")) or None)
        wrong_address = answer.status == 400 and "'to'" in said.replace('"', "'")
        return read(envelope, answer, said=said, trouble=Trouble.INVALID_RECIPIENT if wrong_address else None)

    def heard(self, webhook: Webhook, now: datetime) -> Heard:
        notes = documents(webhook.body)
        if len(notes) != 1:
            raise Forged("a signature of Mailgun's is for one note")
        at, token = self._verified(table(notes[0].get("signature")), now)
        seal = Seal(token, hashlib.sha256(webhook.body).hexdigest(), at + _OLDEST)
        return replace(_heard(table(notes[0].get("event-data")), now), seal=seal)

    def _verified(self, given: Mapping[str, Any], now: datetime) -> tuple[datetime, str]:
        """The time and the token of a signature: more it does not cover. Raises Forged."""
        at, token = text(given.get("timestamp")), text(given.get("token"))
        proof.hmac_sha256(self._signing_key, f"{at}{token}".encode(), text(given.get("signature")))
        proof.timely(at, now, _OLDEST)
        return datetime.fromtimestamp(int(at), UTC), token


def _heard(data: Mapping[str, Any], now: datetime) -> Heard:
    headers = table(table(data.get("message")).get("headers"))
    provider_id, kind = text(headers.get("message-id")), text(data.get("event"))
    ours, at = key(table(data.get("user-variables")).get(KEY)), seconds(data.get("timestamp"), now)
    about = About("mailgun", text(data.get("recipient")), ours, provider_id, at)
    id_ = text(data.get("id")) or identity(provider_id, kind, data.get("timestamp"))
    match kind:
        case "delivered":
            return about.delivered(id_)
        case "complained":
            return about.complained(id_)
        case "unsubscribed":
            return about.unsubscribed("Mailgun")
        case "failed" if data.get("severity") != "temporary":  # those Mailgun tries again by itself
            return about.bounced(id_, _failure(data))
        case "rejected":
            said = text(table(data.get("reject")).get("reason"))
            return about.bounced(id_, dropped(Trouble.CONTENT, "rejected", said))
    return about.taken()


def _failure(data: Mapping[str, Any]) -> Failure:
    reason, status = text(data.get("reason")), table(data.get("delivery-status"))
    code = text(status.get("enhanced-code")) or text(status.get("code"))
    said = text(status.get("message")) or text(status.get("description"))
    if reason in _REASONS:
        return dropped(_REASONS[reason], code, said)
    return failure(said, code, code=code)
