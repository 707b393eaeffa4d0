"""`make drill-midnight`: run an instance whose clocks cross a month boundary, then check windows and the ended day."""

from __future__ import annotations

import datetime as dt
import json
import sys
import time

from drills.stack import Stack, wait_until

# The instance starts and joins its channels before midnight, and runs until the first minute of the new day is counted.
START_S = 150
AFTER_S = 150


def main() -> int:
    """Print the ledger's figures; return 1 if a day, window or message differs, or if midnight was not crossed."""
    midnight = month_end(dt.datetime.now(dt.UTC))
    offset_ms = round((midnight.timestamp() - START_S - time.time()) * 1000)
    stack = Stack(CLOCK_OFFSET_MS=str(offset_ms))
    try:
        stack.start("--channels", "60", "--rate", "150", "--seed", "23")
        wait_until(lambda: stack.listed_channels() <= stack.covered() != set(), 120, "all channels to be covered")
        covered_s = now_s(offset_ms)
        started_s = covered_s - midnight.timestamp()
        channels = len(stack.listed_channels())
        time.sleep(max(0.0, AFTER_S - started_s))
        stack.manage("rebuild_days", "--from", f"{midnight - dt.timedelta(days=1):%Y-%m-%d}")
        # Joining at the start leaves gaps; no other gaps are excused.
        figures = stack.check_ledger([(0, covered_s * 1000)])
    finally:
        stack.remove()
    print(f"crossed {midnight:%Y-%m-%d %H:%M} UTC: all channels were covered {-started_s:.0f} s before")
    print(json.dumps(figures))
    # A day that differs counts as not yet rolled up, so it is missing from the days compared.
    is_complete = figures["windows"] > 0 and figures["days"] >= channels > 0
    return int(figures["differences"] != 0 or not is_complete or started_s > 0)


def month_end(now: dt.datetime) -> dt.datetime:
    """Return the first midnight of the month after `now`."""
    return (now.replace(day=1, hour=0, minute=0, second=0, microsecond=0) + dt.timedelta(days=32)).replace(day=1)


def now_s(offset_ms: int) -> float:
    """Return the time on the instance's clocks."""
    return time.time() + offset_ms / 1000


if __name__ == "__main__":
    sys.exit(main())
