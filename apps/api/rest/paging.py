"""Keyset pagination: a page starts after the last item of the previous one, so nothing is skipped or repeated.

A cursor is valid for one list, which is identified by the operation, its parameters except the page size, and the
account.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.signing import BadSignature, Signer

from apps.api.problems import invalid_field

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items of a list, and the cursor of the next page."""

    items: Sequence[T]
    next: str | None = None


def list_id(path: str, query: Mapping[str, Any], account_id: int) -> str:
    """Return an id for the list that a request pages through, from its path, its parsed parameters and the account."""
    filters = sorted((name, str(value)) for name, value in query.items() if name not in ("cursor", "limit"))
    return f"{path} {filters} of {account_id}"


def page(items: Sequence[T], limit: int, position: Callable[[T], Any], list_id: str) -> Page[T]:
    """Return a page of up to `limit` items; `items` contains one more if the list continues."""
    page_items = items[:limit]
    cursor = write_cursor(list_id, position(page_items[-1])) if len(items) > limit else None
    return Page(page_items, cursor)


def write_cursor(list_id: str, position: Any) -> str:
    """Return a position in a list as a signed cursor. Cursors are deterministic, so that ETags stay stable."""
    return _signer(list_id).sign_object(position)


def read_cursor(list_id: str, cursor: str | None) -> Any:
    """Return the position in a list that a cursor contains, or None without a cursor. Raises: Problem."""
    if cursor is None:
        return None
    try:
        return _signer(list_id).unsign_object(cursor)
    except BadSignature:
        reason = (
            "This cursor belongs to another list. Send `next` of the previous page with the same parameters (only "
            "`limit` may change), or omit the cursor."
        )
        raise invalid_field("cursor", reason) from None


def _signer(list_id: str) -> Signer:
    return Signer(salt=f"api.cursor:{list_id}")
