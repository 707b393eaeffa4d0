"""Command line of the local stack, called by the Makefile: `python3.11 -m deploy.local run|stop|status|…`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from deploy.local.clean import clean_data
from deploy.local.guard import echo
from deploy.local.layout import InvalidSetting, read_layout
from deploy.local.prerequisites import PrerequisiteError
from deploy.local.programs import Scope, Simulation
from deploy.local.run import RunOptions, prepare, prepare_unit_tests, run, run_servers
from deploy.local.status import print_status
from deploy.local.stop import stop_instance

COMMANDS = {
    "run": "start everything and run until Ctrl-C",
    "servers": "start only Kafka, Cassandra, Valkey and Flink, and leave them running",
    "stop": "stop this instance",
    "status": "show each process, its uptime and its memory",
    "clean-data": "stop this instance and delete its data and logs",
    "prepare": "install the Python environments, jars and npm packages",
    "test-prepare": "also install everything that the tests need",
    "unit-prepare": "install the Python and npm packages for `make lint` and the unit tests",
}


def main() -> int:
    if not sys.flags.utf8_mode and sys.getfilesystemencoding().lower() != "utf-8":
        # Paths are written to files that Java reads as UTF-8.
        os.execv(sys.executable, [sys.executable, "-X", "utf8", "-m", "deploy.local", *sys.argv[1:]])
    options = parser().parse_args()
    try:
        return _run_command(options)
    except PrerequisiteError as error:
        for problem in error.problems:
            echo(f"- {problem}")
        return 1
    except InvalidSetting as error:
        echo(str(error))
        return 1


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="deploy.local", description="Run Twitchly on this machine.")
    commands = top.add_subparsers(dest="command", required=True)
    subparsers = {name: commands.add_parser(name, help=text) for name, text in COMMANDS.items()}
    run_parser = subparsers["run"]
    run_parser.add_argument("--detach", action="store_true", help="return when the first board updates")
    run_parser.add_argument("--ingest-only", action="store_true", help="start only what runs between Twitch and Kafka")
    run_parser.add_argument("--producers", help="number of producers, 1 to 4")
    run_parser.add_argument("--replay", type=Path, help="replay this recording instead of generating an audience")
    run_parser.add_argument("--history", help="length of the simulated past in days, 0 for none")
    for name in ("speed", "rate", "channels", "seed"):
        run_parser.add_argument(f"--{name}", help="passed to simulate_twitch")
    return top


def _run_command(options: argparse.Namespace) -> int:
    layout = read_layout()
    if options.command == "run":
        replay = options.replay.absolute() if options.replay else None
        simulation = Simulation(replay, options.speed, options.rate, options.channels, options.seed, options.history)
        scope = Scope.INGEST if options.ingest_only else Scope.ALL
        return run(layout, RunOptions(simulation, options.producers, scope), detach=options.detach)
    if options.command == "servers":
        return run_servers(layout)
    if options.command == "status":
        return print_status(layout, echo)
    if options.command == "stop":
        echo("Stopped." if stop_instance(layout, echo) else f"Nothing is running in {layout.var}")
        return 0
    if options.command == "clean-data":
        return clean_data(layout, echo)
    if options.command == "unit-prepare":
        return prepare_unit_tests(layout)
    return prepare(layout, tests=options.command == "test-prepare")


if __name__ == "__main__":
    sys.exit(main())
