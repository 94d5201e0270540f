"""What stands around every request: a limit on its size, and answers that give nothing away."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from starlette.responses import Response

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]
Apologise: TypeAlias = Callable[[str, int], Response]

LARGEST_BODY = 64 * 1024
LARGEST_BATCH = 1024 * 1024  # providers and shops tell of up to a thousand events in one request
LONGEST_URL = 8 * 1024

log = logging.getLogger("nurture.web")

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"x-robots-tag", b"noindex, nofollow"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
)


class TooLarge(Exception):
    """The request's body is larger than anybody's form or webhook."""


class Guard:
    """ASGI middleware: refuses oversized requests, adds security headers, turns every error into a page.

    `apologise` gives the answer to a request for that path, with that status.
    """

    def __init__(self, app: App, apologise: Apologise) -> None:
        self.app, self.apologise = app, apologise

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _Answer(send)
        status = _refuse(scope)
        if status is None:
            status = await self._pass_on(scope, receive, answer)
        if status is not None and not answer.started:
            await self.apologise(scope["path"], status)(scope, receive, answer)

    async def _pass_on(self, scope: Message, receive: Receive, answer: _Answer) -> int | None:
        """Let the application answer; a status where it could not."""
        try:
            await self.app(scope, _limited(receive, _most(scope)), answer)
        except TooLarge:
            return 413
        except Exception as error:
            _note(scope, error)
            return 500
        return None


class _Answer:
    """`send` with the security headers that the answer doesn't set itself."""

    def __init__(self, send: Send) -> None:
        self.send, self.started = send, False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            own = list(message.get("headers", ()))
            named = {name.lower() for name, _ in own}
            message["headers"] = own + [pair for pair in _HEADERS if pair[0] not in named]
        await self.send(message)


def _refuse(scope: Message) -> int | None:
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > LONGEST_URL:
        return 414
    for name, value in scope["headers"]:
        if name == b"content-length":
            if not value.isdigit():
                return 400
            if len(value) > 9 or int(value) > _most(scope):
                return 413
    return None


def _most(scope: Message) -> int:
    many = scope["path"].startswith("/webhooks/") or scope["path"] == "/api/events"
    return LARGEST_BATCH if many else LARGEST_BODY


def _limited(receive: Receive, most: int) -> Receive:
    """`receive` that counts what comes: a body may come without its length."""
    received = 0

    async def count() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > most:
            raise TooLarge
        return message

    return count


def _note(scope: Message, error: Exception) -> None:
    """Log what failed and where, without the token, the query or any value: those are personal."""
    route = "/" + scope["path"].lstrip("/").partition("/")[0]
    frame = traceback.extract_tb(error.__traceback__)[-1]
    log.error(
        "%s %s failed: %s in %s:%s", scope["method"], route, type(error).__name__, frame.name, frame.lineno
    )
