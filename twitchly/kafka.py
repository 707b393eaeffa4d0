"""Kafka clients: their configuration, and functions for topics, offsets and reads without a consumer group."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from django.conf import settings

from core.errors import ServiceUnavailable
from core.pipeline.topics import TOPICS

log = logging.getLogger(__name__)

# A group member without heartbeats for this long loses its partitions. After that, its unsent records must not be sent.
SESSION_TIMEOUT_MS = 10_000
MESSAGE_TIMEOUT_MS = 8_000
LOG_INTERVAL_S = 10.0
# A reader gives up if it receives no records for this long and has not reached the end.
READ_TIMEOUT_S = 20.0

_COMMON: Mapping[str, Any] = {
    "client.id": "twitchly",
    "reconnect.backoff.ms": 200,
    "reconnect.backoff.max.ms": 1_000,
    "socket.keepalive.enable": True,
    # Errors are logged by error_cb. The client's own log would repeat every attempt to connect.
    "log_level": 2,
}


# Package that contains Kafka's classes in Flink's connector.
_SHADED = "org.apache.flink.kafka.shaded.org.apache.kafka.common.security"


def _common() -> dict[str, Any]:
    """Return the configuration shared by all clients, with the servers and credentials."""
    access = {"security.protocol": settings.KAFKA_SECURITY}
    if settings.KAFKA_CA_FILE:
        access["ssl.ca.location"] = settings.KAFKA_CA_FILE
    if settings.KAFKA_USERNAME:
        access["sasl.mechanism"] = settings.KAFKA_SASL_MECHANISM
        access["sasl.username"] = settings.KAFKA_USERNAME
        access["sasl.password"] = settings.KAFKA_PASSWORD
    return {**_COMMON, **access, "bootstrap.servers": settings.KAFKA_BOOTSTRAP}


def java_properties() -> dict[str, str]:
    """Return the credentials for Kafka's Java client, which the stream job uses, or {} without TLS and SASL.

    Source: Apache Kafka, "Security", "Client Configs".
    """
    if settings.KAFKA_SECURITY == "PLAINTEXT":
        return {}
    properties = {"security.protocol": settings.KAFKA_SECURITY}
    if settings.KAFKA_CA_FILE:
        properties |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": settings.KAFKA_CA_FILE}
    if settings.KAFKA_USERNAME:
        module = "plain.PlainLoginModule" if settings.KAFKA_SASL_MECHANISM == "PLAIN" else "scram.ScramLoginModule"
        username, password = (_quoted(text) for text in (settings.KAFKA_USERNAME, settings.KAFKA_PASSWORD))
        properties["sasl.mechanism"] = settings.KAFKA_SASL_MECHANISM
        properties["sasl.jaas.config"] = f"{_SHADED}.{module} required username={username} password={password};"
    return properties


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def topic_name(topic: str) -> str:
    """Return the topic's name in this instance."""
    return f"{settings.KAFKA_TOPIC_PREFIX}{topic}"


def topic_of(message: Message) -> str:
    """Return the name that a message's topic has in core/pipeline/topics.py."""
    return str(message.topic()).removeprefix(settings.KAFKA_TOPIC_PREFIX)


def producer(**extra: Any) -> Producer:
    """Return an idempotent producer with lz4 compression that drops a record after MESSAGE_TIMEOUT_MS."""
    config = {
        "enable.idempotence": True,
        "compression.type": "lz4",
        "linger.ms": 20,
        "message.timeout.ms": MESSAGE_TIMEOUT_MS,
        "request.timeout.ms": 5_000,
        "queue.buffering.max.messages": 100_000,
        "queue.buffering.max.kbytes": 131_072,
        "error_cb": _log_error,
    }
    return Producer({**_common(), **config, **extra})


def consumer(group: str, **extra: Any) -> Consumer:
    """Return a consumer of `group` with manual commits."""
    config = {
        "group.id": topic_name(group),
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "session.timeout.ms": SESSION_TIMEOUT_MS,
        "heartbeat.interval.ms": 2_000,
        "fetch.wait.max.ms": 50,
        "fetch.error.backoff.ms": 100,
        "topic.metadata.refresh.interval.ms": 30_000,
        "error_cb": _log_error,
    }
    return Consumer({**_common(), **config, **extra})


def reader(group: str) -> Consumer:
    """Return a consumer for `read_to_end`; it does not join `group`, which only stores its offsets."""
    return consumer(group, **{"enable.partition.eof": True})


def create_topics(prefix: str | None = None) -> list[str]:
    """Create the missing topics of core/pipeline/topics.py and return their names. Raises: ServiceUnavailable."""
    topic_prefix = settings.KAFKA_TOPIC_PREFIX if prefix is None else prefix
    admin, replication = _admin(), settings.KAFKA_REPLICATION
    topics = [
        NewTopic(f"{topic_prefix}{topic.name}", topic.partitions, replication_factor=replication, config=topic.config())
        for topic in TOPICS
    ]
    created = []
    for name, future in admin.create_topics(topics, request_timeout=20).items():
        try:
            future.result()
            created.append(name)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                # Makes error_cb log the cause, such as a wrong password.
                admin.poll(0)
                raise ServiceUnavailable(
                    f"Kafka at {settings.KAFKA_BOOTSTRAP} did not create topic {name}: {error}"
                ) from error
    return created


def _admin() -> AdminClient:
    config: dict[str, Any] = {**_common(), "error_cb": _log_error}
    return AdminClient(config)


def is_fatal(error: KafkaError) -> bool:
    """Return whether a consumer cannot continue, for example because another process has taken its static member id.

    If a consumer gets an error in place of a record, only the error's code shows whether it is fatal.
    """
    return error.fatal() or error.code() == KafkaError._FATAL


