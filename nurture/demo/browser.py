"""A browser without a network: it asks the web application directly (ASGI 3), as a server would."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlencode, urlsplit

_AGENT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
)


Asking: TypeAlias = "Coroutine[Any, Any, Page]"


@dataclass(frozen=True, slots=True)
class Page:
    """What the application answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


class Browser:
    """Fetches addresses of one ASGI application. Not for several threads; close it."""

    def __init__(self, app: Any, agent: str = _AGENT) -> None:
        self._app, self._agent = app, agent
        self._loop = asyncio.new_event_loop()
        self._asked: asyncio.Queue[tuple[Asking, asyncio.Future[Page]]] = asyncio.Queue()
        # one task that lasts: the threads in which the application works end with the task that asks
        self._asker = self._loop.create_task(self._ask_on())

    def get(self, url: str) -> Page:
        return self._run(self._ask("GET", url, b""))

    def post(self, url: str, form: Mapping[str, str]) -> Page:
        return self._run(self._ask("POST", url, urlencode(form).encode()))

    def close(self) -> None:
        self._asker.cancel()
        self._loop.run_until_complete(asyncio.wait([self._asker]))
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def _run(self, asking: Asking) -> Page:
        answer: asyncio.Future[Page] = self._loop.create_future()
        self._asked.put_nowait((asking, answer))
        return self._loop.run_until_complete(answer)

    async def _ask_on(self) -> None:
        while True:
            asking, answer = await self._asked.get()
            try:
                answer.set_result(await asking)
            except Exception as error:
                answer.set_exception(error)

    async def _ask(self, method: str, url: str, body: bytes) -> Page:
        status, headers, parts = 500, {}, []
        unread = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return unread.pop() if unread else {"type": "http.disconnect"}

        async def send(message: Mapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers.update(
                    {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in message["headers"]}
                )
            else:
                parts.append(message.get("body", b""))

        await self._app(self._scope(method, url, body), receive, send)
        return Page(status, headers, b"".join(parts))

    def _scope(self, method: str, url: str, body: bytes) -> dict[str, Any]:
        parts = urlsplit(url)
        headers = {"host": parts.netloc, "user-agent": self._agent, "accept": "text/html,image/*"}
        if method == "POST":
            headers |= {"content-type": "application/x-www-form-urlencoded", "content-length": str(len(body))}
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": parts.scheme,
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("203.0.113.7", 50000),
            "server": (parts.hostname or "localhost", parts.port or 80),
        }
