"""The page's addresses: the page, what stands in its frame, people found, and word of each change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from nurture.app.previewing.studio import Studio
from nurture.web.preview import drawing, frames
from nurture.web.preview.query import Query

HERE = Path(__file__).parent
EVERY = 0.1  # seconds between looks at the files
BREATH = 100  # looks between signs of life to a browser whose page may be gone
_PAGE = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "frame-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
# Scripts of a mail never run; its styles and pictures are those that a mail program would show.
_FRAME = {
    **_PAGE,
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline' https:; img-src https: http: data:; "
    "font-src https: data:; frame-ancestors 'self'; sandbox allow-same-origin allow-popups "
    "allow-popups-to-escape-sandbox",
}
_ASSETS = {"preview.css": "text/css", "preview.js": "text/javascript"}


class Preview:
    """The application of a studio. `close` ends the streams that would hold up the server's end."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._closed = False
        routes = [
            Route("/", self.page),
            Route("/frame", self.frame),
            Route("/people", self.people),
            Route("/changes", self.changes),
            Route("/{name}", self.asset),
        ]
        # a page elsewhere whose name is made to lead here must not read what people's mails say
        only_here = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
        self.app = Starlette(routes=routes, middleware=[only_here])

    def close(self) -> None:
        self._closed = True

    def page(self, request: Request) -> Response:
        query = Query.of(request.query_params)
        found = self._studio.search(query.find) if query.find else []
        view = self._studio.view(query.asked)
        return HTMLResponse(drawing.page(view, query, found), headers=_PAGE)

    def frame(self, request: Request) -> Response:
        query = Query.of(request.query_params)
        html = self._studio.page(query.asked, lambda runtime, view: frames.frame(runtime, view, query))
        return HTMLResponse(html, headers=_FRAME)

    def people(self, request: Request) -> Response:
        query = Query.of(request.query_params)
        found = self._studio.search(query.find)
        return HTMLResponse(drawing.people(query, found), headers=_PAGE)

    async def changes(self, request: Request) -> Response:
        known = request.query_params.get("since", "")
        return StreamingResponse(self._told(known), media_type="text/event-stream", headers=_PAGE)

    async def _told(self, known: str) -> AsyncIterator[str]:
        """An event with the files' new stamp for each change."""
        yield "retry: 500\n\n"
        looks = 0
        while not self._closed:
            stamp = await run_in_threadpool(self._studio.stamp)
            if stamp != known:
                known = stamp
                yield f"data: {stamp}\n\n"
            elif looks % BREATH == 0:
                yield ": here\n\n"
            looks += 1
            await asyncio.sleep(EVERY)

    def asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _ASSETS:
            return HTMLResponse(drawing.nothing(), 404, headers=_PAGE)
        text = (HERE / name).read_text(encoding="utf-8")
        return Response(text, media_type=_ASSETS[name], headers={"cache-control": "no-cache"})
