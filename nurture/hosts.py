"""How addresses are written, and where webhooks may go: to the hosts that a workspace lists by name, address or network.

A name that leads to a private address goes nowhere unless that address is listed too: what somebody writes
into a journey, or into a name server, must not reach the inside of the network.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import quote, urlsplit, urlunsplit

from nurture.identity import ascii_domain

_LETTERS = re.compile(r"[^\x00-\x7f]+")
_PORTS = {"https": 443, "http": 80}
_PUBLIC = IPv6Network("2000::/3")  # all that was ever given out to be reached from everywhere (RFC 4291, 2.4)
_TRANSLATED = IPv6Network("64:ff9b::/96")
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")


@dataclass(frozen=True, slots=True)
class Place:
    """An address taken apart: `path` with its query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def usual_port(self) -> bool:
        return self.port == _PORTS[self.scheme]


def place(url: str) -> Place:
    """Where an address leads. Raises ValueError, worded for the person who wrote it."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"'{url}' is no address") from None
    if re.search(r"[\s\x00-\x1f\x7f\\]", url) or parts.scheme not in _PORTS or not host:
        raise ValueError(f"expected an address such as 'https://crm.example/leads', found '{url}'")
    if parts.username is not None or parts.fragment:
        raise ValueError("a webhook's address has no password and no '#'; its secret signs it")
    path = parts.path or "/"
    return Place(
        parts.scheme,
        host,
        port or _PORTS[parts.scheme],
        _as_sent(f"{path}?{parts.query}" if parts.query else path),
    )


def _as_sent(path: str) -> str:
    """Letters that no request has are sent as browsers do (RFC 3987, 3.1)."""
    return path if path.isascii() else _LETTERS.sub(lambda found: quote(found[0]), path)


def in_ascii(url: str) -> str:
    """An address as requests and headers of mails have it (RFC 3986). Raises ValueError for a host that none can have."""
    if url.isascii():
        return url
    parts = urlsplit(url)
    before, at, there = parts.netloc.rpartition("@")
    written, colon, port = there.partition(":")
    if not (host := ascii_domain(written)):
        raise ValueError(f"'{written}' is no name that a host can have")
    return _as_sent(urlunsplit(parts._replace(netloc=f"{before}{at}{host}{colon}{port}")))


def entry(text: str) -> str:
    """One of the listed hosts. Raises ValueError for what is none."""
    host, _ = _split(text.lower())
    if _network(text) is None and not _NAME.fullmatch(host):
        raise ValueError(f"expected a host such as 'crm.example' or '10.0.0.5:8080', found '{text}'")
    return text.lower()


def why_not(url: str, listed: Collection[str]) -> str | None:
    """None: a webhook may go there, as far as the address shows; else why not, in words."""
    there = place(url)
    if not any(_is_of(there, each) for each in listed):
        shown = there.host if there.usual_port else f"{there.host}:{there.port}"
        return f"no webhook may go to '{shown}'"
    if there.scheme == "http" and (_address(there.host) is None or not is_private(there.host)):
        return "what leaves the network is encrypted: write https://"
    return None


def may_reach(address: str, listed: Collection[str]) -> bool:
    """Whether a connection to this numeric address is allowed: a private one only where it is listed itself."""
    if not is_private(address):
        return True
    found = _address(address)
    return any(
        (network := _network(_split(each)[0])) is not None and found in network for each in listed
    ) or any((network := _network(each)) is not None and found in network for each in listed)


def is_private(address: str) -> bool:
    """Of this machine, of the network inside, or no single machine's at all."""
    found = _address(address)
    if found is None or not found.is_global or found.is_multicast:
        return True
    if isinstance(found, IPv4Address):
        return False
    return found not in _PUBLIC or (found.sixtofour is not None and is_private(str(found.sixtofour)))


def _is_of(there: Place, listed: str) -> bool:
    network, found = _network(listed), _address(there.host)
    if network is not None and "/" in listed:
        return found is not None and found in network
    host, port = _split(listed)
    same = _address(host) == found if found is not None else host == there.host
    return same and (there.usual_port if port is None else there.port == port)


def _split(listed: str) -> tuple[str, int | None]:
    """Host and port of an entry."""
    found = re.fullmatch(r"(\[[^]]*\]|[^:]*)(?::(\d{1,5}))?", listed)
    if found is None:
        return listed, None
    return found[1].strip("[]"), int(found[2]) if found[2] else None


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The address that is meant, also where it is wrapped in another kind of address."""
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return found.ipv4_mapped
        if found in _TRANSLATED:
            return IPv4Address(int(found) & 0xFFFFFFFF)
    return found


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
