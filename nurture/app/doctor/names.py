"""What the DNS says: asked for real, or read from a file for tests and for looking ahead."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from nurture import nodes
from nurture.compiler.yaml_reader import load
from nurture.nodes import Node, Scalar
from nurture.problems import Mark, NurtureError, Problem, nearest

KINDS = ("A", "AAAA", "CNAME", "MX", "PTR", "TXT")
TIMEOUT = "timeout"  # in a file: nobody answers
_MOST_ALIASES = 8
_EXCHANGER = re.compile(r"[0-9]{1,5} +\S+")


class CouldNotAsk(Exception):
    """Nobody answered, which is not the same as the answer that there is nothing."""


class Dns(Protocol):
    """Whom names are asked of."""

    def ask(self, name: str, kind: str) -> tuple[str, ...]:
        """The records of a name, as in a zone file, names without a dot at the end; none where there are none.

        The strings of a TXT record are one text. Raises CouldNotAsk.
        """


def addresses(dns: Dns, host: str) -> tuple[str, ...]:
    """The addresses of a host, of both sorts. Raises CouldNotAsk."""
    return dns.ask(host, "A") + dns.ask(host, "AAAA")


def reverse(address: str) -> str:
    """The name under which the DNS tells whose address it is."""
    return ipaddress.ip_address(address).reverse_pointer


def exchangers(dns: Dns, domain: str) -> list[str]:
    """The hosts of a domain's MX records, those that are tried first first. Raises CouldNotAsk."""
    found = [record.partition(" ") for record in dns.ask(domain, "MX")]
    ranked = sorted((int(rank), host.strip()) for rank, _, host in found)
    return [host for _, host in ranked]


class Resolver:
    """The DNS as this machine asks it, or a name server of one's choice."""

    def __init__(self, timeout: float = 10.0, server: tuple[str, int] | None = None) -> None:
        self._timeout, self._server = timeout, server
        self._known: dict[tuple[str, str], tuple[str, ...]] = {}

    def ask(self, name: str, kind: str) -> tuple[str, ...]:
        key = (name.lower().rstrip("."), kind)
        if key not in self._known:
            self._known[key] = self._asked(*key)
        return self._known[key]

    def _asked(self, name: str, kind: str) -> tuple[str, ...]:
        import dns.exception
        import dns.resolver

        try:
            asked = dns.resolver.Resolver(configure=self._server is None)
            if self._server is not None:
                asked.nameservers, asked.port = [self._server[0]], self._server[1]
            answer = asked.resolve(name, kind, lifetime=self._timeout, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except (dns.exception.DNSException, OSError) as failure:
            raise CouldNotAsk(f"{kind} of {name}: {_in_words(failure)}") from None
        return tuple(_text(record, kind) for record in answer)


def _text(record: object, kind: str) -> str:
    if kind == "TXT":
        return b"".join(record.strings).decode("utf-8", "replace")  # type: ignore[attr-defined]
    said = str(record)
    return said if said.endswith(" .") else said.removesuffix(".")  # "0 .": takes no mail (RFC 7505)


def _in_words(failure: BaseException) -> str:
    import dns.exception
    import dns.resolver

    if isinstance(failure, dns.exception.Timeout):
        return "no answer in time"
    if isinstance(failure, dns.resolver.NoNameservers):
        return "the name servers failed"
    if isinstance(failure, dns.resolver.NoResolverConfiguration):
        return "this machine knows no name server"
    return str(failure) or type(failure).__name__


class Book:
    """Answers from a file: names, each with its records by kind. What stands in no line does not exist."""

    def __init__(self, records: Mapping[str, Mapping[str, tuple[str, ...]]]) -> None:
        self._records = records

    def ask(self, name: str, kind: str) -> tuple[str, ...]:
        name = name.lower().rstrip(".")
        for _ in range(_MOST_ALIASES):
            found = self._records.get(name, {})
            there = kind if kind in found else "CNAME"
            records = found.get(there, ())
            if TIMEOUT in records:
                raise CouldNotAsk(f"{kind} of {name}: no answer in time")
            if there == kind or not records:
                return records
            name = records[0]
        return ()


def read_book(path: Path) -> Book:
    """The answers that a YAML file holds. Raises NurtureError for one that can't be read or understood."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as failure:
        raise NurtureError(f"{path}: {failure.strerror}") from None
    except UnicodeDecodeError:
        raise NurtureError(f"{path} is not in UTF-8") from None
    node, problems = load(text, str(path))
    if node is None or problems:
        raise NurtureError("", tuple(problems))
    if not isinstance(node, nodes.Mapping):
        raise _wrong(node.mark, "expected names, each with its records")
    return Book({key.text.lower().rstrip("."): _records(value) for key, value in node})


def _records(node: Node) -> dict[str, tuple[str, ...]]:
    if not isinstance(node, nodes.Mapping):
        raise _wrong(node.mark, "expected records by kind")
    found = {}
    for key, value in node:
        if key.text not in KINDS:
            near = nearest(key.text, KINDS)
            hint = f"did you mean {near}?" if near else f"there is {', '.join(KINDS)}"
            raise _wrong(key.mark, f"unknown kind of record '{key.text}'", hint)
        found[key.text] = tuple(_answer(item, key.text) for item in _items(value))
    return found


def _items(node: Node) -> tuple[Node, ...]:
    return node.items if isinstance(node, nodes.Sequence) else (node,)


def _answer(node: Node, kind: str) -> str:
    if not isinstance(node, Scalar):
        raise _wrong(node.mark, "expected text")
    if kind in ("A", "AAAA") and node.text != TIMEOUT:
        with suppress(ValueError):
            address = ipaddress.ip_address(node.text)
            if address.version == (4 if kind == "A" else 6):
                return str(address)
        raise _wrong(node.mark, f"'{node.text}' is no address of the kind {kind}")
    if kind == "MX" and node.text != TIMEOUT and not _EXCHANGER.fullmatch(node.text):
        raise _wrong(node.mark, f"'{node.text}' is no rank and host")
    return node.text if kind == "TXT" else node.text.lower().rstrip(".") or "."


def _wrong(
    mark: Mark, message: str, hint: str = "shop.example: {MX: [10 mail.shop.example]}"
) -> NurtureError:
    return NurtureError("", (Problem("N104", message, mark, hint),))
