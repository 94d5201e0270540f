"""The web application in a thread of this process, for `nurture up`."""

from __future__ import annotations

import errno
import socket
from threading import Event, Thread
from typing import Any

import uvicorn

from nurture.problems import NurtureError

_GRACE = 5  # seconds that requests get to end when the server stops
_AGAIN = 0.5  # seconds until a port that was taken is tried again


class _Taken(NurtureError):
    """Somebody else listens there."""


class Server:
    """Serves an application until it is stopped. A context manager.

    `bind` is `host:port`; port 0 takes a free one. Where somebody listens there already, a server that is
    `patient` waits until the port is free; another raises NurtureError.
    """

    def __init__(self, app: Any, bind: str, *, patient: bool = False) -> None:
        self._bind = _address(bind)
        self._stopped = Event()
        self._socket = self._listen(patient)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,  # its lines would hold tokens
            server_header=False,
            lifespan="off",
            timeout_keep_alive=15,
            timeout_graceful_shutdown=_GRACE,
            proxy_headers=False,
        )
        self._server = uvicorn.Server(config)
        self._thread = Thread(target=self._serve, name="nurture-web", daemon=True)

    @property
    def url(self) -> str:
        host, port = self._socket.getsockname()[:2] if self._socket else self._bind
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def start(self) -> None:
        """Begin to answer; connections queue from here on."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more requests, let those under way end, and return when all is quiet."""
        self._stopped.set()
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(_GRACE + 5)
        if self._socket:
            self._socket.close()

    def _serve(self) -> None:
        while self._socket is None and not self._stopped.wait(_AGAIN):
            self._socket = self._listen(patient=True)
        if self._socket is not None:
            self._server.run([self._socket])

    def _listen(self, patient: bool) -> socket.socket | None:
        try:
            return _listen(*self._bind)
        except _Taken:
            if patient:
                return None
            raise

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _address(bind: str) -> tuple[str, int]:
    host, colon, port = bind.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65_535:
        raise NurtureError(
            f"web.bind: '{bind}' is not an address; write host and port, such as 127.0.0.1:8025"
        )
    return host.strip("[]") or "127.0.0.1", int(port)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        kind = _Taken if error.errno == errno.EADDRINUSE else NurtureError
        raise kind(
            f"web.bind: can't listen on {host}:{port} ({error.strerror}); is another nurture running there?"
        ) from error
    listening.listen(128)
    return listening
