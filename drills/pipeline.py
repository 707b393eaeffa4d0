"""`make drill`: kill or suspend each server and process of a loaded instance in turn, and feed it bad records.

The boards are watched from outside. At the end, the ledger accounts for the messages and windows of each fault's
period. Faults that may lose messages excuse gaps from shortly before their start until recovery; other faults and the
time between two faults excuse none.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.metrics.flink_cluster import FlinkCluster
from apps.metrics.late_drops import LateDrops
from core.proof.comparison import Fault
from drills.board_recovery import BoardRecovery, BoardWatch
from drills.command import parse_options
from drills.excuses import BEFORE_MS, fault_time
from drills.ingest import AFTER_MS, CALM_S
from drills.pipeline_faults import PipelineFault, exceeded_limits, pipeline_faults
from drills.stack import Stack, now_ms, wait_until
from drills.tmpfs import MountFailed, Tmpfs

COVERED_S = 180.0
PRODUCERS = (1, 2)
NONE: frozenset[str] = frozenset()
HEAD = (
    "fault",
    "live s",
    "recovered s",
    "pause s",
    "lag s",
    "sent",
    "windows",
    "in gaps",
    "moved",
    "late",
    "differences",
)
ROW = "{:<24}{:>8}{:>13}{:>9}{:>8}" + "{:>9}" * 2 + "{:>8}" * 2 + "{:>6}{:>12}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one fault: the gaps that it excuses, its recovery and its problems.

    `baseline_lag_s` is the lag of the boards in the pause after the fault; `late` is the number of records that Flink
    dropped as late between the end of the previous pause and the end of this one.
    """

    fault: PipelineFault
    excused: Fault
    recovery: BoardRecovery
    baseline_lag_s: float
    late: int
    problems: list[str]


def main() -> int:
    """Print one line per fault; return 1 if a message or window differs or a limit is exceeded."""
    began_s = time.monotonic()
    options = parse_options(__doc__, channels=150, rate=250, seed=12)
    stack = Stack()
    with checkpoints_on_tmpfs(stack.var / "flink" / "checkpoints", stack) as disk:
        faults = options.selected(pipeline_faults(disk))
        stack.start(*options.audience())
        with closing(BoardWatch(stack, PRODUCERS)) as watch:
            outcomes = FaultInjection(stack, watch).inject_all(faults)
        figures = stack.check_ledger([fault_time(outcome.excused) for outcome in outcomes])
        skipped = [] if disk or options.only else ["checkpoints fail: skipped, the disk could not be mounted"]
        return report(outcomes, figures, time.monotonic() - began_s, skipped)


@contextmanager
def checkpoints_on_tmpfs(folder: Path, stack: Stack) -> Iterator[Tmpfs | None]:
    """Mount a tmpfs for an instance's checkpoints if allowed; remove the instance and the tmpfs afterwards."""
    disk = Tmpfs(folder)
    try:
        try:
            disk.mount()
        except MountFailed as error:
            print(f"SKIPPED: checkpoints fail: {error}", flush=True)
            yield None
        else:
            yield disk
    finally:
        stack.stop()
        disk.unmount()
        stack.remove()


