"""Which messages were heard already: while two connections overlap, and after a join anew, they come twice."""

from __future__ import annotations


class Seen:
    """Remembers the latest ids, at least `limit` and at most twice as many."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._new: set[str] = set()
        self._old: set[str] = set()

    def again(self, message_id: str) -> bool:
        """Take note of an id; say whether it had come before."""
        if message_id in self._new or message_id in self._old:
            return True
        self._new.add(message_id)
        if len(self._new) >= self._limit:
            self._old, self._new = self._new, set()
        return False
