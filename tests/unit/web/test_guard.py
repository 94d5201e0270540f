"""Whatever comes in, what goes out is small, safe and says nothing of our insides."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator

import pytest
from fastapi import Depends, FastAPI
from fastapi.responses import PlainTextResponse, Response

from nurture.web.forms import raw_body
from nurture.web.guard import LARGEST_BODY, Guard
from tests.support.visitor import Visitor


def small_app() -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.post("/echo/{token}")
    def echo(token: str, body: bytes = Depends(raw_body)) -> Response:
        return Response(str(len(body)))

    @app.get("/broken/{token}")
    def broken(token: str) -> Response:
        raise ValueError("ana@example.com is personal")

    @app.get("/own")
    def own() -> Response:
        return Response("x", headers={"content-security-policy": "default-src 'self'"})

    app.add_middleware(Guard, apologise=lambda _, status: PlainTextResponse(f"sorry {status}", status))
    return app


@pytest.fixture
def client() -> Iterator[Visitor]:
    with Visitor(small_app()) as client:
        yield client


def test_a_body_up_to_the_limit_passes(client: Visitor) -> None:
    assert client.post("/echo/t", content=b"x" * LARGEST_BODY).text == str(LARGEST_BODY)


def test_a_larger_one_does_not(client: Visitor) -> None:
    answer = client.post("/echo/t", content=b"x" * (LARGEST_BODY + 1))
    assert (answer.status_code, answer.text) == (413, "sorry 413")


def test_a_larger_one_that_hides_its_length_does_not_either(client: Visitor) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(LARGEST_BODY // 1024 + 1):
            yield b"x" * 1024

    assert client.post("/echo/t", content=pieces()).status_code == 413


@pytest.mark.parametrize(("length", "status"), [("-1", 400), ("ten", 400), ("9" * 30, 413), ("1e3", 400)])
def test_an_odd_length(client: Visitor, length: str, status: int) -> None:
    assert client.post("/echo/t", content=b"", headers={"content-length": length}).status_code == status


def test_an_endless_address(client: Visitor) -> None:
    assert client.get("/own?" + "x" * 10_000).status_code == 414


def test_an_error_is_an_apology_and_its_log_says_nothing_personal(
    client: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "nurture.web"):
        answer = client.get("/broken/s3cret-token?mail=ana@example.com")
    assert (answer.status_code, answer.text) == (500, "sorry 500")
    assert "GET /broken failed: ValueError" in caplog.text
    for private in ("ana@example.com", "s3cret", "Traceback"):
        assert private not in caplog.text


def test_every_answer_has_the_security_headers(client: Visitor) -> None:
    for answer in (client.get("/own"), client.get("/nowhere"), client.get("/broken/x")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cache-control"] == "no-store"
        assert "content-security-policy" in answer.headers
        assert "set-cookie" not in answer.headers


def test_a_page_may_bring_its_own_policy(client: Visitor) -> None:
    assert client.get("/own").headers.get_list("content-security-policy") == ["default-src 'self'"]
