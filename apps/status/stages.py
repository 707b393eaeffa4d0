"""Stages from chat to page: whether each works, how old its newest item is, and the figures that staff see."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

from core.metrics.display import number
from core.ops.health import COVERAGE_TARGET, HealthSnapshot, Heartbeat

State = Literal["works", "partial", "wrong", "unknown"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage. `last_ms` is the time of its newest item; `lag`, `rate` and `errors` are texts for staff."""

    key: str
    title: str
    does: str
    state: State
    last_ms: int | None
    lag: str = ""
    rate: str = ""
    errors: str = ""


@dataclass(frozen=True, slots=True)
class StageFigures:
    """Figures of a stage, read from the heartbeats of its processes."""

    last_ms: int | None
    lag: str = ""
    rate: str = ""
    errors: str = ""


@dataclass(frozen=True, slots=True)
class _StageSpec:
    key: str
    title: str
    does: str
    process: str
    rules: frozenset[str]
    state: Callable[[HealthSnapshot, list[Heartbeat]], State]
    figures: Callable[[HealthSnapshot, list[Heartbeat]], StageFigures]


def stages(snapshot: HealthSnapshot, open_rules: Collection[str]) -> list[Stage]:
    """Return every stage; `open_rules` are the rules that have an open incident."""
    return [_stage(spec, snapshot, open_rules) for spec in _STAGES]


def joined_channels(snapshot: HealthSnapshot) -> tuple[int, int]:
    """Return the number of channels to join and the number joined."""
    producers = snapshot.alive("producer")
    return round(_sum(producers, "wanted")), round(_sum(producers, "confirmed"))


def _stage(spec: _StageSpec, snapshot: HealthSnapshot, open_rules: Collection[str]) -> Stage:
    known = [heartbeat for heartbeat in snapshot.heartbeats if heartbeat.kind == spec.process]
    alive = snapshot.alive(spec.process)
    figures = spec.figures(snapshot, alive or known) if known else StageFigures(None)
    state = spec.state(snapshot, alive) if known else "unknown"
    if spec.rules.intersection(open_rules):
        state = "wrong"
    return Stage(spec.key, spec.title, spec.does, state, figures.last_ms, figures.lag, figures.rate, figures.errors)


def _process_state(_snapshot: HealthSnapshot, alive: list[Heartbeat]) -> State:
    return "works" if alive else "wrong"


def _listening_state(snapshot: HealthSnapshot, alive: list[Heartbeat]) -> State:
    if not alive:
        return "wrong"
    return "works" if snapshot.coverage is None or snapshot.coverage >= COVERAGE_TARGET else "partial"


def _kafka_state(_snapshot: HealthSnapshot, alive: list[Heartbeat]) -> State:
    """Return the state of Kafka, which only a live producer knows."""
    if not alive:
        return "unknown"
    return "wrong" if any(heartbeat.gauges.get("is_held") for heartbeat in alive) else "works"


def _sum(heartbeats: Collection[Heartbeat], gauge: str) -> float:
    return sum(heartbeat.number(gauge) for heartbeat in heartbeats)


def _latest(heartbeats: Collection[Heartbeat]) -> Heartbeat:
    return max(heartbeats, key=lambda heartbeat: heartbeat.at_ms)


def _listening(_snapshot: HealthSnapshot, heartbeats: list[Heartbeat]) -> StageFigures:
    latest = _latest(heartbeats)
    wanted, confirmed = _sum(heartbeats, "wanted"), _sum(heartbeats, "confirmed")
    lines_per_s, connections = _sum(heartbeats, "heard_per_s"), _sum(heartbeats, "connections")
    return StageFigures(
        latest.at_ms - round(latest.number("quiet_s") * 1000),
        f"{number(confirmed, 0)} of {number(wanted, 0)} channels joined",
        f"{number(lines_per_s, 1)} lines / s on {number(connections, 0)} connections",
        f"{number(_sum(heartbeats, 'lost'), 0)} records lost",
    )


