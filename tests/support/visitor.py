"""Somebody who visits the web application without a network between."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any

import httpx

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"


class Visitor:
    """Requests to an ASGI application, of somebody at the address `peer`; redirects are not followed. A context
    manager."""

    def __init__(self, app: Any, agent: str = IPHONE, peer: str = "127.0.0.1") -> None:
        self._runner = asyncio.Runner()
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=True, client=(peer, 4711))
        self._client = httpx.AsyncClient(
            transport=transport, base_url="http://nurture.test", headers={"user-agent": agent}
        )

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        return self._runner.run(self._client.request(method, url, **options))

    def together(self, *requests: tuple[str, str]) -> list[httpx.Response]:
        """Several requests, each (method, URL), under way at once."""

        async def all_of_them() -> list[httpx.Response]:
            return await asyncio.gather(*(self._client.request(method, url) for method, url in requests))

        return self._runner.run(all_of_them())

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)

    def head(self, url: str, **options: Any) -> httpx.Response:
        return self.request("HEAD", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        return self.request("POST", url, **options)

    def __enter__(self) -> Visitor:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()
