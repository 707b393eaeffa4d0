"""Kafka, Redis, Celery and the channel layer."""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import quote

from marshmallow.validate import OneOf, Range

from twitchly.settings.checks import KAFKA_MECHANISMS, KAFKA_PROTOCOLS, check_kafka, check_redis
from twitchly.settings.environment import WEB_PORT, env

KAFKA_BOOTSTRAP = env.str("KAFKA_BOOTSTRAP", f"127.0.0.1:{WEB_PORT + 1}")
KAFKA_TOPIC_PREFIX = env.str("KAFKA_TOPIC_PREFIX", "")
KAFKA_REPLICATION = env.int("KAFKA_REPLICATION", 1, validate=Range(min=1, max=9))
KAFKA_SECURITY = env.str("KAFKA_SECURITY", "PLAINTEXT", validate=OneOf(KAFKA_PROTOCOLS))
KAFKA_SASL_MECHANISM = env.str("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512", validate=OneOf(KAFKA_MECHANISMS))
KAFKA_USERNAME = env.str("KAFKA_USERNAME", "")
KAFKA_PASSWORD = env.str("KAFKA_PASSWORD", "")
KAFKA_CA_FILE = env.str("KAFKA_CA_FILE", "")
REDIS_URL = env.str("REDIS_URL", f"redis://127.0.0.1:{WEB_PORT + 5}").rstrip("/")
REDIS_CA_FILE = env.str("REDIS_CA_FILE", "")

check_kafka(KAFKA_SECURITY, KAFKA_USERNAME, KAFKA_PASSWORD, KAFKA_CA_FILE)
check_redis(REDIS_URL, REDIS_CA_FILE)


def _redis_database(number: int) -> str:
    """Return the URL of one database, with the trusted certificates, as redis-py and channels-redis read it."""
    return f"{REDIS_URL}/{number}{f'?ssl_ca_certs={quote(REDIS_CA_FILE)}' if REDIS_CA_FILE else ''}"


def _celery_tls() -> dict[str, Any] | None:
    """Return Celery's TLS options; Celery ignores TLS options in a URL."""
    if not REDIS_URL.startswith("rediss:"):
        return None
    trusted = {"ssl_ca_certs": REDIS_CA_FILE} if REDIS_CA_FILE else {}
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True} | trusted


# Each use of Redis has its own database.
REDIS_BOARDS_URL = _redis_database(0)
CELERY_BROKER_URL = f"{REDIS_URL}/1"
REDIS_LAYER_URL = _redis_database(2)
REDIS_STREAMS_URL = _redis_database(3)
REDIS_LIMITS_URL = _redis_database(4)
REDIS_STATUS_URL = _redis_database(5)

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_LAYER_URL], "prefix": "twitchly"},
    },
}
CELERY_BROKER_USE_SSL = _celery_tls()
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
