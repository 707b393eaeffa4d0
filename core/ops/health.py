"""Health snapshot of the instance, and the rules by which incidents open and close."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from core.contracts.heartbeats import (
    AnyHeartbeat,
    Heartbeat,
    HistoryHeartbeat,
    ProducerHeartbeat,
    StreamHeartbeat,
    UnreadableHeartbeat,
)
from core.times import MINUTE_MS, SECOND_MS

# The area that an incident affects: live figures, history, viewer counts, or recovery after a failure.
Effect = Literal["live", "history", "viewers", "recovery"]

BOARDS_STALE_MS = 30 * SECOND_MS
# A process writes a heartbeat every 5 s.
HEARTBEAT_TIMEOUT_MS = 30 * SECOND_MS
LIST_STALE_MS = 3 * MINUTE_MS
CHECKPOINT_STALE_MS = MINUTE_MS
HISTORY_LAG_MAX_S = 120.0
# Figures count as fully usable at or above this coverage. Lower coverage in the past 30 s or hour makes the verdict
# "partial".
COVERAGE_TARGET = 0.95
# Pages describe a period as fully heard at or above this coverage.
COVERAGE_FULL = 0.999
# Snapshots are taken every 10 s. If two are more than this far apart, the time between them counts as not monitored.
UNWATCHED_MS = 3 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class HealthSnapshot:
    """One evaluation of all heartbeats and boards at `at_ms`; None means unknown.

    `boards_end_ms` is the newest window end on the boards, `coverage` the mean coverage of their `channels`, and
    `listed_ms` when the channel list was fetched from Twitch. `heartbeats` contains the latest one of each process.
    """

    at_ms: int
    boards_end_ms: int | None = None
    coverage: float | None = None
    channels: int = 0
    listed_ms: int | None = None
    late_dropped: int | None = None
    heartbeats: tuple[Heartbeat | UnreadableHeartbeat, ...] = ()
    is_redis_down: bool = False

    def known(self, kind: type[AnyHeartbeat]) -> list[AnyHeartbeat]:
        """Return the readable heartbeats of a kind of process, however old."""
        return [heartbeat for heartbeat in self.heartbeats if isinstance(heartbeat, kind)]

    def alive(self, kind: type[AnyHeartbeat]) -> list[AnyHeartbeat]:
        """Return the readable heartbeats that are recent enough for their processes to count as alive."""
        return [heartbeat for heartbeat in self.known(kind) if self._is_recent(heartbeat.at_ms)]

    def unreadable(self, kind: type[Heartbeat]) -> list[UnreadableHeartbeat]:
        """Return the unreadable heartbeats that are recent or have no readable time; their figures are unknown."""
        return [
            heartbeat
            for heartbeat in self.heartbeats
            if isinstance(heartbeat, UnreadableHeartbeat)
            and heartbeat.kind == kind.kind
            and (heartbeat.at_ms is None or self._is_recent(heartbeat.at_ms))
        ]

    def silent_since_ms(self, kind: type[Heartbeat]) -> int | None:
        """Return the time of the latest heartbeat if all processes of a kind are silent, else None (also if unknown).

        The time of an unreadable heartbeat counts, because its process is alive during an upgrade.
        """
        times = [heartbeat.at_ms for heartbeat in self.heartbeats if heartbeat.kind == kind.kind]
        latest_ms = max((at_ms for at_ms in times if at_ms is not None), default=None)
        return None if latest_ms is None or self._is_recent(latest_ms) else latest_ms

    def _is_recent(self, at_ms: int) -> bool:
        return at_ms >= self.at_ms - HEARTBEAT_TIMEOUT_MS


@dataclass(frozen=True, slots=True)
class Problem:
    """A rule violation: when it began, and its cause in plain words."""

    since_ms: int
    cause: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A health rule. A violation becomes an incident once it has lasted `hold_ms`."""

    key: str
    title: str
    effect: Effect
    check: Callable[[HealthSnapshot], Problem | None]
    hold_ms: int = 0


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """An ongoing violation of a rule; `is_confirmed` once it has lasted long enough to be an incident."""

    rule: str
    since_ms: int
    cause: str
    is_confirmed: bool


def latest_of(heartbeats: Iterable[AnyHeartbeat]) -> AnyHeartbeat:
    """Return the latest of one or more heartbeats."""
    return max(heartbeats, key=lambda heartbeat: heartbeat.at_ms)


def find_problems(snapshot: HealthSnapshot) -> dict[str, Problem]:
    """Return the problems found, by rule key."""
    return {rule.key: problem for rule in RULES if (problem := rule.check(snapshot)) is not None}


def track_incidents(
    known: Mapping[str, OpenIncident], problems: Mapping[str, Problem], at_ms: int, monitored_since_ms: int
) -> tuple[dict[str, OpenIncident], list[OpenIncident]]:
    """Return the incidents that are open after a snapshot, by rule, and those that have ended.

    No incident begins before `monitored_since_ms`: an "unwatched" incident covers the time before.
    """
    still_open = {}
    for key, problem in problems.items():
        previous = known.get(key)
        since_ms = previous.since_ms if previous else min(at_ms, max(problem.since_ms, monitored_since_ms))
        was_confirmed = previous is not None and previous.is_confirmed
        cause = previous.cause if previous is not None and was_confirmed else problem.cause
        is_confirmed = was_confirmed or at_ms - since_ms >= RULE[key].hold_ms
        still_open[key] = OpenIncident(key, since_ms, cause, is_confirmed)
    return still_open, [incident for key, incident in known.items() if key not in problems]


