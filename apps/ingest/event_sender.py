"""Synchronous producer of channel events that waits for Kafka's acknowledgment."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import orjson
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from twitchly.kafka import MESSAGE_TIMEOUT_MS, topic_name

log = logging.getLogger(__name__)

# Longer than the Kafka client's delivery timeout, so that by then each record has been delivered or has failed.
FLUSH_S = MESSAGE_TIMEOUT_MS / 1000 + 1


class EventSender:
    """Writes records to `channel-events`, keyed by channel."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer

    def send(self, records: Sequence[Mapping[str, Any]]) -> frozenset[str]:
        """Write the records and return the ids of channels with at least one undelivered record."""
        missing = {str(record["id"]): str(record["channel_id"]) for record in records}
        try:
            for record in records:
                self._producer.produce(
                    topic_name("channel-events"),
                    orjson.dumps(record),
                    key=record["channel_id"],
                    on_delivery=partial(_delivered, missing, str(record["id"])),
                )
        except (BufferError, KafkaException) as error:
            log.error("channel event not queued: %s", error)
        if records:
            self._producer.flush(FLUSH_S)
        if missing:
            log.error("%d of %d channel events not delivered, retrying in a minute", len(missing), len(records))
        return frozenset(missing.values())


def _delivered(missing: dict[str, str], record_id: str, error: KafkaError | None, _message: Message) -> None:
    if error is None:
        missing.pop(record_id, None)
