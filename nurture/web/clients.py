"""Where a request comes from: the network that its client is in, never the client's own address."""

from __future__ import annotations

from ipaddress import ip_address

from fastapi import Request

from nurture import identity


def network(request: Request, header: str | None) -> str | None:
    """The network that the client is in; None where nothing that can be trusted says it.

    `header` is what the proxy in front of us writes. Of several addresses in it the last one counts, which is that
    proxy's own word: those before it the client may have written herself. Without a header it is whoever is connected,
    unless from our own network: that is a proxy.
    """
    if header is not None:
        said = ",".join(request.headers.getlist(header)).rpartition(",")[2]
        return identity.network(_without_port(said.strip()))
    peer = request.client.host if request.client else ""
    return identity.network(peer) if _is_public(peer) else None


def _without_port(text: str) -> str:
    """`203.0.113.7:4711` and `[2001:db8::7]:4711` as some proxies write them."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _is_public(address: str) -> bool:
    try:
        return ip_address(address).is_global
    except ValueError:
        return False
