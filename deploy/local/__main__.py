"""`python3.11 -m deploy.local run|stop|status|…`; the Makefile's targets call it."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from deploy.local.clean import clean_data
from deploy.local.guard import say
from deploy.local.layout import BadSetting, read_layout
from deploy.local.prerequisites import Unmet
from deploy.local.programs import Extent, Simulation
from deploy.local.run import Wish, prepare, prepare_unit_tests, run, run_servers
from deploy.local.status import print_status
from deploy.local.stop import stop_copy

COMMANDS = {
    "run": "start everything and stay until Ctrl-C",
    "servers": "start Kafka, Cassandra, Valkey and Flink alone and leave them running",
    "stop": "stop everything of this copy",
    "status": "say what runs, since when, and its memory",
    "clean-data": "stop, and remove all data and logs of this copy",
    "prepare": "make the environments, jars and packages",
    "test-prepare": "the same, with what the tests need",
    "unit-prepare": "install the Python and npm packages of `make lint` and the unit tests",
}


def main() -> int:
    if not sys.flags.utf8_mode and sys.getfilesystemencoding().lower() != "utf-8":
        # Paths are written into files that Java reads as UTF-8.
        os.execv(sys.executable, [sys.executable, "-X", "utf8", "-m", "deploy.local", *sys.argv[1:]])
    options = parser().parse_args()
    try:
        return _do(options)
    except Unmet as error:
        for problem in error.problems:
            say(f"- {problem}")
        return 1
    except BadSetting as error:
        say(str(error))
        return 1


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="deploy.local", description="Twitchly on this machine.")
    commands = top.add_subparsers(dest="command", required=True)
    made = {name: commands.add_parser(name, help=text) for name, text in COMMANDS.items()}
    made["run"].add_argument("--detach", action="store_true", help="return once a board moves, leave all running")
    made["run"].add_argument("--listening", action="store_true", help="start only what it takes from Twitch to Kafka")
    made["run"].add_argument("--producers", help="how many processes listen, 1 to 4")
    made["run"].add_argument("--replay", type=Path, help="play this recording instead of a made-up audience")
    for name in ("speed", "rate", "channels", "seed"):
        made["run"].add_argument(f"--{name}", help="given to simulate_twitch")
    return top


def _do(options: argparse.Namespace) -> int:
    layout = read_layout()
    if options.command == "run":
        replay = options.replay.absolute() if options.replay else None
        simulation = Simulation(replay, options.speed, options.rate, options.channels, options.seed)
        extent = Extent.LISTENING if options.listening else Extent.EVERYTHING
        return run(layout, Wish(simulation, options.producers, extent), detach=options.detach)
    if options.command == "servers":
        return run_servers(layout)
    if options.command == "status":
        return print_status(layout, say)
    if options.command == "stop":
        say("Stopped." if stop_copy(layout, say) else f"Nothing runs from {layout.var}")
        return 0
    if options.command == "clean-data":
        return clean_data(layout, say)
    if options.command == "unit-prepare":
        return prepare_unit_tests(layout)
    return prepare(layout, tests=options.command == "test-prepare")


if __name__ == "__main__":
    sys.exit(main())
