"""Providers that are asked over HTTPS: one request a message, a wave on as many connections.

What is particular to a provider is a `Provider`: how a request is built, what an answer means, and what its webhooks
say. Connections, waves and lost answers are the same for all of them and stand here. An answer that is lost leaves doubt
at all of them: for how long a provider drops a second request is a feature, and whoever settles doubt looks at it.
"""

from __future__ import annotations

import base64
import json
import re
import socket
import ssl
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection, IncompleteRead, NotConnected
from threading import Event, Timer
from typing import Any, ClassVar
from urllib.parse import urlsplit

from nurture import faults
from nurture.channels.base import (
    Envelope,
    Features,
    Forged,
    Found,
    Heard,
    Options,
    Outcome,
    OutcomeKind,
    Prepared,
    Sought,
    Trouble,
    Webhook,
    Whereabouts,
    outcome,
)
from nurture.channels.checking import Checked
from nurture.channels.told import moment
from nurture.settings import ChannelConfig

COMMON = ("api", "connections", "timeout")  # options of every provider of this kind
_PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype )?html\b", re.IGNORECASE)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Call:
    """The request that hands one message over. `path` comes behind the provider's base URL."""

    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case

    @property
    def document(self) -> Any:
        """The body as JSON; where it is none, an empty table."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return {}

    @property
    def table(self) -> Mapping[str, Any]:
        """The body as a table; where it is none, an empty one."""
        found = self.document
        return found if isinstance(found, dict) else {}

    @property
    def ok(self) -> bool:
        """Whether the provider said yes. A page for people comes from something in front of it."""
        return 200 <= self.status < 300 and _PAGE.match(self.body) is None


class Unfit(Exception):
    """A message that cannot be put into this provider's words. `args[0]` says why, for a customer."""


class Provider(ABC):
    """One provider of one channel. Its options are read when it is made, which raises NurtureError.

    Everything but `heard` is called from several threads at once.
    """

    name: ClassVar[str]
    # where its API stands; the option `api` says otherwise, and has to where this is empty
    api: ClassVar[str] = ""
    regions: ClassVar[Mapping[str, str]] = {}  # the same by its option `region`; the first is the usual one
    known: ClassVar[tuple[str, ...]]  # its own options
    proved_by: ClassVar[str | None] = None  # the one without which none of its webhooks gets in
    features: ClassVar[Features]

    def __init__(self, config: ChannelConfig) -> None:
        self.channel = config.channel
        self.options = Options(config, (*COMMON, *self.known))
        self.base = url(self.options, "api", self._regional()) or self.options.required(
            "api", "https://lists.shop.example"
        )
        self.timeout = self.options.number("timeout", 30, 0.1, 600)

    def _regional(self) -> str:
        if not self.regions:
            return self.api
        return self.regions[self.options.choice("region", next(iter(self.regions)), tuple(self.regions))]

    @abstractmethod
    def call(self, envelope: Envelope) -> Call:
        """The request for a message: the same at every attempt. Raises Unfit."""

    @abstractmethod
    def outcome(self, envelope: Envelope, answer: Answer) -> Outcome:
        """What an answer means for the message."""

    def question(self) -> Call | None:
        """A GET whose answer tells whether our key is good, and which changes nothing; None: there is none."""
        return None

    def understood(self, answer: Answer) -> Checked:
        """What the answer to the question means."""
        if answer.ok:
            return Checked(f"{self.name} takes our key")
        return Checked(f"{self.name} answers {answer.status}", by_status(answer.status))

    def lookups(self, sought: Sought) -> Sequence[Call]:
        """GETs of which one finds the message, if the provider took it; for those that are `features.searched`."""
        return ()

    def found(self, sought: Sought, answer: Answer) -> str | None:
        """The provider's id of the message, where the answer has it."""
        return None

    def heard(self, webhook: Webhook, now: datetime) -> Heard:
        """What a webhook says. Raises Forged unless it is proved to be the provider's."""
        raise Forged(f"{self.name} sends no webhooks")

    def challenge(self, query: Mapping[str, str]) -> str | None:
        """What to answer where the provider asks whether the webhook's address is ours; None: nothing."""
        return None


