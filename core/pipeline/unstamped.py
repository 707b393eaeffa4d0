"""Records of `chat` before they have an event time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class UnstampedRecord:
    """A record on its way to the writer, which adds `at_ms` and the hashes.

    `user` and the text are hashed with the key of the UTC day of `at_ms`.
    """

    partition: int
    sent_ms: int
    fields: dict[str, Any]
    user: str | None = None
