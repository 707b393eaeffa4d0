"""The Kafka driver: the one file that knows confluent-kafka's configuration and errors."""

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

from core.errors import ServiceAway
from core.pipeline.topics import TOPICS

log = logging.getLogger(__name__)

# A member that is silent this long has lost its partitions; what a producer still holds then must not be sent.
SESSION_TIMEOUT_MS = 10_000
MESSAGE_TIMEOUT_MS = 8_000
SAY_AGAIN_S = 10.0
# A reader that hears nothing for so long, and is not at the end, gives up.
SILENCE_S = 20.0

_COMMON: Mapping[str, Any] = {
    "client.id": "twitchly",
    "reconnect.backoff.ms": 200,
    "reconnect.backoff.max.ms": 1_000,
    "socket.keepalive.enable": True,
    # Errors reach us through error_cb; the driver's own log would repeat each attempt to connect.
    "log_level": 2,
}


# The names that Flink's connector gives to Kafka's own classes.
_SHADED = "org.apache.flink.kafka.shaded.org.apache.kafka.common.security"


def _common() -> dict[str, Any]:
    """Return what every client of ours is told: where Kafka is, and how to get in."""
    access = {"security.protocol": settings.KAFKA_SECURITY}
    if settings.KAFKA_CA_FILE:
        access["ssl.ca.location"] = settings.KAFKA_CA_FILE
    if settings.KAFKA_USERNAME:
        access["sasl.mechanism"] = settings.KAFKA_SASL_MECHANISM
        access["sasl.username"] = settings.KAFKA_USERNAME
        access["sasl.password"] = settings.KAFKA_PASSWORD
    return {**_COMMON, **access, "bootstrap.servers": settings.KAFKA_BOOTSTRAP}


def java_properties() -> dict[str, str]:
    """Return the same access in the words of Kafka's Java client, for the stream job; {} without any protection.

    Source: Apache Kafka, "Security", "Client Configs".
    """
    if settings.KAFKA_SECURITY == "PLAINTEXT":
        return {}
    found = {"security.protocol": settings.KAFKA_SECURITY}
    if settings.KAFKA_CA_FILE:
        found |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": settings.KAFKA_CA_FILE}
    if settings.KAFKA_USERNAME:
        module = "plain.PlainLoginModule" if settings.KAFKA_SASL_MECHANISM == "PLAIN" else "scram.ScramLoginModule"
        username, password = (_quoted(text) for text in (settings.KAFKA_USERNAME, settings.KAFKA_PASSWORD))
        found["sasl.mechanism"] = settings.KAFKA_SASL_MECHANISM
        found["sasl.jaas.config"] = f"{_SHADED}.{module} required username={username} password={password};"
    return found


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def topic_name(topic: str) -> str:
    """Return the topic's name in this copy."""
    return f"{settings.KAFKA_TOPIC_PREFIX}{topic}"


def topic_of(message: Message) -> str:
    """Return the name that core/pipeline/topics.py gives to the topic of a message."""
    return str(message.topic()).removeprefix(settings.KAFKA_TOPIC_PREFIX)


def producer(**extra: Any) -> Producer:
    """Return an idempotent, lz4-compressing producer that gives up on a record after MESSAGE_TIMEOUT_MS."""
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
    """Return a consumer of `group`; offsets are committed by hand."""
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
    """Return a consumer for `read_to_end`; it is no member of `group`, which only keeps how far it has come."""
    return consumer(group, **{"enable.partition.eof": True})


def create_topics(prefix: str | None = None) -> list[str]:
    """Create the missing topics of core/pipeline/topics.py and return their names. Raises: ServiceAway."""
    start = settings.KAFKA_TOPIC_PREFIX if prefix is None else prefix
    admin, copies = _admin(), settings.KAFKA_REPLICATION
    wanted = [
        NewTopic(f"{start}{topic.name}", topic.partitions, replication_factor=copies, config=topic.config())
        for topic in TOPICS
    ]
    made = []
    for name, future in admin.create_topics(wanted, request_timeout=20).items():
        try:
            future.result()
            made.append(name)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                # Says why nobody answers, such as a password that is wrong.
                admin.poll(0)
                raise ServiceAway(f"Kafka at {settings.KAFKA_BOOTSTRAP} did not make topic {name}: {error}") from error
    return made


def _admin() -> AdminClient:
    config: dict[str, Any] = {**_common(), "error_cb": _log_error}
    return AdminClient(config)


def is_fatal(error: KafkaError) -> bool:
    """Say whether a consumer will never get anything again, as when another process has taken its name.

    What a consumer is given instead of a record says so by its code alone.
    """
    return error.fatal() or error.code() == KafkaError._FATAL


def records_in(messages: Iterable[Message]) -> list[Message]:
    """Return the records among what Kafka gave.

    Raises: KafkaException when we may not go on, as when another process has taken our name.
    """
    good = []
    for message in messages:
        error = message.error()
        if error is None:
            good.append(message)
        elif is_fatal(error):
            raise KafkaException(error)
        else:
            log.warning("Kafka: %s", error)
    return good


