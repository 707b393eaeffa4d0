"""Logs, and the ports where Prometheus scrapes each process."""

from __future__ import annotations

import os

from marshmallow.validate import OneOf

from twitchly.logs import settings_for
from twitchly.settings.environment import WEB_PORT, env
from twitchly.settings.security import HTTPS_ONLY

# Lines for people, JSON for a log collector.
LOG_FORMAT = env.str("LOG_FORMAT", "json" if HTTPS_ONLY else "line", validate=OneOf(["line", "json"]))
LOGGING = settings_for(LOG_FORMAT, os.environ)

# Ports on loopback; 0 turns off a process's port.
METRICS_PORT = env.int("METRICS_PORT", WEB_PORT + 13)
WORKER_METRICS_PORT = env.int("WORKER_METRICS_PORT", WEB_PORT + 12)
WEB_METRICS_PORT = env.int("WEB_METRICS_PORT", WEB_PORT + 17)
HISTORY_METRICS_PORT = env.int("HISTORY_METRICS_PORT", WEB_PORT + 18)
BOARDS_METRICS_PORT = env.int("BOARDS_METRICS_PORT", WEB_PORT + 19)
STREAM_METRICS_PORT = env.int("STREAM_METRICS_PORT", WEB_PORT + 20)