@dataclass(frozen=True, slots=True)
class Held:
    """A request that is built, on a connection that stands."""

    envelope: Envelope
    line: HTTPConnection
    call: Call
    since: float  # on a clock that goes on while the process stands still


class Api:
    """The carrier for a provider. Connections are opened when a wave needs them and kept for the next ones."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.name, self.channel, self.features = provider.name, provider.channel, provider.features
        self.connections = provider.options.whole("connections", 10, 1, 100)
        self._path = urlsplit(provider.base).path
        self._idle: list[HTTPConnection] = []
        self._pool = ThreadPoolExecutor(self.connections, thread_name_prefix=provider.name)

    @property
    def patience(self) -> float:
        return 3 * self.provider.timeout

    def prepare(self, wave: Sequence[Envelope]) -> Prepared[Held]:
        found = list(self._pool.map(self._hold, wave))
        early = tuple(one for one in found if isinstance(one, Outcome))
        held = {one.envelope.message_id: one for one in found if isinstance(one, Held)}
        down = early and all(one.kind is OutcomeKind.DEFERRED for one in early) and not held
        return Prepared(early, held, early[0].detail if down else None)

    def _hold(self, envelope: Envelope) -> Held | Outcome:
        try:
            call = self.provider.call(envelope)
        except Unfit as unfit:
            refused = outcome(envelope, Trouble.CONTENT)
            return replace(refused, detail=str(unfit))
        line = self._line()
        if isinstance(line, str):
            return outcome(envelope, Trouble.CONNECTION, said=line)
        return Held(envelope, line, call, time.monotonic())

    def hand_over(self, prepared: Prepared[Held], allowed: Collection[int]) -> list[Outcome]:
        for id_, held in prepared.held.items():
            if id_ not in allowed:
                self._idle.append(held.line)  # nothing was said on it yet
        chosen = [held for id_, held in prepared.held.items() if id_ in allowed]
        over = Event()
        deadline = Timer(self.patience, _cut, (over, [held.line for held in chosen]))
        deadline.start()
        try:
            return list(self._pool.map(partial(self._send, over), chosen))
        finally:
            deadline.cancel()

    def _send(self, over: Event, held: Held) -> Outcome:
        call, line = held.call, held.line
        faults.point("body.before_send")
        # others may have it by now, and its key be forgotten; or the server waited for less long than our database
        if time.monotonic() - held.since > self.patience or not _stands(line):
            line.close()
            return outcome(held.envelope, Trouble.CONNECTION)
        try:
            line.request("POST", self._path + call.path, call.body, dict(call.headers))
            faults.point("body.before_reply")
            answer = _answer(line)
            if over.is_set():
                raise IncompleteRead(answer.body)
        except NotConnected:
            return outcome(held.envelope, Trouble.CONNECTION)
        except (OSError, HTTPException) as failure:
            line.close()
            return outcome(held.envelope, Trouble.LOST, said=str(failure) or type(failure).__name__)
        faults.point("body.after_reply")
        self._idle.append(line)
        return self.provider.outcome(held.envelope, answer)

    def check(self) -> Checked | None:
        call = self.provider.question()
        if call is None:
            return None
        answer = self._get(call)
        if isinstance(answer, str):
            return Checked(answer, Trouble.CONNECTION)
        said = self.provider.understood(answer)
        advice = said.advice or ("" if said.trouble else self._advice())
        return replace(said, advice=advice, clock=moment(answer.headers.get("date")))

    def _get(self, call: Call) -> Answer | str:
        """The answer to a question that changes nothing, or why there is none."""
        line = self._line()
        if isinstance(line, str):
            return line
        try:
            line.request("GET", self._path + call.path, headers=dict(call.headers))
            return _answer(line)
        except (OSError, HTTPException) as failure:
            return str(failure) or type(failure).__name__
        finally:
            line.close()

    def _advice(self) -> str:
        """What to do where its webhooks cannot get in."""
        needed = self.provider.proved_by
        if not self.features.tells or needed is None or self.provider.options.text(needed):
            return ""
        return (
            f"Set {needed}, and enter the webhook at {self.name}: nothing else tells what bounced"
            " and who unsubscribed there."
        )

    def parse_webhook(self, webhook: Webhook, now: datetime) -> Heard:
        return self.provider.heard(webhook, now)

    def close(self) -> None:
        self._pool.shutdown()
        while self._idle:
            self._idle.pop().close()

    def _line(self) -> HTTPConnection | str:
        """A connection that stands, or why there is none."""
        with suppress(IndexError):  # other threads take from the same pile
            while True:
                line = self._idle.pop()
                if _stands(line):
                    return line
                line.close()
        parts, timeout = urlsplit(self.provider.base), self.provider.timeout
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        line = kind(parts.hostname or "", parts.port, timeout=timeout)
        line.auto_open = 0  # a request must not silently begin a second time on a new connection
        try:
            line.connect()
        except OSError as failure:
            return failure.strerror or str(failure) or type(failure).__name__
        return line


class SearchingApi(Api):
    """The carrier for a provider that can be asked what became of a message. What it doesn't find is unknown, and not
    absent: nobody promises when a message is to be seen there."""

    appears_within = timedelta(minutes=2)

    def search(self, sought: Sequence[Sought]) -> list[Found]:
        return [found for found in self._pool.map(self._find, sought) if found is not None]

    def _find(self, sought: Sought) -> Found | None:
        for call in self.provider.lookups(sought):
            answer = self._get(call)
            id_ = None if isinstance(answer, str) or not answer.ok else self.provider.found(sought, answer)
            if id_:
                return Found(sought.message_id, Whereabouts.ARRIVED, id_)
        return None


def _answer(line: HTTPConnection) -> Answer:
    response = line.getresponse()
    said = response.read()
    return Answer(response.status, said, {name.lower(): value for name, value in response.getheaders()})


def _stands(line: HTTPConnection) -> bool:
    """Whether the server has neither closed the connection nor said something unasked. What TLS says for itself, such
    as its tickets, is no such thing."""
    if line.sock is None:
        return False
    try:
        line.sock.settimeout(0)
        line.sock.recv(1)
        return False
    except (BlockingIOError, ssl.SSLWantReadError):
        line.sock.settimeout(line.timeout)
        return True
    except OSError:
        return False


def _cut(over: Event, lines: Sequence[HTTPConnection]) -> None:
    """End what takes too long, however slowly its answers drip: the lease would end before it."""
    over.set()
    for line in lines:
        if (sock := line.sock) is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


# --- what several providers have in common -----------------------------------------------


def url(options: Options, name: str, default: str | None = None) -> str | None:
    """An address that is encrypted, or on this machine. Raises NurtureError."""
    written = options.text(name, default)
    if not written:
        return None
    parts = urlsplit(written)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise options.error(f"{name} must begin with https://, not {written!r}", name)
    return written.rstrip("/")


def posted(path: str, document: object, headers: Mapping[str, str]) -> Call:
    """A request whose body is JSON."""
    types = {"Content-Type": "application/json", "Accept": "application/json"}
    return Call(path, json.dumps(document, separators=(",", ":")).encode(), {**types, **headers})


def basic(user: str, password: str) -> str:
    """The value of an `Authorization` header (RFC 7617)."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def by_status(status: int, *, permanent: Trouble = Trouble.CONTENT) -> Trouble:
    """What an HTTP status means where the provider says no more.

    A server error may come after the message was taken, so it leaves doubt; 503 says that nothing was done, and so does
    a redirect to where we should have asked.
    """
    known = {
        301: Trouble.SETUP,
        302: Trouble.SETUP,
        307: Trouble.SETUP,
        308: Trouble.SETUP,
        401: Trouble.AUTH,
        402: Trouble.QUOTA,
        403: Trouble.AUTH,
        404: Trouble.SETUP,
        408: Trouble.SERVER,
        421: Trouble.SERVER,
        429: Trouble.RATE,
        503: Trouble.SERVER,
    }
    if status in known:
        return known[status]
    return permanent if 400 <= status < 500 else Trouble.LOST


def read(
    envelope: Envelope,
    answer: Answer,
    *,
    code: object = "",
    said: object = "",
    trouble: Trouble | None = None,
) -> Outcome:
    """The outcome of an answer that was no: by its `trouble` where the provider's code says which, else by status."""
    return outcome(envelope, trouble or by_status(answer.status), str(code or answer.status), str(said or ""))
