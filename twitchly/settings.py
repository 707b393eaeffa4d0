"""Django settings; each variable is read once and typed. `.env.example` lists the variables; a test compares."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import django_stubs_ext
from cassandra import ConsistencyLevel
from cassandra.policies import ConstantReconnectionPolicy
from django.core.exceptions import ImproperlyConfigured
from django.http.request import split_domain_port, validate_host
from environs.exceptions import EnvError
from marshmallow.validate import Length, OneOf, Range

from twitchly.env import ROOT, load, refuse
from twitchly.logs import settings_for
from twitchly.security_settings import (
    KAFKA_MECHANISMS,
    KAFKA_SECURITIES,
    cassandra_tls,
    celery_tls,
    check_cassandra,
    check_kafka,
    check_redis,
    check_secret_keys,
    redis_database,
)

env = load()
django_stubs_ext.monkeypatch()  # allows generic admin and form classes such as ModelAdmin[Model]

try:
    # Folder of this instance. The servers' ports are offsets of the web port: see deploy/local/ports.py.
    VAR_DIR = Path(env.str("TWITCHLY_VAR", str(ROOT / "var"))).resolve()
    WEB_PORT = env.int("TWITCHLY_PORT", 8000, validate=Range(min=1024, max=65000))
    DATA_DIR = Path(env.str("TWITCHLY_DATA", str(ROOT.parent / "shared" / "data")))
    CLOCK_OFFSET_MS = env.int("CLOCK_OFFSET_MS", 0)

    # Django
    DEBUG = env.bool("DEBUG", False)
    SECRET_KEY = env.str("SECRET_KEY", "only-for-debugging" * 3 if DEBUG else "")
    # Old keys that are still accepted: see docs/operation.md.
    SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", [])
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["127.0.0.1", "localhost"])
    ADMIN_HOST = env.str("ADMIN_HOST", "").lower()
    HTTPS_ONLY = env.bool("HTTPS_ONLY", False)
    HSTS_SUBDOMAINS = env.bool("HSTS_SUBDOMAINS", False)
    DATABASE_URL = env.dj_db_url("DATABASE_URL", f"sqlite:///{quote(str(VAR_DIR / 'twitchly.sqlite3'))}")
    PUBLIC_BOARD = env.bool("PUBLIC_BOARD", False)
    # Text lines, or JSON for log collectors.
    LOG_FORMAT = env.str("LOG_FORMAT", "json" if HTTPS_ONLY else "line", validate=OneOf(["line", "json"]))
    EMAIL = env.dj_email_url("EMAIL_URL", "console:")
    if "EMAIL_BACKEND" not in EMAIL:
        raise EnvError("EMAIL_URL begins with an unknown scheme: use console:, smtp:, smtps:, submission: or file:")
    DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("EMAIL_FROM", "Twitchly <twitchly@localhost>")

    # Servers
    KAFKA_BOOTSTRAP = env.str("KAFKA_BOOTSTRAP", f"127.0.0.1:{WEB_PORT + 1}")
    KAFKA_TOPIC_PREFIX = env.str("KAFKA_TOPIC_PREFIX", "")
    KAFKA_REPLICATION = env.int("KAFKA_REPLICATION", 1, validate=Range(min=1, max=9))
    KAFKA_SECURITY = env.str("KAFKA_SECURITY", "PLAINTEXT", validate=OneOf(KAFKA_SECURITIES))
    KAFKA_SASL_MECHANISM = env.str("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512", validate=OneOf(KAFKA_MECHANISMS))
    KAFKA_USERNAME = env.str("KAFKA_USERNAME", "")
    KAFKA_PASSWORD = env.str("KAFKA_PASSWORD", "")
    KAFKA_CA_FILE = env.str("KAFKA_CA_FILE", "")
    CASSANDRA_HOSTS = env.list("CASSANDRA_HOSTS", ["127.0.0.1"])
    CASSANDRA_PORT = env.int("CASSANDRA_PORT", WEB_PORT + 3)
    CASSANDRA_KEYSPACE = env.str("CASSANDRA_KEYSPACE", "twitchly", validate=Length(min=1, max=48))
    CASSANDRA_REPLICATION = env.int("CASSANDRA_REPLICATION", 1, validate=Range(min=1, max=9))
    CASSANDRA_USERNAME = env.str("CASSANDRA_USERNAME", "")
    CASSANDRA_PASSWORD = env.str("CASSANDRA_PASSWORD", "")
    CASSANDRA_TLS = env.bool("CASSANDRA_TLS", False)
    CASSANDRA_CA_FILE = env.str("CASSANDRA_CA_FILE", "")
    REDIS_URL = env.str("REDIS_URL", f"redis://127.0.0.1:{WEB_PORT + 5}").rstrip("/")
    REDIS_CA_FILE = env.str("REDIS_CA_FILE", "")
    FLINK_REST_URL = env.str("FLINK_REST_URL", f"https://127.0.0.1:{WEB_PORT + 6}").rstrip("/")
    FLINK_VENV = Path(env.str("FLINK_VENV", str(ROOT / ".venv-flink")))
    FLINK_CONF_DIR = Path(env.str("FLINK_CONF_DIR", str(VAR_DIR / "conf" / "flink")))
    # For an https URL: the CA certificate, and the client certificate with its key. `make run` generates both.
    FLINK_CA_FILE = env.str("FLINK_CA_FILE", str(FLINK_CONF_DIR / "rest-ca.pem"))
    FLINK_KEY_FILE = env.str("FLINK_KEY_FILE", str(FLINK_CONF_DIR / "rest.pem"))
    FLINK_CHECKPOINTS = Path(env.str("FLINK_CHECKPOINTS", str(VAR_DIR / "flink" / "checkpoints")))
    FLINK_CONNECTOR_JAR = Path(
        env.str("FLINK_CONNECTOR_JAR", str(ROOT / ".jars" / "flink" / "flink-sql-connector-kafka-5.0.0-2.2.jar"))
    )

    # Twitch. Without credentials the simulator is used.
    TWITCH_CLIENT_ID = env.str("TWITCH_CLIENT_ID", "")
    TWITCH_CLIENT_SECRET = env.str("TWITCH_CLIENT_SECRET", "")
    TWITCH_IS_SIMULATED = not (TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET)
    SIMULATOR_IRC_PORT = env.int("SIMULATOR_IRC_PORT", WEB_PORT + 8)
    SIMULATOR_HELIX_PORT = env.int("SIMULATOR_HELIX_PORT", WEB_PORT + 9)
    SIMULATOR_WS_PORT = env.int("SIMULATOR_WS_PORT", WEB_PORT + 10)
    SIMULATOR_TLS_PORT = env.int("SIMULATOR_TLS_PORT", WEB_PORT + 11)
    _helix = f"http://127.0.0.1:{SIMULATOR_HELIX_PORT}"
    TWITCH_IRC_HOST = env.str("TWITCH_IRC_HOST", "127.0.0.1" if TWITCH_IS_SIMULATED else "irc.chat.twitch.tv")
    TWITCH_IRC_PORT = env.int("TWITCH_IRC_PORT", SIMULATOR_IRC_PORT if TWITCH_IS_SIMULATED else 6697)
    TWITCH_IRC_TLS = env.bool("TWITCH_IRC_TLS", not TWITCH_IS_SIMULATED)
    TWITCH_IRC_CA_FILE = env.str("TWITCH_IRC_CA_FILE", "")
    TWITCH_HELIX_URL = env.str(
        "TWITCH_HELIX_URL", f"{_helix}/helix" if TWITCH_IS_SIMULATED else "https://api.twitch.tv/helix"
    )
    TWITCH_TOKEN_URL = env.str(
        "TWITCH_TOKEN_URL", f"{_helix}/oauth2/token" if TWITCH_IS_SIMULATED else "https://id.twitch.tv/oauth2/token"
    )

    # Listening
    CHANNELS_WANTED = env.int("CHANNELS_WANTED", 500, validate=Range(min=1, max=20_000))
    CHANNELS_PER_CONNECTION = env.int("CHANNELS_PER_CONNECTION", 50, validate=Range(min=1, max=100))
    STRICT_JOINS = env.bool("STRICT_JOINS", False)
    JOINS_PER_10_S = env.int("JOINS_PER_10_S", 20, validate=Range(min=1, max=2_000))
    OFFLINE_KEPT_S = env.int("OFFLINE_KEPT_S", 600, validate=Range(min=0))
    VIEWERS_STALE_S = env.int("VIEWERS_STALE_S", 150, validate=Range(min=60))
    VIEWERS_UNKNOWN_S = env.int("VIEWERS_UNKNOWN_S", 600, validate=Range(min=60))
    COUNT_BOTS = env.bool("COUNT_BOTS", False)
    PRODUCER_ID = env.str("PRODUCER_ID", "producer-1", validate=Length(min=1, max=100))
    BUFFER_RECORDS = env.int("BUFFER_RECORDS", 200_000, validate=Range(min=1_000))

    # Prometheus endpoints of the processes, on loopback; none if the port is 0.
    METRICS_PORT = env.int("METRICS_PORT", WEB_PORT + 13)
    WORKER_METRICS_PORT = env.int("WORKER_METRICS_PORT", WEB_PORT + 12)
    WEB_METRICS_PORT = env.int("WEB_METRICS_PORT", WEB_PORT + 17)
    HISTORY_METRICS_PORT = env.int("HISTORY_METRICS_PORT", WEB_PORT + 18)
    BOARDS_METRICS_PORT = env.int("BOARDS_METRICS_PORT", WEB_PORT + 19)
    STREAM_METRICS_PORT = env.int("STREAM_METRICS_PORT", WEB_PORT + 20)

    # The API: requests per second and IP address, and the proxies whose X-Forwarded-For is trusted.
    API_ADDRESS_PER_S = env.int("API_ADDRESS_PER_S", 500, validate=Range(min=1))
    TRUSTED_PROXIES: list[str] = env.list("TRUSTED_PROXIES", [])

    # Metrics
    ENGAGEMENT_MIN_VIEWERS = env.int("ENGAGEMENT_MIN_VIEWERS", 100, validate=Range(min=0))
    RANKED_MIN_MESSAGES = env.int("RANKED_MIN_MESSAGES", 10, validate=Range(min=1))

    check_secret_keys(DEBUG, SECRET_KEY, SECRET_KEY_FALLBACKS)
    refuse(
        split_domain_port(ADMIN_HOST)[0] != ADMIN_HOST,
        f"ADMIN_HOST is {ADMIN_HOST!r}: expected a host name without a port",
    )
    refuse(
        bool(ADMIN_HOST) and not validate_host(ADMIN_HOST, ALLOWED_HOSTS),
        "ADMIN_HOST is not among the ALLOWED_HOSTS: expected both",
    )
    check_kafka(KAFKA_SECURITY, KAFKA_USERNAME, KAFKA_PASSWORD, KAFKA_CA_FILE)
    check_cassandra(CASSANDRA_USERNAME, CASSANDRA_PASSWORD, CASSANDRA_CA_FILE, tls=CASSANDRA_TLS)
    check_redis(REDIS_URL, REDIS_CA_FILE)
    refuse(
        bool(TWITCH_CLIENT_ID) != bool(TWITCH_CLIENT_SECRET),
        "TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET go together: set both for the real Twitch, or none",
    )
    refuse(HSTS_SUBDOMAINS and not HTTPS_ONLY, "HSTS_SUBDOMAINS is set without HTTPS_ONLY: expected both")
except EnvError as error:
    raise ImproperlyConfigured(str(error)) from error

INSTALLED_APPS = [
    "django_cassandra_engine",
    "apps.accounts.staff.apps.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.twitch",
    "allauth.usersessions",
    "csp",
    "apps.audit",
    "apps.channels",
    "apps.curation",
    "apps.ingest",
    "apps.metrics",
    "apps.accounts",
    "apps.status",
    "apps.workspaces",
    "apps.dashboard",
    "apps.api",
]
MIDDLEWARE = [
    "twitchly.request_counts.counted",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "twitchly.compression.PageCompression",
    "twitchly.unstorable_input.UnstorableText",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
]
ROOT_URLCONF = "twitchly.entry.urls"
ASGI_APPLICATION = "twitchly.entry.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.dashboard.context.source",
            ],
        },
    },
]

DATABASES: dict[str, Any] = {"default": DATABASE_URL}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # secure_delete overwrites deleted rows: destroyed hash keys must not be readable in free pages.
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
            # Pages report that history is unavailable rather than wait for it.
            "session": {"default_timeout": 4.0},
            "replication": {"strategy_class": "SimpleStrategy", "replication_factor": CASSANDRA_REPLICATION},
            "connection": {
                "port": CASSANDRA_PORT,
                # With replication, reads see earlier writes although a node is down.
                "consistency": ConsistencyLevel.LOCAL_QUORUM,
                **cassandra_tls(CASSANDRA_CA_FILE, on=CASSANDRA_TLS),
                "lazy_connect": True,
                "retry_connect": True,
                "connect_timeout": 2,
                # The driver's default policy waits up to 10 min between attempts.
                "reconnection_policy": ConstantReconnectionPolicy(1.0, max_attempts=None),
            },
        },
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Redis: one database per use.
REDIS_BOARDS_URL = redis_database(REDIS_URL, 0, REDIS_CA_FILE)
CELERY_BROKER_URL = f"{REDIS_URL}/1"
CELERY_BROKER_USE_SSL = celery_tls(REDIS_URL, REDIS_CA_FILE)
REDIS_LAYER_URL = redis_database(REDIS_URL, 2, REDIS_CA_FILE)
REDIS_STREAMS_URL = redis_database(REDIS_URL, 3, REDIS_CA_FILE)
REDIS_LIMITS_URL = redis_database(REDIS_URL, 4, REDIS_CA_FILE)
REDIS_STATUS_URL = redis_database(REDIS_URL, 5, REDIS_CA_FILE)
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_LAYER_URL], "prefix": "twitchly"},
    },
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"

# Accounts. E-mails have codes instead of links: users continue in the same tab, and no Host header is trusted.
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = LOGOUT_REDIRECT_URL = "account_login"
LOGIN_REDIRECT_URL = "board"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_MAX_EMAIL_ADDRESSES = 5
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
# In addition to allauth's own limits, and counted the same way.
ACCOUNT_RATE_LIMITS = {"opt_out": "5/h/ip"}
ACCOUNT_ADAPTER = "apps.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {"signup": "apps.accounts.forms.SignupForm"}
MFA_ADAPTER = "apps.accounts.adapter.MFAAdapter"
MFA_FORMS = {"activate_totp": "apps.accounts.forms.ActivateTOTPForm"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Twitchly"
# Passkeys need HTTPS or localhost.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS_ONLY
USERSESSIONS_TRACK_ACTIVITY = True
SOCIALACCOUNT_PROVIDERS = {
    "twitch": {
        "APPS": [] if TWITCH_IS_SIMULATED else [{"client_id": TWITCH_CLIENT_ID, "secret": TWITCH_CLIENT_SECRET}],
        "SCOPE": ["user:read:email"],
    }
}
vars().update(EMAIL)
# Failed sign-ins, used one-time codes and rate limits. Stored in the database, so that sign-in does not need Redis, all
# web processes share them, and nothing is evicted.
CACHES = {"default": {"BACKEND": "apps.accounts.security_cache.SecurityCache"}}
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

REST_FRAMEWORK: dict[str, Any] = {
    # Clients are identified by API key only: see apps/api/rest/view.py.
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "OAS_VERSION": "3.1.0",
    "TITLE": "Twitchly API",
    "VERSION": "1.0.0",
    "SERVE_PUBLIC": True,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": ["apps.api.description.hooks.complete"],
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_THOUSAND_SEPARATOR = False

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [ROOT / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "twitchly.storage.HashedStaticFiles"
    },
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS_ONLY
SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HSTS_SUBDOMAINS
# HSTS preloading takes months to undo: the owner of the domain requests it, not the software.
SILENCED_SYSTEM_CHECKS = ["security.W021"]

LOGGING = settings_for(LOG_FORMAT, os.environ)
