"""The SMTP carrier with certificates, user names and passwords."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from nurture.channels.base import OutcomeKind
from tests.support.channels import emails, faulty, send, smtp


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A self-signed certificate for 127.0.0.1 and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: no certificate to test TLS with")
    folder = tmp_path_factory.mktemp("tls")
    paths = str(folder / "certificate.pem"), str(folder / "key.pem")
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=sink"
    )
    more = ["-addext", "subjectAltName=IP:127.0.0.1", "-out", paths[0], "-keyout", paths[1]]
    subprocess.run([*command.split(), *more], check=True, capture_output=True)
    return paths


class Case(NamedTuple):
    server: tuple[str, ...]
    options: Mapping[str, str]
    says: str | None = None  # None: the mail goes through


TRUSTED = {"ca_file": "CERTIFICATE"}
LOGIN = {"user": "volta", "password": "segredo"}
CASES = {
    "STARTTLS": Case((), {"tls": "starttls", **TRUSTED}),
    "TLS from the first byte": Case(("--tls",), {"tls": "tls", **TRUSTED}),
    "STARTTLS, a password and one by one": Case(
        ("--auth", "volta:segredo", "--no-pipelining"), {"tls": "starttls", **TRUSTED, **LOGIN}
    ),
    "nobody vouches for the certificate": Case((), {"tls": "starttls"}, "its certificate is not trusted"),
    "wrong password": Case(
        ("--auth", "volta:outro"), {"tls": "starttls", **TRUSTED, **LOGIN}, "does not accept our user name"
    ),
    "no password given": Case(
        ("--auth", "volta:segredo"), {"tls": "starttls", **TRUSTED}, "does not accept our user name"
    ),
    "no authority file": Case((), {"tls": "starttls", "ca_file": "/nowhere.pem"}, "ca_file: No such file"),
}


@pytest.mark.parametrize("name", CASES)
def test_connecting(tmp_path: Path, certificate: tuple[str, str], name: str) -> None:
    case = CASES[name]
    options = {
        key: certificate[0] if value == "CERTIFICATE" else value for key, value in case.options.items()
    }
    arguments = ("--certificate", certificate[0], "--key", certificate[1], *case.server)
    wave = emails("ana", "davi", "eva")
    with faulty(tmp_path, *arguments) as server, smtp(server.port, **options) as carrier:
        outcomes = {**send(carrier, wave), **send(carrier, wave)}
        arrived = len(server.messages())
    kinds = {one.kind for one in outcomes.values()}
    if case.says is None:
        assert (kinds, arrived) == ({OutcomeKind.ACCEPTED}, 6)
    else:
        assert (kinds, arrived) == ({OutcomeKind.DEFERRED}, 0)
        assert case.says in outcomes[0].detail
        assert "segredo" not in outcomes[0].detail


def test_no_password_goes_to_a_server_that_cannot_take_it_or_hide_it(tmp_path: Path) -> None:
    with faulty(tmp_path) as server:
        with smtp(server.port, tls="starttls") as carrier:
            assert "STARTTLS extension not supported" in (carrier.prepare(emails("ana")).down or "")
        with smtp(server.port, **LOGIN) as carrier:
            assert "AUTH extension not supported" in (carrier.prepare(emails("ana")).down or "")


def test_a_large_body_goes_through_tls(tmp_path: Path, certificate: tuple[str, str]) -> None:
    from tests.support.channels import email

    body = b"Subject: x\r\n\r\n" + b"abcdefghij" * 7 * 60_000 + b"\r\n"
    arguments = ("--tls", "--certificate", certificate[0], "--key", certificate[1])
    with (
        faulty(tmp_path, *arguments) as server,
        smtp(server.port, tls="tls", ca_file=certificate[0]) as carrier,
    ):
        assert send(carrier, [email(1, "ana", body)])[1].kind is OutcomeKind.ACCEPTED
        assert [message["bytes"] for message in server.messages()] == [len(body)]
