"""Table of all Kafka topics with writer, readers, partitions and retention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.times import DAY_MS, HOUR_MS


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic with its writer, readers, partitions and retention."""

    name: str
    writer: str
    readers: tuple[str, ...]
    partitions: int
    retention_ms: int
    retention_bytes: int = -1
    segment_ms: int = HOUR_MS

    def config(self) -> dict[str, str]:
        """Return the topic's broker configuration."""
        return {
            "compression.type": "producer",
            "message.timestamp.type": "LogAppendTime",
            "retention.ms": str(self.retention_ms),
            "retention.bytes": str(self.retention_bytes),
            "segment.ms": str(self.segment_ms),
        }


def dead_letter_topic(topic: str) -> str:
    """Return the name of the dead-letter topic of `topic`."""
    return f"{topic}-dlq"


def _with_dead_letters(topic: Topic, retention_ms: int, writer: str = "run_sink history") -> tuple[Topic, Topic]:
    name = dead_letter_topic(topic.name)
    return topic, Topic(name, writer, ("dead_letters",), 1, retention_ms, segment_ms=topic.segment_ms)


TOPICS: tuple[Topic, ...] = (
    *_with_dead_letters(
        Topic("chat", "run_producer", ("flink",), 4, 23 * HOUR_MS, segment_ms=HOUR_MS // 2),
        23 * HOUR_MS,
        "dead_letters --scan",
    ),
    *_with_dead_letters(
        Topic(
            "windows-live",
            "flink",
            ("run_sink history", "run_sink boards"),
            2,
            6 * HOUR_MS,
            1_500_000_000,
            HOUR_MS // 4,
        ),
        7 * DAY_MS,
    ),
    # The boards sink rereads 15 min at startup, because excitement is relative to that time.
    *_with_dead_letters(
        Topic(
            "windows-distinct",
            "flink",
            ("run_sink history", "run_sink boards"),
            2,
            6 * HOUR_MS,
            500_000_000,
            HOUR_MS // 4,
        ),
        7 * DAY_MS,
    ),
    *_with_dead_letters(Topic("windows", "flink", ("run_sink history",), 2, 7 * DAY_MS), 7 * DAY_MS),
    # The boards sink reads opt-outs from `channel-events`.
    *_with_dead_letters(
        Topic("channel-events", "run_producer", ("run_sink history", "run_sink boards"), 2, 30 * DAY_MS), 7 * DAY_MS
    ),
)
TOPIC: Mapping[str, Topic] = {topic.name: topic for topic in TOPICS}
# The topics with a dead-letter topic.
DEAD_LETTERED: tuple[str, ...] = tuple(name for name in TOPIC if dead_letter_topic(name) in TOPIC)
