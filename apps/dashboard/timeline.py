"""The timeline of events on a channel's page. static/js/timeline.js does the same with events that arrive live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from apps.dashboard.summary import EVENTS
from apps.metrics.event_marks import EventMark, merge_sums, merge_sums_before
from apps.metrics.many_channels import RECENT_MS
from apps.metrics.queries import Point, Series, value_of
from core.irc.channel_events import SUMMED
from core.metrics.columns import WINDOW_MS
from core.metrics.display import change, number
from core.metrics.effects import change_around
from core.metrics.formulas import is_complete
from core.metrics.raids import SETTLE_MS

# Maximum numbers of table rows, timeline lines and listed gaps.
TABLE_ROWS = 12
LINES_SHOWN = 60
GAPS_SHOWN = 6
# A sum of one of these kinds is notable if it is at least this count and at least NOTED_TIMES times the median.
NOTED_FROM: Mapping[str, int] = {"subscriptions": 10, "cheers": 1_000}
NOTED_TIMES = 3

# The groups that the event list can be filtered by, and their labels.
GROUP_LABELS = (
    ("stream", "Stream"),
    ("raids", "Raids"),
    ("support", "Subs and bits"),
    ("moderation", "Moderation"),
    ("notes", "Notes"),
)
# The group of each kind that is listed.
GROUPS: Mapping[str, str] = {
    "raid": "raids",
    "gift_bomb": "support",
    "subscriptions": "support",
    "cheers": "support",
    "bits_badges": "support",
    "milestones": "support",
    "bans": "moderation",
    "timeouts": "moderation",
    "deletions": "moderation",
    "announcements": "moderation",
    "chat_cleared": "moderation",
    "chat_mode": "moderation",
    "stream_start": "stream",
    "stream_end": "stream",
    "title": "stream",
    "category": "stream",
    "note": "notes",
}

# One icon per kind, in a 12 by 12 box, so that kinds can be told apart without color. "summed" is for lines with
# several kinds.
SHAPES: Mapping[str, str] = {
    "raid": "M2 6h7M6 3l3 3-3 3",
    "gift_bomb": "M2 5h8v5H2zM6 5v5M6 5C3.5 5 3.5 2 5 2.5 6 3 6 5 6 5s0-2 1-2.5c1.5-.5 1.5 2.5-1 2.5",
    "subscriptions": "M6 2l1.200 2.600 2.800.3-2.100 1.900.6 2.800L6 8.200 3.500 9.600l.6-2.800L2 4.900l2.800-.3z",
    "cheers": "M6 2l3 3.500L6 10 3 5.500zM3 5.500h6",
    "bans": "M6 2a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM3.200 3.200l5.600 5.600",
    "timeouts": "M6 2a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM6 3.800V6l1.600 1",
    "deletions": "M2.500 3.500h7M4.500 3.500v-1h3v1M3.500 3.500l.5 6h4l.5-6",
    "announcements": "M2.500 5v2.500l5 2v-6.500zM9 4.500v3",
    "bits_badges": "M6 2l3.500 1.500v3L6 10 2.500 6.500v-3z",
    "milestones": "M3.500 10V2.500h5.500l-1.500 2 1.500 2H3.500",
    "chat_cleared": "M3 3l6 6M9 3l-6 6",
    "chat_mode": "M3 5.500h6v4H3zM4.200 5.500V4a1.800 1.800 0 0 1 3.600 0v1.500",
    "stream_start": "M4 2.500v7l5.500-3.500z",
    "stream_end": "M3 3h6v6H3z",
    "title": "M2.500 3h7M6 3v6.500",
    "category": "M2 2.500h4l4 4L6.500 10 2 5.500zM4 4.400v.1",
    "note": "M2.500 2.500h7v5h-4l-2 2v-2h-1z",
    "summed": "M2.500 9.500v-3M6 9.500v-7M9.500 9.500v-5",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the timeline: an event or, if `until_ms` is set, the sums of the interval that ends then.

    `effect` says how chat and viewers changed around the event, "" if that is not known.
    """

    at_ms: int
    until_ms: int | None
    kind: str
    label: str
    group: str
    effect: str = ""


