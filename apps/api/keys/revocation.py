"""Keys that end: every web process is told, and closes what is open with them."""

from __future__ import annotations

from apps.accounts.session_endings import notify_digests_ended


def session_of(key_id: int) -> str:
    """Return what a key is called among the sessions that open streams belong to."""
    return f"key:{key_id}"


def tell_ended(key_id: int) -> None:
    """Tell it. Where Redis is away, each stream finds out by itself with its next frame."""
    notify_digests_ended(session_of(key_id))
