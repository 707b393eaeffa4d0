"""Lists in pages: what a page ends with is where the next one begins, so nothing is skipped while the list grows."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from apps.partners.problems import Problem, Wrong

T = TypeVar("T")


def page(found: Sequence[T], limit: int, place: Callable[[T], str], write: Callable[[T], Any]) -> dict[str, Any]:
    """Return a page of `found`, in which there is one more where the list goes on."""
    shown = found[:limit]
    following = write_cursor(place(shown[-1])) if len(found) > limit else None
    return {"items": [write(one) for one in shown], "next": following}


def write_cursor(place: str) -> str:
    """Return a place as the outside sees it: nothing to build on."""
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, read: Callable[[str], T]) -> T | None:
    """Return the place in a cursor as `read` understands it; None for the beginning. Raises: Problem."""
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return read(base64.b64decode(padded, altchars=b"-_", validate=True).decode())
    except (ValueError, binascii.Error):
        wrong = Wrong("cursor", "This is no cursor of ours.")
        raise Problem("invalid-request", "Send what “next” said, or no cursor.", [wrong]) from None
