"""The relational database and Cassandra."""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import quote

from cassandra import ConsistencyLevel
from cassandra.policies import ConstantReconnectionPolicy
from marshmallow.validate import Length, Range

from twitchly.settings.checks import check_cassandra
from twitchly.settings.environment import VAR_DIR, WEB_PORT, env

DATABASE_URL = env.dj_db_url("DATABASE_URL", f"sqlite:///{quote(str(VAR_DIR / 'twitchly.sqlite3'))}")
CASSANDRA_HOSTS = env.list("CASSANDRA_HOSTS", ["127.0.0.1"])
CASSANDRA_PORT = env.int("CASSANDRA_PORT", WEB_PORT + 3)
CASSANDRA_KEYSPACE = env.str("CASSANDRA_KEYSPACE", "twitchly", validate=Length(min=1, max=48))
CASSANDRA_REPLICATION = env.int("CASSANDRA_REPLICATION", 1, validate=Range(min=1, max=9))
CASSANDRA_USERNAME = env.str("CASSANDRA_USERNAME", "")
CASSANDRA_PASSWORD = env.str("CASSANDRA_PASSWORD", "")
CASSANDRA_TLS = env.bool("CASSANDRA_TLS", False)
CASSANDRA_CA_FILE = env.str("CASSANDRA_CA_FILE", "")

check_cassandra(CASSANDRA_USERNAME, CASSANDRA_PASSWORD, CASSANDRA_CA_FILE, tls=CASSANDRA_TLS)


def _cassandra_tls(ca_file: str, *, enabled: bool) -> dict[str, Any]:
    """Return the driver's TLS options. A node's certificate must contain the node's address."""
    return {"ssl_context": ssl.create_default_context(cafile=ca_file or None)} if enabled else {}


DATABASES: dict[str, Any] = {"default": DATABASE_URL}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # Deleted rows are overwritten, because destroyed hash keys must not be readable in free pages of the file.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON;",
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
    }
if CASSANDRA_HOSTS:
    DATABASES["cassandra"] = {
        "ENGINE": "django_cassandra_engine",
        "NAME": CASSANDRA_KEYSPACE,
        "HOST": ",".join(CASSANDRA_HOSTS),
        "USER": CASSANDRA_USERNAME,
        "PASSWORD": CASSANDRA_PASSWORD,
        "OPTIONS": {
            # Pages report history as unavailable rather than waiting longer for it.
            "session": {"default_timeout": 4.0},
            "replication": {"strategy_class": "SimpleStrategy", "replication_factor": CASSANDRA_REPLICATION},
            "connection": {
                "port": CASSANDRA_PORT,
                # With several replicas, written rows stay readable while one node is down.
                "consistency": ConsistencyLevel.LOCAL_QUORUM,
                **_cassandra_tls(CASSANDRA_CA_FILE, enabled=CASSANDRA_TLS),
                "lazy_connect": True,
                "retry_connect": True,
                "connect_timeout": 2,
                # The driver's default policy waits up to 10 min between attempts.
                "reconnection_policy": ConstantReconnectionPolicy(1.0, max_attempts=None),
            },
        },
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
