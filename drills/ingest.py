"""`make drill-ingest`: every fault that Twitch, Kafka and we ourselves can have, one after the other.

A listening copy of its own; the ledger says at the end what became of the messages of each fault's time. Gaps are
excused of the channels that a fault touched, within it and its recovery alone; between two faults none is.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, replace
from typing import Any

from core.proof.comparison import Fault
from drills.broadcasts import wrong_broadcasts
from drills.command import asked
from drills.excuses import BEFORE_MS, excuse, fault_time
from drills.faults import CHANNELS_PER_CONNECTION, Drill, drills
from drills.stack import Stack, now_ms
from drills.watching import Course, look, watch

# A message may be under way this long when all is well again.
AFTER_MS = 3_000
# Calm between two faults: the end of one and the beginning of the next take 8 s of it, the rest belongs to neither.
CALM_S = 14.0
# Partitions go from one producer to the other while the copy starts.
START = Drill("the start itself", lambda _: {}, limit_s=240, producers=(1, 2))
ROW = "{:<24}{:>10}{:>10}{:>10}{:>10}{:>13}{:>13}{:>11}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a fault's watching showed: what it excuses, and what of it must not be."""

    drill: Drill
    excused: Fault
    recovered_s: float
    noticed_s: float | None
    problems: list[str]


def main() -> int:
    """Print one line a fault; return 1 when a message differs or a limit is missed."""
    given = asked(__doc__, channels=100, rate=300, seed=4)
    every = drills()
    # All but the last are for one producer, so the second has to leave first.
    wanted = list(dict.fromkeys([every[0], *given.chosen(every)]))
    stack = Stack()
    try:
        stack.start("--ingest-only", *given.audience())
        outcomes, figures = tried(stack, wanted)
        violations = stack.simulator()["irc"]["violations"]
        wrong = wrong_broadcasts(stack)
    finally:
        stack.remove()
    return told(outcomes, figures, violations, wrong)


def tried(stack: Stack, wanted: list[Drill]) -> tuple[list[Outcome], dict[str, Any]]:
    """Try each fault once all is well, and let the ledger judge."""
    outcomes: list[Outcome] = []
    for drill in (START, *wanted):
        outcomes.append(try_one(stack, drill))
        print(f"  {drill.name}: well after {outcomes[-1].recovered_s:.1f} s", flush=True)
        time.sleep(CALM_S)
    return outcomes, stack.check_ledger([fault_time(one.excused) for one in outcomes], "--listening")


def try_one(stack: Stack, drill: Drill) -> Outcome:
    """Let one fault happen and watch until all is well."""
    from_ms = 0 if drill is START else now_ms() - BEFORE_MS
    began_s = time.monotonic()
    touched = drill.begin(stack)
    fresh_ms = int(touched["until_ms"]) if drill.wants_fresh_list else 0
    course, is_well = watch(lambda: look(stack, drill.producers), began_s, drill.watch_s, drill.limit_s, fresh_ms)
    stack.end_faults()
    recovered_s = max(0.0, course.recovered_s - (drill.lasts_s if drill.from_end else 0.0))
    problems = [] if is_well else [f"not well again within {drill.limit_s:.0f} s"]
    problems += broken_limits(drill, course, touched)
    excused = excused_by(touched, from_ms, now_ms() + AFTER_MS)
    return Outcome(drill, excused, recovered_s, course.noticed_s, problems)


def excused_by(touched: dict[str, Any], from_ms: int, until_ms: int) -> Fault:
    """Return what a fault excuses that was watched in this time: all channels where we or Kafka failed."""
    if not touched:
        return Fault(from_ms, until_ms)
    fault = excuse(touched)
    return replace(fault, until_ms=min(fault.until_ms, until_ms))


def broken_limits(drill: Drill, course: Course, touched: dict[str, Any]) -> list[str]:
    """Return the limits of a fault that were not kept."""
    found = []
    channels = len(touched.get("channels") or ()) or CHANNELS_PER_CONNECTION
    limits = (
        ("the loss was noticed", course.lost_s(channels), drill.noticed_within_s),
        ("20 channels were heard again", course.again_s(channels, min(20, channels)), drill.first_20_within_s),
    )
    for what, took_s, within_s in limits:
        if within_s is not None and (took_s is None or took_s > within_s):
            taken = "not at all" if took_s is None else f"after {took_s:.1f} s"
            found.append(f"{what} {taken}: expected within {within_s:.0f} s")
    return found


def told(outcomes: list[Outcome], figures: dict[str, Any], violations: dict[str, int], wrong: list[str]) -> int:
    """Print the table and return the exit code; `wrong` is what the events say wrongly of broadcasts."""
    print(ROW.format("fault", "sent", "counted", "in gaps", "dropped", "differences", "amiss s", "well s"))
    problems = list(wrong)
    for outcome, counts in zip(outcomes, figures["faults"], strict=True):
        noticed = "" if outcome.noticed_s is None else f"{outcome.noticed_s:.1f}"
        numbers = [counts[name] for name in ("sent", "in_chat", "in_gaps", "dropped", "differences")]
        print(ROW.format(outcome.drill.name, *numbers, noticed, f"{outcome.recovered_s:.1f}"))
        lost = counts["in_gaps"] + counts["dropped"]
        problems += [f"{outcome.drill.name}: {problem}" for problem in outcome.problems]
        if outcome.drill.no_gap and lost:
            problems.append(f"{outcome.drill.name}: {lost} messages in gaps: expected 0")
    if any(violations.values()):
        problems.append(f"Twitch's limits were overrun: {violations}")
    print(json.dumps({name: value for name, value in figures.items() if name != "faults"} | {"limits": violations}))
    print("\n".join(problems))
    return int(bool(problems) or figures["differences"] != 0)


if __name__ == "__main__":
    sys.exit(main())
