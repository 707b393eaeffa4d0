"""How our connections to servers are protected: which settings go together, and what each driver is told of TLS."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from twitchly.env import refuse

KAFKA_SECURITIES = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
KAFKA_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
# As Django's own check has it; what `startproject` makes begins with this.
SECRET_MIN, LETTERS_MIN, MADE_BY_DJANGO = 50, 5, "django-insecure-"


def refuse_open_secrets(debug: bool, secret: str, older: Sequence[str]) -> None:
    """Raises: EnvError for a secret that could be guessed, unless debugging."""
    refuse(not secret, "SECRET_KEY is not set: `make run` makes one, elsewhere set it to 50 random characters or more")
    for name, one in (("SECRET_KEY", secret), *(("SECRET_KEY_FALLBACKS", one) for one in older)):
        refuse(not debug and _is_open(one), f"{name} could be guessed: expected {SECRET_MIN} random characters or more")


def _is_open(secret: str) -> bool:
    return len(secret) < SECRET_MIN or len(set(secret)) < LETTERS_MIN or secret.startswith(MADE_BY_DJANGO)


def check_kafka(security: str, username: str, password: str, ca_file: str) -> None:
    """Raises: EnvError naming the variable that is missing or too much."""
    sasl = security.startswith("SASL_")
    for name, value in (("KAFKA_USERNAME", username), ("KAFKA_PASSWORD", password)):
        refuse(sasl and not value, f"{name} is not set: KAFKA_SECURITY is {security}, which signs in")
        refuse(bool(value) and not sasl, f"{name} is set, but KAFKA_SECURITY is {security}: expected SASL_SSL")
    _check_file("KAFKA_CA_FILE", ca_file, f"KAFKA_SECURITY is {security}", encrypted=security.endswith("SSL"))


def check_cassandra(username: str, password: str, ca_file: str, *, tls: bool) -> None:
    """Raises: EnvError naming the variable that is missing or too much."""
    refuse(bool(username) and not password, "CASSANDRA_PASSWORD is not set, but CASSANDRA_USERNAME is: expected both")
    refuse(bool(password) and not username, "CASSANDRA_USERNAME is not set, but CASSANDRA_PASSWORD is: expected both")
    _check_file("CASSANDRA_CA_FILE", ca_file, "CASSANDRA_TLS is off", encrypted=tls)


def check_redis(url: str, ca_file: str) -> None:
    """Raises: EnvError for an address that is not one of a whole server."""
    parts = urlsplit(url)
    is_server = parts.scheme in ("redis", "rediss") and parts.hostname and not (parts.path or parts.query)
    refuse(not is_server, "REDIS_URL is no server: expected redis://host:port or rediss://user:password@host:port")
    _check_file(
        "REDIS_CA_FILE", ca_file, f"REDIS_URL begins with {parts.scheme}://", encrypted=url.startswith("rediss:")
    )


def _check_file(name: str, path: str, otherwise: str, *, encrypted: bool) -> None:
    refuse(bool(path) and not encrypted, f"{name} is set, but {otherwise}: a certificate belongs to TLS")
    refuse(bool(path) and not Path(path).is_file(), f"{name} is {path!r}: expected a file of certificates")


def cassandra_tls(ca_file: str, *, on: bool) -> dict[str, Any]:
    """Return what Cassandra's driver is told besides; nodes are known by their addresses in their certificates."""
    return {"ssl_context": ssl.create_default_context(cafile=ca_file or None)} if on else {}


def redis_database(url: str, number: int, ca_file: str) -> str:
    """Return the address of one database, with the certificate to trust, as redis-py and channels-redis read it."""
    return f"{url}/{number}{f'?ssl_ca_certs={quote(ca_file)}' if ca_file else ''}"


def celery_tls(url: str, ca_file: str) -> dict[str, Any] | None:
    """Return what Celery is told of TLS; it takes nothing of that from an address."""
    if not url.startswith("rediss:"):
        return None
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True} | (
        {"ssl_ca_certs": ca_file} if ca_file else {}
    )
