"""`python -m bench.report`: docs/benchmarks.md and its plots, from the figures that are in var/bench."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.machine import ROOT
from bench.plots import plot_hour, plot_latency, plot_scaling
from drills.trend import trend

PAGE = ROOT / "docs" / "benchmarks.md"
PLOTS = ROOT / "docs" / "benchmarks"
HEAD = """# Benchmarks

Written by `python -m bench.report` from the last run of each benchmark on one machine; `make bench` runs them all.
A CPU-second is one core for one second, whatever the clock on the wall shows. The machine is shared: its speed
changes from minute to minute, and figures of one run are best compared with others of the same run.
"""

# A section's figures by name to its lines; a benchmark that was not run has no section.
Figures = Mapping[str, Any]
Section = Callable[[Figures], list[str]]


def main() -> int:
    """Write the page and the plots; return 1 when nothing was measured."""
    folder = Path(os.environ.get("TWITCHLY_VAR") or ROOT / "var") / "bench"
    found = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    if not found:
        print(f"no figures in {folder}: `make bench` makes them")
        return 1
    PLOTS.mkdir(exist_ok=True)
    for name, plot in (("latency", plot_latency), ("scaling", plot_scaling), ("hour", plot_hour)):
        if name in found:
            plot(found[name], PLOTS / f"{name}.svg")
    PAGE.write_text(page(found))
    return 0


def page(found: Mapping[str, Figures]) -> str:
    """Return the page as Markdown; `found` are the figures of each benchmark by its name."""
    parts = [HEAD, *machine(found), *stages(found)]
    for name, section in SECTIONS.items():
        if name in found:
            parts += ["", *section(found[name])]
    return "\n".join(parts) + "\n"


def machine(found: Mapping[str, Figures]) -> list[str]:
    """Say where and when, and of which commit each figure is."""
    newest = max((one["machine"] for one in found.values()), key=lambda one: str(one["at"]))
    where = f"{newest['processor']}, {newest['cores']} cores, {newest['memory_gb']} GB, {newest['system']}"
    runs = [[name, one["machine"]["at"], one["machine"]["commit"]] for name, one in found.items()]
    return [f"Machine: {where}, Python {newest['python']}.", "", *markdown(["benchmark", "at", "commit"], runs)]


def stages(found: Mapping[str, Figures]) -> list[str]:
    """Put what each stage alone costs into one table."""
    rows = [
        [what, *figures(found[name])]
        for name, what, figures in (
            ("parser", "parser: lines with their tags read", _parser),
            ("listening", "producer: messages, socket to Kafka's answer", _producer),
            (
                "stream-1000",
                "stream job: records of chat, all metrics, 1,000 channels",
                lambda one: _stage(one["flink"]),
            ),
            ("sinks", "sink of history: windows, Kafka to Cassandra", lambda one: _stage(one["history"])),
            ("sinks", "boards: windows, onto all boards of 5,000 channels", lambda one: _stage(one["boards"])),
        )
        if name in found and figures(found[name])
    ]
    return ["", "## Each stage alone", "", *markdown(["stage", "rows/s", "CPU-s/million", "peak MB"], rows)]


def _parser(one: Figures) -> list[object]:
    ours = next(iter(one["parsers"].values()))
    return [ours["lines_per_s"], round(1e6 / ours["lines_per_s"], 1), ours["peak_mb"]]


def _producer(one: Figures) -> list[object]:
    return [one["messages_per_s"], round(1e6 / one["messages_per_cpu_s"], 1), one["peak_mb"]]


def _stage(one: Figures) -> list[object]:
    return [one["rows/s"], one["CPU-s/million"], one.get("peak MB", "")]


def parser(one: Figures) -> list[str]:
    """The parser and others, on the same lines."""
    rows = [[name, found["lines_per_s"], found["peak_mb"]] for name, found in one["parsers"].items()]
    return [
        "## Parsers",
        "",
        f"{one['lines']:,} {one['kind']} lines, each with command, channel, user id and all tags that our records use.",
        "",
        *markdown(["parser", "lines/CPU-s", "peak MB"], rows),
    ]


def stream(one: Figures) -> list[str]:
    """The stream job and what else could be written."""
    names = ("rows/s", "per CPU-s", "warm", "CPU-s/million", "peak MB", "windows", "cells", "wrong")
    contenders = {name: found for name, found in one.items() if isinstance(found, dict) and "wrong" in found}
    rows = [[name, *(found[key] for key in names)] for name, found in contenders.items()]
    return [
        f"## The stream job beside others, {one['channels']:,} channels",
        "",
        f"All read the same {one['records']:,} records. For a sample of channels, the windows that history keeps are",
        "compared with the reference, cell by cell. `flink` is the whole job: all columns of all grains, its state in",
        "checkpoints. `flink, sums` is the same job with only the three sums of the live windows that the others",
        "compute: no distinct counts, no minutes or hours. The plain Python program and the processor lose their state",
        "when they restart. Warm is rows a CPU-second without the first third, in which a virtual machine compiles.",
        "",
        *markdown(["", *names], rows),
    ]


def scaling(one: Figures) -> list[str]:
    """The cost by channels."""
    names = list(one["steps"][0])
    return [
        "## The stream job by channels",
        "",
        f"Chat comes in real time, at a constant rate for each channel; {one['seconds']} s each, once it is warm.",
        "",
        "![CPU cores by channels](benchmarks/scaling.svg)",
        "",
        *markdown(names, [[step[name] for name in names] for step in one["steps"]]),
    ]


def sinks(one: Figures) -> list[str]:
    """Sinks and boards."""
    rows = [[f"{part}: {name}", value] for part in ("history", "boards") for name, value in one[part].items()]
    return ["## Sinks", "", f"{one['channels']:,} channels.", "", *markdown(["figure", "value"], rows)]


def sockets(one: Figures) -> list[str]:
    """Live pages on one web process."""
    rows = [[name, value] for name, value in one.items() if isinstance(value, int | float)]
    return [
        f"## {one['pages']:,} live pages on one web process",
        "",
        "Each watches a board and a channel, pushed once a second, with a session that is checked once a minute; the",
        "delay is from the tick to the frame. Slow readers take a byte a second, and come again when they are closed.",
        "The bare loop is an ASGI application that only writes the same frames to as many sockets of the same server.",
        "",
        *markdown(["figure", "value"], rows),
    ]


def browser(one: Figures) -> list[str]:
    """What a person waits for."""
    rows = [[name, value, one["aims"].get(name, "")] for name, value in one["figures"].items()]
    return [
        "## In the browser",
        "",
        "Chromium and a whole copy with 500 channels on the same machine. The board is opened with an empty cache;",
        "a chart is timed from the click to the frame in which it is drawn, its history read from Cassandra each time.",
        "",
        *markdown(["figure", "value", "aim"], rows),
    ]


def api(one: Figures) -> list[str]:
    """What partners wait for."""
    rows = [[name, value, one["aims"].get(name, "")] for name, value in one["figures"].items()]
    return [
        "## The API",
        "",
        "A whole copy with 500 channels and who asks, here. Each request of a steady rate has its moment, and",
        "its time runs from there. Boards of ten rows and values of channels in turn, ten keys, limits on.",
        "",
        *markdown(["figure", "value", "aim"], rows),
    ]


def latency(one: Figures) -> list[str]:
    """From message to frame, and what all processes use meanwhile."""
    told = [[name.replace("_", " "), value] for name, value in one.items() if isinstance(value, int | float)]
    cores = [[name, value, one["peak_mb"].get(name, "")] for name, value in one["cores"].items()]
    return [
        "## From a message to the browser",
        "",
        "From Twitch's time on a message to the first websocket frame that counts it, everything on this machine.",
        "",
        "![Distribution of the latency](benchmarks/latency.svg)",
        "",
        *markdown(["figure", "value"], told),
        "",
        "What the processes use meanwhile:",
        "",
        *markdown(["process", "cores", "peak MB"], cores),
    ]


def joins(one: Figures) -> list[str]:
    """Joining from cold."""
    rows = list(map(list, one["seconds"].items()))
    return ["## Joining from cold", "", *markdown(["channels joined", "seconds"], rows)]


def capacity(one: Figures) -> list[str]:
    """Many channels with two producers."""
    names = [name for name in one["steps"][0] if name not in ("from_ms", "until_ms")]
    return [
        f"## {one['channels']:,} channels with two producers",
        "",
        f"Messages a second; of processes, the cores they used. {one['ledger']['sent']:,} messages were sent,"
        f" the ledger shows {one['ledger']['differences']} differences.",
        "",
        *markdown(names, [[step[name] for name in names] for step in one["steps"]]),
    ]


def hour(one: Figures) -> list[str]:
    """A full hour and its end."""
    rows = []
    for name, samples in one["samples"].items():
        trended, values = trend(samples), [value for _, value in samples]
        rows.append([name, round(trended.first, 1), round(trended.last, 1), round(max(values), 1)])
    ledger = one.get("ledger")
    counted = (
        f" {ledger['sent']:,} messages and {ledger['windows']:,} windows compared with the ledger:"
        f" {ledger['differences']} differences."
        if ledger
        else ""
    )
    return [
        f"## {one['minutes']:.0f} minutes at 2,000 messages a second",
        "",
        f"A full hour begins and ends within them.{counted}",
        "",
        "![Memory, state, checkpoints and disk](benchmarks/hour.svg)",
        "",
        *markdown(["sampled", "first third", "last third", "most"], rows),
    ]


SECTIONS: Mapping[str, Section] = {
    "parser": parser,
    "joins": joins,
    "capacity": capacity,
    "stream-1000": stream,
    "scaling": scaling,
    "sinks": sinks,
    "sockets": sockets,
    "browser": browser,
    "api": api,
    "latency": latency,
    "hour": hour,
}


def markdown(head: Sequence[object], rows: Sequence[Sequence[object]]) -> list[str]:
    """Return a table; numbers stand to the right."""
    numbers = [all(isinstance(row[place], int | float) for row in rows) for place in range(len(head))]
    lines = [head, ["---:" if number else "---" for number in numbers], *rows]
    return ["| " + " | ".join(map(_shown, line)) + " |" for line in lines]


def _shown(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int | float) else str(cell)


if __name__ == "__main__":
    sys.exit(main())
