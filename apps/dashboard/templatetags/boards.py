"""Display values of board rows. static/js/rows.js and spark.js are the counterparts for the script."""

from __future__ import annotations

from dataclasses import dataclass

from django import template

from apps.dashboard.templatetags.figures import age
from apps.live.readings import Row
from apps.live.recent_history import GAP, LEVELS

STEP = 2

register = template.Library()


@dataclass(frozen=True, slots=True)
class Move:
    """The rank change of a row within a minute: sign, text for screen readers, CSS class."""

    sign: str = ""
    words: str = ""
    css: str = ""


@register.simple_tag
def move(row: Row) -> Move:
    """Return the rank change of a row, empty if unknown."""
    if row.is_new:
        return Move("new", "new within a minute", "is-new")
    if not row.moved:
        return Move("–" if row.moved == 0 else "")
    places = f"{abs(row.moved)} {'place' if abs(row.moved) == 1 else 'places'} within a minute"
    if row.moved > 0:
        return Move(f"▲ {row.moved}", f"up {places}", "is-up")
    return Move(f"▼ {-row.moved}", f"down {places}", "is-down")


@register.filter
def place(row: Row) -> str:
    """Return the category and language of a row."""
    return " · ".join(part for part in (row.category, row.language) if part)


@register.simple_tag
def state_words(row: Row, newest_end_ms: int) -> str:
    """Return the state of a row as text, "" if it is live."""
    if row.state == "stale":
        return f"stale {age(row.end_ms, newest_end_ms)}"
    return "" if row.state == "live" else row.state


@register.simple_tag
def spark_path(levels: str) -> str:
    """Return the path of a sparkline in a box of 60 by 36; steps without a value break the line."""
    path, previous = "", GAP
    for step, level in enumerate(levels):
        if level != GAP:
            path += f"{'M' if previous == GAP else 'L'}{step * STEP} {len(LEVELS) - LEVELS.index(level)}"
        # A value between two gaps is drawn as a dot.
        if level != GAP and previous == GAP and levels[step + 1 : step + 2] in ("", GAP):
            path += "h0"
        previous = level
    return path
