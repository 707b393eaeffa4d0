"""Token bucket rate limiter. Times are seconds of a monotonic clock.

Source: Turner, "New Directions in Communications", 1986 (the leaky bucket as a meter).
"""

from __future__ import annotations


class TokenBucket:
    """Holds up to `capacity` tokens and gains `refill_per_s` each second; starts full."""

    def __init__(self, capacity: int, refill_per_s: float, now_s: float) -> None:
        self._capacity = capacity
        self._refill_per_s = refill_per_s
        self._tokens = float(capacity)
        self._refilled_s = now_s

    def try_consume(self, now_s: float) -> bool:
        """Consume a token and return True, or return False if none is left."""
        self._tokens = min(self._capacity, self._tokens + (now_s - self._refilled_s) * self._refill_per_s)
        self._refilled_s = now_s
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def refund(self) -> None:
        """Put one consumed token back."""
        self._tokens = min(self._capacity, self._tokens + 1)
