"""The plots of docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# A constant salt, so that the same figures produce the same file.
mpl.rcParams.update({"svg.hashsalt": "twitchly", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3})
MINUTE_S = 60


def plot_latency(figures: Mapping[str, Any], path: Path) -> None:
    """Plot the cumulative distribution of the latency from a message to its frame."""
    figure, axes = _figure(1)
    percentiles = figures["percentiles_ms"]
    axes[0].plot(percentiles, range(1, len(percentiles) + 1))
    for limit_ms, share in ((1_500, 50), (2_300, 99)):
        axes[0].plot([limit_ms], [share], "rx")
    axes[0].set(xlabel="ms from Twitch's timestamp to the frame (x: targets)", ylabel="% of messages", ylim=(0, 101))
    _save(figure, path)


def plot_scaling(figures: Mapping[str, Any], path: Path) -> None:
    """Plot the task manager's CPU use against the number of channels."""
    figure, axes = _figure(1)
    channels = [step["channels"] for step in figures["steps"]]
    axes[0].plot(channels, [step["cores"] for step in figures["steps"]], "o-")
    axes[0].set(xlabel="channels with 4 messages a second each", ylabel="task manager CPU (cores)", xlim=0, ylim=0)
    _save(figure, path)


def plot_hour(figures: Mapping[str, Any], path: Path) -> None:
    """Plot memory, checkpoints and the disk use of topics and tables over time; dotted lines mark the hours."""
    figure, axes = _figure(4)
    samples = figures["samples"]
    for axis, prefix, label in (
        (axes[0], "memory MB ", "resident MB"),
        (axes[1], "checkpoint ", "MB of state, seconds"),
        (axes[2], "disk MB topic ", "MB on disk, topics"),
        (axes[3], "disk MB table ", "MB on disk, tables"),
    ):
        named = {name.removeprefix(prefix): values for name, values in samples.items() if name.startswith(prefix)}
        for name, values in sorted(named.items(), key=lambda item: -item[1][-1][1])[:10]:
            axis.plot([at_s / MINUTE_S for at_s, _ in values], [value for _, value in values], label=name)
        for hour in range(2):
            axis.axvline(figures["hour_at_s"] / MINUTE_S + 60 * hour, color="grey", linestyle=":")
        axis.set(ylabel=label, ylim=0)
        if named:
            axis.legend(fontsize=6, loc="center left", bbox_to_anchor=(1, 0.5))
    axes[-1].set(xlabel="minutes (dotted lines: start of an hour)")
    _save(figure, path)


def _figure(rows: int) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(7.5, 3.2 if rows == 1 else 2.2 * rows), layout="constrained")
    return figure, list(figure.subplots(rows, 1, squeeze=False)[:, 0])


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None})
