"""`make drill`: every server and process of ours dies, stands still or is fed poison, one after the other.

A whole copy of its own under load. The boards are watched from outside; at the end the ledger says what became of
the messages and windows of each fault's time. Gaps are excused of the faults that may leave some, from shortly before
them until all is well again; never of the others, nor between two faults.
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
from drills.board_watch import BoardCourse, BoardWatch
from drills.checkpoint_disk import CheckpointDisk, NoDisk
from drills.command import asked
from drills.excuses import BEFORE_MS, fault_time
from drills.ingest import AFTER_MS, CALM_S
from drills.pipeline_faults import PipelineFault, broken_limits, pipeline_faults
from drills.stack import Stack, now_ms, wait_until

COVERED_S = 180.0
PRODUCERS = (1, 2)
NONE: frozenset[str] = frozenset()
HEAD = ("fault", "live s", "well s", "stood s", "lag s", "sent", "windows", "in gaps", "moved", "late", "differences")
ROW = "{:<24}" + "{:>8}" * 4 + "{:>9}" * 2 + "{:>8}" * 2 + "{:>6}{:>12}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a fault's watching showed: what it excuses, and what must not be.

    `usual_lag_s` and `late` are the lag of the boards in the calm after it, and Flink's late drops up to its end.
    """

    fault: PipelineFault
    excused: Fault
    course: BoardCourse
    usual_lag_s: float
    late: int
    problems: list[str]


def main() -> int:
    """Print one line a fault; return 1 when a message or window differs or a limit is missed."""
    began_s = time.monotonic()
    given = asked(__doc__, channels=150, rate=250, seed=12)
    stack = Stack()
    with checkpoint_disk(stack.var / "flink" / "checkpoints", stack) as disk:
        faults = given.chosen(pipeline_faults(disk))
        stack.start(*given.audience())
        with closing(BoardWatch(stack, PRODUCERS)) as watch:
            outcomes = Drill(stack, watch).tried(faults)
        figures = stack.check_ledger([fault_time(one.excused) for one in outcomes])
        left_out = [] if disk or given.only else ["checkpoints fail: left out, for there was no disk to mount"]
        return told(outcomes, figures, time.monotonic() - began_s, left_out)


@contextmanager
def checkpoint_disk(folder: Path, stack: Stack) -> Iterator[CheckpointDisk | None]:
    """Give a copy a disk for its checkpoints where that is allowed; at the end, remove the copy and its disk."""
    disk = CheckpointDisk(folder)
    try:
        try:
            disk.mount()
        except NoDisk as error:
            print(f"LEFT OUT: checkpoints fail: {error}", flush=True)
            yield None
        else:
            yield disk
    finally:
        stack.stop()
        disk.unmount()
        stack.remove()


class Drill:
    """Tries faults on one copy, one after the other."""

    def __init__(self, stack: Stack, watch: BoardWatch) -> None:
        self._stack = stack
        self._watch = watch
        self._cluster, self._late = FlinkCluster(stack.flink_client(), stack.flink), LateDrops()

    def tried(self, faults: Sequence[PipelineFault]) -> list[Outcome]:
        """Try each fault once all is well; the start is the first of them."""
        self._watch.expect(self._stack.wanted())
        start = PipelineFault("the start itself", self._covered, COVERED_S + 60, gaps=True)
        outcomes = [self._try(start, 0)]
        for fault in faults:
            outcomes.append(self._try(fault, now_ms() - BEFORE_MS, outcomes[-1].usual_lag_s))
        return outcomes

    def _covered(self, stack: Stack) -> None:
        wait_until(lambda: stack.wanted() <= stack.covered() != set(), COVERED_S, "all channels to be covered")

    def _calm(self) -> tuple[float, int]:
        """Watch while nothing is done; return the greatest lag of the boards, and the late drops since the last calm.

        Flink's answer is that of the question before, while it gathers what is new.
        """
        self._watch.expect(self._stack.covered())
        late, course = self._new_late(), BoardCourse(time.monotonic())
        self._watch.watch(course, CALM_S)
        return course.lag_s, late + self._new_late()

    def _new_late(self) -> int:
        """Return how many records were dropped since the last call; while there is no job, none."""
        jobs = self._cluster.jobs("twitchly")[:1]
        return sum(self._late.update(job.id, self._cluster.counters(job.id).late_dropped) for job in jobs)

    def _try(self, fault: PipelineFault, from_ms: int, usual_lag_s: float = 0.0) -> Outcome:
        """Let one fault happen, watch until all is well, and then for a calm that belongs to no fault."""
        course = BoardCourse(time.monotonic(), fault.watch_s)
        problems = self._let(fault, course)
        problems += broken_limits(fault, course, usual_lag_s)
        excused = Fault(from_ms, now_ms() + AFTER_MS, None if fault.gaps else NONE)
        print(f"  {fault.name}: well after {course.well_s:.1f} s {'; '.join(problems)}", flush=True)
        return Outcome(fault, excused, course, *self._calm(), problems)

    def _let(self, fault: PipelineFault, course: BoardCourse) -> list[str]:
        """Return what its action waited for in vain, and whether all was well in time."""
        with ThreadPoolExecutor(1) as pool:
            acting = pool.submit(_acted, fault, self._stack, course)
            is_well = self._watch.watch(course, fault.limit_s)
            failed = acting.result()
        return [*([failed] if failed else []), *([] if is_well else [f"not well again within {fault.limit_s:.0f} s"])]


def _acted(fault: PipelineFault, stack: Stack, course: BoardCourse) -> str:
    """Bring a fault about; return what was waited for in vain, nothing when it all came."""
    try:
        fault.act(stack)
    except AssertionError as error:
        return str(error)
    finally:
        course.over_s = time.monotonic()
    return ""


def told(outcomes: Sequence[Outcome], figures: dict[str, Any], seconds: float, left_out: Sequence[str]) -> int:
    """Print the table and return the exit code."""
    print(ROW.format(*HEAD))
    problems = list(left_out)
    for outcome, counts in zip(outcomes, figures.pop("faults"), strict=True):
        course, in_gaps = outcome.course, counts["in_gaps"] + counts["dropped"]
        live_s = course.again_s(lambda sight: sight.is_live, course.began_s)
        times = [f"{one:.1f}" for one in (live_s, course.well_s, course.stood_s, course.lag_s)]
        counted = (counts["sent"], counts["windows"], in_gaps, counts["moved"], outcome.late, counts["differences"])
        print(ROW.format(outcome.fault.name, *times, *counted))
        problems += [f"{outcome.fault.name}: {problem}" for problem in outcome.problems]
        if outcome.late and not in_gaps:
            problems.append(f"{outcome.fault.name}: {outcome.late} records were late in Flink outside of every gap")
    rejected = sum(outcome.fault.rejected for outcome in outcomes)
    if figures["rejected"] != rejected:
        problems.append(f"{figures['rejected']} records of chat were rejected: expected {rejected}")
    late = sum(outcome.late for outcome in outcomes)
    print(json.dumps({**figures, "late": late, "problems": len(problems), "seconds": round(seconds)}))
    print("\n".join(problems))
    return int(bool(problems) or figures["differences"] != 0)


if __name__ == "__main__":
    sys.exit(main())
