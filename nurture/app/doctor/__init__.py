"""Whether what messages need around them is in order: DNS, links, providers, database and clock.

Nothing is sent and nothing changed. Each finding says what was found, why it matters and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from nurture.app.doctor import links, machine, mail, provider
from nurture.app.doctor.finding import Finding, Verdict
from nurture.app.doctor.keys_in_dns import Signature
from nurture.app.doctor.names import CouldNotAsk, Dns, Resolver, addresses, read_book
from nurture.app.runtime import Runtime
from nurture.channels.smtp import Smtp, keys
from nurture.identity import ascii_domain
from nurture.model import Channel
from nurture.problems import NurtureError

__all__ = ["Asking", "Dns", "Finding", "Resolver", "Verdict", "examine", "read_book"]


_AS_WE_SAY = ("smtp", "outbox")  # who sends with the return path that we name


@dataclass(frozen=True, slots=True)
class Asking:
    """How to ask, and what is known beside the workspace: selectors that a provider signs with, and addresses that
    mail leaves from."""

    dns: Dns
    selectors: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    timeout: float = 10.0  # seconds


def examine(runtime: Runtime, asking: Asking) -> list[Finding]:
    """Everything that can be looked at, in the order in which a person would."""
    findings: list[Finding] = []
    if Channel.EMAIL in runtime.settings.channels:
        findings += mail.look(asking.dns, _sending(runtime, asking))
    about_links, ahead = links.look(asking.dns, runtime.settings.web_url, runtime.now, asking.timeout)
    findings += about_links
    findings += links.look_at_keys(runtime.settings.web_url, runtime.settings.api)
    about_providers, clocks = provider.look(runtime)
    findings += about_providers
    if runtime.settings.returns is not None:
        findings.append(provider.look_at_mailbox(runtime.settings.returns))
    about_database, condition = machine.look_at_database(runtime.store)
    if ahead is not None:
        clocks["the links' host"] = ahead
    if condition and condition.clock:
        clocks["the database"] = condition.clock - runtime.now()
    if condition and condition.digest_key:
        about_database.append(machine.look_at_secret(condition.digest_key, runtime.secret))
    return [*findings, *about_database, machine.look_at_clock(clocks)]


def _sending(runtime: Runtime, asking: Asking) -> mail.Sending:
    config = runtime.settings.channels[Channel.EMAIL]
    address = config.sender.address.lower()
    domain = ascii_domain(address.rpartition("@")[2])
    path = config.options.get("return_path", "").lower()
    if not path and config.provider in _AS_WE_SAY:
        path = address
    return mail.Sending(
        sender=domain,
        envelope=ascii_domain(path.rpartition("@")[2]) or None,
        signatures=tuple(_signatures(runtime, asking, domain)),
        provider=config.provider,
        addresses=asking.addresses or _announced(asking.dns, config.options.get("hello")),
        return_path=path or address,
    )


def _signatures(runtime: Runtime, asking: Asking, domain: str) -> Iterator[Signature]:
    """The keys that sign here, and the selectors that were named."""
    with suppress(NurtureError):  # what is wrong with the channel is said where the provider is asked
        carrier = runtime.carrier(Channel.EMAIL)
        if isinstance(carrier, Smtp):
            for signer in carrier.signers:
                yield Signature(signer.domain, signer.selector, keys.record(signer.key))
    for selector in asking.selectors:
        name, _, of = selector.partition("._domainkey.")
        yield Signature(of or domain, name)


def _announced(dns: Dns, host: str | None) -> tuple[str, ...]:
    """The addresses of the name that we greet mail servers with."""
    try:
        return addresses(dns, host) if host else ()
    except CouldNotAsk:
        return ()
