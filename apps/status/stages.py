"""Stages from chat to page: the state of each, the time of its newest item, and figures for staff."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal

from core.contracts.heartbeats import (
    AnyHeartbeat,
    BoardsHeartbeat,
    Heartbeat,
    HistoryHeartbeat,
    ProducerHeartbeat,
    SinkHeartbeat,
    StreamHeartbeat,
    WebHeartbeat,
    WorkerHeartbeat,
)
from core.metrics.display import ABSENT, number
from core.ops.health import COVERAGE_TARGET, HealthSnapshot, latest_of

State = Literal["works", "partial", "wrong", "unknown"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage. `last_ms` is the time of its newest item; `lag`, `rate` and `errors` are display text for staff."""

    key: str
    title: str
    role: str
    state: State
    last_ms: int | None
    lag: str = ""
    rate: str = ""
    errors: str = ""


@dataclass(frozen=True, slots=True)
class StageFigures:
    """Figures for a stage, read from its processes' heartbeats."""

    last_ms: int | None
    lag: str = ""
    rate: str = ""
    errors: str = ""


@dataclass(frozen=True, slots=True)
class _StageSpec(Generic[AnyHeartbeat]):
    key: str
    title: str
    role: str
    process: type[AnyHeartbeat]
    rules: frozenset[str]
    state: Callable[[HealthSnapshot, list[AnyHeartbeat]], State]
    figures: Callable[[HealthSnapshot, list[AnyHeartbeat]], StageFigures]


def stages(snapshot: HealthSnapshot, open_rules: Collection[str]) -> list[Stage]:
    """Return every stage; `open_rules` are the rules that have an open incident."""
    return [_stage(spec, snapshot, open_rules) for spec in _STAGES]


def joined_channels(snapshot: HealthSnapshot) -> tuple[int, int] | None:
    """Return the number of channels to join and the number joined, or None if any producer's are unknown."""
    producers = snapshot.alive(ProducerHeartbeat)
    if not producers or snapshot.unreadable(ProducerHeartbeat):
        return None
    return sum(beat.wanted for beat in producers), sum(beat.confirmed for beat in producers)


def _stage(spec: _StageSpec[Any], snapshot: HealthSnapshot, open_rules: Collection[str]) -> Stage:
    known, alive = snapshot.known(spec.process), snapshot.alive(spec.process)
    figures = spec.figures(snapshot, alive or known) if known else StageFigures(None)
    errors = "; ".join(filter(None, (figures.errors, _unreadable(snapshot, spec.process))))
    state: State = "wrong" if spec.rules.intersection(open_rules) else _state(spec, snapshot, alive)
    return Stage(spec.key, spec.title, spec.role, state, figures.last_ms, figures.lag, figures.rate, errors)


def _state(spec: _StageSpec[Any], snapshot: HealthSnapshot, alive: list[Any]) -> State:
    """Return the state of a stage that has no incidents.

    If none of its processes is alive, and a heartbeat is unreadable or none was ever written, the state is unknown.
    """
    if alive:
        return spec.state(snapshot, alive)
    if snapshot.unreadable(spec.process) or not snapshot.known(spec.process):
        return "unknown"
    return spec.state(snapshot, [])


def _unreadable(snapshot: HealthSnapshot, process: type[Heartbeat]) -> str:
    unreadable = snapshot.unreadable(process)
    return ", ".join(f"heartbeat of {beat.name} not readable: {beat.problem}" for beat in unreadable)


def _process_state(_snapshot: HealthSnapshot, alive: list[AnyHeartbeat]) -> State:
    return "works" if alive else "wrong"


def _listening_state(snapshot: HealthSnapshot, alive: list[ProducerHeartbeat]) -> State:
    if not alive:
        return "wrong"
    return "works" if snapshot.coverage is None or snapshot.coverage >= COVERAGE_TARGET else "partial"


def _kafka_state(_snapshot: HealthSnapshot, alive: list[ProducerHeartbeat]) -> State:
    """Return the state of Kafka, which only a live producer knows."""
    if not alive:
        return "unknown"
    return "wrong" if any(beat.is_held for beat in alive) else "works"


def _figure(value: float | None, decimals: int) -> str:
    return ABSENT if value is None else number(value, decimals)


def _listening(_snapshot: HealthSnapshot, beats: list[ProducerHeartbeat]) -> StageFigures:
    latest = latest_of(beats)
    wanted, confirmed = sum(beat.wanted for beat in beats), sum(beat.confirmed for beat in beats)
    lines_per_s, connections = sum(beat.heard_per_s for beat in beats), sum(beat.connections for beat in beats)
    return StageFigures(
        None if latest.quiet_s is None else latest.at_ms - round(latest.quiet_s * 1000),
        f"{number(confirmed, 0)} of {number(wanted, 0)} channels joined",
        f"{number(lines_per_s, 1)} lines / s on {number(connections, 0)} connections",
        f"{number(sum(beat.lost for beat in beats), 0)} records lost",
    )


