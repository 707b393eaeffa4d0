"""Counters of the producer's Kafka writer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, get_args

from core.pipeline.reasons import Loss
from core.pipeline.records import ChatKind

RecordKind = ChatKind | Literal["gap", "event"]
RECORD_KINDS: tuple[RecordKind, ...] = (*get_args(ChatKind), "gap", "event")


@dataclass(slots=True)
class WriterCounts:
    """Counts since the writer started, changed only by its own thread.

    `records`: records passed to the Kafka client, by kind; gaps and events are counted as soon as they are buffered.
    `acked`: chat records acknowledged by Kafka. `refused`: records that the client rejected; also counted as lost.
    `moved`, `most_moved_ms`: records whose `at_ms` differs from their `sent_ms`, and the largest difference.
    """

    records: Counter[RecordKind] = field(default_factory=Counter)
    lost: Counter[Loss] = field(default_factory=Counter)
    acked: int = 0
    refused: int = 0
    moved: int = 0
    most_moved_ms: int = 0

    def __str__(self) -> str:
        """Return the counts above 0 for the log."""
        losses = [(f"lost ({reason})", n) for reason, n in self.lost.items()]
        others = [("rejected by the client", self.refused), ("event time changed", self.moved)]
        counts = [*self.records.items(), *losses, *others]
        return ", ".join(f"{name}: {n}" for name, n in counts if n)
