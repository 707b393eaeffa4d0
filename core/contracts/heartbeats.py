"""Heartbeats that processes write to Redis every few seconds, one dataclass per kind of process.

The JSON form is `{"v": 2, "at_ms": …, "facts": {…}}`; kind and name are in the key. `v` and `at_ms` keep their place in
every version. Increment VERSION with every change to a field, because during an upgrade, processes of two versions run
side by side, and each treats the other's heartbeats as unreadable instead of guessing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from types import UnionType
from typing import Any, ClassVar, Literal, TypeVar, get_type_hints

VERSION = 2
# Larger numbers indicate damaged data, and would overflow elsewhere.
NUMBER_MAX = 2**63

Kind = Literal["producer", "history", "boards", "stream", "worker", "web"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """Liveness record of a process: `name` distinguishes processes of one kind, `at_ms` is when it was written.

    Counts cover the time since the process started. None means unknown.
    """

    kind: ClassVar[Kind]
    name: str
    at_ms: int

    def to_json(self) -> str:
        """Return the value to store. Raises: ValueError if a number is not finite."""
        facts = asdict(self)
        del facts["name"], facts["at_ms"]
        return json.dumps({"v": VERSION, "at_ms": self.at_ms, "facts": facts}, allow_nan=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerHeartbeat(Heartbeat):
    """Heartbeat of a producer.

    `wanted`, `confirmed`: channels to join, and channels joined. `connections`: open IRC connections. `quiet_s`:
    seconds since the last bytes on any connection, None if none is open. `heard_per_s`, `acked_per_s`: lines received
    and records acknowledged by Kafka per second. `waiting`: records buffered or in flight. `lost`: records dropped or
    not acknowledged. `is_held`: records are held back because Kafka is unavailable.
    """

    kind = "producer"
    wanted: int
    confirmed: int
    connections: int
    quiet_s: float | None
    heard_per_s: float
    acked_per_s: float
    waiting: int
    lost: int
    is_held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkHeartbeat(Heartbeat):
    """Heartbeat of a sink.

    `rows_per_s`: rows written per second. `lag`: unread records. `lag_s`: age in seconds of the last record read, 0 if
    no records are unread. `newest_ms`: end of the newest window. `dead_letters`: unusable records. `waits`: the store
    is unavailable. `halted`: why the sink has halted, empty while it runs.
    """

    rows_per_s: float
    lag: int
    lag_s: float
    newest_ms: int | None
    dead_letters: int
    waits: bool
    halted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryHeartbeat(SinkHeartbeat):
    """Heartbeat of a history sink."""

    kind = "history"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardsHeartbeat(SinkHeartbeat):
    """Heartbeat of a boards sink."""

    kind = "boards"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamHeartbeat(Heartbeat):
    """Heartbeat of the stream job's watcher.

    `answers`: Flink responds. `runs`: all tasks of the job are running. `restarts`: restarts of the running job.
    `waiting`: unread records. `read_per_s`: records read per second. `late_dropped`: records dropped as late. `failed`:
    failed checkpoints. `checkpoint_ms`, `checkpoint_bytes`, `checkpoint_s`: end, state size in bytes and duration in
    seconds of the newest completed checkpoint.
    """

    kind = "stream"
    answers: bool
    runs: bool
    restarts: int
    waiting: int | None
    read_per_s: float | None
    late_dropped: int
    failed: int | None
    checkpoint_ms: int | None
    checkpoint_bytes: int | None
    checkpoint_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerHeartbeat(Heartbeat):
    """Heartbeat of the Celery worker.

    `done`, `failed`: channel list refreshes that succeeded and failed. `live`: live channels on the list.
    """

    kind = "worker"
    done: int
    failed: int
    live: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebHeartbeat(Heartbeat):
    """Heartbeat of a web process.

    `sockets`: open sockets. `requests_per_s`, `frames_per_s`: requests answered and frames sent per second. `errors`:
    responses with status 5xx. `slow_closed`: sockets closed because the client did not read. `tick_age_s`: seconds
    since the last tick, None while no socket is open.
    """

    kind = "web"
    sockets: int
    requests_per_s: float
    frames_per_s: float
    errors: int
    slow_closed: int
    tick_age_s: float | None


@dataclass(frozen=True, slots=True)
class UnreadableHeartbeat:
    """A heartbeat of another version, or a damaged one; `at_ms` is None if not even its time can be read."""

    kind: str
    name: str
    at_ms: int | None
    problem: str


AnyHeartbeat = TypeVar("AnyHeartbeat", bound=Heartbeat)

_KINDS: tuple[type[Heartbeat], ...] = (
    ProducerHeartbeat,
    HistoryHeartbeat,
    BoardsHeartbeat,
    StreamHeartbeat,
    WorkerHeartbeat,
    WebHeartbeat,
)
CLASSES: Mapping[str, type[Heartbeat]] = {cls.kind: cls for cls in _KINDS}
_TYPES = {
    cls: {field.name: get_type_hints(cls)[field.name] for field in fields(cls) if field.name not in ("name", "at_ms")}
    for cls in _KINDS
}


def read_heartbeat(kind: str, name: str, value: bytes) -> Heartbeat | UnreadableHeartbeat:
    """Parse a stored heartbeat; one whose version or fields differ from this version's is unreadable."""
    try:
        record = json.loads(value)
    except (ValueError, RecursionError):
        return UnreadableHeartbeat(kind, name, None, "not JSON")
    at_ms = record.get("at_ms") if isinstance(record, dict) else None
    if not isinstance(at_ms, int) or not _fits(at_ms, int):
        return UnreadableHeartbeat(kind, name, None, "no time")
    problem, cls = _problem(kind, record), CLASSES.get(kind)
    if problem or cls is None:
        return UnreadableHeartbeat(kind, name, at_ms, problem)
    return cls(name=name, at_ms=at_ms, **record["facts"])


def _problem(kind: str, record: Mapping[str, Any]) -> str:
    """Return why a record cannot be read, or an empty string."""
    if kind not in CLASSES:
        return "unknown kind of process"
    if (version := record.get("v", 1)) != VERSION:
        return f"version {version if _fits(version, int) else 'unknown'}, expected {VERSION}"
    facts, types = record.get("facts"), _TYPES[CLASSES[kind]]
    if not isinstance(facts, dict) or facts.keys() != types.keys():
        return f"fields do not match version {VERSION}"
    wrong = [field for field, hint in types.items() if not _fits(facts[field], hint)]
    return f"invalid value for {', '.join(wrong)}" if wrong else ""


def _fits(value: object, hint: object) -> bool:
    """Return whether a JSON value fits a field; True and infinity do not count as numbers."""
    if isinstance(hint, UnionType):
        return any(_fits(value, part) for part in hint.__args__)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (hint is float or type(value) is hint) and abs(value) < NUMBER_MAX
    return type(value) is hint
