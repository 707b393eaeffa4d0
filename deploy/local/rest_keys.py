"""Generate the keys for Flink's REST API. Run as a file: `python rest_keys.py FOLDER HOST…`.

Each HOST is a name by which clients reach the server. Server and clients share one certificate, so its key gives full
access to the REST API. Flink reads `rest.p12` and `rest-trust.p12`; Twitchly's clients read `rest.pem` and
`rest-ca.pem`.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# Not a secret, because the file permissions protect the key; Flink's configuration merely requires a password.
PASSWORD = b"twitchly"
# A long validity period, because tests shift the clocks, and an instance may run for years.
VALID_BEFORE, VALID_AFTER = timedelta(days=30), timedelta(days=3650)


def main(folder: Path, names: list[str]) -> None:
    """Write new keys for a server with the host names `names`, readable by their owner only."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _self_signed(key, names, datetime.now(UTC))
    pem = certificate.public_bytes(Encoding.PEM)
    private_key = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    encryption = BestAvailableEncryption(PASSWORD)
    trusted_certificates = [pkcs12.PKCS12Certificate(certificate, b"flink")]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write_private(folder / "rest.pem", private_key + pem)
    _write_private(folder / "rest-ca.pem", pem)
    _write_private(
        folder / "rest.p12", pkcs12.serialize_key_and_certificates(b"flink", key, certificate, None, encryption)
    )
    _write_private(folder / "rest-trust.p12", pkcs12.serialize_java_truststore(trusted_certificates, encryption))


def _self_signed(key: ec.EllipticCurvePrivateKey, names: list[str], now: datetime) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Flink of Twitchly")])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    return (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - VALID_BEFORE)
        .not_valid_after(now + VALID_AFTER)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(usage, critical=False)
        .sign(key, hashes.SHA256())
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_private(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
