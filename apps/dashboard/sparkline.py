"""SVG path of a sparkline."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH, HEIGHT = 240, 48
# A gap of more steps than this breaks the line.
BREAK_AFTER_STEPS = 1.5


def line_path(points: Sequence[tuple[int, float]], from_ms: int, until_ms: int, step_ms: int) -> str:
    """Return the path over [from_ms, until_ms] in a box of WIDTH x HEIGHT with baseline 0; empty without points."""
    top = max((value for _, value in points), default=0.0) or 1.0
    parts, last_ms = [], None
    for at_ms, value in points:
        x = (at_ms - from_ms) / (until_ms - from_ms) * WIDTH
        y = HEIGHT - 2 - value / top * (HEIGHT - 4)
        is_connected = last_ms is not None and at_ms - last_ms <= BREAK_AFTER_STEPS * step_ms
        parts.append(f"{'L' if is_connected else 'M'}{x:.1f} {y:.1f}")
        last_ms = at_ms
    return "".join(parts)
