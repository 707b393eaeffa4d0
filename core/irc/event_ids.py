"""Ids for channel events to which Twitch gives none. The same lines in the same order result in the same ids."""

from __future__ import annotations


class EventIds:
    """Builds ids from channel, kind and time, with a sequence number if all three repeat.

    Remembers ids for one to two times `span_ms` of event time.
    """

    def __init__(self, span_ms: int) -> None:
        self._span_ms = span_ms
        self._new: dict[str, int] = {}
        self._old: dict[str, int] = {}
        self._rotated_ms = 0

    def next(self, channel_id: str, kind: str, at_ms: int) -> str:
        """Return the next event's id. Ids of one channel, kind and time sort in call order."""
        if at_ms - self._rotated_ms >= self._span_ms:
            self._old, self._new = self._new, {}
            self._rotated_ms = at_ms
        event_id = f"{channel_id}-{kind}-{at_ms}"
        number = self._new.get(event_id, self._old.get(event_id, -1)) + 1
        self._new[event_id] = number
        return f"{event_id}-{number:02}" if number else event_id
