"""How a line of the log is written: as text for a terminal or as JSON, and never with anybody's data in it."""

from __future__ import annotations

import ipaddress
import logging
import re
import sys
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

import orjson

# The id of the request that is being answered, "" outside of any.
current_request: ContextVar[str] = ContextVar("current_request", default="")

# Longer messages and exceptions are cut: text that a stranger sent must not fill the log, nor keep us searching.
TEXT_MAX_CHARS = 4_096  # defense: log-length
# Of a traceback, the last lines name the error.
ENDING_MAX_CHARS = 2_048
# A secret cut in two would not be recognized, so the word before a cut goes as well.
WORD_MAX_CHARS = 256

# Personal data and secrets, wherever they occur: in a message, in an exception, in an address.
# Each pattern is linear: it starts at one place of a run of characters and never goes back into what it has matched.
_HIDDEN: tuple[tuple[re.Pattern[str], str], ...] = (
    # Query strings may hold anything. They come first: a replacement inside the path would hide the path from this.
    (re.compile(r"(?<![^\s'\"?])([^\s'\"?/]*+/[^\s'\"?]*+)\?[^\s'\"]++"), r"\1?<query>"),
    # Whoever has a share link can open it. Its token is also recognized apart from its address.
    (re.compile(r"/(s|w)/[\s/]*+[^\s/'\"?]++"), r"/\1/<link>"),
    (re.compile(r"(?<![\w.-])[0-9]{1,19}\.[\w-]{20,}+"), "<link>"),  # defense: logged-links
    (re.compile(r"(?<![\w.+%-])[\w.+%-]++@[\w-]++(?:\.[\w-]++)+"), "<e-mail>"),  # defense: log-patterns
    # API keys, Twitch's tokens, and any value that is named as a password or a secret.
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


def without_persons(text: str) -> str:
    """Return `text` without e-mail and network addresses, keys, tokens, shared links and queries.

    Addresses of this machine stay: they say which of our own servers is meant.
    """
    for pattern, replacement in _HIDDEN:
        text = pattern.sub(replacement, text)
    return _ADDRESS.sub(_hidden_address, text)


def loggable(text: str) -> str:
    """Return `text` as it may be written: about TEXT_MAX_CHARS at most, and without personal data or secrets."""
    if len(text) <= TEXT_MAX_CHARS:
        return without_persons(text)
    # The ending begins with a whole line, so that no secret lost its beginning.
    ending = text[-ENDING_MAX_CHARS:].partition("\n")[2]
    beginning = text[: TEXT_MAX_CHARS - len(ending)]
    word = max(beginning.rfind(" ", -WORD_MAX_CHARS), beginning.rfind("\n", -WORD_MAX_CHARS))
    beginning = beginning[: word if word >= 0 else -WORD_MAX_CHARS]
    cut = f"[{len(text) - len(beginning) - len(ending):,} characters cut]"
    return "\n".join(part for part in (f"{without_persons(beginning)} {cut}", without_persons(ending)) if part)


class LineFormatter(logging.Formatter):
    """A line for people."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  the name is the library's
        record.message = loggable(record.message)
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        # Formatted anew: other handlers may have left the whole text of the exception in the record.
        record.exc_text = None
        return super().format(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return loggable(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802
        return loggable(stack_info)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, process, message, and the id of the request where there is one."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "process": self._process,
            "message": loggable(record.getMessage()),
        }
        if asked := current_request.get():
            fields["request_id"] = asked
        if record.exc_info:
            fields["exception"] = loggable(self.formatException(record.exc_info))
        return orjson.dumps(fields).decode()


def process_name(arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    """Return what this process is called: as the supervisor knows it, or by the command that started it."""
    if name := environ.get("SUPERVISOR_PROCESS_NAME"):
        return name
    program, *words = [PurePath(word).name for word in arguments] or ["python"]
    if program in ("manage.py", "__main__.py") and words:
        return " ".join(word for word in words[:2] if not word.startswith("-"))
    return program


def settings_for(style: str, environ: Mapping[str, str]) -> dict[str, object]:
    """Return Django's LOGGING for `line` or `json`."""
    formatters = {
        "line": {"()": LineFormatter, "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
        "json": {"()": JsonFormatter, "process": process_name(sys.argv, environ)},
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": formatters,
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": style}},
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {
            # What these say at every try, our own processes say once: what they wait for.
            "httpx": {"level": "WARNING"},
            "cassandra": {"level": "CRITICAL"},
            "channels_redis": {"level": "CRITICAL"},
            # Through the same formatter as all others. Requests are counted, not written down: an access log is a
            # list of who read what, and uvicorn writes one of the sockets as well.
            "django": {"handlers": [], "propagate": True, "level": "INFO"},
            "django.server": {"handlers": [], "propagate": True},
            "uvicorn": {"handlers": [], "propagate": True},
            "uvicorn.error": {"handlers": [], "propagate": True, "level": "WARNING"},
            "uvicorn.access": {"handlers": [], "propagate": False, "level": "CRITICAL"},
            # Every task of every 10 s: ours say themselves what they did.
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
        },
    }


def _hidden_address(found: re.Match[str]) -> str:
    try:
        address = ipaddress.ip_address(found[0])
    except ValueError:
        # Such as a time of day, which looks like one.
        return found[0]
    return found[0] if address.is_loopback or address.is_unspecified else "<address>"
