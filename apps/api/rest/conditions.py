"""Conditional requests: If-None-Match for what has not changed, If-Match against lost updates. Source: RFC 9110, 13."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.http import parse_etags

from apps.api.problems import Problem

CHANGED = "It is not as your If-Match or If-None-Match says. Get it again, and repeat the request with its ETag."


def is_unchanged(headers: Mapping[str, str], tag: str) -> bool:
    """Tell whether the client has this version: tags are compared without regard to weakness."""
    known = parse_etags(headers.get("If-None-Match", ""))
    return known == ["*"] or tag.removeprefix("W/") in {one.removeprefix("W/") for one in known}


def require_match(headers: Mapping[str, str], tag: str) -> None:
    """Refuse a request whose If-Match names another version; weak tags match none. Raises: Problem."""
    if "If-Match" not in headers:
        return
    wanted = parse_etags(headers["If-Match"])
    if wanted != ["*"] and (tag.startswith("W/") or tag not in wanted):
        raise Problem("precondition-failed", CHANGED)


def require_write(headers: Mapping[str, str], tag: str) -> None:
    """Refuse to change what is not as the client knows it. Raises: Problem."""
    require_match(headers, tag)
    if "If-Match" not in headers and is_unchanged(headers, tag):
        raise Problem("precondition-failed", CHANGED)