def confirmed_incidents(snapshot: HealthSnapshot, known: Mapping[str, OpenIncident]) -> list[OpenIncident]:
    """Return the confirmed incidents at the time of a snapshot, oldest first; `known` holds the stored open ones."""
    still_open, _ = track_incidents(known, find_problems(snapshot), snapshot.at_ms, 0)
    confirmed = (incident for incident in still_open.values() if incident.is_confirmed)
    return sorted(confirmed, key=lambda incident: incident.since_ms)


def effects(rules: Iterable[str]) -> frozenset[Effect]:
    """Return the areas that incidents of these rules affect."""
    return frozenset(RULE[key].effect for key in rules)


def _store(snapshot: HealthSnapshot) -> Problem | None:
    if not snapshot.is_redis_down:
        return None
    return Problem(snapshot.at_ms, "Redis is not responding, so no new data can be shown.")


def _boards(snapshot: HealthSnapshot) -> Problem | None:
    if snapshot.boards_end_ms is None or snapshot.at_ms - snapshot.boards_end_ms <= BOARDS_STALE_MS:
        return None
    return Problem(snapshot.boards_end_ms, "Boards are not updating: no new window for more than 30 s.")


def _coverage(snapshot: HealthSnapshot) -> Problem | None:
    if snapshot.coverage is None or snapshot.coverage >= COVERAGE_TARGET:
        return None
    return Problem(snapshot.at_ms, "Coverage is below 95%, so counts are lower bounds.")


def _listening(snapshot: HealthSnapshot) -> Problem | None:
    silent_ms = snapshot.silent_since_ms(ProducerHeartbeat)
    if silent_ms is None:
        return None
    return Problem(silent_ms, "Not connected to Twitch: no producer heartbeat for 30 s.")


def _list(snapshot: HealthSnapshot) -> Problem | None:
    if snapshot.listed_ms is None or snapshot.at_ms - snapshot.listed_ms <= LIST_STALE_MS:
        return None
    return Problem(
        snapshot.listed_ms,
        "The channel list could not be refreshed from the Twitch API, so viewer counts are outdated.",
    )


def _stream(snapshot: HealthSnapshot) -> Problem | None:
    silent_ms = snapshot.silent_since_ms(StreamHeartbeat)
    if silent_ms is not None:
        return Problem(silent_ms, "The stream job is not monitored: no heartbeat from its watcher for 30 s.")
    alive = snapshot.alive(StreamHeartbeat)
    if not alive or latest_of(alive).runs:
        return None
    return Problem(latest_of(alive).at_ms, "The stream job is not running, so nothing is being counted.")


def _checkpoint(snapshot: HealthSnapshot) -> Problem | None:
    done_ms = next((heartbeat.checkpoint_ms for heartbeat in snapshot.alive(StreamHeartbeat)), None)
    if done_ms is None or snapshot.at_ms - done_ms <= CHECKPOINT_STALE_MS:
        return None
    return Problem(
        done_ms,
        "The stream job has not completed a checkpoint for 60 s, so recovery after a failure would take longer.",
    )


def _history(snapshot: HealthSnapshot) -> Problem | None:
    silent_ms = snapshot.silent_since_ms(HistoryHeartbeat)
    if silent_ms is not None:
        return Problem(
            silent_ms, "History is not being written: no heartbeat from its sink for 30 s. It will be backfilled."
        )
    alive = snapshot.alive(HistoryHeartbeat)
    if not alive:
        return None
    latest = latest_of(alive)
    if latest.halted:
        return Problem(latest.at_ms, "The history sink has halted: too many records in a topic were unusable.")
    if latest.waits:
        return Problem(
            latest.at_ms,
            "Cassandra is not responding, so history is not being written."
            " It will be backfilled when Cassandra is back.",
        )
    if latest.lag_s > HISTORY_LAG_MAX_S:
        return Problem(latest.at_ms, "History is more than two minutes behind and is catching up.")
    return None


# Ordered by how directly a rule names the root cause; problems that begin together are listed in this order.
RULES: tuple[Rule, ...] = (
    Rule("store", "Live figures unavailable", "live", _store),
    Rule("boards", "Boards are not updating", "live", _boards),
    Rule("listening", "Not connected to Twitch", "live", _listening),
    Rule("stream", "Counting has stopped", "live", _stream, 30 * SECOND_MS),
    Rule("coverage", "Chat missed", "live", _coverage, 5 * MINUTE_MS),
    Rule("list", "Outdated viewer counts", "viewers", _list),
    Rule("history", "History delayed", "history", _history, 30 * SECOND_MS),
    Rule("checkpoint", "No checkpoint", "recovery", _checkpoint),
    # The first snapshot after a pause records this incident as already ended.
    Rule("unwatched", "Not monitored", "live", lambda _snapshot: None),
)
RULE: Mapping[str, Rule] = {rule.key: rule for rule in RULES}
UNWATCHED = OpenIncident(
    "unwatched",
    0,
    "Twitchly was stopped or could not check its own health. The missed time is a gap in every chart.",
    True,
)

Verdict = Literal["starting", "trusted", "partial", "untrusted"]


def verdict(snapshot: HealthSnapshot, rules: Collection[str], hour_coverage: float | None) -> Verdict:
    """Return how far the figures can be trusted, from open incidents and the coverage of the past 30 s and hour."""
    affected = effects(rules)
    if "live" in affected:
        return "untrusted"
    if snapshot.boards_end_ms is None:
        return "starting"
    is_covered = all(share is None or share >= COVERAGE_TARGET for share in (snapshot.coverage, hour_coverage))
    return "trusted" if is_covered and not affected else "partial"
