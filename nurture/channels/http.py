"""Webhooks over HTTPS, signed after Standard Webhooks (https://www.standardwebhooks.com).

A call goes to the address that was looked up and allowed, whatever the name says a moment later; redirects are not
followed.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from http.client import HTTPConnection, HTTPException, IncompleteRead, NotConnected
from threading import Timer
from typing import Any

from nurture import faults, hosts
from nurture.channels.base import (
    Envelope,
    Features,
    Forged,
    Heard,
    Options,
    Outcome,
    OutcomeKind,
    Prepared,
    Trouble,
    Webhook,
    accepted,
    outcome,
)
from nurture.channels.proof import standard_key, standard_signature
from nurture.model import Channel
from nurture.settings import ChannelConfig

LARGEST_ANSWER = 64 * 1024
SHORTEST_SECRET = 24
TIMEOUT = 10.0
MOST_ADDRESSES = 3  # of a host that are tried
_LATER = frozenset((401, 403, 408, 425, 429))  # and whatever is the receiver's own fault


def open_carrier(config: ChannelConfig) -> Http:
    """Options: connections (calls that may be under way at once: 8).

    Raises NurtureError where hosts or the secret are missing or wrong."""
    options = Options(config, ("connections",))
    if not config.hosts:
        raise options.error("http needs 'hosts', for example hosts: [crm.example]")
    if not config.secrets:
        raise options.error("http needs 'secret', for example secret: ${WEBHOOK_SECRET}")
    keys = tuple(map(standard_key, config.secrets))
    if any(len(key) < SHORTEST_SECRET for key in keys):
        raise options.error(
            "the secret is shorter than 24 bytes; make one with: echo whsec_$(openssl rand -base64 32)"
        )
    return Http(config.hosts, keys, options.whole("connections", 8, 1, 100))


def signature(keys: Sequence[bytes], key: str, at: int, body: bytes) -> str:
    """One signature for each key, so that a receiver may change over to a new one."""
    return " ".join(standard_signature(each, key, str(at), body) for each in keys)


@dataclass(frozen=True, slots=True)
class Held:
    """A call that is ready, on a connection that stands."""

    envelope: Envelope
    line: HTTPConnection
    path: str


class Http:
    """A receiver drops repeats by `webhook-id`; whether it does nobody knows here, so a lost answer leaves doubt."""

    name = "http"
    channel = Channel.WEBHOOK
    features = Features(notes="Signed after Standard Webhooks; receivers may drop repeats by `webhook-id`.")
    patience = 300.0  # three addresses and the answer, a minute for each at most

    def __init__(self, listed: Collection[str], keys: Sequence[bytes], connections: int = 8) -> None:
        self._hosts, self._keys, self.connections = listed, keys, connections
        self._pool = ThreadPoolExecutor(connections, thread_name_prefix="webhook")

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    def prepare(self, wave: Sequence[Envelope]) -> Prepared[Held]:
        found = list(self._pool.map(self._line, wave))
        early = tuple(one for one in found if isinstance(one, Outcome))
        return Prepared(early, {one.envelope.message_id: one for one in found if isinstance(one, Held)})

    def hand_over(self, prepared: Prepared[Held], allowed: Collection[int]) -> list[Outcome]:
        for id_, held in prepared.held.items():
            if id_ not in allowed:
                held.line.close()
        chosen = [held for id_, held in prepared.held.items() if id_ in allowed]
        return list(self._pool.map(self._send, chosen))

    def parse_webhook(self, webhook: Webhook, now: datetime) -> Heard:
        raise Forged("who is called sends nothing by itself")

    def close(self) -> None:
        self._pool.shutdown()

    def _line(self, envelope: Envelope) -> Held | Outcome:
        """A connection that stands, or what became of the call already."""
        if (why := hosts.why_not(envelope.recipient, self._hosts)) is not None:
            return _refused(envelope, "not_allowed", f"{why[0].upper()}{why[1:]}.")
        there, timeout = hosts.place(envelope.recipient), envelope.timeout or TIMEOUT
        try:
            found = socket.getaddrinfo(there.host, there.port, type=socket.SOCK_STREAM)
        except OSError as failure:
            return outcome(envelope, Trouble.CONNECTION, said=failure.strerror or "the host has no address")
        addresses = [each[4] for each in found if hosts.may_reach(str(each[4][0]), self._hosts)]
        if not addresses:
            said = f"'{there.host}' leads to a private address, which channels.webhook.hosts does not list."
            return _refused(envelope, "not_allowed", said)
        try:
            plain = _connected(addresses[:MOST_ADDRESSES], timeout)
            secure = there.scheme == "https"
            line = HTTPConnection(there.host, None if there.usual_port else there.port, timeout=timeout)
            line.auto_open = 0  # a call must not silently begin a second time on a new connection
            line.sock = self._tls.wrap_socket(plain, server_hostname=there.host) if secure else plain
        except OSError as failure:
            return outcome(envelope, Trouble.CONNECTION, said=failure.strerror or type(failure).__name__)
        return Held(envelope, line, there.path)

    def _send(self, held: Held) -> Outcome:
        envelope, line = held.envelope, held.line
        deadline = Timer(envelope.timeout or TIMEOUT, _cut, (line.sock,))
        deadline.start()
        faults.point("body.before_send")
        try:
            method = "POST" if envelope.body else "GET"
            line.request(method, held.path, envelope.body or None, self._headers(envelope))
            faults.point("body.before_reply")
            answer = line.getresponse()
            said = answer.read(LARGEST_ANSWER + 1)
            if deadline.finished.is_set() or (answer.length and len(said) <= LARGEST_ANSWER):
                raise IncompleteRead(said)  # the line was cut before its end
        except NotConnected:
            return outcome(envelope, Trouble.CONNECTION)
        except (OSError, HTTPException) as failure:
            return outcome(envelope, Trouble.LOST, said=type(failure).__name__)
        finally:
            deadline.cancel()
            line.close()
        faults.point("body.after_reply")
        return _outcome(envelope, answer.status, said)

    def _headers(self, envelope: Envelope) -> dict[str, str]:
        at = int(time.time())
        content = {"Content-Type": "application/json"} if envelope.body else {}
        return {
            **content,
            "Accept": "application/json",
            "User-Agent": "nurture",
            "webhook-id": envelope.key,
            "webhook-timestamp": str(at),
            "webhook-signature": signature(self._keys, envelope.key, at, envelope.body),
        }


def _connected(addresses: Sequence[Any], timeout: float) -> socket.socket:
    """A connection to the first of these addresses that takes one. Raises the last one's OSError."""
    for number, address in enumerate(addresses, 1):
        try:
            return socket.create_connection(address[:2], timeout)
        except OSError:
            if number == len(addresses):
                raise
    raise OSError("the host has no address")


def _cut(line: socket.socket) -> None:
    """End a call that takes too long, however slowly its answer drips."""
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def _outcome(envelope: Envelope, status: int, said: bytes) -> Outcome:
    if 200 <= status < 300:
        small = len(said) <= LARGEST_ANSWER
        detail = "" if small else "The answer is larger than 64 kB; nothing of it is kept."
        return replace(accepted(envelope, str(status)), answer=said if small else None, detail=detail)
    if status in _LATER or status >= 500:
        words = (
            "The receiver does not accept the signature. Check the secret."
            if status in (401, 403)
            else "The receiver cannot take the call now."
        )
        return Outcome(envelope.message_id, OutcomeKind.DEFERRED, str(status), words)
    if 300 <= status < 400:
        return _refused(envelope, str(status), "The receiver redirects the call, which is not followed.")
    return _refused(envelope, str(status), "The receiver does not take this call.")


def _refused(envelope: Envelope, code: str, words: str) -> Outcome:
    return Outcome(envelope.message_id, OutcomeKind.REFUSED, code, words)
