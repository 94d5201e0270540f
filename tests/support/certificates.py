"""An authority of our own, and certificates that it makes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Authority:
    """Who trusts `file` trusts what it makes."""

    folder: Path

    @cached_property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        return ec.generate_private_key(ec.SECP256R1())

    @cached_property
    def _own(self) -> x509.Certificate:
        extensions = (
            (x509.BasicConstraints(ca=True, path_length=None), True),
            (x509.KeyUsage(False, False, False, False, False, True, True, False, False), True),
            (x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), False),
        )
        return self._made("authority", self._key, extensions, timedelta(days=30))

    @cached_property
    def file(self) -> Path:
        path = self.folder / "authority.pem"
        path.write_bytes(self._own.public_bytes(serialization.Encoding.PEM))
        return path

    def certificate(self, name: str, left: timedelta = timedelta(days=20)) -> Path:
        """A file with a certificate for a host, and its key; it ends when `left` is over."""
        key = ec.generate_private_key(ec.SECP256R1())
        whom = x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
        extensions = (
            (x509.SubjectAlternativeName([whom]), False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False),
        )
        made = self._made(name, key, extensions, left)
        path = self.folder / f"{name}-{left.days}.pem"
        form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        path.write_bytes(key.private_bytes(*form) + made.public_bytes(serialization.Encoding.PEM))
        return path

    def _made(
        self,
        name: str,
        key: ec.EllipticCurvePrivateKey,
        extensions: tuple[tuple[x509.ExtensionType, bool], ...],
        left: timedelta,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_called(name))
            .issuer_name(_called("authority"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=60))
            .not_valid_after(now + left)
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self._key, hashes.SHA256())


def _called(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
