"""Conditional requests: If-None-Match saves transfers, If-Match prevents lost updates. Source: RFC 9110, 13."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.http import parse_etags

from apps.api.problems import Problem

MISMATCH = (
    "The If-Match or If-None-Match condition is not met. Fetch the resource again, and retry with its ETag in If-Match."
)
NO_STRONG_TAG = "If-Match needs a strong ETag, which only a watchlist has. Omit the header, or send If-Match: *."


def is_unchanged(headers: Mapping[str, str], etag: str) -> bool:
    """Return whether the client has this version, by weak comparison of entity tags."""
    known = parse_etags(headers.get("If-None-Match", ""))
    return known == ["*"] or etag.removeprefix("W/") in {other.removeprefix("W/") for other in known}


def require_match(headers: Mapping[str, str], etag: str) -> None:
    """Reject a request whose If-Match names another version. Raises: Problem.

    `*` matches every resource. Otherwise, weak tags and resources without a tag ("") never match.
    """
    if "If-Match" not in headers:
        return
    expected = parse_etags(headers["If-Match"])
    if expected == ["*"]:
        return
    if not etag.startswith('"'):
        raise Problem("precondition-failed", NO_STRONG_TAG)
    if etag not in expected:
        raise Problem("precondition-failed", MISMATCH)


def require_write(headers: Mapping[str, str], etag: str) -> None:
    """Reject a write whose preconditions do not hold for the current version. Raises: Problem."""
    require_match(headers, etag)
    if "If-Match" not in headers and is_unchanged(headers, etag):
        raise Problem("precondition-failed", MISMATCH)
