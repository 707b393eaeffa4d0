"""What is known of the whole at one moment, and the rules by which incidents open and close. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from core.times import MINUTE_MS, SECOND_MS

Fact = float | str | bool
# What an incident touches: figures as they come, history, viewer counts, or the way back after a failure.
Effect = Literal["live", "history", "viewers", "recovery"]

BOARDS_STALE_MS = 30 * SECOND_MS
# A process tells every 5 s that it lives.
SILENT_MS = 30 * SECOND_MS
LIST_OLD_MS = 3 * MINUTE_MS
CHECKPOINT_OLD_MS = MINUTE_MS
HISTORY_LATE_S = 120.0
# From this coverage on figures count as usable; less makes the state partial, in the past 30 s or the past hour.
COVERAGE_WANTED = 0.95
# From this coverage on pages call a time heard in full.
COVERAGE_WHOLE = 0.999
# Who looks does so every 10 s: after so long without, what happened meanwhile is not known.
UNWATCHED_MS = 3 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Sign:
    """What a process told of itself at a moment; `kind` is what it does, `name` tells it from others of its kind."""

    kind: str
    name: str
    at_ms: int
    facts: Mapping[str, Fact]

    def number(self, fact: str) -> float:
        """Return a fact as a number, 0 where it was not told."""
        return float(self.facts.get(fact) or 0)

    def moment(self, fact: str) -> int | None:
        """Return a fact that is a time in ms, None where it was not told."""
        return int(self.number(fact)) or None


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at `at_ms`; None stands for what nobody told.

    `boards_end_ms` is the newest window end on the boards, `coverage` the mean of their `channels`, `listed_ms` when
    Twitch gave the list of streams. `signs` are the newest of each process.
    """

    at_ms: int
    boards_end_ms: int | None = None
    coverage: float | None = None
    channels: int = 0
    listed_ms: int | None = None
    late_dropped: int | None = None
    signs: tuple[Sign, ...] = ()
    store_away: bool = False

    def newest(self, kind: str) -> Sign | None:
        """Return the last sign of a kind of process."""
        return max((sign for sign in self.signs if sign.kind == kind), key=lambda sign: sign.at_ms, default=None)

    def living(self, kind: str) -> list[Sign]:
        """Return the signs of the processes of a kind that tell that they live."""
        return [sign for sign in self.signs if sign.kind == kind and self.at_ms - sign.at_ms <= SILENT_MS]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, since when, and why in plain words."""

    since_ms: int
    cause: str


@dataclass(frozen=True, slots=True)
class Rule:
    """When something is wrong. It counts as an incident once it has lasted for `hold_ms`."""

    key: str
    title: str
    effect: Effect
    find: Callable[[Look], Finding | None]
    hold_ms: int = 0


@dataclass(frozen=True, slots=True)
class Open:
    """Something wrong that lasts; `is_sure` once it has lasted long enough to be an incident."""

    rule: str
    since_ms: int
    cause: str
    is_sure: bool


def findings(look: Look) -> dict[str, Finding]:
    """Return what is wrong, by rule."""
    return {rule.key: found for rule in RULES if (found := rule.find(look)) is not None}


def follow(
    known: Mapping[str, Open], found: Mapping[str, Finding], at_ms: int, watched_since_ms: int
) -> tuple[dict[str, Open], list[Open]]:
    """Return what is open after a look, by rule, and what has ended.

    Nothing begins before `watched_since_ms`: what was before is an incident of its own, that nobody looked.
    """
    now = {}
    for key, finding in found.items():
        last = known.get(key)
        since_ms = last.since_ms if last else min(at_ms, max(finding.since_ms, watched_since_ms))
        was_sure = last is not None and last.is_sure
        cause = last.cause if last is not None and was_sure else finding.cause
        now[key] = Open(key, since_ms, cause, was_sure or at_ms - since_ms >= RULE[key].hold_ms)
    return now, [one for key, one in known.items() if key not in found]


def incidents(look: Look, known: Mapping[str, Open]) -> list[Open]:
    """Return the incidents of this very moment: those that were written down and last, and those that begin now."""
    now, _ = follow(known, findings(look), look.at_ms, 0)
    return sorted((one for one in now.values() if one.is_sure), key=lambda one: one.since_ms)


def effects(rules: Iterable[str]) -> frozenset[Effect]:
    """Return what these incidents touch."""
    return frozenset(RULE[key].effect for key in rules)


def _store(look: Look) -> Finding | None:
    if not look.store_away:
        return None
    return Finding(look.at_ms, "The store of live figures (Redis) does not answer: nothing new can be shown.")


def _boards(look: Look) -> Finding | None:
    if look.boards_end_ms is None or look.at_ms - look.boards_end_ms <= BOARDS_STALE_MS:
        return None
    return Finding(look.boards_end_ms, "The boards stand still: no new window has come for more than 30 s.")


def _coverage(look: Look) -> Finding | None:
    if look.coverage is None or look.coverage >= COVERAGE_WANTED:
        return None
    return Finding(look.at_ms, "Less than 95 % of the chat is heard: counts are lower bounds.")


def _listening(look: Look) -> Finding | None:
    last = look.newest("producer")
    if last is None or look.living("producer"):
        return None
    return Finding(last.at_ms, "Nobody listens to Twitch: no listener has given a sign of life for 30 s.")


def _list(look: Look) -> Finding | None:
    if look.listed_ms is None or look.at_ms - look.listed_ms <= LIST_OLD_MS:
        return None
    return Finding(look.listed_ms, "Twitch's list of streams could not be read: viewer counts are old.")


def _stream(look: Look) -> Finding | None:
    last = look.newest("stream")
    if last is None:
        return None
    if not look.living("stream"):
        return Finding(last.at_ms, "Nobody looks after the stream job: its watcher gives no sign of life.")
    if last.facts.get("runs"):
        return None
    return Finding(last.at_ms, "The stream job does not run: nothing is being counted.")


def _checkpoint(look: Look) -> Finding | None:
    done_ms = next((sign.moment("checkpoint_ms") for sign in look.living("stream")), None)
    if done_ms is None or look.at_ms - done_ms <= CHECKPOINT_OLD_MS:
        return None
    return Finding(done_ms, "The stream job has made no checkpoint for 60 s: coming back from a failure takes longer.")


def _history(look: Look) -> Finding | None:
    last = look.newest("history")
    if last is None:
        return None
    if not look.living("history"):
        return Finding(last.at_ms, "History is not written: its sink gives no sign of life. It is made up for later.")
    if last.facts.get("halted"):
        return Finding(last.at_ms, "The history sink has halted: too many records of a topic could not be used.")
    if last.facts.get("waits"):
        return Finding(last.at_ms, "History waits for its store (Cassandra). It is made up for when that is back.")
    if last.number("lag_s") > HISTORY_LATE_S:
        return Finding(last.at_ms, "History is more than two minutes behind, and catches up.")
    return None


# Most telling first: what stands still at once has a first cause.
RULES: tuple[Rule, ...] = (
    Rule("store", "Live figures away", "live", _store),
    Rule("boards", "Boards stand still", "live", _boards),
    Rule("listening", "Nobody listens", "live", _listening),
    Rule("stream", "Nothing is counted", "live", _stream, 30 * SECOND_MS),
    Rule("coverage", "Chat missed", "live", _coverage, 5 * MINUTE_MS),
    Rule("list", "Old viewer counts", "viewers", _list),
    Rule("history", "History late", "history", _history, 30 * SECOND_MS),
    Rule("checkpoint", "No checkpoint", "recovery", _checkpoint),
    # Written by whoever finds that nobody has looked, and over by then.
    Rule("unwatched", "Not watched", "live", lambda _look: None),
)
RULE: Mapping[str, Rule] = {rule.key: rule for rule in RULES}
UNWATCHED = Open(
    "unwatched", 0, "Twitchly was stopped, or could not look at itself. What was missed is a gap in every chart.", True
)

Verdict = Literal["starting", "trusted", "partial", "untrusted"]


def verdict(look: Look, rules: Collection[str], hour_coverage: float | None) -> Verdict:
    """Return how far figures can be trusted, from open incidents and the coverage of the past 30 s and hour."""
    touched = effects(rules)
    if "live" in touched:
        return "untrusted"
    if look.boards_end_ms is None:
        return "starting"
    is_heard = all(share is None or share >= COVERAGE_WANTED for share in (look.coverage, hour_coverage))
    return "trusted" if is_heard and not touched else "partial"
