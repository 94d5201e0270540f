"""What browsers and providers post."""

from __future__ import annotations

from urllib.parse import parse_qsl

from fastapi import Request


async def raw_body(request: Request) -> bytes:
    """The request's body as it came; its size has been limited before."""
    return await request.body()


def form(body: bytes) -> dict[str, str]:
    """The fields of a form. What is no form has none."""
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=50))
    except ValueError:
        return {}
