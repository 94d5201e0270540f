"""Into a mailbox without a password: an access token (OAuth 2, RFC 6749), and how IMAP takes it (XOAUTH2).

The token is asked for whenever the mailbox is opened, and kept nowhere.
https://developers.google.com/workspace/gmail/imap/xoauth2-protocol
https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
"""

from __future__ import annotations

import json
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from nurture.settings import OAuthConfig

TIMEOUT = 30.0  # seconds
_LARGEST = 64 * 1024


def initial_response(user: str, token: str) -> bytes:
    """What the server is told."""
    return f"user={user}\x01auth=Bearer {token}\x01\x01".encode()


def access_token(config: OAuthConfig) -> str:
    """A token that opens the mailbox for about an hour. Raises OSError and ValueError, in words that hold no secret."""
    body = urlencode(_asked(config)).encode()
    request = Request(config.token_url, body, {"Accept": "application/json"})
    try:
        with build_opener(_Stay).open(request, timeout=TIMEOUT) as answer:
            said = _document(answer.read(_LARGEST))
    except HTTPError as refused:
        with refused:
            raise ValueError(_refusal(refused.code, _document(refused.read(_LARGEST)))) from None
    except HTTPException as broken:
        raise ValueError(f"token_url broke off ({type(broken).__name__})") from None
    token = said.get("access_token")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise ValueError("token_url gave no access token")
    return token


class _Stay(HTTPRedirectHandler):
    """Secrets go to the address that was named, and to no other."""

    def redirect_request(self, *_: object) -> None:
        return None


def _asked(config: OAuthConfig) -> dict[str, str]:
    grant = "refresh_token" if config.refresh_token else "client_credentials"
    given = {
        "grant_type": grant,
        "client_id": config.client_id,
        "client_secret": config.client_secret,
        "refresh_token": config.refresh_token,
        "scope": config.scope,
    }
    return {name: value for name, value in given.items() if value}


def _document(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _refusal(status: int, said: dict[str, Any]) -> str:
    """What the endpoint says of it: `error` and its description, on one line."""
    words = " ".join(str(said.get("error_description") or "").split())
    error = str(said.get("error") or status)
    return f"token_url says {error}: {words}" if words else f"token_url says {error}"
