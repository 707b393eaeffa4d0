"""`make drill-recount`: an instance plays a recording while tests/recount counts its chat again, from outside.

The longest recording under TWITCHLY_DATA, so slowly that it lasts; without any, an invented one. Ranges of more than
30 minutes have other peaks than shorter ones, so it takes 35 minutes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from drills.keys import make_keys
from drills.stack import ROOT, Stack, wait_until

MINUTES = 35
# A recording of 27 minutes lasts for an hour.
SLOWLY = 0.45
CHANNELS = 12
# What the instance allows its visitors: the recount asks often, and from one address.
SETTINGS = {"PUBLIC_BOARD": "true", "API_ADDRESS_PER_S": "5000"}


def main() -> int:
    """Print what was compared; return 1 when anything differs."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=int, default=MINUTES)
    minutes = options.parse_args().minutes
    stack = Stack(**SETTINGS)
    try:
        stack.start(*replay(stack, minutes))
        wait_until(lambda: stack.wanted() <= stack.covered() != set(), 180, "all channels to be covered")
        return subprocess.run(command(stack, minutes), cwd=ROOT, check=False).returncode
    finally:
        stack.remove()


def replay(stack: Stack, minutes: int) -> list[str]:
    """Return the options of a start that plays a recording for longer than `minutes`."""
    data = Path(os.environ.get("TWITCHLY_DATA") or ROOT.parent / "shared" / "data")
    recordings = sorted(data.glob("chat/*.csv*"), key=lambda path: (path.stat().st_size, path.name))
    if recordings:
        return ["--replay", str(recordings[-1]), "--speed", str(SLOWLY)]
    print(f"recorded data is absent: TWITCHLY_DATA={data}; an invented recording is played", flush=True)
    path = stack.var / "invented.csv"
    words = [sys.executable, "-m", "tests.recount.invented", str(path), str(minutes + 10), str(CHANNELS)]
    subprocess.run(words, cwd=ROOT, check=True)
    return ["--replay", str(path), "--speed", "1"]


def command(stack: Stack, minutes: int) -> list[str]:
    """Return the recount of an instance as a command."""
    addresses = {
        "--url": stack.url,
        "--key": make_keys(stack, "recount")[0],
        "--irc": f"127.0.0.1:{stack.port + 8}",
        "--helix": f"http://127.0.0.1:{stack.port + 9}",
        "--producer": f"http://127.0.0.1:{stack.port + 13}/metrics",
    }
    given = [word for pair in addresses.items() for word in pair]
    return [sys.executable, "-m", "tests.recount", "--minutes", str(minutes), *given]


if __name__ == "__main__":
    sys.exit(main())