def _kafka(_snapshot: HealthSnapshot, heartbeats: list[Heartbeat]) -> StageFigures:
    is_held = any(heartbeat.gauges.get("is_held") for heartbeat in heartbeats)
    return StageFigures(
        _latest(heartbeats).at_ms,
        f"{number(_sum(heartbeats, 'waiting'), 0)} records buffered",
        f"{number(_sum(heartbeats, 'acked_per_s'), 1)} records / s acknowledged",
        "unavailable: records are buffered in memory" if is_held else "none",
    )


def _stream(snapshot: HealthSnapshot, heartbeats: list[Heartbeat]) -> StageFigures:
    latest = _latest(heartbeats)
    size_mb, took_s = latest.number("checkpoint_bytes") / 1_000_000, latest.number("checkpoint_s")
    return StageFigures(
        snapshot.boards_end_ms,
        f"{number(latest.number('waiting'), 0)} records to read; "
        f"checkpoint of {number(size_mb, 1)} MB in {number(took_s, 1)} s",
        f"{number(latest.number('read_per_s'), 1)} records / s",
        f"{number(latest.number('restarts'), 0)} restarts, {number(latest.number('late_dropped'), 0)} late records, "
        f"{number(latest.number('failed'), 0)} failed checkpoints",
    )


def _sink(_snapshot: HealthSnapshot, heartbeats: list[Heartbeat]) -> StageFigures:
    latest = _latest(heartbeats)
    halted = str(latest.gauges.get("halted") or "")
    return StageFigures(
        latest.time_ms("newest_ms"),
        f"{number(_sum(heartbeats, 'lag'), 0)} records, {number(latest.number('lag_s'), 1)} s",
        f"{number(_sum(heartbeats, 'rows_per_s'), 1)} rows / s",
        f"halted: {halted}" if halted else f"{number(_sum(heartbeats, 'dead_letters'), 0)} dead letters",
    )


def _list(snapshot: HealthSnapshot, heartbeats: list[Heartbeat]) -> StageFigures:
    latest = _latest(heartbeats)
    return StageFigures(
        snapshot.listed_ms,
        f"{number(latest.number('live'), 0)} channels live",
        f"{number(latest.number('done'), 0)} refreshes since the worker started",
        f"{number(latest.number('failed'), 0)} failed",
    )


def _web(_snapshot: HealthSnapshot, heartbeats: list[Heartbeat]) -> StageFigures:
    latest = _latest(heartbeats)
    requests_per_s, frames_per_s = _sum(heartbeats, "requests_per_s"), _sum(heartbeats, "frames_per_s")
    return StageFigures(
        latest.at_ms,
        f"last tick {number(latest.number('tick_age_s'), 1)} s ago, {number(_sum(heartbeats, 'sockets'), 0)} sockets",
        f"{number(requests_per_s, 1)} requests / s, {number(frames_per_s, 1)} frames / s",
        f"{number(_sum(heartbeats, 'errors'), 0)} server errors, "
        f"{number(_sum(heartbeats, 'slow_closed'), 0)} slow readers closed",
    )


_STAGES = (
    _StageSpec(
        "listening",
        "Listening",
        "hears chat",
        "producer",
        frozenset({"listening", "coverage"}),
        _listening_state,
        _listening,
    ),
    _StageSpec("kafka", "Kafka", "transports records", "producer", frozenset(), _kafka_state, _kafka),
    _StageSpec(
        "stream",
        "Stream job",
        "counts messages",
        "stream",
        frozenset({"stream", "checkpoint"}),
        _process_state,
        _stream,
    ),
    _StageSpec(
        "boards", "Boards", "serves live rankings", "boards", frozenset({"boards", "store"}), _process_state, _sink
    ),
    _StageSpec("history", "History", "stores time series", "history", frozenset({"history"}), _process_state, _sink),
    _StageSpec(
        "list",
        "Viewer counts",
        "fetched from Twitch every minute",
        "worker",
        frozenset({"list"}),
        _process_state,
        _list,
    ),
    _StageSpec("web", "Pages", "serve the site", "web", frozenset(), _process_state, _web),
)
