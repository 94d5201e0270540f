"""A provider's API on this machine: keeps what it was asked, and answers as the test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HANG, CLOSE = "hang", "close"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came in; names of headers in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Said:
    """What is answered. `text` may be `hang` (for five seconds, then nothing) or `close`."""

    status: int = 200
    text: str = "{}"
    headers: Mapping[str, str] = field(default_factory=dict)


class ApiServer(ThreadingHTTPServer):
    """Answers `usual`, except to requests whose path or body contains one of `answers`."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, usual: Said) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.usual = usual
        self.answers: dict[bytes, Said] = {}
        self.asked: list[Asked] = []
        self.released = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def reply(self, asked: Asked) -> Said:
        self.asked.append(asked)
        whole = asked.path.encode() + b"\n" + asked.body
        return next((said for part, said in self.answers.items() if part in whole), self.usual)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ApiServer

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        said = self.server.reply(Asked(self.command, self.path, headers, body))
        if said.text == HANG:
            self.server.released.wait(5)
        self.close_connection = said.text in (HANG, CLOSE)
        if self.close_connection:
            return
        content = said.text.encode()
        self.send_response(said.status)
        for name, value in {**said.headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(usual: Said) -> Iterator[ApiServer]:
    server = ApiServer(usual)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
