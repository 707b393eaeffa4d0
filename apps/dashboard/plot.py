"""Geometry of the charts that the server draws as SVG: axis ticks, lines, and positions in percent of the width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.metrics.display import number
from core.times import DAY_MS, HOUR_MS, MINUTE_MS

# A gap of more steps than this breaks a line.
BREAK_AFTER_STEPS = 1.5
# The possible intervals between the ticks of a time axis, and the maximum number of ticks.
_TIME_STEPS_MS = (
    *(n * MINUTE_MS for n in (5, 10, 15, 30)),
    *(n * HOUR_MS for n in (1, 2, 3, 6, 12)),
    *(n * DAY_MS for n in (1, 2, 7)),
)
TIME_TICKS_MAX = 8


@dataclass(frozen=True, slots=True)
class Box:
    """The box in which a line is drawn, at a distance of `margin` from the top and bottom. The page stretches the box.

    A point without neighbors is drawn as a dash of length `dash`, or not at all if `dash` is 0.
    """

    width: int
    height: int
    margin: int = 0
    dash: int = 0


CHART = Box(1000, 100, dash=2)


@dataclass(frozen=True, slots=True)
class Tick:
    """A labeled position on an axis, in percent from the left or from the top."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class TimeTick:
    """A labeled time, at a position in percent from the left."""

    at: float
    at_ms: int


def share(at_ms: int, from_ms: int, until_ms: int) -> float:
    """Return the position of a time in percent of [from_ms, until_ms], limited to 0 to 100."""
    return round(min(100.0, max(0.0, 100 * (at_ms - from_ms) / (until_ms - from_ms))), 2)


def nice_top(highest: float) -> float:
    """Return the top of an axis that starts at 0: the smallest round value that is at least `highest`.

    Round values are 1, 2, 2.5 and 5 times a power of ten. The top is 1 if `highest` is not positive.
    """
    if highest <= 0:
        return 1.0
    power = 1.0
    while power * 10 <= highest:
        power *= 10
    while power > highest:
        power /= 10
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= highest)


def value_ticks(top: float) -> list[Tick]:
    """Return the ticks at the middle and the top of an axis."""
    return [Tick(50.0, _short(top / 2)), Tick(0.0, _short(top))]


def time_ticks(from_ms: int, until_ms: int) -> list[TimeTick]:
    """Return at most TIME_TICKS_MAX ticks of a time axis, at round times (UTC) and not too close to its ends."""
    span_ms = until_ms - from_ms
    step_ms = next((step for step in _TIME_STEPS_MS if span_ms / step <= TIME_TICKS_MAX), _TIME_STEPS_MS[-1])
    first_ms = -(-from_ms // step_ms) * step_ms
    ticks = [TimeTick(share(at_ms, from_ms, until_ms), at_ms) for at_ms in range(first_ms, until_ms, step_ms)]
    return [tick for tick in ticks if 3 <= tick.at <= 97]


def line(
    points: Sequence[tuple[int, float]],
    from_ms: int,
    until_ms: int,
    step_ms: int,
    top: float,
    box: Box = CHART,
    bottom: float = 0.0,
) -> str:
    """Return the SVG path of (time, value) over [from_ms, until_ms], from `bottom` to `top`.

    Missing steps break the line.
    """
    parts: list[str] = []
    last_ms = None
    for index, (at_ms, value) in enumerate(points):
        x = (at_ms - from_ms) / (until_ms - from_ms) * box.width
        y = box.height - box.margin - (value - bottom) / (top - bottom) * (box.height - 2 * box.margin)
        is_connected = last_ms is not None and at_ms - last_ms <= BREAK_AFTER_STEPS * step_ms
        parts.append(f"{'L' if is_connected else 'M'}{x:.1f} {y:.1f}")
        is_last = index + 1 == len(points) or points[index + 1][0] - at_ms > BREAK_AFTER_STEPS * step_ms
        if box.dash and not is_connected and is_last:
            parts.append(f"h{box.dash}")
        last_ms = at_ms
    return "".join(parts)


def _short(value: float) -> str:
    """Return a tick label: 950, 1.25k, 31k, 1.4M; see `short` in static/js/figures.js."""
    if value >= 1e6:
        return f"{_trimmed(number(value / 1e6, 1))}M"
    if value >= 1e3:
        return f"{_trimmed(number(value / 1e3, 1 if value >= 1e4 else 2))}k"
    return _trimmed(number(value, 2))


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