def records_in(messages: Iterable[Message]) -> list[Message]:
    """Return the messages that are records, and log the others, which are errors.

    Raises: KafkaException for a fatal error, for example when another process has taken the static member id.
    """
    records = []
    for message in messages:
        error = message.error()
        if error is None:
            records.append(message)
        elif is_fatal(error):
            raise KafkaException(error)
        else:
            log.warning("Kafka: %s", error)
    return records


def wait_for_topic(topic: str, stop: Callable[[], bool]) -> None:
    """Wait until Kafka responds and has `topic`; log a warning every 5 s in the meantime."""
    admin = _admin()
    name, attempts = topic_name(topic), 0
    while not stop():
        try:
            metadata = admin.list_topics(name, timeout=2).topics.get(name)
            if metadata is not None and metadata.error is None:
                return
            reason = "the topic does not exist yet"
        except KafkaException as error:
            reason = str(error.args[0])
            # Makes `_log_error` log the cause, such as a wrong password. This error only says that a request timed out.
            admin.poll(0)
        if attempts % 10 == 0:
            log.warning("waiting for topic %s on Kafka at %s: %s", name, settings.KAFKA_BOOTSTRAP, reason)
        attempts += 1
        time.sleep(0.5)


def partitions_of(reader: Consumer, topic: str) -> list[TopicPartition]:
    """Return the partitions of `topic`, without offsets. Raises: ServiceUnavailable."""
    name = topic_name(topic)
    try:
        metadata = reader.list_topics(name, timeout=10).topics[name]
    except KafkaException as error:
        raise ServiceUnavailable(f"Kafka at {settings.KAFKA_BOOTSTRAP} is not responding: {error}") from error
    if metadata.error is not None:
        raise ServiceUnavailable(f"Kafka has no topic {name}: {metadata.error}")
    return [TopicPartition(name, number) for number in sorted(metadata.partitions)]


def offsets_at(reader: Consumer, partitions: Sequence[TopicPartition], at_ms: int) -> list[TopicPartition]:
    """Return the partitions with the offsets of the first record appended at `at_ms` or later, or of the end."""
    times = [TopicPartition(p.topic, p.partition, at_ms) for p in partitions]
    return list(reader.offsets_for_times(times, timeout=10))


def ends_of(reader: Consumer, partition: TopicPartition) -> tuple[int, int]:
    """Return a partition's first offset and the one after its last. Raises: ServiceUnavailable."""
    try:
        low, high = reader.get_watermark_offsets(partition, timeout=10)
    except KafkaException as error:
        raise ServiceUnavailable(f"Kafka did not return the offsets of {partition.topic}: {error}") from error
    return low, high


def lag_of(consumer: Consumer) -> dict[str, int]:
    """Return a consumer's lag in records by topic, from the client's cache."""
    lag: Counter[str] = Counter()
    try:
        positions = consumer.position(consumer.assignment())
    except KafkaException:
        return {}
    for position in positions:
        _, high = consumer.get_watermark_offsets(position, cached=True)
        unread = max(0, high - position.offset) if position.offset >= 0 else 0
        lag[position.topic.removeprefix(settings.KAFKA_TOPIC_PREFIX)] += unread
    return dict(lag)


def record_at(reader: Consumer, partition: TopicPartition, offset: int) -> Message:
    """Return the record at an existing offset. Raises: ServiceUnavailable."""
    reader.assign([TopicPartition(partition.topic, partition.partition, offset)])
    message = reader.poll(READ_TIMEOUT_S)
    if message is None or message.error():
        raise ServiceUnavailable(
            f"Kafka did not return record {offset} of {partition.topic}, partition {partition.partition}"
        )
    return message


def read_to_end(reader: Consumer, starts: Sequence[TopicPartition]) -> Iterator[list[Message]]:
    """Yield batches of one topic's records, from `starts` to the current ends. Raises: ServiceUnavailable."""
    ends = {start.partition: ends_of(reader, start)[1] for start in starts}
    remaining = {start.partition for start in starts if start.offset < ends[start.partition]}
    reader.assign([TopicPartition(s.topic, s.partition, s.offset) for s in starts if s.partition in remaining])
    received_s = time.monotonic()
    while remaining:
        messages = reader.consume(10_000, timeout=0.2)
        if messages:
            received_s = time.monotonic()
        elif time.monotonic() - received_s > READ_TIMEOUT_S:
            raise ServiceUnavailable(f"Kafka stopped responding before the end of {starts[0].topic}")
        remaining -= {message.partition() for message in messages if _is_last(message, ends)}
        batch = [m for m in messages if m.error() is None and (m.offset() or 0) < ends[m.partition() or 0]]
        if batch:
            yield batch
    reader.unassign()


def _is_last(message: Message, ends: Mapping[int, int]) -> bool:
    """Return whether a message ends its partition. Kafka reports the end even if the last offsets have no records."""
    error = message.error()
    if error is not None:
        return error.code() == KafkaError._PARTITION_EOF
    return (message.offset() or 0) + 1 >= ends[message.partition() or 0]


_logged_s: dict[int, float] = {}


def _log_error(error: KafkaError) -> None:
    """Log an error at most once per code and LOG_INTERVAL_S, because the client reports every attempt to connect."""
    now_s = time.monotonic()
    if now_s - _logged_s.get(error.code(), -LOG_INTERVAL_S) >= LOG_INTERVAL_S:
        _logged_s[error.code()] = now_s
        log.warning("Kafka: %s", error.str())
