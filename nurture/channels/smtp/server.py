"""The mail server: its options, and opening connections to it."""

from __future__ import annotations

import smtplib
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from nurture.channels.base import Options, Trouble
from nurture.channels.checking import Checked
from nurture.channels.smtp.wire import Wire
from nurture.settings import ChannelConfig

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PORTS = {"tls": 465, "starttls": 587, "none": 25}
KNOWN = (
    *("host", "port", "tls", "user", "password", "ca_file", "hello", "connections"),
    *("connect_timeout", "timeout", "final_timeout", "return_path"),
)
DKIM = ("dkim_selector", "dkim_domain", "dkim_key_file", "dkim_key")  # see `signing`


def signs(config: ChannelConfig) -> bool:
    """Whether a channel is to sign its mail."""
    return any(config.options.get(name) for name in DKIM)


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Why a connection could not be opened."""

    trouble: Trouble
    said: str


@dataclass(frozen=True, slots=True)
class Server:
    """Where and how to connect. Times are in seconds."""

    host: str
    port: int
    tls: str  # "tls": from the first byte; "starttls": before anything else is said; "none"
    user: str | None = None
    password: str | None = None
    ca_file: str | None = None  # trusted besides the system's authorities
    hello: str | None = None  # our name in EHLO
    connect_timeout: float = 30.0
    timeout: float = 60.0  # for a reply before the body
    final_timeout: float = 600.0  # for the reply to the body: RFC 5321, 4.5.3.2.6, wants 10 minutes

    def open(self, count: int) -> tuple[list[Wire], Unreachable | None]:
        """Up to `count` new connections, opened side by side, and why some are missing."""
        try:
            context = self._context()
        except OSError as failure:
            return [], Unreachable(Trouble.SETUP, f"ca_file: {failure.strerror}")
        with ThreadPoolExecutor(count) as openers:
            opened = list(openers.map(lambda _: self._open_one(context), range(count)))
        failures = [one for one in opened if isinstance(one, Unreachable)]
        return [one for one in opened if isinstance(one, Wire)], failures[0] if failures else None

    def greeted(self) -> Checked:
        """What is worth knowing of a server that lets us in."""
        login = f", logged in as {self.user}" if self.user else ""
        said = f"{self.host}:{self.port} answers{login}"
        if self.tls != "none" or self.host in _LOOPBACK:
            return Checked(said)
        return Checked(
            f"{said}, without TLS", advice="Set tls: starttls. Mails travel there for everybody to read."
        )

    def _context(self) -> ssl.SSLContext | None:
        if self.tls == "none":
            return None
        context = ssl.create_default_context()
        if self.ca_file:
            context.load_verify_locations(self.ca_file)
        return context

    def _open_one(self, context: ssl.SSLContext | None) -> Wire | Unreachable:
        try:
            return _wire(self._greet(context))
        except smtplib.SMTPAuthenticationError as refused:
            temporary = 400 <= refused.smtp_code < 500
            return Unreachable(Trouble.SERVER if temporary else Trouble.AUTH, _said(refused))
        except smtplib.SMTPNotSupportedError as missing:
            return Unreachable(Trouble.SETUP, str(missing))
        except ssl.SSLCertVerificationError as untrusted:
            return Unreachable(Trouble.SETUP, f"its certificate is not trusted: {untrusted.verify_message}")
        except smtplib.SMTPResponseException as refused:
            return Unreachable(Trouble.CONNECTION, _said(refused))
        except OSError as failure:
            return Unreachable(Trouble.CONNECTION, failure.strerror or str(failure) or type(failure).__name__)

    def _greet(self, context: ssl.SSLContext | None) -> smtplib.SMTP:
        place, timeout = (self.host, self.port, self.hello), self.connect_timeout
        if self.tls == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(*place, timeout=timeout, context=context)
        else:
            server = smtplib.SMTP(*place, timeout=timeout)
        try:
            if self.tls == "starttls":
                server.starttls(context=context)
            server.ehlo_or_helo_if_needed()
            if self.user and self.password:
                server.login(self.user, self.password)
        except BaseException:
            server.close()
            raise
        return server


def _wire(server: smtplib.SMTP) -> Wire:
    """Take the socket over from smtplib, which has done the opening."""
    sock = server.sock
    assert sock is not None
    if server.file is not None:
        server.file.close()
    server.file = server.sock = None
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Wire(sock, dict(server.esmtp_features))


def _said(refused: smtplib.SMTPResponseException) -> str:
    text = refused.smtp_error
    return f"{refused.smtp_code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"


def read_server(options: Options) -> Server:
    """The server that the options of a channel describe. Raises NurtureError."""
    host = options.required("host", "smtp.example.com")
    tls = options.choice("tls", _default_tls(host, options.text("port")), tuple(_PORTS))
    server = Server(
        host=host,
        port=options.whole("port", _PORTS[tls], 1, 65535),
        tls=tls,
        user=options.text("user"),
        password=options.text("password"),
        ca_file=options.text("ca_file"),
        hello=options.text("hello"),
        connect_timeout=options.number("connect_timeout", 30, 0.1, 600),
        timeout=options.number("timeout", 60, 0.1, 600),
        final_timeout=options.number("final_timeout", 600, 0.1, 3600),
    )
    if problem := _contradiction(server) or _wrong_path(options.text("return_path")):
        raise options.error(problem)
    return server


def _wrong_path(return_path: str | None) -> str | None:
    """What is wrong with where mails come back to. Whoever composes them puts each one's key into it."""
    if return_path is None:
        return None
    from nurture.channels.returns import verp  # only where it is used

    return verp.problem(return_path)


def _default_tls(host: str, port: str | None) -> str:
    if port == "465":
        return "tls"
    return "none" if host in _LOOPBACK else "starttls"


def _contradiction(server: Server) -> str | None:
    if (server.user is None) != (server.password is None):
        return "user and password go together; one of them is missing or empty"
    if not f"{server.user}{server.password}".isascii():
        return "user and password may have no letters beyond ASCII: how they are sent knows no others"
    if server.user and server.tls == "none" and server.host not in _LOOPBACK:
        return "a password must not travel in clear text; set tls to starttls or tls"
    return None
