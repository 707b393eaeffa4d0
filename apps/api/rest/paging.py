"""Lists in pages: a page ends where the next one begins, so a list that grows skips and repeats nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.core.signing import BadSignature, Signer

from apps.api.problems import Wrong
from apps.api.rest.inputs import invalid

T = TypeVar("T")


def page(
    found: Sequence[T], limit: int, position: Callable[[T], Any], write: Callable[[T], Any], of: str
) -> dict[str, Any]:
    """Return a page of `found`, which holds one more item unless it ends the list `of`."""
    shown = found[:limit]
    following = write_cursor(of, position(shown[-1])) if len(found) > limit else None
    return {"items": [write(one) for one in shown], "next": following}


def write_cursor(of: str, position: Any) -> str:
    """Return a position in a list as a signed text; the same position has the same text, so ETags stay."""
    return _signer(of).sign_object(position)


def read_cursor(of: str, cursor: str | None) -> Any:
    """Return the position in a cursor of the list `of`, None for its beginning. Raises: Problem."""
    if cursor is None:
        return None
    try:
        return _signer(of).unsign_object(cursor)
    except BadSignature:
        reason = "It is not a cursor of this list. Send the `next` of its previous page, or no cursor."
        raise invalid([Wrong("cursor", reason)]) from None


def _signer(of: str) -> Signer:
    return Signer(salt=f"api.cursor:{of}")
