"""Checks of security settings, and the TLS options of each driver."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from twitchly.env import refuse

KAFKA_SECURITIES = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
KAFKA_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
# The limits of Django's own check, and the prefix of keys that `startproject` generates.
SECRET_MIN_CHARS, DISTINCT_MIN_CHARS, INSECURE_PREFIX = 50, 5, "django-insecure-"


def check_secret_keys(debug: bool, secret: str, fallbacks: Sequence[str]) -> None:
    """Refuse a secret key that could be guessed, unless debugging. Raises: EnvError."""
    refuse(not secret, "SECRET_KEY is not set: `make run` makes one, elsewhere set it to 50 random characters or more")
    for name, key in (("SECRET_KEY", secret), *(("SECRET_KEY_FALLBACKS", fallback) for fallback in fallbacks)):
        refuse(
            not debug and _is_weak(key),
            f"{name} could be guessed: expected {SECRET_MIN_CHARS} random characters or more",
        )


def _is_weak(secret: str) -> bool:
    has_few_chars = len(secret) < SECRET_MIN_CHARS or len(set(secret)) < DISTINCT_MIN_CHARS
    return has_few_chars or secret.startswith(INSECURE_PREFIX)


def check_kafka(security: str, username: str, password: str, ca_file: str) -> None:
    """Check that Kafka's settings are consistent. Raises: EnvError naming the missing or superfluous variable."""
    sasl = security.startswith("SASL_")
    for name, value in (("KAFKA_USERNAME", username), ("KAFKA_PASSWORD", password)):
        refuse(sasl and not value, f"{name} is not set: KAFKA_SECURITY is {security}, which signs in")
        refuse(bool(value) and not sasl, f"{name} is set, but KAFKA_SECURITY is {security}: expected SASL_SSL")
    _check_file("KAFKA_CA_FILE", ca_file, f"KAFKA_SECURITY is {security}", encrypted=security.endswith("SSL"))


def check_cassandra(username: str, password: str, ca_file: str, *, tls: bool) -> None:
    """Check that Cassandra's settings are consistent. Raises: EnvError naming the missing variable."""
    refuse(bool(username) and not password, "CASSANDRA_PASSWORD is not set, but CASSANDRA_USERNAME is: expected both")
    refuse(bool(password) and not username, "CASSANDRA_USERNAME is not set, but CASSANDRA_PASSWORD is: expected both")
    _check_file("CASSANDRA_CA_FILE", ca_file, "CASSANDRA_TLS is off", encrypted=tls)


def check_redis(url: str, ca_file: str) -> None:
    """Check that REDIS_URL is the URL of a server, without a database. Raises: EnvError."""
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
    """Return the TLS options of Cassandra's driver; certificates must name the addresses of their nodes."""
    return {"ssl_context": ssl.create_default_context(cafile=ca_file or None)} if on else {}


def redis_database(url: str, number: int, ca_file: str) -> str:
    """Return the URL of a Redis database with the CA certificate, for redis-py and channels-redis."""
    return f"{url}/{number}{f'?ssl_ca_certs={quote(ca_file)}' if ca_file else ''}"


def celery_tls(url: str, ca_file: str) -> dict[str, Any] | None:
    """Return the TLS options of Celery, which does not read them from the URL."""
    if not url.startswith("rediss:"):
        return None
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True} | (
        {"ssl_ca_certs": ca_file} if ca_file else {}
    )