def lines_of(marks: Iterable[EventMark], merge_ms: int, effects: Mapping[str, str]) -> list[Line]:
    """Return the lines, newest first: one per event, and one per group for the sums of an interval of `merge_ms`.

    `effects` are the display texts of `effects_of`.
    """
    lines: list[Line] = []
    sums: dict[tuple[int, str], list[EventMark]] = {}
    for mark in merge_sums(marks, merge_ms):
        group = GROUPS[mark.kind]
        if mark.kind in SUMMED:
            sums.setdefault((mark.at_ms, group), []).append(mark)
        else:
            lines.append(Line(mark.at_ms, None, mark.kind, mark.label, group, effects.get(mark.id, "")))
    lines += [_summed(at_ms, at_ms + merge_ms, group, parts) for (at_ms, group), parts in sums.items()]
    return sorted(lines, key=lambda line: (-line.at_ms, line.label))


def noted(marks: Iterable[EventMark], merge_ms: int) -> list[EventMark]:
    """Return the marks of a chart, in chronological order: all events, and notable sums."""
    merged_marks = merge_sums(marks, merge_ms)
    medians = {kind: _median([mark.count or 0 for mark in merged_marks if mark.kind == kind]) for kind in NOTED_FROM}
    return [mark for mark in merged_marks if mark.kind not in SUMMED or _is_notable(mark, medians)]


def marks_by_point(points: Sequence[Point], marks: Iterable[EventMark]) -> list[tuple[Point, list[EventMark]]]:
    """Return each point, newest first, with the marks since the next older point, in chronological order."""
    marks_by_row: list[list[EventMark]] = [[] for _ in points]
    for mark in marks:
        later = [row for row, point in enumerate(points) if point.end_ms >= mark.at_ms]
        if points:
            marks_by_row[later[-1] if later else 0].append(mark)
    return list(zip(points, marks_by_row, strict=True))


def effects_of(series: Series) -> dict[str, str]:
    """Return how chat and viewers changed around each event with an effect, such as `chat × 2.8`, keyed by event id.

    Ranges of hours have no effects, and a metric that the series lacks is left out. Messages count only in windows that
    were fully heard.
    """
    shown = series.range
    if shown.grain == "hour":
        return {}
    values = {
        key: {
            point.end_ms: value
            for point in series.points
            if (value := value_of(point, key)) is not None and (key == "viewers" or is_complete(point.coverage))
        }
        for key in ("messages", "viewers")
    }
    windows = {"step_ms": shown.step_ms, "length_ms": WINDOW_MS[shown.grain]}
    texts = {}
    for mark in series.marks:
        if mark.kind in EVENTS:
            chat = change_around(values["messages"], mark.at_ms, **windows).ratio
            viewers = change_around(values["viewers"], mark.at_ms, **windows, settle_ms=SETTLE_MS).ratio
            texts[mark.id] = ", ".join(
                [
                    *([] if chat is None else [f"chat × {number(chat, 1)}"]),
                    *([] if viewers is None else [f"viewers {change(100 * (viewers - 1))}"]),
                ]
            )
    return {mark_id: text for mark_id, text in texts.items() if text}


def marks_json(series: Series, now_ms: int) -> dict[str, Any]:
    """Return the marks for the script: those before `raw_from_ms` are merged, later ones are not."""
    raw_from_ms = now_ms - RECENT_MS
    marks = merge_sums_before(series.marks, series.range.merge_ms, raw_from_ms)
    return {
        "raw_from_ms": raw_from_ms,
        "marks": [asdict(mark) for mark in marks],
    }


def _summed(at_ms: int, until_ms: int, group: str, parts: Sequence[EventMark]) -> Line:
    kind = parts[0].kind if len(parts) == 1 else "summed"
    return Line(at_ms, until_ms, kind, " · ".join(mark.label for mark in parts), group)


def _is_notable(mark: EventMark, medians: Mapping[str, int]) -> bool:
    minimum = NOTED_FROM.get(mark.kind)
    return minimum is not None and (mark.count or 0) >= max(minimum, NOTED_TIMES * medians[mark.kind])


def _median(counts: Sequence[int]) -> int:
    """Return the lower median, or 0 for fewer than two counts."""
    return sorted(counts)[(len(counts) - 1) // 2] if len(counts) > 1 else 0
