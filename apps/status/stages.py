"""The way of a message, stage by stage: whether each works, how old its last item is, and what staff want to know."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

from core.metrics.display import number
from core.ops.health import COVERAGE_WANTED, Look, Sign

State = Literal["works", "partial", "wrong", "unknown"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage. `last_ms` is when its last item was of; `lag`, `rate` and `errors` are for staff to read."""

    key: str
    title: str
    does: str
    state: State
    last_ms: int | None
    lag: str = ""
    rate: str = ""
    errors: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What the signs of a stage's processes say."""

    last_ms: int | None
    lag: str = ""
    rate: str = ""
    errors: str = ""


@dataclass(frozen=True, slots=True)
class _Kind:
    key: str
    title: str
    does: str
    process: str
    rules: frozenset[str]
    state: Callable[[Look, list[Sign]], State]
    tell: Callable[[Look, list[Sign]], Told]


def stages(look: Look, lasting: Collection[str]) -> list[Stage]:
    """Return every stage; `lasting` are the rules of the incidents that last."""
    return [_stage(kind, look, lasting) for kind in _KINDS]


def joins(look: Look) -> tuple[int, int]:
    """Return how many channels are wanted and how many are listened to."""
    found = look.living("producer")
    return round(_sum(found, "wanted")), round(_sum(found, "confirmed"))


def _stage(kind: _Kind, look: Look, lasting: Collection[str]) -> Stage:
    signs = [sign for sign in look.signs if sign.kind == kind.process]
    told = kind.tell(look, look.living(kind.process) or signs) if signs else Told(None)
    state = kind.state(look, look.living(kind.process)) if signs else "unknown"
    if kind.rules.intersection(lasting):
        state = "wrong"
    return Stage(kind.key, kind.title, kind.does, state, told.last_ms, told.lag, told.rate, told.errors)


def _is_running(_look: Look, living: list[Sign]) -> State:
    return "works" if living else "wrong"


def _is_heard(look: Look, living: list[Sign]) -> State:
    if not living:
        return "wrong"
    return "works" if look.coverage is None or look.coverage >= COVERAGE_WANTED else "partial"


def _is_carried(_look: Look, living: list[Sign]) -> State:
    """Only a living producer knows whether Kafka takes its records."""
    if not living:
        return "unknown"
    return "wrong" if any(sign.facts.get("is_held") for sign in living) else "works"


def _sum(signs: Collection[Sign], fact: str) -> float:
    return sum(sign.number(fact) for sign in signs)


def _newest(signs: Collection[Sign]) -> Sign:
    return max(signs, key=lambda sign: sign.at_ms)


def _listening(_look: Look, signs: list[Sign]) -> Told:
    newest = _newest(signs)
    wanted, heard = _sum(signs, "wanted"), _sum(signs, "confirmed")
    return Told(
        newest.at_ms - round(newest.number("quiet_s") * 1000),
        f"{number(heard, 0)} of {number(wanted, 0)} channels joined",
        f"{number(_sum(signs, 'heard_per_s'), 1)} lines / s on {number(_sum(signs, 'connections'), 0)} connections",
        f"{number(_sum(signs, 'lost'), 0)} records lost",
    )


def _kafka(_look: Look, signs: list[Sign]) -> Told:
    held = any(sign.facts.get("is_held") for sign in signs)
    return Told(
        _newest(signs).at_ms,
        f"{number(_sum(signs, 'waiting'), 0)} records wait for it",
        f"{number(_sum(signs, 'acked_per_s'), 1)} records / s taken",
        "away: records wait in memory" if held else "none",
    )


def _stream(look: Look, signs: list[Sign]) -> Told:
    newest = _newest(signs)
    size, took = newest.number("checkpoint_bytes") / 1_000_000, newest.number("checkpoint_s")
    return Told(
        look.boards_end_ms,
        f"{number(newest.number('waiting'), 0)} records to read; "
        f"checkpoint of {number(size, 1)} MB in {number(took, 1)} s",
        f"{number(newest.number('read_per_s'), 1)} records / s",
        f"{number(newest.number('restarts'), 0)} restarts, {number(newest.number('late_dropped'), 0)} late records, "
        f"{number(newest.number('failed'), 0)} failed checkpoints",
    )


def _sink(_look: Look, signs: list[Sign]) -> Told:
    newest = _newest(signs)
    halted = str(newest.facts.get("halted") or "")
    return Told(
        newest.moment("newest_ms"),
        f"{number(_sum(signs, 'lag'), 0)} records, {number(newest.number('lag_s'), 1)} s",
        f"{number(_sum(signs, 'rows_per_s'), 1)} rows / s",
        f"halted: {halted}" if halted else f"{number(_sum(signs, 'dead_letters'), 0)} dead letters",
    )


def _list(look: Look, signs: list[Sign]) -> Told:
    newest = _newest(signs)
    return Told(
        look.listed_ms,
        f"{number(newest.number('live'), 0)} channels live",
        f"{number(newest.number('done'), 0)} refreshes since the worker began",
        f"{number(newest.number('failed'), 0)} failed",
    )


def _web(_look: Look, signs: list[Sign]) -> Told:
    newest = _newest(signs)
    return Told(
        newest.at_ms,
        f"last tick {number(newest.number('tick_age_s'), 1)} s ago, {number(_sum(signs, 'sockets'), 0)} sockets",
        f"{number(_sum(signs, 'requests_per_s'), 1)} requests / s, {number(_sum(signs, 'frames_per_s'), 1)} frames / s",
        f"{number(_sum(signs, 'errors'), 0)} errors of ours, "
        f"{number(_sum(signs, 'slow_closed'), 0)} slow readers closed",
    )


_KINDS = (
    _Kind(
        "listening", "Listening", "hears chat", "producer", frozenset({"listening", "coverage"}), _is_heard, _listening
    ),
    _Kind("kafka", "Kafka", "carries it on", "producer", frozenset(), _is_carried, _kafka),
    _Kind("stream", "Stream job", "counts it", "stream", frozenset({"stream", "checkpoint"}), _is_running, _stream),
    _Kind("boards", "Boards", "shows the newest", "boards", frozenset({"boards", "store"}), _is_running, _sink),
    _Kind("history", "History", "keeps it", "history", frozenset({"history"}), _is_running, _sink),
    _Kind("list", "Viewer counts", "come from Twitch once a minute", "worker", frozenset({"list"}), _is_running, _list),
    _Kind("web", "Pages", "bring it to you", "web", frozenset(), _is_running, _web),
)
