"""SVG path of a sparkline."""

from __future__ import annotations

from collections.abc import Sequence

from apps.dashboard.plot import Box, line

BOX = Box(240, 48, margin=2)


def line_path(points: Sequence[tuple[int, float]], from_ms: int, until_ms: int, step_ms: int) -> str:
    """Return the path over [from_ms, until_ms]; empty without points.

    It spans from the lowest to the highest value and always includes 0.
    """
    values = [value for _, value in points]
    bottom, top = min([0.0, *values]), max([0.0, *values])
    return line(points, from_ms, until_ms, step_ms, top if top > bottom else bottom + 1, BOX, bottom)
