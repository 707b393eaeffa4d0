"""`python -m bench.joins`: how long 500 channels take from cold, and whether Twitch's limits were kept."""

from __future__ import annotations

import sys
import time

import psutil

from bench.command import exit_code, instance, options
from bench.listening import channels_in
from bench.machine import keep, table
from drills.stack import Stack, wait_until

LIMIT_S = 400.0
MARKS = (20, 100, 250, 500)


def main() -> int:
    """Print when so many channels were joined; return 1 when a limit was overrun or one is missing."""
    parser = options(__doc__)
    parser.add_argument("--channels", type=int, default=500)
    given = parser.parse_args()
    wanted = given.channels

    def start(stack: Stack) -> None:
        # Some channels are offline at any time: of an eighth more, enough are live.
        stack.start("--ingest-only", "--channels", str(wanted * 9 // 8), "--rate", str(wanted), "--seed", "1")

    with instance(given.on, start, CHANNELS_WANTED=str(wanted)) as stack:
        if given.smoke:
            wanted = channels_in(stack, "wanted")
        if given.on:
            stack.end("producer")
            stack.begin("producer")
            wait_until(lambda: "producer" in stack.processes(), LIMIT_S, "the producer to start")
        took = joined_after(stack, [*(mark for mark in MARKS if mark < wanted), wanted])
        told = stack.simulator()["irc"]
    print(table([["channels joined", "seconds from the start of the producer"], *map(list, took.items())]))
    print(f"{told['joins']} joins on {told['connections']} connections, limits overrun: {told['violations']}")
    if not given.smoke:
        keep("joins", {"seconds": took, "joins": told["joins"], "violations": told["violations"]})
    wrong = [f"limits overrun: {told['violations']}"] if any(told["violations"].values()) else []
    return exit_code(wrong if wanted in took else [*wrong, f"{wanted} channels were not joined"])


def joined_after(stack: Stack, marks: list[int]) -> dict[int, float]:
    """Return after how many seconds of the producer's life so many channels were joined."""
    born = psutil.Process(stack.processes()["producer"]).create_time()
    took: dict[int, float] = {}
    while len(took) < len(marks) and time.time() - born < LIMIT_S:
        joined, now_s = channels_in(stack, "confirmed"), time.time() - born
        took |= {mark: round(now_s, 1) for mark in marks if mark <= joined and mark not in took}
        time.sleep(0.1)
    return took


if __name__ == "__main__":
    sys.exit(main())
