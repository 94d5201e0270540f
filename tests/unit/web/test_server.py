"""The server in its thread: loopback, one port, a graceful end."""

from __future__ import annotations

import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import FastAPI

from nurture.problems import NurtureError
from nurture.web.server import Server


def slow_app(under_way: threading.Event) -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.get("/slow")
    def slow() -> str:
        under_way.set()
        time.sleep(0.3)
        return "done"

    return app


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return bytes(answer.read())


def test_a_request_under_way_ends_before_the_server_does() -> None:
    under_way = threading.Event()
    server = Server(slow_app(under_way), "127.0.0.1:0")
    url = server.url
    server.start()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(fetch, f"{url}/slow")
        assert under_way.wait(10)
        server.stop()
        assert answer.result(10) == b'"done"'
    with pytest.raises(OSError, match=r"refused|reset"):
        fetch(f"{url}/slow")


def test_a_port_that_is_taken_is_said_in_words() -> None:
    with (
        Server(FastAPI(), "127.0.0.1:0") as server,
        pytest.raises(NurtureError, match="is another nurture running"),
    ):
        Server(FastAPI(), server.url.removeprefix("http://"))


@pytest.mark.parametrize("bind", ["8025", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:²", "127.0.0.1:99999"])
def test_an_address_that_is_none(bind: str) -> None:
    with pytest.raises(NurtureError, match="write host and port"):
        Server(FastAPI(), bind)


def test_no_host_means_loopback() -> None:
    with Server(FastAPI(), ":0") as server:
        assert server.url.startswith("http://127.0.0.1:")
