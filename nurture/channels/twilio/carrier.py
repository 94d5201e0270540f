"""The carrier: one HTTP request a message, a wave on as many connections."""

from __future__ import annotations

import base64
import json
import re
import select
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection, NotConnected
from urllib.parse import urlencode, urlsplit

from nurture import faults
from nurture.channels.base import (
    MEANINGS,
    Envelope,
    Heard,
    Options,
    Outcome,
    Prepared,
    Trouble,
    Webhook,
    accepted,
    outcome,
)
from nurture.channels.twilio.codes import by_code, by_status
from nurture.channels.twilio.webhooks import KEY_PARAMETER, heard
from nurture.model import Channel
from nurture.settings import ChannelConfig

_ACCOUNT = re.compile(r"AC[0-9a-fA-F]{32}")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_KNOWN = ("account", "token", "api_key", "api_secret", "callback", "api", "connections", "timeout")


@dataclass(frozen=True, slots=True)
class Account:
    """Whom we send for. Times are in seconds."""

    sid: str
    user: str  # the account itself or an API key
    password: str
    token: str | None  # checks the signatures of webhooks
    callback: str | None  # public URL that hears what became of each message
    api: str = "https://api.twilio.com"
    timeout: float = 30.0


def open_carrier(config: ChannelConfig) -> Twilio:
    """Options: account, token, or api_key and api_secret beside the token; callback (the public URL
    of the webhook), connections, timeout in seconds, api (another base URL). Raises NurtureError."""
    options = Options(config, _KNOWN)
    sid = options.required("account", "AC" + "0" * 32)
    if not _ACCOUNT.fullmatch(sid):
        raise options.error("account must be AC and 32 hexadecimal digits, as Twilio's console shows it")
    token, key, secret = options.text("token"), options.text("api_key"), options.text("api_secret")
    if (key is None) != (secret is None):
        raise options.error("api_key and api_secret go together; one of them is missing or empty")
    account = Account(
        sid,
        user=key or sid,
        password=secret or options.required("token", "${TWILIO_TOKEN}"),
        token=token,
        callback=_url(options, "callback", None),
        api=_url(options, "api", "https://api.twilio.com") or "",
        timeout=options.number("timeout", 30, 0.1, 600),
    )
    return Twilio(account, options.whole("connections", 10, 1, 100))


def _url(options: Options, name: str, default: str | None) -> str | None:
    written = options.text(name, default)
    if written is None:
        return None
    parts = urlsplit(written)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise options.error(f"{name} must begin with https://, not {written!r}")
    return written.rstrip("/")


@dataclass(frozen=True, slots=True)
class Held:
    """A request that is built, on a connection that stands."""

    envelope: Envelope
    line: HTTPConnection
    form: bytes


class Twilio:
    """Creating a message is not idempotent: an answer that gets lost leaves doubt, and the status
    callback, which bears the message's key, settles it."""

    name = "twilio"
    channel = Channel.SMS
    has_idempotency = False

    def __init__(self, account: Account, connections: int = 10) -> None:
        self._account, self.connections = account, connections
        self._path = f"{urlsplit(account.api).path}/2010-04-01/Accounts/{account.sid}/Messages.json"
        self._idle: list[HTTPConnection] = []
        self._pool = ThreadPoolExecutor(connections, thread_name_prefix="twilio")

    @property
    def patience(self) -> float:
        return 3 * self._account.timeout

    def prepare(self, wave: Sequence[Envelope]) -> Prepared[Held]:
        lines = list(self._pool.map(lambda _: self._line(), wave))
        early: list[Outcome] = []
        held: dict[int, Held] = {}
        for envelope, line in zip(wave, lines, strict=True):
            if isinstance(line, HTTPConnection):
                held[envelope.message_id] = Held(envelope, line, self.form(envelope))
            else:
                early.append(outcome(envelope, Trouble.CONNECTION, said=line))
        down = f"{MEANINGS[Trouble.CONNECTION].words} ({lines[0]})" if wave and not held else None
        return Prepared(tuple(early), held, down)

    def form(self, envelope: Envelope) -> bytes:
        """The body of the request that creates this message."""
        sender = "MessagingServiceSid" if envelope.sender.startswith("MG") else "From"
        fields = {"To": envelope.recipient, sender: envelope.sender, "Body": envelope.body.decode()}
        if self._account.callback:
            fields["StatusCallback"] = f"{self._account.callback}?{urlencode({KEY_PARAMETER: envelope.key})}"
        return urlencode(fields).encode()

    def hand_over(self, prepared: Prepared[Held], allowed: Collection[int]) -> list[Outcome]:
        for id_, held in prepared.held.items():
            if id_ not in allowed:
                self._idle.append(held.line)  # nothing was said on it yet
        chosen = [held for id_, held in prepared.held.items() if id_ in allowed]
        return list(self._pool.map(self._send, chosen))

    def _send(self, held: Held) -> Outcome:
        faults.point("body.before_send")
        try:
            held.line.request("POST", self._path, held.form, self._headers())
            faults.point("body.before_reply")
            answer = held.line.getresponse()
            said = answer.read()
        except NotConnected:
            return outcome(held.envelope, Trouble.CONNECTION)
        except (OSError, HTTPException) as failure:
            held.line.close()
            return outcome(held.envelope, Trouble.LOST, said=str(failure) or type(failure).__name__)
        faults.point("body.after_reply")
        self._idle.append(held.line)
        return _outcome(held.envelope, answer.status, _document(said))

    def parse_webhook(self, webhook: Webhook, now: datetime) -> Heard:
        return heard(webhook, self._account.token, now)

    def close(self) -> None:
        self._pool.shutdown()
        while self._idle:
            self._idle.pop().close()

    def _headers(self) -> dict[str, str]:
        credentials = f"{self._account.user}:{self._account.password}".encode()
        return {
            "Authorization": f"Basic {base64.b64encode(credentials).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }

    def _line(self) -> HTTPConnection | str:
        """A connection that stands, or why there is none."""
        with suppress(IndexError):  # other threads take from the same pile
            while True:
                line = self._idle.pop()
                if _stands(line):
                    return line
                line.close()
        parts, timeout = urlsplit(self._account.api), self._account.timeout
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        line = kind(parts.hostname or "", parts.port, timeout=timeout)
        line.auto_open = 0  # a request must not silently begin a second time on a new connection
        try:
            line.connect()
        except OSError as failure:
            return failure.strerror or str(failure) or type(failure).__name__
        return line


def _stands(line: HTTPConnection) -> bool:
    """Whether the server has neither closed the connection nor said something unasked."""
    return line.sock is not None and not select.select([line.sock], [], [], 0)[0]


def _document(said: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(said)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _outcome(envelope: Envelope, status: int, document: Mapping[str, object]) -> Outcome:
    if 200 <= status < 300:
        sid = document.get("sid")
        return accepted(envelope, str(status), str(sid) if sid else None)
    code = str(document.get("code") or "")
    trouble = by_code(code) or by_status(status)
    return outcome(envelope, trouble, code or str(status), str(document.get("message") or ""))
