"""What a session was opened with, in words that its owner knows again."""

from __future__ import annotations

import ua_parser

UNKNOWN = "an unknown browser"


def device_of(user_agent: str) -> str:
    """Return the browser and the system that a User-Agent names, such as “Firefox on Windows”."""
    found = ua_parser.parse(user_agent)
    browser = found.user_agent.family if found.user_agent else UNKNOWN
    return f"{browser} on {found.os.family}" if found.os else browser
