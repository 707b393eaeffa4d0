"""`python -m bench.joins`: the time to join 500 channels after a start, within Twitch's limits."""

from __future__ import annotations

import sys
import time

import psutil

from bench.command import exit_code, instance, options
from bench.listening import channels_in
from bench.machine import save, table
from drills.stack import Stack, wait_until

LIMIT_S = 400.0
MARKS = (20, 100, 250, 500)


def main() -> int:
    """Print the times; return 1 if a limit was exceeded or a channel was not joined."""
    parser = options(__doc__)
    parser.add_argument("--channels", type=int, default=500)
    args = parser.parse_args()
    count = args.channels

    def start(stack: Stack) -> None:
        # Some channels are always offline; an eighth more channels ensures that enough are live.
        stack.start("--ingest-only", "--channels", str(count * 9 // 8), "--rate", str(count), "--seed", "1")

    with instance(args.on, start, CHANNELS_WANTED=str(count)) as stack:
        if args.smoke:
            count = channels_in(stack, "wanted")
        if args.on:
            stack.stop_process("producer")
            stack.start_process("producer")
            wait_until(lambda: "producer" in stack.processes(), LIMIT_S, "the producer to start")
        times_s = join_times(stack, [*(mark for mark in MARKS if mark < count), count])
        irc = stack.simulator()["irc"]
    print(table([["channels joined", "seconds from the start of the producer"], *map(list, times_s.items())]))
    print(f"{irc['joins']} joins on {irc['connections']} connections, limits exceeded: {irc['violations']}")
    if not args.smoke:
        save("joins", {"seconds": times_s, "joins": irc["joins"], "violations": irc["violations"]})
    errors = [f"limits exceeded: {irc['violations']}"] if any(irc["violations"].values()) else []
    return exit_code(errors if count in times_s else [*errors, f"not all {count} channels were joined"])


def join_times(stack: Stack, marks: list[int]) -> dict[int, float]:
    """Return the seconds from the producer's start until each number of channels was joined."""
    started_s = psutil.Process(stack.processes()["producer"]).create_time()
    times_s: dict[int, float] = {}
    while len(times_s) < len(marks) and time.time() - started_s < LIMIT_S:
        joined, now_s = channels_in(stack, "confirmed"), time.time() - started_s
        times_s |= {mark: round(now_s, 1) for mark in marks if mark <= joined and mark not in times_s}
        time.sleep(0.1)
    return times_s


if __name__ == "__main__":
    sys.exit(main())
