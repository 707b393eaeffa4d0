"""Closes the open connections of a revoked key in every web process."""

from __future__ import annotations

from apps.accounts.session_endings import notify_digests_ended


def session_name(key_id: int) -> str:
    """Return the name under which the hub groups a key's connections, like the sockets of a page session."""
    return f"key:{key_id}"


def close_connections(key_id: int) -> None:
    """Close a key's connections.

    If Redis is unavailable, streams check the key at their next event, and sockets check it every second.
    """
    notify_digests_ended(session_name(key_id))
