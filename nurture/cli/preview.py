"""`nurture preview --serve`: the page in the browser, until Ctrl+C."""

from __future__ import annotations

from pathlib import Path

from nurture.cli.folder import runtime
from nurture.cli.tables import paragraph


def serve(folder: Path, wanted: str, contact: str | None, locale: str | None, port: int) -> None:
    """Show the page until somebody interrupts. Raises NurtureError for what isn't there at the start."""
    from nurture.app.previewing.studio import Studio
    from nurture.web.preview import Preview
    from nurture.web.preview.query import Query
    from nurture.web.server import Server

    with runtime(folder, for_work=False) as opened:
        studio = Studio(opened)
        query = Query(show=wanted, person=contact or "", locale=locale or "")
        studio.must_know(query.asked)
        preview = Preview(studio)
        with Server(preview.app, f"127.0.0.1:{port}") as server:
            print(f"{server.url}{query.to()}", flush=True)
            print(paragraph("It follows the files of the workspace. Ctrl+C ends it."), flush=True)
            _until_interrupted()
            preview.close()


def _until_interrupted() -> None:
    from threading import Event

    try:
        Event().wait()
    except KeyboardInterrupt:
        print()
