"""Deduplication of messages, which arrive twice while two connections overlap and after a rejoin."""

from __future__ import annotations


class Deduplicator:
    """Remembers each id for one to two times `span_ms`, and at most 2 x `limit` ids."""

    def __init__(self, limit: int, span_ms: int) -> None:
        self._limit = limit
        self._span_ms = span_ms
        self._new: set[str] = set()
        self._old: set[str] = set()
        self._rotated_ms = 0

    def is_duplicate(self, message_id: str, now_ms: int) -> bool:
        """Record an id and return whether it was seen before."""
        if message_id in self._new or message_id in self._old:
            return True
        if len(self._new) >= self._limit or now_ms - self._rotated_ms >= self._span_ms:
            self._old, self._new = self._new, set()
            self._rotated_ms = now_ms
        self._new.add(message_id)
        return False
