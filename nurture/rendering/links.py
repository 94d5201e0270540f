"""Signed links: nobody can make one, use it for another purpose, or bend where it leads.

A token is `<key id>.<message key>.<signature>`, where the signature is the first 128 bits of
HMAC-SHA256 over purpose, message key and, for a click, the URL. Nothing is stored; the key id lets the
workspace's secret be replaced while old links still work.
"""

from __future__ import annotations

import hmac
import re
from binascii import b2a_base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from urllib.parse import quote

from nurture.problems import NurtureError

_KEY = re.compile(r"[A-Za-z0-9_-]{1,200}").fullmatch
_TOKEN = re.compile(r"([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]{1,200})\.([A-Za-z0-9_-]{22})").fullmatch
_HARMFUL = frozenset({"javascript", "vbscript", "data", "file"})
_HIDDEN = re.compile(r"[\x00-\x20]+")  # browsers skip them in a scheme
_URL_SAFE = "!#$%&'()*+,/:;=?@[]~"
_IS_SAFE = re.compile(r"[\w.!#$%&'()*+,/:;=?@\[\]~-]*", re.ASCII).fullmatch
_WEB = re.compile(r"https?://", re.IGNORECASE).match
_OURS = frozenset({"/c/", "/o/", "/u/", "/s/", "/d/"})
# Does to such a URL what `quote(url, safe="")` does, in a third of the time.
_CODES = tuple((character, quote(character, safe="")) for character in "%!#$&'()*+,/:;=?@[]")
_URL_ALPHABET = bytes.maketrans(b"+/", b"-_")


class Purpose(StrEnum):
    """What a link is for; also the first letter of its path."""

    CLICK = "c"
    OPEN = "o"
    UNSUBSCRIBE = "u"
    SURVEY = "s"
    CONFIRM = "d"  # a double opt-in


@dataclass(frozen=True, slots=True)
class Claim:
    """What a token says, once it is believed."""

    key: str  # the message it stood in
    key_id: str  # the secret it was signed with


@dataclass(frozen=True, slots=True)
class LinkContext:
    """The links of one message. `key` is its send key, `key_id` the secret to sign with (default: newest)."""

    key: str
    base_url: str
    utm: Mapping[str, str] = field(default_factory=dict)
    key_id: str | None = None
    track_clicks: bool = True
    track_opens: bool = True
    survey: str | None = None  # the name of the survey that the message asks


@dataclass(frozen=True, slots=True)
class Stamp:
    """Signs the tokens of one message."""

    key: str
    key_id: str
    secret: bytes = field(repr=False)

    def token(self, purpose: Purpose, about: str = "") -> str:
        return f"{self.key_id}.{self.key}.{_signature(self.secret, purpose, self.key, about)}"


class Signer:
    """Makes and reads tokens. `secrets` are (key id, key), newest first."""

    def __init__(self, secrets: tuple[tuple[str, bytes], ...]) -> None:
        if not secrets:
            raise NurtureError("links cannot be signed without a secret: set NURTURE_SECRET")
        self._secrets = dict(secrets)
        self.newest = secrets[0][0]

    def sign(self, purpose: Purpose, key: str, about: str = "", key_id: str | None = None) -> str:
        """A token for `purpose` and message `key`; for a click `about` is the URL.

        Raises ValueError for a key that is not letters, digits, `-` and `_`, and for an unknown key id.
        """
        return self.stamp(key, key_id).token(purpose, about)

    def stamp(self, key: str, key_id: str | None = None) -> Stamp:
        """What signs the tokens of one message. Raises as `sign` does."""
        key_id = key_id or self.newest
        if key_id not in self._secrets:
            raise ValueError(f"the secret {key_id!r} is no longer known")
        if not _KEY(key):
            raise ValueError("a message key is made of letters, digits, - and _")
        return Stamp(key, key_id, self._secrets[key_id])

    def read(self, token: str, purpose: Purpose, about: str = "") -> Claim | None:
        """What the token says; None if it was not signed here for this purpose and URL."""
        found = _TOKEN(token)
        if found is None or found[1] not in self._secrets:
            return None
        expected = _signature(self._secrets[found[1]], purpose, found[2], about)
        return Claim(found[2], found[1]) if hmac.compare_digest(expected, found[3]) else None


