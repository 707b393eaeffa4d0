"""Self-signed certificate for loopback, stored so that clients still trust it after a simulator restart."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CERTIFICATE = "ca.pem"
KEY = "key.pem"
LIFETIME = timedelta(days=365)
RENEW_BEFORE = timedelta(days=30)


def server_context(folder: Path, now: datetime) -> ssl.SSLContext:
    """Return a TLS context with the folder's certificate, which is created or renewed if needed."""
    if not _usable(folder, now):
        _make(folder, now)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / CERTIFICATE, folder / KEY)
    return context


def _usable(folder: Path, now: datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())
        key = serialization.load_pem_private_key((folder / KEY).read_bytes(), None)
    except (OSError, ValueError):
        return False
    fresh = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc - RENEW_BEFORE
    return fresh and certificate.public_key() == key.public_key()


def _make(folder: Path, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / KEY).unlink(missing_ok=True)
    (folder / KEY).touch(0o600)
    (folder / KEY).write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / CERTIFICATE).write_bytes(_signed(key, now).public_bytes(serialization.Encoding.PEM))


def _signed(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    """Return a self-signed CA certificate. A client that trusts it trusts only this server."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Simulated Twitch")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