class FaultInjection:
    """Injects faults into one instance, one at a time."""

    def __init__(self, stack: Stack, watch: BoardWatch) -> None:
        self._stack = stack
        self._watch = watch
        self._cluster, self._late = FlinkCluster(stack.flink_client(), stack.flink), LateDrops()

    def inject_all(self, faults: Sequence[PipelineFault]) -> list[Outcome]:
        """Inject each fault after recovery from the previous one; the start-up counts as the first."""
        self._watch.expect(self._stack.listed_channels())
        start = PipelineFault("start-up", self._wait_until_covered, COVERED_S + 60, gaps=True)
        outcomes = [self._inject(start, 0)]
        for fault in faults:
            outcomes.append(self._inject(fault, now_ms() - BEFORE_MS, outcomes[-1].baseline_lag_s))
        return outcomes

    def _wait_until_covered(self, stack: Stack) -> None:
        wait_until(lambda: stack.listed_channels() <= stack.covered() != set(), COVERED_S, "all channels to be covered")

    def _calm(self) -> tuple[float, int]:
        """Watch without a fault; return the greatest lag of the boards, and the late drops since the previous pause.

        Flink responds with the counters gathered for the previous request, so the late drops are read twice.
        """
        self._watch.expect(self._stack.covered())
        late, recovery = self._new_late(), BoardRecovery(time.monotonic())
        self._watch.watch(recovery, CALM_S)
        return recovery.lag_s, late + self._new_late()

    def _new_late(self) -> int:
        """Return how many records were dropped as late since the last call, or 0 while there is no job."""
        jobs = self._cluster.jobs("twitchly")[:1]
        return sum(self._late.update(job.id, self._cluster.counters(job.id).late_dropped) for job in jobs)

    def _inject(self, fault: PipelineFault, from_ms: int, baseline_lag_s: float = 0.0) -> Outcome:
        """Inject one fault and watch the recovery, then a pause that belongs to no fault."""
        recovery = BoardRecovery(time.monotonic(), fault.watch_s)
        problems = self._watch_recovery(fault, recovery)
        problems += exceeded_limits(fault, recovery, baseline_lag_s)
        excused = Fault(from_ms, now_ms() + AFTER_MS, None if fault.gaps else NONE)
        print(f"  {fault.name}: recovered after {recovery.recovered_s:.1f} s {'; '.join(problems)}", flush=True)
        return Outcome(fault, excused, recovery, *self._calm(), problems)

    def _watch_recovery(self, fault: PipelineFault, recovery: BoardRecovery) -> list[str]:
        """Run the fault's action while watching; return an error if it timed out or the recovery took too long."""
        with ThreadPoolExecutor(1) as pool:
            action = pool.submit(_run_action, fault, self._stack, recovery)
            in_time = self._watch.watch(recovery, fault.limit_s)
            error = action.result()
        return [*([error] if error else []), *([] if in_time else [f"not recovered within {fault.limit_s:.0f} s"])]


def _run_action(fault: PipelineFault, stack: Stack, recovery: BoardRecovery) -> str:
    """Run a fault's action; return the error if a wait timed out, else an empty string."""
    try:
        fault.act(stack)
    except AssertionError as error:
        return str(error)
    finally:
        recovery.over_s = time.monotonic()
    return ""


def report(outcomes: Sequence[Outcome], figures: dict[str, Any], seconds: float, skipped: Sequence[str]) -> int:
    """Print the table and return the exit code."""
    print(ROW.format(*HEAD))
    problems = list(skipped)
    for outcome, counts in zip(outcomes, figures.pop("faults"), strict=True):
        recovery, in_gaps = outcome.recovery, counts["in_gaps"] + counts["dropped"]
        live_s = recovery.seconds_until(lambda sample: sample.is_live, recovery.began_s)
        seconds_of = (live_s, recovery.recovered_s, recovery.pause_s, recovery.lag_s)
        times = [f"{value:.1f}" for value in seconds_of]
        counted = (counts["sent"], counts["windows"], in_gaps, counts["moved"], outcome.late, counts["differences"])
        print(ROW.format(outcome.fault.name, *times, *counted))
        problems += [f"{outcome.fault.name}: {problem}" for problem in outcome.problems]
        if outcome.late and not in_gaps:
            problems.append(f"{outcome.fault.name}: {outcome.late} records were late in Flink outside any gap")
    rejected = sum(outcome.fault.rejected for outcome in outcomes)
    if figures["rejected"] != rejected:
        problems.append(f"{figures['rejected']} chat records were rejected: expected {rejected}")
    late = sum(outcome.late for outcome in outcomes)
    print(json.dumps({**figures, "late": late, "problems": len(problems), "seconds": round(seconds)}))
    print("\n".join(problems))
    return int(bool(problems) or figures["differences"] != 0)


if __name__ == "__main__":
    sys.exit(main())
