"""The address that links in messages lead to: it must be reached, over HTTPS, with a certificate that holds."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from cryptography import x509

from nurture.app.doctor.finding import Finding, Verdict, unknown
from nurture.app.doctor.names import Book, CouldNotAsk, Dns, addresses
from nurture.channels.told import moment
from nurture.settings import ApiAccess, Scope

AREA = "links"
SOON = timedelta(days=14)
_HTTPS_WHY = "Gmail and Yahoo ask for a one-click way out over HTTPS (RFC 8058), and browsers warn of links without it."
_KEYS_WHY = "Who reads a key on its way does with it what it may do, and reads what is told of people."
_CERTIFICATE_WHY = (
    "With a certificate that doesn't hold links show a warning, and the way out of a mail doesn't work."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the host answered: its certificate's last day, the answer's status, whether it is in nurture's own words, and
    the time by its clock."""

    until: datetime
    status: int
    ours: bool
    date: datetime | None


class Untrusted(Exception):
    """The host has a certificate that nobody trusts. Says why."""


def look(
    dns: Dns, url: str, now: Callable[[], datetime], timeout: float
) -> tuple[list[Finding], timedelta | None]:
    """Findings about the address of links, and by how much its clock is ahead of ours."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if (verdict := _reach(url, host)) is not None:
        return [verdict], None
    try:
        found = _addresses(dns, host) if not _is_address(host) else (host,)
        if not found:
            do = f"Give {host} an address in the DNS: that of the machine where nurture up runs."
            return [Finding(AREA, "address", Verdict.WRONG, f"{host} has no address", _HTTPS_WHY, do)], None
        answer = _asked(host, found, parts.port or 443, f"{parts.path.rstrip('/')}/health", timeout)
    except CouldNotAsk as unasked:
        return [unknown(AREA, "HTTPS", str(unasked), _HTTPS_WHY)], None
    except Untrusted as why:
        do = "Have it made anew for this name (Let's Encrypt does it for nothing), with all certificates of its chain."
        return [Finding(AREA, "certificate", Verdict.WRONG, f"{host}: {why}", _CERTIFICATE_WHY, do)], None
    ahead = answer.date - now() if answer.date else None
    return list(_judged(url, host, answer, now())), ahead


def _addresses(dns: Dns, host: str) -> tuple[str, ...]:
    """A file of answers may have the name as people write it."""
    found = addresses(dns, host)
    if not found and isinstance(dns, Book):
        import idna  # its tables are only needed here

        with suppress(idna.IDNAError):
            return addresses(dns, idna.decode(host))
    return found


def look_at_keys(url: str, access: ApiAccess) -> Iterator[Finding]:
    """What is to be said of the keys of the API, where there are any: they come to the same address."""
    if not access.keys:
        return
    said = "; ".join(
        f"{key.name} may {', '.join(each for each in Scope if each in key.may)}" for key in access.keys
    )
    if not url.startswith("https:"):
        do = "Set web.url to an address with HTTPS, and make keys anew that were used without."
        yield Finding(
            AREA, "API keys", Verdict.WARNING, f"{said}; and they come without HTTPS", _KEYS_WHY, do
        )
        return
    two = [key.name for key in access.keys if len(key.digests) > 1]
    left = f"; {', '.join(two)} has an old key beside the new one" if two else ""
    do = "Take the old hash away once the new key is in use." if two else ""
    yield Finding(AREA, "API keys", Verdict.OK, said + left, _KEYS_WHY, do)


def _reach(url: str, host: str) -> Finding | None:
    """What is wrong with the address before anybody is asked."""
    if host == "localhost" or (_is_address(host) and not ipaddress.ip_address(host).is_global):
        said = f"links lead to {url}, which nobody but this machine or its network reaches"
    elif not url.startswith("https:"):
        said = f"links lead to {url}, without HTTPS"
    else:
        return None
    do = "Set web.url in nurture.yaml to the public address, such as https://mail.shop.example."
    return Finding(AREA, "HTTPS", Verdict.WRONG, said, _HTTPS_WHY, do)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _judged(url: str, host: str, answer: Answer, now: datetime) -> Iterator[Finding]:
    left = answer.until - now
    said = f"{host} has a certificate that holds until {answer.until:%Y-%m-%d} ({left.days} days)"
    verdict = Verdict.OK if left > SOON else Verdict.WARNING
    do = (
        ""
        if verdict is Verdict.OK
        else "See that it is renewed: what renews it by itself has not done so yet."
    )
    yield Finding(AREA, "certificate", verdict, said, _CERTIFICATE_WHY, do)
    yield _who_answers(url, answer)


def _who_answers(url: str, answer: Answer) -> Finding:
    if answer.ours and answer.status == 200:
        return Finding(AREA, "HTTPS", Verdict.OK, f"{url} answers, and it is nurture", _HTTPS_WHY)
    said = f"{url.rstrip('/')}/health answers {answer.status}"
    if answer.ours and answer.status == 503:
        said += ": it is nurture, and it can't reach its database"
        do = "Start the database there, or mend 'database' in the nurture.yaml that nurture up runs with."
    else:
        said += ", which is not what nurture says"
        do = "Is nurture up running, and does the server before it pass requests on to web.bind?"
    return Finding(AREA, "HTTPS", Verdict.WRONG, said, _HTTPS_WHY, do)


def _asked(host: str, found: tuple[str, ...], port: int, path: str, timeout: float) -> Answer:
    """Raises CouldNotAsk where nobody answers and Untrusted where the certificate doesn't hold."""
    failure: OSError | None = None
    for address in found:
        try:
            with socket.create_connection((address, port), timeout) as plain:
                return _answer(host, path, plain)
        except ssl.SSLCertVerificationError as untrusted:
            raise Untrusted(_in_words(host, address, port, timeout, untrusted)) from None
        except (OSError, http.client.HTTPException) as failed:
            failure = failed if isinstance(failed, OSError) else OSError(str(failed))
    assert failure is not None
    said = failure.strerror or str(failure) or type(failure).__name__
    raise CouldNotAsk(f"{host} at {', '.join(found)}, port {port}: {said}")


def _answer(host: str, path: str, plain: socket.socket) -> Answer:
    with ssl.create_default_context().wrap_socket(plain, server_hostname=host) as secured:
        der = secured.getpeercert(binary_form=True)
        assert der is not None
        until = x509.load_der_x509_certificate(der).not_valid_after_utc
        secured.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        with closing(http.client.HTTPResponse(secured)) as response:
            response.begin()
            body = response.read(4096)
            date = response.getheader("Date")
            ours = b'"status"' in body and b'"database"' in body
            return Answer(until, response.status, ours, moment(date))


def _in_words(
    host: str, address: str, port: int, timeout: float, untrusted: ssl.SSLCertVerificationError
) -> str:
    """Why a certificate doesn't hold; what it says of itself is looked at without trust."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((address, port), timeout) as plain,
            context.wrap_socket(plain, server_hostname=host) as secured,
        ):
            certificate = x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"")
    except (OSError, ValueError):
        return untrusted.verify_message
    if (until := certificate.not_valid_after_utc) < datetime.now(UTC):
        return f"its certificate ended on {until:%Y-%m-%d}"
    if "hostname mismatch" in untrusted.verify_message.lower():
        return f"its certificate is for {', '.join(_names(certificate))}"
    if "local issuer" in untrusted.verify_message:
        return "its certificate comes without the chain that leads to an authority"
    return f"its certificate is not trusted ({untrusted.verify_message})"


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return [str(name.value) for name in names] or ["nobody"]
    except x509.ExtensionNotFound:
        return ["nobody"]
