"""Checks of settings that depend on each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from twitchly.env import refuse_if

KAFKA_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
KAFKA_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
# The limits of Django's own deployment check, and the prefix of keys from `startproject`.
SECRET_MIN_CHARS, SECRET_MIN_DISTINCT, DJANGO_PREFIX = 50, 5, "django-insecure-"


def check_secrets(secret: str, fallbacks: Sequence[str], *, debug: bool) -> None:
    """Check the secret keys. Raises: EnvError if SECRET_KEY is missing or, unless debugging, any key is too weak."""
    refuse_if(
        not secret, "SECRET_KEY is not set: `make run` generates one; otherwise, set it to 50 or more random characters"
    )
    for name, key in (("SECRET_KEY", secret), *(("SECRET_KEY_FALLBACKS", key) for key in fallbacks)):
        refuse_if(
            not debug and _is_weak(key),
            f"{name} is too weak: expected {SECRET_MIN_CHARS} or more random characters",
        )


def _is_weak(key: str) -> bool:
    return len(key) < SECRET_MIN_CHARS or len(set(key)) < SECRET_MIN_DISTINCT or key.startswith(DJANGO_PREFIX)


def check_kafka(protocol: str, username: str, password: str, ca_file: str) -> None:
    """Check the Kafka settings. Raises: EnvError that names the missing or invalid variable."""
    uses_sasl = protocol.startswith("SASL_")
    for name, value in (("KAFKA_USERNAME", username), ("KAFKA_PASSWORD", password)):
        refuse_if(uses_sasl and not value, f"{name} is not set: KAFKA_SECURITY is {protocol}, which requires it")
        refuse_if(bool(value) and not uses_sasl, f"{name} is set, but KAFKA_SECURITY is {protocol}: expected SASL_SSL")
    _check_file("KAFKA_CA_FILE", ca_file, f"KAFKA_SECURITY is {protocol}", encrypted=protocol.endswith("SSL"))


def check_cassandra(username: str, password: str, ca_file: str, *, tls: bool) -> None:
    """Check the Cassandra settings. Raises: EnvError that names the missing or invalid variable."""
    refuse_if(
        bool(username) and not password, "CASSANDRA_PASSWORD is not set, but CASSANDRA_USERNAME is: expected both"
    )
    refuse_if(
        bool(password) and not username, "CASSANDRA_USERNAME is not set, but CASSANDRA_PASSWORD is: expected both"
    )
    _check_file("CASSANDRA_CA_FILE", ca_file, "CASSANDRA_TLS is off", encrypted=tls)


def check_redis(url: str, ca_file: str) -> None:
    """Check the Redis settings. Raises: EnvError for a URL that names a single database or lacks a server."""
    parts = urlsplit(url)
    is_server = parts.scheme in ("redis", "rediss") and parts.hostname and not (parts.path or parts.query)
    refuse_if(
        not is_server,
        "REDIS_URL is not the URL of a server: expected redis://host:port or rediss://user:password@host:port",
    )
    _check_file(
        "REDIS_CA_FILE", ca_file, f"REDIS_URL begins with {parts.scheme}://", encrypted=url.startswith("rediss:")
    )


def _check_file(name: str, path: str, reason: str, *, encrypted: bool) -> None:
    refuse_if(bool(path) and not encrypted, f"{name} is set, but {reason}: certificates are only used with TLS")
    refuse_if(bool(path) and not Path(path).is_file(), f"{name} is {path!r}: expected a file with certificates")
