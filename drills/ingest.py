"""`make drill-ingest`: inject the faults of Twitch, Kafka and the producers into a listening instance, one by one.

At the end, the ledger accounts for the messages sent during each fault. A fault excuses only gaps of the channels that
it affected, from its start to the end of its recovery; between two faults, no gap is excused.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from core.proof.comparison import Fault
from drills.broadcasts import broadcast_errors
from drills.command import parse_options
from drills.excuses import BEFORE_MS, excuse, fault_time
from drills.faults import CHANNELS_PER_CONNECTION, IngestFault, ingest_faults
from drills.recovery import Recovery, take_sample, watch
from drills.stack import Stack, now_ms

# A message may still be in transit this long after recovery.
AFTER_MS = 3_000
# Pause between two faults: the margins of these faults cover 8 s of it; the rest belongs to neither.
CALM_S = 14.0
# Partitions move between the producers while the instance starts.
START = IngestFault("start-up", lambda _: {}, limit_s=240, producers=(1, 2))
ROW = "{:<24}{:>10}{:>10}{:>10}{:>10}{:>13}{:>13}{:>13}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one fault: the gaps that it excuses, its times and its problems."""

    fault: IngestFault
    excused: Fault
    recovered_s: float
    detected_s: float | None
    problems: list[str]


def main() -> int:
    """Print one line per fault; return 1 if a message differs or a limit is exceeded."""
    options = parse_options(__doc__, channels=100, rate=300, seed=4)
    every = ingest_faults()
    # All faults but the last need a single producer, so the second one always leaves first.
    selected = list(dict.fromkeys([every[0], *options.selected(every)]))
    stack = Stack()
    try:
        stack.start("--ingest-only", *options.audience())
        outcomes, figures = inject_all(stack, selected)
        violations = stack.simulator()["irc"]["violations"]
        broadcasts = broadcast_errors(stack)
    finally:
        stack.remove()
    return report(outcomes, figures, violations, broadcasts)


def inject_all(stack: Stack, faults: list[IngestFault]) -> tuple[list[Outcome], dict[str, Any]]:
    """Inject each fault after recovery from the previous one; return the outcomes and the ledger's figures."""
    outcomes: list[Outcome] = []
    for fault in (START, *faults):
        outcomes.append(inject(stack, fault))
        print(f"  {fault.name}: recovered after {outcomes[-1].recovered_s:.1f} s", flush=True)
        time.sleep(CALM_S)
    return outcomes, stack.check_ledger([fault_time(outcome.excused) for outcome in outcomes], "--listening")


def inject(stack: Stack, fault: IngestFault) -> Outcome:
    """Inject one fault and watch until the instance has recovered."""
    from_ms = 0 if fault is START else now_ms() - BEFORE_MS
    began_s = time.monotonic()
    affected = fault.begin(stack)
    fresh_ms = int(affected["until_ms"]) if fault.wants_fresh_list else 0
    take = partial(take_sample, stack, fault.producers)
    recovery, in_time = watch(take, began_s, fault.watch_s, fault.limit_s, fresh_ms)
    stack.end_faults()
    recovered_s = max(0.0, recovery.recovered_s - (fault.lasts_s if fault.from_end else 0.0))
    problems = [] if in_time else [f"not recovered within {fault.limit_s:.0f} s"]
    problems += exceeded_limits(fault, recovery, affected)
    excused = excused_by(affected, from_ms, now_ms() + AFTER_MS)
    return Outcome(fault, excused, recovered_s, recovery.detected_s, problems)


def excused_by(affected: dict[str, Any], from_ms: int, until_ms: int) -> Fault:
    """Return the gaps excused by a fault watched from `from_ms` to `until_ms`.

    If `affected` is empty, one of Twitchly's own processes failed, which excuses gaps of all channels.
    """
    if not affected:
        return Fault(from_ms, until_ms)
    fault = excuse(affected)
    return replace(fault, until_ms=min(fault.until_ms, until_ms))


def exceeded_limits(fault: IngestFault, recovery: Recovery, affected: dict[str, Any]) -> list[str]:
    """Return a message for each exceeded limit of a fault."""
    problems = []
    channels = len(affected.get("channels") or ()) or CHANNELS_PER_CONNECTION
    limits = (
        ("loss detected", recovery.loss_detected_s(channels), fault.detected_within_s),
        ("20 channels heard again", recovery.heard_again_s(channels, min(20, channels)), fault.first_20_within_s),
    )
    for event, took_s, within_s in limits:
        if within_s is not None and (took_s is None or took_s > within_s):
            actual = "never" if took_s is None else f"after {took_s:.1f} s"
            problems.append(f"{event}: {actual}, expected within {within_s:.0f} s")
    return problems


def report(outcomes: list[Outcome], figures: dict[str, Any], violations: dict[str, int], broadcasts: list[str]) -> int:
    """Print the table and return the exit code; `broadcasts` are the errors in broadcast events."""
    print(ROW.format("fault", "sent", "counted", "in gaps", "dropped", "differences", "detected s", "recovered s"))
    problems = list(broadcasts)
    for outcome, counts in zip(outcomes, figures["faults"], strict=True):
        detected = "" if outcome.detected_s is None else f"{outcome.detected_s:.1f}"
        numbers = [counts[name] for name in ("sent", "in_chat", "in_gaps", "dropped", "differences")]
        print(ROW.format(outcome.fault.name, *numbers, detected, f"{outcome.recovered_s:.1f}"))
        lost = counts["in_gaps"] + counts["dropped"]
        problems += [f"{outcome.fault.name}: {problem}" for problem in outcome.problems]
        if outcome.fault.no_gap and lost:
            problems.append(f"{outcome.fault.name}: {lost} messages in gaps: expected 0")
    if any(violations.values()):
        problems.append(f"Twitch's limits were exceeded: {violations}")
    print(json.dumps({name: value for name, value in figures.items() if name != "faults"} | {"limits": violations}))
    print("\n".join(problems))
    return int(bool(problems) or figures["differences"] != 0)


if __name__ == "__main__":
    sys.exit(main())
