"""`make drill-recount`: replay a recording on an instance while tests/recount counts its chat independently.

The longest recording under TWITCHLY_DATA is slowed down to last for the whole run; without one, a generated recording
is used. Peaks are defined differently for ranges longer than 30 minutes, so the replay takes 35 minutes. The
instance's clocks cross midnight halfway; the day that ends then is rolled up and recounted too.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import subprocess
import sys
import time
from pathlib import Path

from drills.keys import make_keys
from drills.stack import ROOT, Stack, wait_until

MINUTES = 35
# At this speed, a recording of 27 minutes takes an hour.
SPEED = 0.45
DAY_S = 86_400
CHANNELS = 12
# The instance starts and joins its channels within this time.
START_S = 240
# The last minute of a day is stored within this time.
STORED_S = 150
# The recount sends many requests from one address.
SETTINGS = {"PUBLIC_BOARD": "true", "API_ADDRESS_PER_S": "5000"}


def main() -> int:
    """Print the comparison; return 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=MINUTES)
    minutes = parser.parse_args().minutes
    midnight_s = time.time() + START_S + 30 * minutes
    offset_ms = clock_offset_ms(midnight_s)
    stack = Stack(**SETTINGS, CLOCK_OFFSET_MS=str(offset_ms))
    try:
        stack.start(*replay(stack, minutes))
        wait_until(lambda: stack.listed_channels() <= stack.covered() != set(), 180, "all channels to be covered")
        environment = {**os.environ, "CLOCK_OFFSET_MS": str(offset_ms)}
        with subprocess.Popen([*command(stack, minutes), "--day"], cwd=ROOT, env=environment) as recount:
            try:
                time.sleep(max(0.0, midnight_s + STORED_S - time.time()))
                day = dt.datetime.fromtimestamp(midnight_s + offset_ms / 1000 - DAY_S, dt.UTC)
                stack.manage("rebuild_days", "--from", f"{day:%Y-%m-%d}")
                return recount.wait()
            finally:
                recount.kill()
    finally:
        stack.remove()


def clock_offset_ms(midnight_s: float) -> int:
    """Return the offset in ms of clocks that show midnight at `midnight_s`, a time in seconds since 1970."""
    return round(-midnight_s % DAY_S * 1000)


def replay(stack: Stack, minutes: int) -> list[str]:
    """Return start options that replay a recording for longer than `minutes`."""
    data = Path(os.environ.get("TWITCHLY_DATA") or ROOT.parent / "shared" / "data")
    recordings = sorted(data.glob("chat/*.csv*"), key=lambda path: (path.stat().st_size, path.name))
    if recordings:
        return ["--replay", str(recordings[-1]), "--speed", str(SPEED)]
    print(f"no recordings found (TWITCHLY_DATA={data}); replaying a generated recording", flush=True)
    path = stack.var / "generated.csv"
    generate = [sys.executable, "-m", "tests.recount.generated", str(path), str(minutes + 10), str(CHANNELS)]
    subprocess.run(generate, cwd=ROOT, check=True)
    return ["--replay", str(path), "--speed", "1"]


def command(stack: Stack, minutes: int) -> list[str]:
    """Return the command that recounts the chat of an instance."""
    addresses = {
        "--url": stack.url,
        "--key": make_keys(stack, "recount")[0],
        "--irc": f"127.0.0.1:{stack.port + 8}",
        "--helix": f"http://127.0.0.1:{stack.port + 9}",
        "--producer": f"http://127.0.0.1:{stack.port + 13}/metrics",
    }
    arguments = [word for pair in addresses.items() for word in pair]
    return [sys.executable, "-m", "tests.recount", "--minutes", str(minutes), *arguments]


if __name__ == "__main__":
    sys.exit(main())