def wait_for_topic(topic: str, stop: Callable[[], bool]) -> None:
    """Return when Kafka answers and has `topic`, saying once in a while what is waited for."""
    admin = _admin()
    name, tries = topic_name(topic), 0
    while not stop():
        try:
            found = admin.list_topics(name, timeout=2).topics.get(name)
            if found is not None and found.error is None:
                return
            why = "the topic is not there yet"
        except KafkaException as error:
            why = str(error.args[0])
            # Tells `_log_error` of a password that is wrong: the answer itself says only that none came.
            admin.poll(0)
        if tries % 10 == 0:
            log.warning("waiting for topic %s on Kafka at %s: %s", name, settings.KAFKA_BOOTSTRAP, why)
        tries += 1
        time.sleep(0.5)


def partitions_of(reader: Consumer, topic: str) -> list[TopicPartition]:
    """Return the partitions of `topic`, at their beginning. Raises: ServiceAway."""
    name = topic_name(topic)
    try:
        found = reader.list_topics(name, timeout=10).topics[name]
    except KafkaException as error:
        raise ServiceAway(f"Kafka at {settings.KAFKA_BOOTSTRAP} does not answer: {error}") from error
    if found.error is not None:
        raise ServiceAway(f"Kafka has no topic {name}: {found.error}")
    return [TopicPartition(name, number) for number in sorted(found.partitions)]


def offsets_at(reader: Consumer, partitions: Sequence[TopicPartition], at_ms: int) -> list[TopicPartition]:
    """Return the partitions at the first record that Kafka took at `at_ms` or later (the end if none)."""
    asked = [TopicPartition(p.topic, p.partition, at_ms) for p in partitions]
    return list(reader.offsets_for_times(asked, timeout=10))


def ends_of(reader: Consumer, place: TopicPartition) -> tuple[int, int]:
    """Return a partition's first offset kept and the one after the last. Raises: ServiceAway."""
    try:
        low, high = reader.get_watermark_offsets(place, timeout=10)
    except KafkaException as error:
        raise ServiceAway(f"Kafka does not tell the offsets of {place.topic}: {error}") from error
    return low, high


def lag_of(consumer: Consumer) -> dict[str, int]:
    """Return how many records wait for a consumer, by topic, as far as the driver knows without asking Kafka."""
    lag: Counter[str] = Counter()
    try:
        places = consumer.position(consumer.assignment())
    except KafkaException:
        return {}
    for place in places:
        _, high = consumer.get_watermark_offsets(place, cached=True)
        lag[place.topic.removeprefix(settings.KAFKA_TOPIC_PREFIX)] += max(0, high - place.offset) * (place.offset >= 0)
    return dict(lag)


def record_at(reader: Consumer, place: TopicPartition, offset: int) -> Message:
    """Return the record at an offset that is kept. Raises: ServiceAway."""
    reader.assign([TopicPartition(place.topic, place.partition, offset)])
    message = reader.poll(SILENCE_S)
    if message is None or message.error():
        raise ServiceAway(f"Kafka does not give record {offset} of {place.topic}, partition {place.partition}")
    return message


def read_to_end(reader: Consumer, places: Sequence[TopicPartition]) -> Iterator[list[Message]]:
    """Yield in batches what one topic's partitions hold now, from the given places on. Raises: ServiceAway."""
    ends = {place.partition: ends_of(reader, place)[1] for place in places}
    left = {place.partition for place in places if place.offset < ends[place.partition]}
    reader.assign([TopicPartition(p.topic, p.partition, p.offset) for p in places if p.partition in left])
    heard_s = time.monotonic()
    while left:
        heard = reader.consume(10_000, timeout=0.2)
        if heard:
            heard_s = time.monotonic()
        elif time.monotonic() - heard_s > SILENCE_S:
            raise ServiceAway(f"Kafka has gone silent before the end of {places[0].topic}")
        left -= {message.partition() for message in heard if _is_last(message, ends)}
        batch = [m for m in heard if m.error() is None and (m.offset() or 0) < ends[m.partition() or 0]]
        if batch:
            yield batch
    reader.unassign()


def _is_last(message: Message, ends: Mapping[int, int]) -> bool:
    """Whether nothing follows; the end of a partition is told even where its last offsets hold no record."""
    error = message.error()
    if error is not None:
        return error.code() == KafkaError._PARTITION_EOF
    return (message.offset() or 0) + 1 >= ends[message.partition() or 0]


_said: dict[int, float] = {}


def _log_error(error: KafkaError) -> None:
    """Say what is wrong, each kind of error once in a while: the driver reports every attempt to connect."""
    now = time.monotonic()
    if now - _said.get(error.code(), -SAY_AGAIN_S) >= SAY_AGAIN_S:
        _said[error.code()] = now
        log.warning("Kafka: %s", error.str())
