"""The console log handler, configured as in the settings."""

from __future__ import annotations

import io
import logging
import logging.config

from twitchly.logs import settings_for


def console_handler(style: str, text: io.StringIO | None = None) -> logging.Handler:
    """Return a handler that writes to `text` in the format `line` or `json`."""
    settings = settings_for(style, {"SUPERVISOR_PROCESS_NAME": "web"})
    configurator = logging.config.DictConfigurator(settings)
    parts = configurator.config
    parts["filters"] = {name: configurator.configure_filter(part) for name, part in parts["filters"].items()}
    parts["formatters"] = {name: configurator.configure_formatter(part) for name, part in parts["formatters"].items()}
    handler = configurator.configure_handler({**parts["handlers"]["console"], "stream": text or io.StringIO()})
    assert isinstance(handler, logging.Handler)
    return handler


def console_line(style: str, record: logging.LogRecord) -> str:
    """Return the formatted line of a record."""
    text = io.StringIO()
    console_handler(style, text).handle(record)
    return text.getvalue().removesuffix("\n")
