"""A text of a stream, such as its title, over polls of Helix whose responses are unordered.

Twitch's servers cache responses independently: after a change from A to B the responses can be A, B, A, B.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.times import MINUTE_MS

# Longer than Twitch's servers cache a response, which is some minutes: a text that returns later was set again.
MAX_CACHE_AGE_MS = 10 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class KnownText:
    """The current text since `changed_ms`, and the one before it, None if unknown.

    `returned_ms` is when the last response had the previous text again, None if it had another one.
    """

    text: str
    previous: str | None = None
    changed_ms: int = 0
    returned_ms: int | None = None

    def after(self, answer: str, now_ms: int) -> KnownText:
        """Return the known text after a response.

        For MAX_CACHE_AGE_MS, the previous text only counts as a change if two responses in a row have it. The change is
        dated to the first of them.
        """
        if answer == self.text:
            return replace(self, returned_ms=None)
        if answer == self.previous:
            if self.returned_ms is not None:
                return KnownText(answer, self.text, self.returned_ms)
            if now_ms - self.changed_ms < MAX_CACHE_AGE_MS:
                return replace(self, returned_ms=now_ms)
        return KnownText(answer, self.text, now_ms)
