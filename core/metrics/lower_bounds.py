"""The rule for lower bounds of a range or a broadcast, shared by pages, share links, exports and the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from core.metrics.formulas import is_complete
from core.metrics.table import METRIC


@dataclass(frozen=True, slots=True)
class LowerBounds:
    """States whether chat counts and viewer figures are lower bounds.

    Chat counts are lower bounds if chat was missed, viewer figures if viewer counts are unknown for part of the time on
    air. Viewers come from Helix, so viewer figures do not depend on whether chat was heard.
    """

    chat: bool
    viewers: bool

    @classmethod
    def of_shares(cls, *, heard: float, viewers_known: float) -> Self:
        """Return the bounds for the shares of the time on air, 0 to 1, that were heard and have known viewer counts."""
        return cls(chat=not is_complete(heard), viewers=not is_complete(viewers_known))

    def of(self, metric: str) -> bool:
        """Return whether sums and peaks of a metric are lower bounds."""
        return self.viewers if METRIC[metric].from_helix else self.chat
