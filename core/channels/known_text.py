"""A stream's title or other display text across Helix polls, which can return outdated responses.

Twitch's servers cache responses independently, so after a change from A to B, the responses can be A, B, A, B.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.times import MINUTE_MS

# Twitch's servers cache a response for a few minutes. If an old text reappears later than this,
# the streamer has set it again.
MAX_CACHE_AGE_MS = 10 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class KnownText:
    """The current text, set at `changed_ms`, and the previous one, None if unknown.

    `returned_ms` is the time of the last response if it contained the previous text again, else None.
    """

    text: str
    previous: str | None = None
    changed_ms: int = 0
    returned_ms: int | None = None

    def after(self, text: str, now_ms: int) -> KnownText:
        """Return the state after a response that contains `text`.

        Within MAX_CACHE_AGE_MS of a change, a return to the previous text counts as a change only if two
        responses in a row contain it. The change is dated to the first of the two.
        """
        if text == self.text:
            return replace(self, returned_ms=None)
        if text == self.previous:
            if self.returned_ms is not None:
                return KnownText(text, self.text, self.returned_ms)
            if now_ms - self.changed_ms < MAX_CACHE_AGE_MS:
                return replace(self, returned_ms=now_ms)
        return KnownText(text, self.text, now_ms)
