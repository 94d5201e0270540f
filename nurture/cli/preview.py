"""`nurture preview --serve`: the page in the browser, until Ctrl+C."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nurture.cli.folder import runtime
from nurture.cli.tables import paragraph
from nurture.problems import NurtureError

if TYPE_CHECKING:
    from nurture.web.server import Server


def serve(folder: Path, wanted: str, contact: str | None, locale: str | None, port: int) -> None:
    """Show the page until somebody interrupts. Raises NurtureError for what isn't there at the start."""
    from nurture.app.previewing.studio import Studio
    from nurture.web.preview import Preview
    from nurture.web.preview.query import Query

    with runtime(folder, for_work=False) as opened:
        studio = Studio(opened)
        query = Query(show=wanted, person=contact or "", locale=locale or "")
        studio.must_know(query.asked)
        preview = Preview(studio)
        with _server(preview.app, port) as server:
            print(f"{server.url}{query.to()}", flush=True)
            print(paragraph("It follows the files of the workspace. Ctrl+C ends it."), flush=True)
            _until_interrupted()
            preview.close()


def _server(app: Any, port: int) -> Server:
    """Raises NurtureError where somebody listens there."""
    from nurture.web.server import Server

    try:
        return Server(app, f"127.0.0.1:{port}")
    except NurtureError:
        raise NurtureError(
            f"something else listens on port {port}; name another one by --port, or leave it out for a free one"
        ) from None


def _until_interrupted() -> None:
    """Until Ctrl+C, or until the process is told to end."""
    import signal
    from threading import Event

    ended = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
