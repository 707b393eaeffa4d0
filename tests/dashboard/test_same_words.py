"""What the page writes and what the script writes over it are the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from apps.dashboard.directory import Profile
from apps.dashboard.readings import ChannelNow
from apps.dashboard.summary import now_note, value_of
from apps.dashboard.templatetags.figures import at_least, figure
from apps.dashboard.views import metric_json
from apps.metrics.queries import Point
from core.metrics import BOARDS, METRIC, METRICS
from tests.dashboard.page_script import run_program

TABLE = {metric.key: metric_json(metric) for metric in METRICS}
NOW = ChannelNow(Profile("1", "alpha", "Alpha"), 1_795_392_000_000, 1.0, {}, {}, {})
VALUED = replace(NOW, values={metric.key: 0.0 for metric in METRICS})
BELOW = {metric.key: "needs 10 messages in 30 s" for metric in BOARDS}
OFFLINE = Profile("1", "alpha", "Alpha", is_offline=True)


FIGURES = """
import { atLeast, figure } from "./figures.js";
import { useMetrics } from "./metrics.js";
import { valueOf } from "./series.js";
useMetrics(given.table);
print(given.asked.map(([metric, value, coverage]) => [
  figure(metric, value, coverage),
  atLeast(metric, value, coverage < 1),
  valueOf({ coverage, values: { [metric]: value } }, metric),
]));
"""


def test_figures_are_written_alike(tmp_path: Path) -> None:
    values = (0.0, -0.04, -1.25, 0.5, 2.5, 999.96, 1_234_567.0, -123_456.0)
    asked = [(metric.key, value, coverage) for metric in METRICS for value in values for coverage in (0.0, 0.5, 1.0)]
    said = run_program(tmp_path, FIGURES, {"table": TABLE, "asked": asked})
    assert said == [
        [figure(*one), at_least(one[0], one[1], one[2] < 1), value_of(Point(0, one[2], {one[0]: one[1]}), one[0])]
        for one in asked
    ]


NOTES = """
import { useMetrics } from "./metrics.js";
import { nowNote } from "./summary.js";
useMetrics(given.table);
print(given.channels.map((now) => given.keys.map((key) => nowNote(key, now))));
"""
CHANNELS = [
    NOW,
    VALUED,
    replace(VALUED, unranked=BELOW),
    replace(NOW, unranked=BELOW),
    replace(VALUED, profile=OFFLINE, unranked=BELOW),
    replace(NOW, profile=OFFLINE),
    replace(NOW, end_ms=None),
]


def test_notes_on_what_is_absent_or_not_ranked_are_alike(tmp_path: Path) -> None:
    channels = [channel.as_json() for channel in CHANNELS]
    said = run_program(tmp_path, NOTES, {"table": TABLE, "keys": list(METRIC), "channels": channels})
    assert said == [[now_note(key, channel) for key in METRIC] for channel in CHANNELS]


def test_a_channel_that_is_not_known_yet_has_no_note(tmp_path: Path) -> None:
    assert run_program(tmp_path, NOTES, {"table": TABLE, "keys": ["spam"], "channels": [None]}) == [[""]]


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        (NOW, "without a message"),
        (VALUED, ""),
        (replace(VALUED, unranked=BELOW), "not ranked: needs 10 messages in 30 s"),
        (replace(NOW, unranked=BELOW), "without a message"),
        (replace(NOW, profile=OFFLINE, unranked=BELOW), "the stream is offline"),
        (replace(NOW, end_ms=None), "no live window"),
    ],
)
def test_a_value_that_is_absent_says_why_before_it_says_that_it_is_not_ranked(channel: ChannelNow, said: str) -> None:
    assert now_note("spam", channel) == said


def test_excitement_says_that_it_is_warming() -> None:
    assert now_note("excitement", NOW).startswith("warming: with fewer than 10 earlier windows")
