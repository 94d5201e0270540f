"""The web application: links that come back, pages for people, webhooks of providers, what other systems ask."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from nurture.app.runtime import Runtime
from nurture.rendering import links
from nurture.web import api, confirming, health, providers, surveys, tracking, unsubscribing
from nurture.web.desk import Desk
from nurture.web.guard import Guard


def create_app(runtime: Runtime, now: Callable[[], datetime] | None = None) -> FastAPI:
    """The application of a workspace. `now` is the clock, the runtime's own by default.

    Raises NurtureError in a workspace without a secret to sign links with.
    """
    signer = links.Signer(runtime.settings.secrets)
    desk = Desk(runtime, runtime.renderer, signer, now or runtime.now)
    app = FastAPI(title="nurture", docs_url=None, redoc_url=None, openapi_url=None)
    for room in (tracking, unsubscribing, confirming, surveys, providers, api, health):
        app.include_router(room.routes(desk))

    def apologise(path: str, status: int) -> Response:
        return api.apology(status) if path.startswith(f"{api.PREFIX}/") else desk.apology(status)

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: Exception) -> Response:
        answer = apologise(request.url.path, getattr(error, "status_code", 400))
        answer.headers.update(getattr(error, "headers", None) or {})
        return answer

    app.add_middleware(Guard, apologise=apologise)
    return app