def _signature(secret: bytes, purpose: Purpose, key: str, about: str) -> str:
    said = f"{purpose}\0{key}\0{about}".encode("utf-8", "surrogatepass")
    mac = _keyed(secret).copy()  # to begin anew with the key would take twice as long
    mac.update(said)
    return b2a_base64(mac.digest()[:16], newline=False)[:22].translate(_URL_ALPHABET).decode()


@lru_cache(maxsize=16)
def _keyed(secret: bytes) -> hmac.HMAC:
    return hmac.new(secret, digestmod="sha256")


class Links:
    """Writes the links of one message."""

    def __init__(self, context: LinkContext, signer: Signer) -> None:
        self._context = context
        self._stamp = signer.stamp(context.key, context.key_id)
        self._base = context.base_url.rstrip("/")
        self._utm = tuple(sorted(context.utm.items()))
        self._unsubscribe = ""
        self._tracked: dict[str, str] = {}
        self.written: list[str] = []  # the URLs that are tracked, in order

    @property
    def key_id(self) -> str:
        return self._stamp.key_id

    def track(self, url: str) -> str:
        """What stands in the message where the template says `url`."""
        tracked = self._tracked.get(url)
        if tracked is None:
            tracked = self._tracked[url] = self._track(url)
        return tracked

    def _track(self, url: str) -> str:
        target, quoted = _target(url, self._base, self._utm)
        if not quoted or not self._context.track_clicks:
            return target
        self.written.append(target)
        return f"{self._base}/c/{self._stamp.token(Purpose.CLICK, target)}?u={quoted}"

    def unsubscribe(self) -> str:
        if not self._unsubscribe:
            self._unsubscribe = f"{self._base}/u/{self._stamp.token(Purpose.UNSUBSCRIBE)}"
        return self._unsubscribe

    def survey(self, score: int | None = None) -> str:
        url = f"{self._base}/s/{self._stamp.token(Purpose.SURVEY)}"
        return url if score is None else f"{url}?score={score}"

    def pixel(self) -> str:
        """The picture that tells of an opening; empty where openings are not asked for."""
        if not self._context.track_opens:
            return ""
        source = f"{self._base}/o/{self._stamp.token(Purpose.OPEN)}.gif"
        return f'<img src="{source}" width="1" height="1" alt="" style="display:block;border:0">'


@lru_cache(maxsize=4096)
def _target(url: str, base: str, utm: tuple[tuple[str, str], ...]) -> tuple[str, str]:
    """How `url` is written, and how inside another URL: "" where it is not tracked."""
    url = url.strip()
    if not _WEB(url):
        scheme = _HIDDEN.sub("", url.partition(":")[0]).lower()
        return "#" if scheme in _HARMFUL else url, ""
    if url.startswith(base) and url[len(base) : len(base) + 3] in _OURS:
        return url, ""
    target = _with_utm(url if _IS_SAFE(url) else quote(url, safe=_URL_SAFE), utm)
    quoted = target
    for character, code in _CODES:
        quoted = quoted.replace(character, code)
    return target, quoted


def _with_utm(url: str, utm: tuple[tuple[str, str], ...]) -> str:
    address, hash_, fragment = url.partition("#")
    path, _, query = address.partition("?")
    present = {pair.partition("=")[0] for pair in query.split("&")}
    pairs = [query] if query else []
    pairs += [pair for name, pair in _utm_pairs(utm) if name not in present]
    return f"{path}?{'&'.join(pairs)}{hash_}{fragment}" if pairs else url


@lru_cache(maxsize=64)
def _utm_pairs(utm: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, f"{quote(name, safe='')}={quote(value, safe='')}") for name, value in utm)
