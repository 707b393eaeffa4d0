"""`make drill-recount`: replay a recording on an instance while tests/recount counts its chat independently.

The longest recording under TWITCHLY_DATA is slowed down to last for the whole run; without one, a generated recording
is used. Peaks are defined differently for ranges over 30 minutes, so the replay takes 35 minutes.
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
# At this speed, a recording of 27 minutes takes an hour.
SPEED = 0.45
CHANNELS = 12
# The recount sends many requests from one address.
SETTINGS = {"PUBLIC_BOARD": "true", "API_ADDRESS_PER_S": "5000"}


def main() -> int:
    """Print the comparison; return 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=MINUTES)
    minutes = parser.parse_args().minutes
    stack = Stack(**SETTINGS)
    try:
        stack.start(*replay(stack, minutes))
        wait_until(lambda: stack.listed_channels() <= stack.covered() != set(), 180, "all channels to be covered")
        return subprocess.run(command(stack, minutes), cwd=ROOT, check=False).returncode
    finally:
        stack.remove()


def replay(stack: Stack, minutes: int) -> list[str]:
    """Return start options that replay a recording for longer than `minutes`."""
    data = Path(os.environ.get("TWITCHLY_DATA") or ROOT.parent / "shared" / "data")
    recordings = sorted(data.glob("chat/*.csv*"), key=lambda path: (path.stat().st_size, path.name))
    if recordings:
        return ["--replay", str(recordings[-1]), "--speed", str(SPEED)]
    print(f"no recordings found (TWITCHLY_DATA={data}); replaying a generated one", flush=True)
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