def _kafka(_snapshot: HealthSnapshot, beats: list[ProducerHeartbeat]) -> StageFigures:
    return StageFigures(
        latest_of(beats).at_ms,
        f"{number(sum(beat.waiting for beat in beats), 0)} records buffered",
        f"{number(sum(beat.acked_per_s for beat in beats), 1)} records / s acknowledged",
        "unavailable: records are buffered in memory" if any(beat.is_held for beat in beats) else "none",
    )


def _stream(snapshot: HealthSnapshot, beats: list[StreamHeartbeat]) -> StageFigures:
    latest = latest_of(beats)
    return StageFigures(
        snapshot.boards_end_ms,
        f"{_figure(latest.waiting, 0)} records to read; {_checkpoint(latest)}",
        f"{_figure(latest.read_per_s, 1)} records / s",
        f"{number(latest.restarts, 0)} restarts, {number(latest.late_dropped, 0)} late records, "
        f"{_figure(latest.failed, 0)} failed checkpoints",
    )


def _checkpoint(beat: StreamHeartbeat) -> str:
    if beat.checkpoint_bytes is None:
        return "no checkpoint yet"
    return f"checkpoint of {number(beat.checkpoint_bytes / 1_000_000, 1)} MB in {_figure(beat.checkpoint_s, 1)} s"


def _sink(_snapshot: HealthSnapshot, beats: Sequence[SinkHeartbeat]) -> StageFigures:
    latest = latest_of(beats)
    dead_letters = sum(beat.dead_letters for beat in beats)
    return StageFigures(
        latest.newest_ms,
        f"{number(sum(beat.lag for beat in beats), 0)} records, {number(latest.lag_s, 1)} s",
        f"{number(sum(beat.rows_per_s for beat in beats), 1)} rows / s",
        f"halted: {latest.halted}" if latest.halted else f"{number(dead_letters, 0)} dead letters",
    )


def _list(snapshot: HealthSnapshot, beats: list[WorkerHeartbeat]) -> StageFigures:
    latest = latest_of(beats)
    return StageFigures(
        snapshot.listed_ms,
        f"{_figure(latest.live, 0)} channels live",
        f"{number(latest.done, 0)} refreshes since the worker started",
        f"{number(latest.failed, 0)} failed",
    )


def _web(_snapshot: HealthSnapshot, beats: list[WebHeartbeat]) -> StageFigures:
    latest, sockets = latest_of(beats), number(sum(beat.sockets for beat in beats), 0)
    requests_per_s, frames_per_s = sum(beat.requests_per_s for beat in beats), sum(beat.frames_per_s for beat in beats)
    return StageFigures(
        latest.at_ms,
        f"last tick {_figure(latest.tick_age_s, 1)} s ago, {sockets} sockets",
        f"{number(requests_per_s, 1)} requests / s, {number(frames_per_s, 1)} frames / s",
        f"{number(sum(beat.errors for beat in beats), 0)} server errors, "
        f"{number(sum(beat.slow_closed for beat in beats), 0)} slow clients closed",
    )


def _spec(
    key: str,
    title: str,
    role: str,
    process: type[AnyHeartbeat],
    rules: Collection[str],
    state: Callable[[HealthSnapshot, list[AnyHeartbeat]], State],
    figures: Callable[[HealthSnapshot, list[AnyHeartbeat]], StageFigures],
) -> _StageSpec[Any]:
    """Return a spec; `state` and `figures` take heartbeats of `process`."""
    return _StageSpec(key, title, role, process, frozenset(rules), state, figures)


_STAGES = (
    _spec(
        "listening",
        "Listening",
        "receives chat",
        ProducerHeartbeat,
        ("listening", "coverage"),
        _listening_state,
        _listening,
    ),
    _spec("kafka", "Kafka", "transports records", ProducerHeartbeat, (), _kafka_state, _kafka),
    _spec(
        "stream",
        "Stream job",
        "counts messages",
        StreamHeartbeat,
        ("stream", "checkpoint"),
        _process_state,
        _stream,
    ),
    _spec("boards", "Boards", "serves live rankings", BoardsHeartbeat, ("boards", "store"), _process_state, _sink),
    _spec("history", "History", "stores time series", HistoryHeartbeat, ("history",), _process_state, _sink),
    _spec(
        "list", "Viewer counts", "fetched from Twitch every minute", WorkerHeartbeat, ("list",), _process_state, _list
    ),
    _spec("web", "Pages", "serve the site", WebHeartbeat, (), _process_state, _web),
)
