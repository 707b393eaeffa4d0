"""Which messages were heard already: while two connections overlap, and after a join anew, they come twice."""

from __future__ import annotations


class Seen:
    """Remembers the ids of the past `span_ms`, at the most twice that and twice `limit` of them."""

    def __init__(self, limit: int, span_ms: int) -> None:
        self._limit = limit
        self._span_ms = span_ms
        self._new: set[str] = set()
        self._old: set[str] = set()
        self._turned_ms = 0

    def again(self, message_id: str, now_ms: int) -> bool:
        """Take note of an id; say whether it had come before."""
        if message_id in self._new or message_id in self._old:
            return True
        if len(self._new) >= self._limit or now_ms - self._turned_ms >= self._span_ms:
            self._old, self._new = self._new, set()
            self._turned_ms = now_ms
        self._new.add(message_id)
        return False
