"""Device names for the session list, derived from User-Agent headers."""

from __future__ import annotations

import ua_parser

UNKNOWN = "an unknown browser"


def device_of(user_agent: str) -> str:
    """Return the browser and operating system named in a User-Agent header, such as “Firefox on Windows”."""
    parsed = ua_parser.parse(user_agent)
    browser = parsed.user_agent.family if parsed.user_agent else UNKNOWN
    return f"{browser} on {parsed.os.family}" if parsed.os else browser
