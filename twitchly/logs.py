"""Logging: text lines or JSON, with personal data and secrets redacted."""

from __future__ import annotations

import ipaddress
import logging
import re
import sys
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import PurePath

import orjson

# Id of the current request, "" outside of requests.
current_request: ContextVar[str] = ContextVar("current_request", default="")

# Longer messages and exceptions are truncated, so that text from requests cannot fill the log or slow redaction.
TEXT_MAX_CHARS = 4_096  # defense: log-length
# The end of a traceback, which names the error, is kept.
ENDING_MAX_CHARS = 2_048
# A secret that is cut in two would not be recognized, so the word before the cut is removed too.
WORD_MAX_CHARS = 256

# Personal data and secrets in messages, exceptions and URLs.
# Each pattern runs in linear time: it can match at only one position in a run of characters, and never backtracks.
_REDACTIONS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Query strings may contain anything. This pattern is first: a replacement in the path would prevent its match.
    (re.compile(r"(?<![^\s'\"?])([^\s'\"?/]*+/[^\s'\"?]*+)\?[^\s'\"]++"), r"\1?<query>"),
    # Share links grant access. Their tokens are recognized outside of URLs too.
    (re.compile(r"/(s|w)/[\s/]*+[^\s/'\"?]++"), r"/\1/<link>"),
    (re.compile(r"(?<![\w.-])[0-9]{1,19}\.[\w-]{20,}+"), "<link>"),  # defense: logged-links
    (re.compile(r"(?<![\w.+%-])[\w.+%-]++@[\w-]++(?:\.[\w-]++)+"), "<e-mail>"),  # defense: log-patterns
    # API keys, Twitch tokens, and any value named as a password or secret.
    (re.compile(r"\btwitchly_[0-9A-Za-z]{20,}+"), "<key>"),
    (re.compile(r"(?i)\b(bearer|oauth:?|basic)[ :]++[\w.~+/=-]{8,}+"), r"\1 <token>"),
    (
        re.compile(
            r"(?i)\b(password|token|secret|sessionid|csrftoken)(['\"]?\s*+[:=]\s*+)"
            r"('[^']*+(?:'|\Z)|\"[^\"]*+(?:\"|\Z)|[^\s'\",&;)}]++)"
        ),
        r"\1\2<hidden>",
    ),
)
_ADDRESS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})(?![\w]|[.:]\w)"
    r"|(?<![\w.:])\d{1,3}(?:\.\d{1,3}){3}(?=:\d)"
)


def redact(text: str) -> str:
    """Return `text` without email addresses, IP addresses, keys, tokens, share links and query strings.

    Loopback addresses stay, because they name local servers.
    """
    for pattern, replacement in _REDACTIONS:
        text = pattern.sub(replacement, text)
    return _ADDRESS.sub(_redact_address, text)


def loggable(text: str) -> str:
    """Return `text` redacted and truncated to about TEXT_MAX_CHARS."""
    if len(text) <= TEXT_MAX_CHARS:
        return redact(text)
    # The ending begins with a whole line, so that no secret in it is cut in two.
    ending = text[-ENDING_MAX_CHARS:].partition("\n")[2]
    beginning = text[: TEXT_MAX_CHARS - len(ending)]
    word = max(beginning.rfind(" ", -WORD_MAX_CHARS), beginning.rfind("\n", -WORD_MAX_CHARS))
    beginning = beginning[: word if word >= 0 else -WORD_MAX_CHARS]
    cut = f"[{len(text) - len(beginning) - len(ending):,} characters cut]"
    return "\n".join(part for part in (f"{redact(beginning)} {cut}", redact(ending)) if part)


class RedactionFilter(logging.Filter):
    """Redacts and truncates the message, exception and stack of a record, before any formatter sees them."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except Exception as error:
            # The arguments do not fit the message. An exception raised here would reach the caller of the logger.
            message = f"{record.msg!r} cannot be formatted: {error}"
        record.msg, record.args = loggable(message), None
        if record.exc_info:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
            # A formatter would format the exception itself.
            record.exc_info = None
        if record.exc_text:
            record.exc_text = loggable(record.exc_text)
        if record.stack_info:
            record.stack_info = loggable(record.stack_info)
        return True


class JsonFormatter(logging.Formatter):
    """Formats redacted records as JSON lines without empty fields. `extra` is omitted: it may contain requests."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "process": self._process,
            "message": record.getMessage(),
            "request_id": current_request.get(),
            "exception": record.exc_text,
        }
        return orjson.dumps({name: value for name, value in fields.items() if value}).decode()


def process_name(arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    """Return the name of this process: from the supervisor, or from the command that started it."""
    if name := environ.get("SUPERVISOR_PROCESS_NAME"):
        return name
    program, *words = [PurePath(word).name for word in arguments] or ["python"]
    if program in ("manage.py", "__main__.py") and words:
        return " ".join(word for word in words[:2] if not word.startswith("-"))
    return program


def settings_for(style: str, environ: Mapping[str, str]) -> dict[str, object]:
    """Return Django's LOGGING for the format `line` or `json`."""
    formatters = {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
        "json": {"()": JsonFormatter, "process": process_name(sys.argv, environ)},
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": formatters,
        "filters": {"redaction": {"()": RedactionFilter}},
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": style,
                "filters": ["redaction"],  # defense: log-redaction
            }
        },
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {
            # These log every retry; Twitchly's processes log the cause of a wait once.
            "httpx": {"level": "WARNING"},
            "cassandra": {"level": "CRITICAL"},
            "channels_redis": {"level": "CRITICAL"},
            # These use the root's handler. Requests are counted, not logged, because an access log would record who
            # read what, and uvicorn logs sockets too.
            "django": {"handlers": [], "propagate": True, "level": "INFO"},
            "django.server": {"handlers": [], "propagate": True},
            "uvicorn": {"handlers": [], "propagate": True},
            "uvicorn.error": {"handlers": [], "propagate": True, "level": "WARNING"},
            "uvicorn.access": {"handlers": [], "propagate": False, "level": "CRITICAL"},
            # These log every run of a task, some every 10 s; Twitchly's tasks log their own results.
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
        },
    }


def _redact_address(match: re.Match[str]) -> str:
    try:
        address = ipaddress.ip_address(match[0])
    except ValueError:
        # Something else with the form of an address, such as a time of day.
        return match[0]
    return match[0] if address.is_loopback or address.is_unspecified else "<address>"
