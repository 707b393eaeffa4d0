"""SVG path of a sparkline."""

from __future__ import annotations

from collections.abc import Sequence

from apps.dashboard.plot import Box, line

BOX = Box(240, 48, margin=2)


def line_path(points: Sequence[tuple[int, float]], from_ms: int, until_ms: int, step_ms: int) -> str:
    """Return the path over [from_ms, until_ms], from 0 to the highest value; empty without points."""
    top = max((value for _, value in points), default=0.0) or 1.0
    return line(points, from_ms, until_ms, step_ms, top, BOX)
