"""How much somebody may do at once and over time: a bucket that fills again. Times are seconds that never go back.

Source: Turner, "New Directions in Communications", 1986 (the leaky bucket as a meter).
"""

from __future__ import annotations


class Allowance:
    """So many at once, and `per_s` more each second up to that many."""

    def __init__(self, at_once: int, per_s: float, now_s: float) -> None:
        self._at_once = at_once
        self._per_s = per_s
        self._left = float(at_once)
        self._seen_s = now_s

    def take(self, now_s: float) -> bool:
        """Take one if there is one, and say whether there was."""
        self._left = min(self._at_once, self._left + (now_s - self._seen_s) * self._per_s)
        self._seen_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def give_back(self) -> None:
        """Undo one `take`."""
        self._left = min(self._at_once, self._left + 1)
